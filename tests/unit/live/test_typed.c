/* Keys as words of the caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "callflow/keypad.h"
#include "live/typed.h"

static void keys_are_entries_up_to_the_last_one(void **state)
{
    static const struct {
        const char *keys;
        const char *words;
        bool is_open;
    } rows[] = {
        {"1", "[keypad] 1", true},
        {"12#", "[keypad] 12", false},
        {"#", "[keypad] #", false},
        {"12#3*", "[keypad] 12 [keypad] 3*", true},
        {"00000000001111111111222222222233", "[keypad] 00000000001111111111222222222233", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct typed typed;
        typed_init(&typed);
        for (const char *key = rows[i].keys; *key; key++)
            assert_int_equal(typed_key(&typed, *key), !typed.is_open);
        assert_string_equal(typed.words.data, rows[i].words);
        assert_int_equal(typed.is_open, rows[i].is_open);
        typed_close(&typed);
    }
    assert_int_equal(strlen(rows[4].keys), KEYPAD_ENTRY_MAX);
}

static void words_for_a_key_end_the_entry(void **state)
{
    struct typed typed;
    typed_init(&typed);
    typed_key(&typed, '4');
    assert_true(typed_words(&typed, SLICE("yes")));
    typed_key(&typed, '2');
    assert_string_equal(typed.words.data, "[keypad] 4 yes [keypad] 2");
    typed_clear(&typed);
    assert_int_equal(typed.words.len, 0);
    typed_key(&typed, '7');
    assert_string_equal(typed.words.data, "[keypad] 7");
    typed_close(&typed);
}

static void what_does_not_fit_is_dropped(void **state)
{
    static char words[TYPED_MAX_BYTES - 2];
    struct typed typed;
    memset(words, 'x', sizeof words);
    typed_init(&typed);
    assert_true(typed_words(&typed, (struct slice){words, sizeof words}));
    assert_false(typed_words(&typed, SLICE("y")));
    for (int i = 0; i < 100; i++)
        typed_key(&typed, '1');
    assert_int_equal(typed.words.len, sizeof words);
    typed_close(&typed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_entries_up_to_the_last_one),
        cmocka_unit_test(words_for_a_key_end_the_entry),
        cmocka_unit_test(what_does_not_fit_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

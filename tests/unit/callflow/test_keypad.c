/* A key seen twice is one key; a flood of them is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "callflow/keypad.h"

struct press {
    uint64_t at_ms;
    char how; /* 'm': a message, 't': a tone */
    char key;
    enum keypad_verdict verdict;
};

static void press_all(const struct press *rows, size_t count)
{
    struct keypad keypad = {0};
    for (size_t i = 0; i < count; i++) {
        const struct press *row = &rows[i];
        enum keypad_verdict verdict = row->how == 'm' ? keypad_told(&keypad, row->key, row->at_ms)
                                                      : keypad_heard(&keypad, row->key, row->at_ms);
        if (verdict != row->verdict)
            fail_msg("row %zu: %d", i, (int)verdict);
    }
}

#define PRESS(...)                                                                                 \
    press_all((const struct press[]){__VA_ARGS__},                                                 \
        sizeof((const struct press[]){__VA_ARGS__}) / sizeof(struct press))

static void test_messages_count(void **state)
{
    PRESS({100, 'm', '1', KEYPAD_COUNTS}, {200, 'm', '1', KEYPAD_COUNTS},
        {300, 'm', '#', KEYPAD_COUNTS});
}

static void test_tones_count_until_there_are_messages(void **state)
{
    PRESS({100, 't', '1', KEYPAD_COUNTS}, {3000, 't', '2', KEYPAD_COUNTS},
        {6000, 'm', '3', KEYPAD_COUNTS}, {6010, 't', '3', KEYPAD_KNOWN},
        {9000, 't', '4', KEYPAD_KNOWN});
}

static void test_a_message_after_its_tone_is_the_same_key(void **state)
{
    PRESS({100, 't', '5', KEYPAD_COUNTS}, {300, 'm', '5', KEYPAD_KNOWN},
        {500, 't', '5', KEYPAD_KNOWN}, {700, 'm', '5', KEYPAD_COUNTS});
    PRESS({100, 't', '5', KEYPAD_COUNTS}, {300, 't', '5', KEYPAD_COUNTS},
        {400, 'm', '5', KEYPAD_KNOWN}, {600, 'm', '5', KEYPAD_KNOWN},
        {800, 'm', '5', KEYPAD_COUNTS});
    PRESS({100, 't', '5', KEYPAD_COUNTS}, {1601, 'm', '5', KEYPAD_COUNTS});
    PRESS({100, 't', '5', KEYPAD_COUNTS}, {300, 'm', '6', KEYPAD_COUNTS});
}

static void test_there_is_an_end_to_it(void **state)
{
    struct keypad keypad = {0};
    for (unsigned i = 0; i < KEYPAD_A_SECOND; i++)
        assert_int_equal(keypad_told(&keypad, '1', 100), KEYPAD_COUNTS);
    assert_int_equal(keypad_told(&keypad, '1', 1099), KEYPAD_TOO_MANY);
    unsigned counted = KEYPAD_A_SECOND;
    for (uint64_t at_ms = 2000; at_ms < 600000; at_ms += 500)
        counted += keypad_heard(&keypad, '1', at_ms) == KEYPAD_COUNTS ||
                   keypad_told(&keypad, '1', at_ms) == KEYPAD_COUNTS;
    assert_int_equal(counted, KEYPAD_A_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_count),
        cmocka_unit_test(test_tones_count_until_there_are_messages),
        cmocka_unit_test(test_a_message_after_its_tone_is_the_same_key),
        cmocka_unit_test(test_there_is_an_end_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Transcripts as people write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/transcript.h"

static void expect_in(const char *language, const char *heard, const char *written)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    transcript_tidy(&out, slice_from(heard), slice_from(language));
    assert_string_equal(out.data ? out.data : "", written);
    strbuf_free(&out);
}

static void bare_words_get_capitals_and_a_mark(void **state)
{
    static const char *const rows[][2] = {
        {"hi i need an appointment", "Hi I need an appointment."},
        {"what are your hours on saturday", "What are your hours on Saturday?"},
        {"can you do tuesday at three", "Can you do Tuesday at three?"},
        {"can do", "Can do."},
        {"i'm jane and i'd like december first", "I'm jane and I'd like December first."},
        {"yes", "Yes."},
        {"", ""},
        {"   ", ""},
        {"HI I NEED HELP", "Hi I need help."},
        {"OK", "OK"},
        {"4 2 1", "4 2 1"},
        {"what's the price", "What's the price?"},
        {"what time is it 3pm", "What time is it 3pm?"},
        {"[keypad] 12345", "[keypad] 12345"},
        {"are you  open [keypad] 1 on monday", "Are you open? [keypad] 1 on monday"},
        {"x[1] please", "X[1] please."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_in("en", rows[i][0], rows[i][1]);
}

static void what_a_model_wrote_stays(void **state)
{
    static const char *const rows[] = {"Hi, I need an appointment.", "hello, there", "no. three",
        "Call Jane", "It's 3:30", "J. R. Smith", "caf\xc3\xa9, please"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_in("en", rows[i], rows[i]);
    expect_in("de", "ich brauche einen termin", "ich brauche einen termin");
}

static void blanks_are_single(void **state)
{
    expect_in("en", "  Hello ,  I am\there . ", "Hello, I am here.");
    expect_in("de", " ja  , gerne", "ja, gerne");
}

static void tidy_twice_is_tidy_once(void **state)
{
    static const char *const rows[] = {"hi i need help", "WHAT TIME IS IT", "can you", "a . b"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf once;
        strbuf_init(&once, 1000);
        transcript_tidy(&once, slice_from(rows[i]), SLICE("en"));
        expect_in("en", once.data, once.data);
        strbuf_free(&once);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bare_words_get_capitals_and_a_mark),
        cmocka_unit_test(what_a_model_wrote_stays),
        cmocka_unit_test(blanks_are_single),
        cmocka_unit_test(tidy_twice_is_tidy_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

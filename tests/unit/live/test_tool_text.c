/* What is said of a tool that failed: to on_tool_error, and to the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "live/tool_text.h"

static char no_words[] = "", words[] = "Sorry.";

static void each_ending_is_a_failure_or_none(void **state)
{
    static const struct {
        enum script_ending ending;
        char *why, *failure_text;
        bool is_failure, is_one_again; /* the first time in a reply, and the second */
    } rows[] = {
        {SCRIPT_DONE, NULL, NULL, false, false},
        {SCRIPT_DONE, no_words, NULL, false, true}, /* asked wrongly: the model is told first */
        {SCRIPT_TIMEOUT, no_words, words, false, false},
        {SCRIPT_TIMEOUT, no_words, NULL, true, true},
        {SCRIPT_OUT_OF_TIME, no_words, NULL, true, true},
        {SCRIPT_OUT_OF_MEMORY, no_words, NULL, true, true},
        {SCRIPT_ERROR, no_words, NULL, true, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned refused = 0;
        struct script_result result = {
            .ending = rows[i].ending, .why = rows[i].why, .failure_text = rows[i].failure_text};
        assert_int_equal(tool_text_is_failure(&result, &refused), rows[i].is_failure);
        assert_int_equal(tool_text_is_failure(&result, &refused), rows[i].is_one_again);
    }
}

static void the_error_is_what_the_model_would_read(void **state)
{
    static const struct {
        const char *result, *error;
    } rows[] = {
        {"{\"error\":\"timeout\",\"say\":\"x\"}", "timeout"},
        {"{\"ok\":true}", "failed"},
        {"nonsense", "failed"},
        {NULL, "failed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *error = tool_text_error(rows[i].result);
        assert_string_equal(json_string_value(error), rows[i].error);
        json_decref(error);
    }
    char *text = tool_text_said(rows[0].result, "We call back.");
    assert_string_equal(text, "{\"error\":\"timeout\",\"say\":\"We call back.\"}");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ending_is_a_failure_or_none),
        cmocka_unit_test(the_error_is_what_the_model_would_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

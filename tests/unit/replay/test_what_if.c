/* Settings as people write them, and what is said of calls with them. */
#include "replay/what_if.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/replay/booking.h"

static const struct {
    const char *text;
    unsigned combinations; /* 0: refused */
    const char *why;       /* a part of it */
} written[] = {
    {"turn.silence_ms=700", 1, ""},
    {"turn.silence_ms=400..900:100", 6, ""},
    {"turn.silence_ms=400..950:100", 6, ""},
    {"turn.barge_in=0..1:1", 2, ""},
    {"turn.silence_ms=50", 0, "turn.silence_ms goes from 100 to 5000, and 50 is out of that"},
    {"turn.silence_ms=400..6000:1000", 0, "and 6000 is out of that"},
    {"turn.silence_ms=100..5000:1", 0, "more than 200 combinations"},
    {"turn.silence_ms", 0, "write turn.silence_ms=700, or turn.silence_ms=400..900:100"},
    {"turn.silence_ms=", 0, "write turn.silence_ms=700"},
    {"turn.silence_ms=soon", 0, "write turn.silence_ms=700"},
    {"turn.silence_ms=400..900", 0, "write turn.silence_ms=700"},
    {"turn.silence_ms=900..400:100", 0, "write turn.silence_ms=700"},
    {"turn.silence_ms=400..900:0", 0, "write turn.silence_ms=700"},
    {"turn.silence_ms=99999999999", 0, "write turn.silence_ms=700"},
    {"silence_ms=700", 0, "there is no setting \"silence_ms\"; there are turn.silence_ms,"},
    {"turn.patience=700", 0, "turn.keys_ms"},
    {"turn.asks_script=1", 0, "there is no setting"},
    {"", 0, "there is no setting"},
};

static void settings_are_read_or_refused_with_a_reason(void **state)
{
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        struct what_if what_if = {0};
        char why[1024] = "";
        enum err err = what_if_add(&what_if, written[i].text, why);
        if (!err != (written[i].combinations > 0) || !strstr(why, written[i].why))
            fail_msg("\"%s\": %s", written[i].text, why);
        if (!err)
            assert_int_equal(what_if_combinations(&what_if), written[i].combinations);
    }
}

/* A script's word is no number that could be tried; everything else is. */
static void every_setting_of_the_engine_can_be_named(void **state)
{
    static const char *const of_scripts[] = {"asks_script", "script_first", "asks_on_silence"};
    for (unsigned i = 0; i < turn_settings_count(); i++) {
        struct what_if what_if = {0};
        char text[64], why[1024];
        bool is_of_script = false;
        for (size_t n = 0; n < 3; n++)
            is_of_script |= strcmp(of_scripts[n], turn_setting_name(i)) == 0;
        snprintf(text, sizeof text, "turn.%s=%u", turn_setting_name(i),
            turn_setting_get(&turn_defaults, i));
        assert_int_equal(what_if_add(&what_if, text, why), is_of_script ? ERR_BAD : ERR_OK);
    }
}

static void run(struct what_if_runs *runs, const char *const *settings, unsigned calls)
{
    struct what_if what_if = {0};
    struct call_steps steps;
    char why[1024];
    for (; *settings; settings++)
        assert_int_equal(what_if_add(&what_if, *settings, why), ERR_OK);
    assert_int_equal(what_if_begin(runs, &what_if), ERR_OK);
    RECORD(&steps, &turn_defaults, booking);
    for (unsigned i = 0; i < calls; i++)
        assert_int_equal(what_if_take(runs, &steps, why), ERR_OK);
    assert_int_equal(what_if_finish(runs), ERR_OK);
    call_steps_free(&steps);
}

static void one_call_is_told_turn_by_turn(void **state)
{
    static const char *const settings[] = {"turn.silence_ms=1200", NULL};
    struct what_if_runs runs;
    struct strbuf out;
    strbuf_init(&out, 65536);
    run(&runs, settings, 1);
    what_if_print(&out, &runs);
    print_message("%s", out.data);
    assert_non_null(strstr(out.data, "4.50  wait 0.75  CUT OFF"));
    assert_non_null(strstr(out.data, "with nothing changed 3 of 3 turns are as they were"));
    assert_int_equal(runs.list[0].sums.cut_offs, 1);
    assert_int_equal(runs.list[1].sums.cut_offs, 1);
    assert_int_equal(runs.list[2].sums.cut_offs, 0);
    assert_int_equal(runs.list[2].sums.turns, 2);
    assert_int_equal(runs.list[2].sums.wait_max_ms, 1360);
    strbuf_free(&out);
    what_if_end(&runs);
}

static void a_range_over_several_calls_is_a_table_of_sums(void **state)
{
    static const char *const settings[] = {
        "turn.silence_ms=400..1200:400", "turn.early_ms=0..250:250", NULL};
    struct what_if_runs runs;
    struct strbuf out;
    strbuf_init(&out, 65536);
    run(&runs, settings, 2);
    what_if_print(&out, &runs);
    assert_int_equal(runs.count, 8);
    assert_string_equal(runs.list[2].label, "turn.silence_ms=400 turn.early_ms=0");
    assert_string_equal(runs.list[7].label, "turn.silence_ms=1200 turn.early_ms=250");
    assert_int_equal(runs.list[0].sums.turns, 6);
    assert_int_equal(runs.list[7].sums.turns, 4);
    assert_null(strstr(out.data, "speech  "));
    assert_non_null(strstr(out.data, "2 calls"));
    json_t *json = what_if_json(&runs);
    const json_t *last = json_array_get(json_object_get(json, "runs"), 7);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(last, "settings"), "silence_ms")), 1200);
    assert_int_equal(json_array_size(json_object_get(last, "turns")), 4);
    json_decref(json);
    strbuf_free(&out);
    what_if_end(&runs);
}

static void a_call_without_words_says_so(void **state)
{
    static const struct recording_row silent[] = {
        {100, HEARD(STARTED, .flag = true)},
        {300, HEARD(AUDIO, .epoch = 1)},
        {2300, HEARD(PLAYED, .epoch = 1, .flag = true)},
        {9000, HEARD(STREAM_ENDED)},
    };
    struct what_if what_if = {0};
    struct what_if_runs runs;
    struct call_steps steps, none = {0};
    char why[1024];
    assert_int_equal(what_if_begin(&runs, &what_if), ERR_OK);
    RECORD(&steps, &turn_defaults, silent);
    assert_int_equal(what_if_take(&runs, &steps, why), ERR_BAD);
    assert_non_null(strstr(why, "the caller says no word"));
    assert_int_equal(what_if_take(&runs, &none, why), ERR_BAD);
    assert_non_null(strstr(why, "no steps"));
    call_steps_free(&steps);
    what_if_end(&runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_read_or_refused_with_a_reason),
        cmocka_unit_test(every_setting_of_the_engine_can_be_named),
        cmocka_unit_test(one_call_is_told_turn_by_turn),
        cmocka_unit_test(a_range_over_several_calls_is_a_table_of_sums),
        cmocka_unit_test(a_call_without_words_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

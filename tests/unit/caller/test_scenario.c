#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "caller/scenario.h"

static struct scenario scenario;
static char why[SCENARIO_WHY_SIZE];

static enum err scenario_of(const char *text)
{
    why[0] = 0;
    return scenario_read(&scenario, slice_from(text), "demo.call", why);
}

static void every_step_is_read(void **state)
{
    assert_int_equal(scenario_of("# a call\n"
                                 "\n"
                                 "  wait  \n"
                                 "say Hello,  are you open?\n"
                                 "voice en-us+f3\r\n"
                                 "interrupt 800 Sorry, Sunday\r\n"
                                 "\tpause 1500\n"
                                 "play ../noise file.wav\n"
                                 "dtmf 12*#A\n"
                                 "tones 3#\n"
                                 "expect-hangup\n"
                                 "hangup"),
        ERR_OK);
    static const struct {
        enum scenario_kind kind;
        unsigned line;
        unsigned ms;
        const char *text;
        const char *voice;
    } steps[] = {
        {SCENARIO_WAIT, 3, 0, NULL, "en-us"},
        {SCENARIO_SAY, 4, 0, "Hello,  are you open?", "en-us"},
        {SCENARIO_INTERRUPT, 6, 800, "Sorry, Sunday", "en-us+f3"},
        {SCENARIO_PAUSE, 7, 1500, NULL, "en-us+f3"},
        {SCENARIO_PLAY, 8, 0, "../noise file.wav", "en-us+f3"},
        {SCENARIO_DTMF, 9, 0, "12*#A", "en-us+f3"},
        {SCENARIO_TONES, 10, 0, "3#", "en-us+f3"},
        {SCENARIO_EXPECT_HANGUP, 11, 0, NULL, "en-us+f3"},
        {SCENARIO_HANGUP, 12, 0, NULL, "en-us+f3"},
    };
    assert_int_equal(scenario.count, sizeof steps / sizeof steps[0]);
    for (size_t i = 0; i < scenario.count; i++) {
        assert_int_equal(scenario.steps[i].kind, steps[i].kind);
        assert_int_equal(scenario.steps[i].line, steps[i].line);
        assert_int_equal(scenario.steps[i].ms, steps[i].ms);
        assert_string_equal(scenario.steps[i].voice, steps[i].voice);
        if (steps[i].text)
            assert_string_equal(scenario.steps[i].text, steps[i].text);
        else
            assert_null(scenario.steps[i].text);
    }
    scenario_free(&scenario);
}

static void callees_are_taken_in_order(void **state)
{
    assert_int_equal(scenario_of("wait\n"), ERR_OK);
    assert_true(scenario_callee(&scenario, 0).answers);
    assert_int_equal(scenario_callee(&scenario, 3).key, '1');
    scenario_free(&scenario);
    assert_int_equal(scenario_of("callee busy\nwait\ncallee answers 200\ncallee answers 5 #\n"
                                 "callee no-answer\nhangup\n"),
        ERR_OK);
    assert_int_equal(scenario.count, 2);
    assert_string_equal(scenario_callee(&scenario, 0).status, "busy");
    assert_int_equal(scenario_callee(&scenario, 1).ms, 200);
    assert_int_equal(scenario_callee(&scenario, 1).key, 0);
    assert_int_equal(scenario_callee(&scenario, 2).key, '#');
    assert_string_equal(scenario_callee(&scenario, 3).status, "no-answer");
    assert_string_equal(scenario_callee(&scenario, 9).status, "no-answer");
    scenario_free(&scenario);
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } rows[] = {
        {"say hi\nshout loud\n", "demo.call:2: unknown step \"shout\""},
        {"say\n", "demo.call:1: something to say, play or press is missing"},
        {"wait 5\n", "demo.call:1: nothing may follow here"},
        {"callee\n", "demo.call:1: a callee answers, or is busy, no-answer or failed"},
        {"callee sleeps\n", "demo.call:1: a callee answers, or is busy, no-answer or failed"},
        {"callee answers\n", "demo.call:1: expected a number of milliseconds"},
        {"callee answers 5 12\n", "demo.call:1: one key is pressed: 0-9, *, # or A-D"},
        {"callee busy 5\n", "demo.call:1: nothing may follow here"},
        {"pause\n", "demo.call:1: expected a number of milliseconds"},
        {"pause soon\n", "demo.call:1: expected a number of milliseconds"},
        {"pause -5\n", "demo.call:1: expected a number of milliseconds"},
        {"pause 600001\n", "demo.call:1: more than ten minutes"},
        {"pause 99999999999999999999\n", "demo.call:1: more than ten minutes"},
        {"pause 5 6\n", "demo.call:1: nothing may follow here"},
        {"\n\ninterrupt 800\n", "demo.call:3: something to say, play or press is missing"},
        {"interrupt text\n", "demo.call:1: expected a number of milliseconds"},
        {"dtmf 1x\n", "demo.call:1: keys are 0-9, *, # and A-D"},
        {"voice\n", "demo.call:1: voice needs a name, for example en-us"},
        {"say \xff\n", "demo.call:1: not UTF-8 text"},
        {"Say hi\n", "demo.call:1: unknown step \"Say\""},
        {"", "demo.call:0: a scenario needs at least one step"},
        {"# only words\n", "demo.call:1: a scenario needs at least one step"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(scenario_of(rows[i].text), ERR_BAD);
        assert_string_equal(why, rows[i].why);
        assert_int_equal(scenario.count, 0);
    }
}

static void length_is_bounded(void **state)
{
    static char text[SCENARIO_STEPS_MAX * 5 + 10];
    for (size_t i = 0; i < SCENARIO_STEPS_MAX; i++)
        memcpy(text + i * 5, "wait\n", 5);
    assert_int_equal(scenario_of(text), ERR_OK);
    scenario_free(&scenario);
    strcat(text, "wait\n");
    assert_int_equal(scenario_of(text), ERR_BAD);
    assert_string_equal(why, "demo.call:257: too many steps");
    char line[SCENARIO_LINE_MAX_BYTES + 2] = "say ";
    memset(line + 4, 'a', sizeof line - 5);
    line[sizeof line - 1] = 0;
    assert_int_equal(scenario_of(line), ERR_BAD);
    assert_string_equal(why, "demo.call:1: line too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_read),
        cmocka_unit_test(callees_are_taken_in_order),
        cmocka_unit_test(what_is_wrong_is_told_with_its_line),
        cmocka_unit_test(length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "caller/director.h"

#define FOREVER_MS 60000

/* A call in virtual time: the agent is audible in the given spans, the caller's lines last 1000 ms. */
struct span {
    uint64_t from_ms;
    uint64_t to_ms;
};

static struct scenario scenario;
static struct director director;
static char acts[512]; /* "time:act" of everything the director did, each with a blank */

static void open_story(const char *text)
{
    char why[SCENARIO_WHY_SIZE];
    assert_int_equal(scenario_read(&scenario, slice_from(text), "t", why), ERR_OK);
    director_init(&director, &scenario);
    acts[0] = 0;
}

static void note(uint64_t at_ms, struct director_action action)
{
    static const char *const names[] = {"", "speak", "key", "hangup", "fail"};
    char text[60];
    if (action.act == DIRECTOR_NOTHING)
        return;
    snprintf(text, sizeof text, "%u:%s", (unsigned)at_ms, names[action.act]);
    if (action.key)
        snprintf(text + strlen(text), 3, "%c", action.key);
    strcat(acts, text);
    strcat(acts, " ");
}

static bool is_audible(const struct span *spans, size_t count, uint64_t at_ms)
{
    for (size_t i = 0; i < count; i++)
        if (at_ms >= spans[i].from_ms && at_ms < spans[i].to_ms)
            return true;
    return false;
}

static void run_until(const struct span *spans, size_t count, uint64_t end_ms)
{
    uint64_t line_end_ms = 0;
    for (uint64_t at_ms = 0; at_ms < end_ms; at_ms += 20) {
        struct director_action action =
            director_tick(&director, at_ms, is_audible(spans, count, at_ms), at_ms < line_end_ms);
        if (action.act == DIRECTOR_SPEAK)
            line_end_ms = at_ms + 1000;
        note(at_ms, action);
    }
}

#define run_with(...)                                                                              \
    do {                                                                                           \
        const struct span spans[] = {__VA_ARGS__};                                                 \
        run_until(spans, sizeof spans / sizeof spans[0], FOREVER_MS);                              \
    } while (0)

static void expect_acts(const char *text)
{
    assert_string_equal(acts, text);
    scenario_free(&scenario);
}

static void a_right_read_back_is_not_corrected(void **state)
{
    open_story("correct Maria Lopez | no\nhangup\n");
    director_heard(&director, SLICE("So that's maria  LOPEZ, is that right?"));
    run_with({0, 0});
    expect_acts("20:hangup ");
}

static void a_wrong_read_back_is_corrected_until_it_is_right(void **state)
{
    open_story("correct 555 0123 | no\nhangup\n");
    director_heard(&director, SLICE("five five five"));
    const struct span spans[] = {{2000, 3000}};
    run_until(spans, 1, 3500);
    director_heard(&director, SLICE("So 555-0123?"));
    assert_string_equal(acts, "0:speak ");
    for (uint64_t at_ms = 3500; at_ms < 6000; at_ms += 20)
        note(at_ms, director_tick(&director, at_ms, false, false));
    expect_acts("0:speak 3920:hangup ");
}

static void a_read_back_that_stays_wrong_fails(void **state)
{
    open_story("correct Lopez | no\nhangup\n");
    director_heard(&director, SLICE("Bailey"));
    run_with({2000, 3000}, {6000, 7000}, {10000, 11000});
    assert_non_null(strstr(acts, "fail"));
    assert_non_null(strstr(director.why, "does not get it right"));
    scenario_free(&scenario);
}

static void without_the_agents_words_nothing_is_corrected(void **state)
{
    open_story("correct Lopez | no\nhangup\n");
    run_with({0, 0});
    expect_acts("20:hangup ");
}

static void wait_ends_900_ms_after_the_agents_last_sound(void **state)
{
    open_story("wait\nsay a\nwait\nhangup\n");
    run_with({200, 1000}, {1200, 2000}, {4000, 5000});
    /* line from 2920 to 3920, answer until 5000; each step begins one frame after the last */
    expect_acts("2920:speak 5920:hangup ");
}

static void silence_alone_is_no_answer(void **state)
{
    open_story("wait\nhangup\n");
    run_until(NULL, 0, FOREVER_MS);
    assert_string_equal(director.why, "line 1 (wait): the agent said nothing for 20 s");
    expect_acts("20000:fail ");
}

static void an_endless_agent_is_noticed(void **state)
{
    open_story("wait\nhangup\n");
    run_with({100, FOREVER_MS});
    assert_string_equal(director.why, "line 1 (wait): the agent did not stop speaking for 20 s");
    expect_acts("20000:fail ");
}

static void the_tail_of_an_interrupted_reply_is_no_answer(void **state)
{
    open_story("wait\nsay a\nwait\nhangup\n");
    /* Line from 1920 to 2920; the agent talks over it until 3200, its answer comes at 4500. */
    run_with({0, 1000}, {2100, 3200}, {4500, 5500});
    expect_acts("1920:speak 6420:hangup ");
}

static void an_answer_that_began_early_counts_when_it_goes_on(void **state)
{
    open_story("say a\nwait\nhangup\n");
    run_with({800, 2600});
    expect_acts("0:speak 3520:hangup ");
}

static void an_interruption_waits_for_the_reply_to_play(void **state)
{
    open_story("say a\ninterrupt 800 b\nwait\nhangup\n");
    run_with({1500, 2700}, {4000, 5000});
    expect_acts("0:speak 2300:speak 5920:hangup ");
}

static void a_short_pause_does_not_restart_a_reply(void **state)
{
    open_story("say a\ninterrupt 1500 b\nhangup\n");
    run_with({1500, 2000}, {2300, 4000});
    expect_acts("0:speak 3000:speak 4020:hangup ");
}

static void a_reply_too_short_to_interrupt_is_passed_over(void **state)
{
    open_story("say a\ninterrupt 1500 b\nhangup\n");
    run_with({1500, 2000}, {6000, 9000});
    expect_acts("0:speak 7500:speak 8520:hangup ");
}

static void an_interruption_that_never_comes_fails(void **state)
{
    open_story("interrupt 5000 b\n");
    run_with({1500, 2000});
    assert_string_equal(
        director.why, "line 1 (interrupt): no reply of the agent lasted that long within 20 s");
    expect_acts("20000:fail ");
}

static void keys_are_pressed_one_by_one(void **state)
{
    open_story("pause 500\ndtmf 1#\nhangup\n");
    run_until(NULL, 0, FOREVER_MS);
    expect_acts("520:key1 780:key# 1040:hangup ");
    open_story("pause 500\ntones 1#\nhangup\n");
    run_until(NULL, 0, FOREVER_MS);
    expect_acts("520:key1 780:key# 1040:hangup ");
}

static void the_end_of_the_file_hangs_up(void **state)
{
    open_story("say a\n");
    run_until(NULL, 0, FOREVER_MS);
    expect_acts("0:speak 1020:hangup ");
}

static void an_expected_hang_up_completes(void **state)
{
    open_story("wait\nexpect-hangup\nhangup\n");
    const struct span span = {0, 1000};
    run_until(&span, 1, 5000);
    assert_true(director_call_ended(&director));
    expect_acts("");
}

static void an_expected_hang_up_that_does_not_come_fails(void **state)
{
    open_story("expect-hangup\n");
    run_until(NULL, 0, FOREVER_MS);
    assert_string_equal(
        director.why, "line 1 (expect-hangup): the agent did not end the call within 20 s");
    expect_acts("20000:fail ");
}

static void a_call_that_ends_too_early_fails(void **state)
{
    open_story("wait\nsay a\nhangup\n");
    run_until(NULL, 0, 1000);
    assert_false(director_call_ended(&director));
    assert_string_equal(director.why, "line 2 (say): the call had ended before it");
    expect_acts("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_read_back_is_not_corrected),
        cmocka_unit_test(a_wrong_read_back_is_corrected_until_it_is_right),
        cmocka_unit_test(a_read_back_that_stays_wrong_fails),
        cmocka_unit_test(without_the_agents_words_nothing_is_corrected),
        cmocka_unit_test(wait_ends_900_ms_after_the_agents_last_sound),
        cmocka_unit_test(silence_alone_is_no_answer),
        cmocka_unit_test(an_endless_agent_is_noticed),
        cmocka_unit_test(the_tail_of_an_interrupted_reply_is_no_answer),
        cmocka_unit_test(an_answer_that_began_early_counts_when_it_goes_on),
        cmocka_unit_test(an_interruption_waits_for_the_reply_to_play),
        cmocka_unit_test(a_short_pause_does_not_restart_a_reply),
        cmocka_unit_test(a_reply_too_short_to_interrupt_is_passed_over),
        cmocka_unit_test(an_interruption_that_never_comes_fails),
        cmocka_unit_test(keys_are_pressed_one_by_one),
        cmocka_unit_test(the_end_of_the_file_hangs_up),
        cmocka_unit_test(an_expected_hang_up_completes),
        cmocka_unit_test(an_expected_hang_up_that_does_not_come_fails),
        cmocka_unit_test(a_call_that_ends_too_early_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

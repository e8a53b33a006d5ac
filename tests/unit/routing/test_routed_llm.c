#include "llm_stage.h"

#include <stdio.h>
#include <string.h>

#include "observe/metrics.h"
#include "observe/provider_metrics.h"
#include "routing/incident.h"
#include "routing/usage.h"

static const struct provider usual;

static struct failure of_kind(enum failure_kind kind)
{
    return (struct failure){.kind = kind, .err = ERR_REFUSED, .why = "w"};
}

static void fail_with(struct stage *stage, size_t model, enum failure_kind kind)
{
    struct failure failure = of_kind(kind);
    model_fails(stage, model, &failure);
}

/* ---- every kind of failure ---- */

static bool is_again(enum failure_kind kind)
{
    return failure_rule(kind)->is_worth_again;
}

static void before_anything_the_next_one_answers(void **state)
{
    for (unsigned kind = 0; kind < FAILURE_KINDS; kind++) {
        struct stage stage;
        stage_begin(&stage, *state, 2, usual);
        stage_ask(&stage);
        fail_with(&stage, 0, kind);
        if (is_again(kind)) {
            stage_until_asked(&stage, "0 0 ");
            fail_with(&stage, 0, kind);
        }
        stage_until_asked(&stage, is_again(kind) ? "0 0 1 " : "0 1 ");
        model_says(&stage, 1, "hello");
        model_ends(&stage, 1);
        stage_expect(
            &stage, is_again(kind) ? "0 0 1 " : "0 1 ", "source one m\ntext hello\ndone 10+2\n");
        stage_end(&stage);
    }
}

/* ---- who else is told ---- */

static void note_incident(void *owner, const struct route_incident *incident)
{
    static const char *const words[] = {[INCIDENT_FAILED] = "failed",
        [INCIDENT_RETRY] = "retry",
        [INCIDENT_NEXT] = "next",
        [INCIDENT_HEDGE] = "hedge",
        [INCIDENT_LEFT_ALONE] = "left alone",
        [INCIDENT_PASSED_OVER] = "passed over"};
    assert_int_equal(incident->slot, SLOT_THINK);
    assert_true((incident->kind == INCIDENT_FAILED) == (incident->failure != NULL));
    strbuf_printf(owner, "%s %s%s%s\n", words[incident->kind], incident->provider,
        incident->other ? " after " : "", incident->other ? incident->other : "");
}

static void expect_told(struct strbuf *told, const char *expected)
{
    assert_string_equal(told->data, expected);
    strbuf_clear(told);
}

/* A call that is answered all the same can tell whom it has to thank for the wait. */
static void the_witness_is_told_what_the_call_is_not(void **state)
{
    struct stage stage;
    struct strbuf told;
    strbuf_init(&told, 4096);
    stage_begin(&stage, *state, 2, usual);
    stage.route.witness = (struct route_witness){note_incident, &told};
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_BROKEN);
    stage_until_asked(&stage, "0 0 ");
    fail_with(&stage, 0, FAILURE_KEY); /* opens its circuit */
    stage_until_asked(&stage, "0 0 1 ");
    model_says(&stage, 1, "hello");
    model_ends(&stage, 1);
    expect_told(
        &told, "failed zero\nretry zero\nfailed zero\nleft alone zero\nnext one after zero\n");
    stage_ask(&stage);
    stage_until_asked(&stage, "1 ");
    model_says(&stage, 1, "hello");
    model_ends(&stage, 1);
    expect_told(&told, "passed over zero\nnext one after zero\n");
    stage_end(&stage);
    strbuf_free(&told);
}

static void each_request_is_counted_by_how_it_ended(void **state)
{
    static const enum provider_outcome outcomes[FAILURE_KINDS] = {
        [FAILURE_NETWORK] = PROVIDER_FAILED,
        [FAILURE_LATE] = PROVIDER_TIMEOUT,
        [FAILURE_CUT] = PROVIDER_FAILED,
        [FAILURE_GARBLED] = PROVIDER_FAILED,
        [FAILURE_BUSY] = PROVIDER_REFUSED,
        [FAILURE_BROKEN] = PROVIDER_FAILED,
        [FAILURE_QUOTA] = PROVIDER_REFUSED,
        [FAILURE_KEY] = PROVIDER_REFUSED,
        [FAILURE_REQUEST] = PROVIDER_REFUSED,
        [FAILURE_OURS] = PROVIDER_FAILED};
    for (unsigned kind = 0; kind < FAILURE_KINDS; kind++) {
        struct stage stage;
        stage_begin(&stage, *state, 2, usual);
        struct provider_metrics *zero = provider_metrics_of(SLOT_THINK, "zero"),
                                *one = provider_metrics_of(SLOT_THINK, "one");
        uint64_t failed = provider_metrics_count(zero, outcomes[kind]),
                 done = provider_metrics_count(one, PROVIDER_OK);
        unsigned times = is_again(kind) ? 2 : 1;
        stage_ask(&stage);
        fail_with(&stage, 0, kind);
        if (is_again(kind)) {
            stage_until_asked(&stage, "0 0 ");
            fail_with(&stage, 0, kind);
        }
        stage_until_asked(&stage, is_again(kind) ? "0 0 1 " : "0 1 ");
        model_says(&stage, 1, "hello");
        assert_int_equal(provider_metrics_count(one, PROVIDER_OK), done);
        model_ends(&stage, 1);
        assert_int_equal(provider_metrics_count(zero, outcomes[kind]), failed + times);
        assert_int_equal(provider_metrics_count(one, PROVIDER_OK), done + 1);
        stage_end(&stage);
    }
}

static void the_same_one_may_answer_when_asked_again(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    int64_t retries = metric_get(METRIC_PROVIDER_RETRIES_THINK);
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_CUT);
    stage_until_asked(&stage, "0 0 ");
    model_says(&stage, 0, "hello");
    model_ends(&stage, 0);
    stage_expect(&stage, "0 0 ", "source zero m\ntext hello\ndone 10+2\n");
    assert_int_equal(metric_get(METRIC_PROVIDER_RETRIES_THINK), retries + 1);
    stage_end(&stage);
}

static void alone_it_is_asked_twice_at_most(void **state)
{
    for (unsigned kind = 0; kind < FAILURE_KINDS; kind++) {
        struct stage stage;
        char heard[64];
        stage_begin(&stage, *state, 1, usual);
        stage_ask(&stage);
        fail_with(&stage, 0, kind);
        if (is_again(kind)) {
            stage_until_asked(&stage, "0 0 ");
            fail_with(&stage, 0, kind);
        }
        snprintf(heard, sizeof heard, "failed %s w\n", failure_rule(kind)->name);
        stage_expect(&stage, is_again(kind) ? "0 0 " : "0 ", heard);
        stage_end(&stage);
    }
}

static void after_text_a_failure_is_final(void **state)
{
    for (unsigned kind = 0; kind < FAILURE_KINDS; kind++) {
        struct stage stage;
        char heard[96];
        stage_begin(&stage, *state, 2, usual);
        stage_ask(&stage);
        model_says(&stage, 0, "hello");
        fail_with(&stage, 0, kind);
        snprintf(heard, sizeof heard, "source zero m\ntext hello\nfailed %s w\n",
            failure_rule(kind)->name);
        stage_expect(&stage, "0 ", heard);
        stage_end(&stage);
    }
}

static void after_a_tool_call_too(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage_ask(&stage);
    model_calls(&stage, 0, "book");
    fail_with(&stage, 0, FAILURE_CUT);
    stage_expect(&stage, "0 ", "source zero m\ncall book\nfailed cut w\n");
    stage_end(&stage);
}

/* ---- when nobody heard of it ---- */

static void what_nobody_heard_begins_anew(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.may_restart = true;
    stage_ask(&stage);
    model_says(&stage, 0, "On");
    fail_with(&stage, 0, FAILURE_GARBLED);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "Yes");
    model_ends(&stage, 1);
    stage_expect(
        &stage, "0 1 ", "source zero m\ntext On\nanew\nsource one m\ntext Yes\ndone 10+2\n");
    stage_end(&stage);
}

static void alone_it_may_be_begun_anew_once(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 1, usual);
    stage.may_restart = true;
    stage_ask(&stage);
    model_says(&stage, 0, "On");
    fail_with(&stage, 0, FAILURE_CUT);
    stage_until_asked(&stage, "0 0 ");
    model_says(&stage, 0, "Ye");
    fail_with(&stage, 0, FAILURE_CUT);
    story_until(stage.story, !stage.client);
    assert_non_null(strstr(stage.heard.data, "text On\nanew\nsource zero m\ntext Ye\nfailed cut"));
    stage_end(&stage);
}

/* It is not asked to forget what nobody would replace. */
static void without_time_nothing_begins_anew(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.may_restart = true;
    stage.within_ms = 1;
    stage_ask(&stage);
    model_says(&stage, 0, "On");
    story_run_for(stage.story, 5);
    fail_with(&stage, 0, FAILURE_CUT);
    assert_null(strstr(stage.heard.data, "anew"));
    assert_non_null(strstr(stage.heard.data, "failed cut"));
    stage_end(&stage);
}

static void cancelling_instead_of_beginning_anew(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.may_restart = true;
    stage.cancel_after = 2;
    stage_ask(&stage);
    model_says(&stage, 0, "On");
    fail_with(&stage, 0, FAILURE_CUT);
    story_run_for(stage.story, 3);
    stage_expect(&stage, "0 ", "source zero m\ntext On\nanew\n");
    stage_end(&stage);
}

static void all_are_asked_in_order(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 3, usual);
    int64_t fallbacks = metric_get(METRIC_PROVIDER_FALLBACKS_THINK);
    int64_t failures = metric_get(METRIC_PROVIDER_FAILURES_THINK);
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_LATE);
    stage_until_asked(&stage, "0 1 ");
    fail_with(&stage, 1, FAILURE_GARBLED);
    stage_until_asked(&stage, "0 1 2 ");
    fail_with(&stage, 2, FAILURE_REQUEST);
    stage_expect(&stage, "0 1 2 ", "failed request w\n");
    assert_int_equal(metric_get(METRIC_PROVIDER_FALLBACKS_THINK), fallbacks + 2);
    assert_int_equal(metric_get(METRIC_PROVIDER_FAILURES_THINK), failures + 3);
    stage_end(&stage);
}

static void an_empty_answer_is_none_and_its_tokens_count(void **state)
{
    struct stage stage;
    struct usage usage = {0};
    stage_begin(&stage, *state, 2, usual);
    stage.route.usage = &usage;
    stage_ask(&stage);
    model_ends(&stage, 0);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "hello");
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "source one m\ntext hello\ndone 10+2\n");
    assert_int_equal(usage.count, 1); /* the answer's own are whoever asked's to count */
    assert_string_equal(usage.lines[0].provider, "zero");
    assert_int_equal(usage.lines[0].amount.prompt_tokens, 10);
    stage_ask(&stage);
    model_ends(&stage, 0);
    stage_until_asked(&stage, "0 1 ");
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "failed garbled empty answer\n");
    stage_end(&stage);
}

static const struct failure too_long = {.kind = FAILURE_REQUEST, .err = ERR_FULL, .why = "long"};

static void too_long_for_one_is_too_long_for_all_of_its_size(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 3, usual);
    stage_ask(&stage);
    model_fails(&stage, 0, &too_long);
    stage_expect(&stage, "0 ", "failed request the messages are more than the model takes\n");
    stage_end(&stage);
}

static void who_takes_more_is_asked(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 3, usual);
    struct provider larger = *stage.route.list[2].provider;
    larger.llm.context_tokens = LLM_CONTEXT_TOKENS + 1;
    stage.route.list[2].provider = &larger;
    stage_ask(&stage);
    model_fails(&stage, 0, &too_long);
    stage_until_asked(&stage, "0 2 ");
    fail_with(&stage, 2, FAILURE_LATE);
    stage_expect(&stage, "0 2 ", "failed request the messages are more than the model takes\n");
    stage_end(&stage);
}

static void a_request_that_cannot_be_made(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.models[0].refuses = ERR_BAD;
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "hello");
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "source one m\ntext hello\ndone 10+2\n");
    stage.models[1].refuses = ERR_NOMEM;
    stage_ask(&stage);
    stage_expect(&stage, "0 1 ", "failed ours request could not be made\n");
    stage_end(&stage);
}

static void nobody_can_be_asked(void **state)
{
    struct stage stage;
    struct route nobody = {0};
    struct llm_settings settings = {.route = &nobody};
    struct llm *llm;
    stage_begin(&stage, *state, 1, usual);
    assert_int_equal(
        routed_llm.start(&llm, stage.story->loop, &settings, SLICE("[]"), SLICE(""), NULL, NULL),
        ERR_NOT_FOUND);
    routed_llm.warm(stage.story->loop, &settings);
    stage_end(&stage);
}

/* ---- time ---- */

static void who_is_not_the_last_has_a_share_of_the_time(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.within_ms = 8000;
    stage_ask(&stage);
    assert_int_equal(stage.models[0].first_token_timeout_ms, 4801);
    assert_int_equal(stage.models[0].connect_timeout_ms, 1500);
    fail_with(&stage, 0, FAILURE_LATE);
    stage_until_asked(&stage, "0 1 ");
    assert_int_equal(stage.models[1].first_token_timeout_ms, 6000);
    assert_int_equal(stage.models[1].connect_timeout_ms, 1500);
    stage_leave(&stage);
    stage_end(&stage);
}

static void nobody_hurries_for_one_that_is_out_of_order(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 1), DESK_ENTERED);
    desk_leave(stage.desk, &stage.route, 1, &(struct failure){FAILURE_KEY, .why = ""}, 0);
    stage_ask(&stage);
    assert_int_equal(stage.models[0].first_token_timeout_ms, 6000);
    stage_leave(&stage);
    stage_end(&stage);
}

static void with_no_time_left_a_failure_is_final(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage.within_ms = 250;
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_NETWORK);
    stage_expect(&stage, "0 ", "failed network w\n");
    stage_end(&stage);
}

static void a_busy_one_is_waited_for_when_nobody_else_is_there(void **state)
{
    struct failure busy = of_kind(FAILURE_BUSY);
    struct stage stage;
    busy.retry_after_ms = 300;
    stage_begin(&stage, *state, 1, usual);
    stage_ask(&stage);
    model_fails(&stage, 0, &busy);
    stage_until_asked(&stage, "0 0 ");
    model_says(&stage, 0, "hello");
    model_ends(&stage, 0);
    stage_expect(&stage, "0 0 ", "source zero m\ntext hello\ndone 10+2\n");
    busy.retry_after_ms = 900; /* longer than there is time */
    stage.within_ms = 1000;
    stage_ask(&stage);
    model_fails(&stage, 0, &busy);
    stage_expect(&stage, "0 ", "failed busy w\n");
    stage_end(&stage);
    stage_begin(&stage, *state, 2, usual);
    busy.retry_after_ms = 300;
    stage_ask(&stage);
    model_fails(&stage, 0, &busy);
    stage_until_asked(&stage, "0 1 ");
    stage_leave(&stage);
    stage_end(&stage);
}

/* ---- circuits ---- */

static void a_broken_key_is_not_asked_again(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_KEY);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "hello");
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "source one m\ntext hello\ndone 10+2\n");
    int64_t fallbacks = metric_get(METRIC_PROVIDER_FALLBACKS_THINK);
    stage_ask(&stage);
    assert_string_equal(stage.asked.data, "1 ");
    assert_int_equal(metric_get(METRIC_PROVIDER_FALLBACKS_THINK), fallbacks + 1);
    routed_llm.warm(stage.story->loop, &(struct llm_settings){.route = &stage.route});
    assert_int_equal(stage.models[0].warmed, 0);
    assert_int_equal(stage.models[1].warmed, 1);
    stage_leave(&stage);
    stage_end(&stage);
}

static void when_all_are_open_asking_beats_silence(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_KEY);
    stage_until_asked(&stage, "0 1 ");
    fail_with(&stage, 1, FAILURE_QUOTA);
    stage_expect(&stage, "0 1 ", "failed quota w\n");
    stage_ask(&stage);
    assert_string_equal(stage.asked.data, "0 ");
    fail_with(&stage, 0, FAILURE_KEY);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "hello"); /* there is credit again */
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "source one m\ntext hello\ndone 10+2\n");
    stage_ask(&stage);
    assert_string_equal(stage.asked.data, "1 ");
    stage_leave(&stage);
    stage_end(&stage);
}

static void an_open_one_is_asked_when_the_others_fail(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED);
    desk_leave(stage.desk, &stage.route, 0, &(struct failure){FAILURE_KEY, .why = ""}, 0);
    stage_ask(&stage);
    fail_with(&stage, 1, FAILURE_LATE);
    stage_until_asked(&stage, "1 0 ");
    model_says(&stage, 0, "hello");
    model_ends(&stage, 0);
    stage_expect(&stage, "1 0 ", "source zero m\ntext hello\ndone 10+2\n");
    stage_end(&stage);
}

/* ---- permits ---- */

static const struct provider one_at_once = {.most_at_once = 1};

static void a_permit_is_waited_for(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 1, one_at_once);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED);
    stage_ask(&stage);
    story_run_for(stage.story, 3);
    assert_int_equal(stage.models[0].asked, 0);
    desk_leave(stage.desk, &stage.route, 0, NULL, 100);
    stage_until_asked(&stage, "0 ");
    model_says(&stage, 0, "hello");
    model_ends(&stage, 0);
    stage_expect(&stage, "0 ", "source zero m\ntext hello\ndone 10+2\n");
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED); /* it came back */
    stage_end(&stage);
}

static void others_are_asked_when_none_comes_soon(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, one_at_once);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED);
    stage_ask(&stage);
    stage_until_asked(&stage, "1 ");
    stage_leave(&stage);
    stage_end(&stage);
}

static void none_comes_in_time(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 1, one_at_once);
    stage.within_ms = 350;
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED);
    stage_ask(&stage);
    story_until(stage.story, !stage.client);
    assert_string_equal(stage.heard.data, "failed ours as many requests are under way as may be\n");
    stage_end(&stage);
}

static void waiting_can_be_cancelled(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 1, one_at_once);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 0), DESK_ENTERED);
    stage_ask(&stage);
    stage_leave(&stage);
    desk_leave(stage.desk, &stage.route, 0, NULL, 100);
    story_run_for(stage.story, 3);
    assert_int_equal(stage.models[0].asked, 0);
    stage_end(&stage);
}

/* ---- cancelling ---- */

static void cancelling_gives_the_permit_back_and_leaves_a_warm_connection(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 1, one_at_once);
    stage_ask(&stage);
    stage_leave(&stage);
    assert_int_equal(stage.open, 0);
    assert_int_equal(stage.models[0].warmed, 1);
    stage_ask(&stage);
    model_says(&stage, 0, "hello");
    stage_leave(&stage);
    assert_int_equal(stage.models[0].warmed, 2);
    stage_ask(&stage);
    model_says(&stage, 0, "hello");
    model_ends(&stage, 0); /* this one's is kept */
    assert_int_equal(stage.models[0].warmed, 2);
    stage_end(&stage);
}

static void cancelling_in_every_callback(void **state)
{
    static const char *const heard[] = {"source zero m\n", "source zero m\ntext a\n",
        "source zero m\ntext a\ntext b\n", "source zero m\ntext a\ntext b\ncall book\n"};
    for (int n = 0; n < 4; n++) {
        struct stage stage;
        stage_begin(&stage, *state, 2, usual);
        stage.cancel_after = n;
        stage_ask(&stage);
        model_says(&stage, 0, "a");
        if (n > 1)
            model_says(&stage, 0, "b");
        if (n > 2)
            model_calls(&stage, 0, "book");
        stage_expect(&stage, "0 ", heard[n]);
        stage_end(&stage);
    }
}

static void cancelling_between_a_failure_and_the_next(void **state)
{
    struct stage stage;
    stage_begin(&stage, *state, 2, usual);
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_BUSY);
    stage_leave(&stage);
    story_run_for(stage.story, 3);
    stage_expect(&stage, "0 ", "");
    stage_ask(&stage);
    fail_with(&stage, 0, FAILURE_LATE);
    stage_leave(&stage);
    story_run_for(stage.story, 3);
    stage_expect(&stage, "0 ", "");
    stage_end(&stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(before_anything_the_next_one_answers),
        TEST(the_witness_is_told_what_the_call_is_not),
        TEST(each_request_is_counted_by_how_it_ended),
        TEST(the_same_one_may_answer_when_asked_again),
        TEST(alone_it_is_asked_twice_at_most),
        TEST(after_text_a_failure_is_final),
        TEST(after_a_tool_call_too),
        TEST(what_nobody_heard_begins_anew),
        TEST(alone_it_may_be_begun_anew_once),
        TEST(without_time_nothing_begins_anew),
        TEST(cancelling_instead_of_beginning_anew),
        TEST(all_are_asked_in_order),
        TEST(an_empty_answer_is_none_and_its_tokens_count),
        TEST(too_long_for_one_is_too_long_for_all_of_its_size),
        TEST(who_takes_more_is_asked),
        TEST(a_request_that_cannot_be_made),
        TEST(nobody_can_be_asked),
        TEST(who_is_not_the_last_has_a_share_of_the_time),
        TEST(nobody_hurries_for_one_that_is_out_of_order),
        TEST(with_no_time_left_a_failure_is_final),
        TEST(a_busy_one_is_waited_for_when_nobody_else_is_there),
        TEST(a_broken_key_is_not_asked_again),
        TEST(when_all_are_open_asking_beats_silence),
        TEST(an_open_one_is_asked_when_the_others_fail),
        TEST(a_permit_is_waited_for),
        TEST(others_are_asked_when_none_comes_soon),
        TEST(none_comes_in_time),
        TEST(waiting_can_be_cancelled),
        TEST(cancelling_gives_the_permit_back_and_leaves_a_warm_connection),
        TEST(cancelling_in_every_callback),
        TEST(cancelling_between_a_failure_and_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

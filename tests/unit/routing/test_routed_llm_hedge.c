#include "llm_stage.h"

#include <string.h>

#include "observe/metrics.h"

static const struct provider hedging = {.hedge = true};
static const struct failure cut = {.kind = FAILURE_CUT, .err = ERR_CLOSED, .why = "w"};

/* The first model usually answers within 20 ms: past a quarter of a second it is late. */
static void make_known(struct stage *stage)
{
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(desk_enter(stage->desk, &stage->route, 0), DESK_ENTERED);
        desk_leave(stage->desk, &stage->route, 0, NULL, 20);
    }
}

static void begin(struct stage *stage, struct story *story, struct provider usual)
{
    stage_begin(stage, story, 2, usual);
    make_known(stage);
}

static void the_second_is_first(void **state)
{
    struct stage stage;
    begin(&stage, *state, hedging);
    int64_t started = metric_get(METRIC_HEDGES_STARTED), won = metric_get(METRIC_HEDGES_WON);
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    assert_int_equal(stage.open, 2);
    model_says(&stage, 1, "hello");
    assert_int_equal(stage.open, 1); /* the other is closed */
    assert_int_equal(stage.models[0].warmed, 1);
    model_ends(&stage, 1);
    stage_expect(&stage, "0 1 ", "source one m\ntext hello\ndone 10+2\n");
    assert_int_equal(metric_get(METRIC_HEDGES_STARTED), started + 1);
    assert_int_equal(metric_get(METRIC_HEDGES_WON), won + 1);
    stage_end(&stage);
}

static void the_first_is_first_after_all(void **state)
{
    struct stage stage;
    begin(&stage, *state, hedging);
    int64_t won = metric_get(METRIC_HEDGES_WON);
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    model_calls(&stage, 0, "book");
    assert_int_equal(stage.open, 1);
    model_ends(&stage, 0);
    stage_expect(&stage, "0 1 ", "source zero m\ncall book\ndone 10+2\n");
    assert_int_equal(metric_get(METRIC_HEDGES_WON), won);
    stage_end(&stage);
}

static void who_fails_meanwhile_is_left_out(void **state)
{
    for (size_t loser = 0; loser < 2; loser++) {
        struct stage stage;
        begin(&stage, *state, hedging);
        stage_ask(&stage);
        stage_until_asked(&stage, "0 1 ");
        model_fails(&stage, loser, &cut);
        assert_int_equal(stage.open, 1);
        model_says(&stage, 1 - loser, "hello");
        model_ends(&stage, 1 - loser);
        stage_expect(&stage, "0 1 ",
            loser ? "source zero m\ntext hello\ndone 10+2\n"
                  : "source one m\ntext hello\ndone 10+2\n");
        stage_end(&stage);
    }
}

static void when_both_fail_the_last_to_is_asked_again(void **state)
{
    struct stage stage;
    begin(&stage, *state, hedging);
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    model_fails(&stage, 1, &cut);
    model_fails(&stage, 0, &cut);
    stage_until_asked(&stage, "0 1 0 ");
    model_fails(&stage, 0, &cut);
    stage_expect(&stage, "0 1 0 ", "failed cut w\n");
    stage_end(&stage);
}

static void cancelling_cancels_both(void **state)
{
    struct stage stage;
    begin(&stage, *state, hedging);
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    stage_leave(&stage);
    assert_int_equal(stage.open, 0);
    stage.cancel_after = 0; /* when it is told whose answer it is */
    stage_ask(&stage);
    stage_until_asked(&stage, "0 1 ");
    model_says(&stage, 1, "hello");
    stage_expect(&stage, "0 1 ", "source one m\n");
    stage_end(&stage);
}

/* None of these asks a second one: nothing is due. */
static void nobody_else_is_asked(void **state)
{
    struct stage stage;
    begin(&stage, *state, (struct provider){0}); /* it is not wished */
    stage_ask(&stage);
    story_run_for(stage.story, 300);
    assert_string_equal(stage.asked.data, "0 ");
    stage_leave(&stage);
    stage_end(&stage);
    stage_begin(&stage, *state, 2, hedging); /* nothing is known */
    stage_ask(&stage);
    story_run_for(stage.story, 300);
    assert_string_equal(stage.asked.data, "0 ");
    stage_leave(&stage);
    stage_end(&stage);
    begin(&stage, *state, hedging); /* it began */
    stage_ask(&stage);
    model_says(&stage, 0, "hello");
    story_run_for(stage.story, 300);
    assert_string_equal(stage.asked.data, "0 ");
    stage_leave(&stage);
    assert_int_equal(desk_enter(stage.desk, &stage.route, 1), DESK_ENTERED);
    desk_leave(stage.desk, &stage.route, 1, &(struct failure){FAILURE_KEY, .why = ""}, 0);
    stage_ask(&stage); /* the other is out of order */
    story_run_for(stage.story, 300);
    assert_string_equal(stage.asked.data, "0 ");
    stage_leave(&stage);
    stage_end(&stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_second_is_first),
        TEST(the_first_is_first_after_all),
        TEST(who_fails_meanwhile_is_left_out),
        TEST(when_both_fail_the_last_to_is_asked_again),
        TEST(cancelling_cancels_both),
        TEST(nobody_else_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

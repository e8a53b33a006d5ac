/* Models that answer, fail and fall silent at random, callers who leave at random: whatever comes, one answer is given by one model,
   it ends once, and nothing stays behind. */
#include "llm_stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALKS 120
#define STEPS 60

static unsigned seed;

static unsigned below(unsigned limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 16) % limit;
}

/* Pauses are short, so that a walk sees what comes behind them. */
static struct failure any_failure(void)
{
    return (struct failure){.kind = (enum failure_kind)below(FAILURE_KINDS),
        .err = ERR_REFUSED,
        .retry_after_ms = 1,
        .why = "w"};
}

static void act(struct stage *stage, size_t model)
{
    struct failure failure = any_failure();
    if (!stage->models[model].newest)
        return;
    switch (below(6)) {
    case 0:
    case 1:
        model_says(stage, model, "a");
        break;
    case 2:
        model_calls(stage, model, "f");
        break;
    case 3:
        model_ends(stage, model);
        break;
    default:
        model_fails(stage, model, &failure);
        break;
    }
}

static size_t count(const struct strbuf *heard, const char *what)
{
    size_t found = 0;
    for (const char *at = heard->data; heard->len && (at = strstr(at, what)); at++)
        found++;
    return found;
}

static void check(struct stage *stage)
{
    const struct strbuf *heard = &stage->heard;
    bool has_answer = count(heard, "text ") || count(heard, "call ");
    if (count(heard, "source ") > 1 || count(heard, "done ") + count(heard, "failed ") > 1 ||
        (has_answer && strncmp(heard->data, "source ", 7) != 0))
        fail_msg("seed %u asked %s heard\n%s", seed, stage->asked.data, heard->data);
}

/* A question, with somebody else's requests under way here and there. */
static void walk(struct stage *stage)
{
    bool is_taken = below(4) == 0 && desk_enter(stage->desk, &stage->route, 0) == DESK_ENTERED;
    stage->cancel_after = below(3) ? -1 : (int)below(4);
    stage_ask(stage);
    for (unsigned i = 0; i < STEPS && stage->client; i++) {
        act(stage, below(STAGE_MODELS));
        if (is_taken && below(8) == 0) {
            desk_leave(stage->desk, &stage->route, 0, NULL, 1 + below(300));
            is_taken = false;
        }
        if (below(40) == 0)
            stage_leave(stage);
        story_turn(stage->story);
    }
    stage_leave(stage);
    if (is_taken)
        desk_leave(stage->desk, &stage->route, 0, NULL, 0);
    assert_int_equal(stage->open, 0);
    check(stage);
}

static void whatever_comes_one_answer_is_given_once(void **state)
{
    for (unsigned number = 1; number <= WALKS; number++) {
        struct stage stage;
        seed = number;
        struct provider usual = {.hedge = below(2), .most_at_once = below(2)};
        stage_begin(&stage, *state, 1 + below(STAGE_MODELS), usual);
        for (unsigned i = 0; i < 3; i++)
            walk(&stage);
        if (usual.most_at_once) /* every permit came back */
            for (size_t i = 0; i < stage.route.count; i++)
                assert_int_equal(desk_insist(stage.desk, &stage.route, i), DESK_ENTERED);
        stage_end(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        whatever_comes_one_answer_is_given_once, story_begin, story_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

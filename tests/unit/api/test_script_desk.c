/* Questions to a script thread that answers, that is busy, or that does not come to it. Both loops are the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/script_desk.h"
#include "base/clock.h"

struct told {
    unsigned count;
    enum err err;
    char json[200];
    char why[100];
};

struct story {
    struct net_loop *control, *script;
    struct net_timer *control_timer, *script_timer;
    struct script_host *host;
    struct script_desk *desk;
};

static void run(struct net_loop *loop, struct net_timer *timer)
{
    net_timer_set(timer, clock_ms() + 2);
    net_loop_run(loop);
}

static void stop(void *owner)
{
    net_loop_stop(owner);
}

static int setup(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    struct script_host_options options = {.scripts_path = "/nonexistent"};
    assert_int_equal(net_loop_create(&story->control, "control", NULL), ERR_OK);
    assert_int_equal(net_loop_create(&story->script, "script", NULL), ERR_OK);
    assert_int_equal(
        net_timer_create(&story->control_timer, story->control, stop, story->control), ERR_OK);
    assert_int_equal(
        net_timer_create(&story->script_timer, story->script, stop, story->script), ERR_OK);
    assert_int_equal(script_host_create(&story->host, story->script, &options), ERR_OK);
    assert_int_equal(script_desk_create(&story->desk, story->control, story->host), ERR_OK);
    *state = story;
    return 0;
}

static int teardown(void **state)
{
    struct story *story = *state;
    script_host_destroy(story->host);
    script_desk_close(story->desk);
    net_timer_destroy(story->control_timer);
    net_timer_destroy(story->script_timer);
    net_loop_destroy(story->script);
    net_loop_destroy(story->control);
    free(story);
    return 0;
}

static void keep(void *owner, enum err err, const char *json, const char *why)
{
    struct told *told = owner;
    told->count++;
    told->err = err;
    snprintf(told->json, sizeof told->json, "%s", json);
    snprintf(told->why, sizeof told->why, "%s", why);
}

static uint64_t ask(struct story *story, struct told *told, unsigned timeout_ms)
{
    uint64_t ticket;
    struct script_job *job = script_job_make(SCRIPT_VERSIONS);
    slice_copy(SLICE("nobody"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    assert_int_equal(
        script_desk_ask_take(story->desk, &ticket, job, timeout_ms, keep, told), ERR_OK);
    assert_int_equal(told->count, 0);
    return ticket;
}

static void an_answer_comes_back(void **state)
{
    struct story *story = *state;
    struct told told = {0};
    ask(story, &told, 60000);
    while (!told.count) {
        run(story->script, story->script_timer);
        run(story->control, story->control_timer);
    }
    assert_int_equal(told.err, ERR_REFUSED);
    assert_string_equal(told.why, "there is no such tenant");
    assert_non_null(strstr(told.json, "\"error\""));
}

static void who_is_busy_is_not_waited_for(void **state)
{
    struct story *story = *state;
    struct told told = {0};
    ask(story, &told, 5);
    while (!told.count)
        run(story->control, story->control_timer);
    assert_int_equal(told.err, ERR_TIMEOUT);
    for (int i = 0; i < 3; i++) { /* the answer comes all the same, to nobody */
        run(story->script, story->script_timer);
        run(story->control, story->control_timer);
    }
    assert_int_equal(told.count, 1);
}

static void who_asked_may_leave(void **state)
{
    struct story *story = *state;
    struct told left = {0}, stayed = {0};
    uint64_t ticket = ask(story, &left, 60000);
    ask(story, &stayed, 60000);
    script_desk_forget(story->desk, ticket);
    script_desk_forget(story->desk, ticket);
    while (!stayed.count) {
        run(story->script, story->script_timer);
        run(story->control, story->control_timer);
    }
    assert_int_equal(left.count, 0);
}

static void too_many_are_refused(void **state)
{
    struct story *story = *state;
    struct told told = {0};
    uint64_t ticket;
    for (unsigned i = 0; i < SCRIPT_DESK_MAX; i++)
        ask(story, &told, 60000);
    assert_int_equal(script_desk_ask_take(story->desk, &ticket, script_job_make(SCRIPT_VERSIONS),
                         60000, keep, &told),
        ERR_FULL);
    assert_int_equal(told.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_busy_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(who_asked_may_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_are_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

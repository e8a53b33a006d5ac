#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/net/net_story.h"

static void now_is_the_clock_of_the_turn(void **state)
{
    struct story *story = *state;
    story_turn(story);
    uint64_t now_ms = net_loop_now_ms(story->loop);
    assert_in_range(now_ms, clock_ms() - 500, clock_ms() + 1);
}

static void count(void *owner)
{
    ++*(unsigned *)owner;
}

static void *send_wakes(void *wake)
{
    for (int i = 0; i < 100; i++)
        net_wake_send(wake);
    return NULL;
}

static void wakes_come_from_other_threads(void **state)
{
    struct story *story = *state;
    unsigned woken = 0;
    struct net_wake *wake;
    pthread_t thread;
    assert_int_equal(net_wake_create(&wake, story->loop, count, &woken), ERR_OK);
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, wake), 0);
    story_until(story, woken > 0);
    pthread_join(thread, NULL);
    net_wake_destroy(wake);
}

static void take_signal(void *owner, int number)
{
    *(int *)owner = number;
}

static void signals_arrive_as_numbers(void **state)
{
    struct story *story = *state;
    int number = 0;
    struct net_signals *signals;
    assert_int_equal(net_signals_create(&signals, story->loop, take_signal, &number), ERR_OK);
    kill(getpid(), SIGHUP);
    story_until(story, number == SIGHUP);
    net_signals_destroy(signals);
}

static void take_events(void *owner, int events)
{
    *(int *)owner |= events;
}

static void polls_report_readiness(void **state)
{
    struct story *story = *state;
    int fds[2], seen = 0;
    struct net_poll *poll;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(net_poll_create(&poll, story->loop, fds[0], take_events, &seen), ERR_OK);
    net_poll_set(poll, NET_READ);
    story_run_for(story, 5);
    assert_int_equal(seen, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    story_until(story, seen == NET_READ);
    net_poll_destroy(poll);
    close(fds[0]);
    close(fds[1]);
}

struct answer {
    bool is_done;
    enum err err;
    char address[64];
};

static void take_address(void *owner, enum err err, const char *address)
{
    struct answer *answer = owner;
    answer->is_done = true;
    answer->err = err;
    snprintf(answer->address, sizeof answer->address, "%s", address ? address : "");
}

static struct answer resolve(struct story *story, const char *host, unsigned within_ms)
{
    struct answer answer = {0};
    struct net_resolve *request;
    enum err err = net_resolve_start(
        &request, story->loop, host, clock_ms() + within_ms, take_address, &answer);
    assert_int_equal(err, ERR_OK);
    assert_false(answer.is_done);
    story_until(story, answer.is_done);
    return answer;
}

static void names_resolve(void **state)
{
    struct story *story = *state;
    struct answer literal = resolve(story, "192.0.2.7", 1000);
    assert_int_equal(literal.err, ERR_OK);
    assert_string_equal(literal.address, "192.0.2.7");
    struct answer name = resolve(story, "localhost", 5000);
    assert_int_equal(name.err, ERR_OK);
    assert_string_equal(name.address, "127.0.0.1");
    struct answer again = resolve(story, "localhost", 0); /* known: needs no time */
    assert_int_equal(again.err, ERR_OK);
}

static void unknown_names_fail(void **state)
{
    struct story *story = *state;
    struct answer answer = resolve(story, "no such host.invalid", 5000);
    assert_true(answer.err == ERR_UNREACHABLE || answer.err == ERR_TIMEOUT);
}

static void cancelled_lookup_stays_silent(void **state)
{
    struct story *story = *state;
    struct answer answer = {0};
    struct net_resolve *request;
    enum err err = net_resolve_start(
        &request, story->loop, "localhost", clock_ms() + 1000, take_address, &answer);
    assert_int_equal(err, ERR_OK);
    net_resolve_cancel(request);
    story_run_for(story, 20);
    assert_false(answer.is_done);
}

static void destroy_closes_what_is_left(void **state)
{
    struct net_loop *loop;
    struct net_timer *timer;
    struct net_wake *wake;
    struct net_signals *signals;
    struct net_watch *watch;
    struct net_resolve *request;
    struct answer answer = {0};
    unsigned called = 0;
    int number = 0;
    (void)state;
    assert_int_equal(net_loop_create(&loop, "left", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&timer, loop, count, &called), ERR_OK);
    net_timer_set(timer, 1);
    assert_int_equal(net_wake_create(&wake, loop, count, &called), ERR_OK);
    assert_int_equal(net_signals_create(&signals, loop, take_signal, &number), ERR_OK);
    assert_int_equal(net_watch_create(&watch, loop, "/tmp", count, &called), ERR_OK);
    assert_int_equal(
        net_resolve_start(&request, loop, "localhost", clock_ms() + 9, take_address, &answer),
        ERR_OK);
    net_loop_destroy(loop);
    assert_int_equal(called, 0);
    assert_false(answer.is_done);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(now_is_the_clock_of_the_turn),
        STORY(wakes_come_from_other_threads),
        STORY(signals_arrive_as_numbers),
        STORY(polls_report_readiness),
        STORY(names_resolve),
        STORY(unknown_names_fail),
        STORY(cancelled_lookup_stays_silent),
        cmocka_unit_test(destroy_closes_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

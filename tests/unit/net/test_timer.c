/* Timers on a real loop: never early, in order, and each in the first turn after it is due. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/log_call.h"
#include "unit/net/net_story.h"

struct ticker {
    struct net_timer *timer;
    uint64_t next_ms, last_fired_ms;
    unsigned fired, wanted;
};

static void tick(void *owner)
{
    struct ticker *ticker = owner;
    ticker->last_fired_ms = clock_ms();
    assert_true(ticker->last_fired_ms >= ticker->next_ms);
    if (++ticker->fired == ticker->wanted)
        return;
    ticker->next_ms += 5;
    net_timer_set(ticker->timer, ticker->next_ms);
}

static void timers_keep_absolute_deadlines(void **state)
{
    struct story *story = *state;
    struct ticker ticker = {.wanted = 20};
    assert_int_equal(net_timer_create(&ticker.timer, story->loop, tick, &ticker), ERR_OK);
    uint64_t start_ms = clock_ms();
    ticker.next_ms = start_ms + 5;
    net_timer_set(ticker.timer, ticker.next_ms);
    usleep(12000); /* a stall: two deadlines pass meanwhile, the rest must not shift */
    story_until(story, ticker.fired == ticker.wanted);
    assert_int_equal(ticker.next_ms, start_ms + 100);
    assert_in_range(ticker.last_fired_ms, start_ms + 100, start_ms + 160);
    net_timer_destroy(ticker.timer);
}

static void note_call(void *owner)
{
    *(struct log_call **)owner = log_call_here();
}

static void a_timer_works_for_the_call_that_armed_it(void **state)
{
    struct story *story = *state;
    struct log_call *calls[] = {log_call_make(), log_call_make(), NULL};
    for (size_t i = 0; i < 3; i++) {
        struct log_call *seen = log_call_make(), *spare = seen;
        struct net_timer *timer;
        assert_int_equal(net_timer_create(&timer, story->loop, note_call, &seen), ERR_OK);
        net_timer_set(timer, clock_ms() + 60000);
        struct log_call *before = log_call_enter(calls[i]);
        net_timer_set(timer, 1);
        log_call_leave(before);
        log_call_release(calls[i]); /* the timer keeps it */
        assert_null(log_call_here());
        story_until(story, seen != spare);
        assert_ptr_equal(seen, calls[i]);
        assert_null(log_call_here());
        net_timer_destroy(timer);
        log_call_release(spare);
    }
}

static void rearm_in_the_past(void *owner)
{
    struct ticker *ticker = owner;
    ticker->fired++;
    net_timer_set(ticker->timer, 1);
}

static void timer_in_the_past_does_not_starve_the_loop(void **state)
{
    struct story *story = *state;
    struct ticker ticker = {0};
    assert_int_equal(
        net_timer_create(&ticker.timer, story->loop, rearm_in_the_past, &ticker), ERR_OK);
    net_timer_set(ticker.timer, 1);
    story_until(story, ticker.fired > 3);
    net_timer_clear(ticker.timer);
    unsigned fired = ticker.fired;
    story_run_for(story, 10);
    assert_int_equal(ticker.fired, fired);
    net_timer_destroy(ticker.timer);
}

/* ---- many timers ---- */

#define MOST 1500

struct crowd;

struct member {
    struct crowd *crowd;
    unsigned number;
    struct net_timer *timer; /* NULL once destroyed */
    uint64_t due_ms;         /* 0: not set */
    bool has_fired;
};

/* A loop that wakes itself again and again, so that its turns can be counted: what was due when one ended fires in the
   next. That holds however busy the machine is. */
struct crowd {
    struct story *story;
    struct net_wake *turns;
    void (*on_turn)(struct crowd *crowd); /* NULL: nothing to do between turns */
    void (*on_fire)(struct member *member);
    uint64_t ended_ms; /* the loop's time when the last turn ended */
    struct member members[MOST];
    unsigned count, fired;
    unsigned order[MOST]; /* who fired, in turn */
};

static void fire(void *owner)
{
    struct member *member = owner;
    struct crowd *crowd = member->crowd;
    assert_true(member->due_ms && !member->has_fired);
    assert_true(clock_ms() >= member->due_ms);
    member->has_fired = true;
    member->due_ms = 0;
    crowd->order[crowd->fired++] = member->number;
    if (crowd->on_fire)
        crowd->on_fire(member);
}

static void set(struct member *member, uint64_t due_ms)
{
    member->due_ms = due_ms;
    net_timer_set(member->timer, due_ms);
}

static struct member *add(struct crowd *crowd, uint64_t due_ms)
{
    assert_true(crowd->count < MOST);
    struct member *member = &crowd->members[crowd->count];
    *member = (struct member){.crowd = crowd, .number = crowd->count++};
    assert_int_equal(net_timer_create(&member->timer, crowd->story->loop, fire, member), ERR_OK);
    set(member, due_ms);
    return member;
}

static void clear(struct member *member)
{
    member->due_ms = 0;
    net_timer_clear(member->timer);
}

static void destroy(struct member *member)
{
    member->due_ms = 0;
    net_timer_destroy(member->timer);
    member->timer = NULL;
}

static bool is_any_set(const struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++) {
        if (crowd->members[i].due_ms)
            return true;
    }
    return false;
}

static void end_turn(void *owner)
{
    struct crowd *crowd = owner;
    for (unsigned i = 0; i < crowd->count; i++) {
        uint64_t due_ms = crowd->members[i].due_ms;
        if (due_ms && due_ms <= crowd->ended_ms)
            fail_msg("timer %u did not fire in the first turn after it was due", i);
    }
    crowd->ended_ms = net_loop_now_ms(crowd->story->loop);
    if (crowd->on_turn)
        crowd->on_turn(crowd);
    if (is_any_set(crowd))
        net_wake_send(crowd->turns);
    else
        net_loop_stop(crowd->story->loop);
}

static struct crowd *gather_crowd(struct story *story)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    crowd->story = story;
    story_turn(story);
    crowd->ended_ms = net_loop_now_ms(story->loop);
    assert_int_equal(net_wake_create(&crowd->turns, story->loop, end_turn, crowd), ERR_OK);
    return crowd;
}

/* Until none is set; no timer but theirs keeps the wheel going. */
static void run_crowd(struct crowd *crowd)
{
    net_wake_send(crowd->turns);
    net_loop_run(crowd->story->loop);
}

static void dismiss(struct crowd *crowd)
{
    for (unsigned i = 0; i < crowd->count; i++)
        net_timer_destroy(crowd->members[i].timer);
    net_wake_destroy(crowd->turns);
    free(crowd);
}

static void stall_until(uint64_t until_ms)
{
    while (clock_ms() < until_ms)
        ;
}

/* Each may stop, move or end its neighbour, as calls do that end others. */
static void meddle(struct member *member)
{
    struct member *next = &member->crowd->members[(member->number + 1) % member->crowd->count];
    if (!next->due_ms)
        return;
    if (member->number % 5 == 0)
        set(next, clock_ms() + 20);
    else if (member->number % 7 == 0)
        destroy(next);
    else if (member->number % 11 == 0)
        clear(next);
}

/* Near ones and, beyond half a second, far ones, moved from one kind to the other. */
static void many_timers_fire_once_and_in_time(void **state)
{
    struct crowd *crowd = gather_crowd(*state);
    crowd->on_fire = meddle;
    uint64_t start_ms = clock_ms() + 20;
    srand(3);
    for (unsigned i = 0; i < 300; i++) {
        struct member *member = add(crowd, start_ms + (uint64_t)(rand() % 2000));
        set(member, start_ms + (uint64_t)(rand() % 650));
    }
    run_crowd(crowd);
    assert_in_range(crowd->fired, 150, 299);
    dismiss(crowd);
}

/* ---- stalls ---- */

#define STALL_MS 600u
#define NEAR_MS 450u

static void stall_at_first(struct member *member)
{
    if (member->number == 0)
        stall_until(member->crowd->ended_ms + STALL_MS);
}

/* More that is soon due, while all the others are overdue: both lie in the same slots of the wheel. */
static void add_behind_a_stall(struct crowd *crowd)
{
    if (crowd->fired == 0)
        return;
    crowd->on_turn = NULL;
    uint64_t now_ms = net_loop_now_ms(crowd->story->loop);
    for (unsigned i = 1; i <= 20; i++)
        add(crowd, now_ms + i);
    stall_until(now_ms + 30);
}

/* Two at every distance. What is due within half a second fires in the order of deadlines, and of setting. */
static void after_a_stall_all_that_is_due_fires_in_order(void **state)
{
    struct crowd *crowd = gather_crowd(*state);
    crowd->on_fire = stall_at_first;
    crowd->on_turn = add_behind_a_stall;
    uint64_t start_ms = crowd->ended_ms;
    for (unsigned i = 0; i < 2 * 700; i++)
        add(crowd, start_ms + 1 + i / 2);
    run_crowd(crowd);
    assert_int_equal(crowd->fired, 2 * 700 + 20);
    unsigned last = 0;
    for (unsigned i = 0; i < crowd->fired; i++) {
        unsigned number = crowd->order[i];
        if (number >= 2 * NEAR_MS && number < 2 * 700)
            continue; /* not in the wheel, or near its edge */
        if (number < last)
            fail_msg("timer %u fired behind timer %u", number, last);
        last = number;
    }
    assert_int_equal(last, 2 * 700 + 20 - 1);
    dismiss(crowd);
}

/* ---- timers that go while others fire ---- */

static void take_next_away(struct member *member)
{
    if (member->number % 4 == 0 && member->number < 100)
        destroy(member + 1);
    else if (member->number < 100)
        clear(member + 1);
}

/* The wheel is armed for this one when it goes. */
static void clear_the_earliest(struct crowd *crowd)
{
    if (crowd->fired > 50 && crowd->members[101].due_ms)
        clear(&crowd->members[101]);
}

static void half_of_a_hundred_go_before_their_turn(void **state)
{
    struct crowd *crowd = gather_crowd(*state);
    crowd->on_fire = take_next_away;
    crowd->on_turn = clear_the_earliest;
    uint64_t due_ms = crowd->ended_ms + 5;
    for (unsigned i = 0; i < 100; i++)
        add(crowd, due_ms);
    add(crowd, due_ms + 3);
    add(crowd, due_ms + 50);
    add(crowd, due_ms + 90);
    run_crowd(crowd);
    for (unsigned i = 0; i <= 50; i++)
        assert_int_equal(crowd->order[i], 2 * i);
    assert_int_equal(crowd->order[crowd->fired - 1], 102);
    dismiss(crowd);
}

static void set_an_earlier_one(struct member *member)
{
    if (member->number == 0)
        add(member->crowd, clock_ms() + 2);
}

static void set_another_earlier_one(struct crowd *crowd)
{
    if (crowd->fired >= 2 && crowd->count == 102)
        add(crowd, net_loop_now_ms(crowd->story->loop) + 1);
}

/* From a callback, and between turns. */
static void what_is_set_earlier_than_all_does_not_wait_for_them(void **state)
{
    struct crowd *crowd = gather_crowd(*state);
    crowd->on_fire = set_an_earlier_one;
    crowd->on_turn = set_another_earlier_one;
    uint64_t start_ms = clock_ms();
    add(crowd, start_ms + 1);
    for (unsigned i = 0; i < 100; i++)
        add(crowd, start_ms + 400);
    run_crowd(crowd);
    assert_int_equal(crowd->fired, 103);
    dismiss(crowd);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_begin, story_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_timer_works_for_the_call_that_armed_it),
        STORY(timers_keep_absolute_deadlines),
        STORY(timer_in_the_past_does_not_starve_the_loop),
        STORY(many_timers_fire_once_and_in_time),
        STORY(after_a_stall_all_that_is_due_fires_in_order),
        STORY(half_of_a_hundred_go_before_their_turn),
        STORY(what_is_set_earlier_than_all_does_not_wait_for_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

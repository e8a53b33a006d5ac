#include "unit/providers/cmocka_head.h"

#include "routing/breaker.h"

enum what { LETS, DENIES, ASK, GOOD, GAVE_UP, FAILS, OPENS };

struct step {
    uint64_t at_ms;
    enum what what;
    enum failure_kind kind; /* FAILS, OPENS: the failure, and whether it opened the circuit */
    unsigned retry_after_ms;
    unsigned times; /* 0: once */
};

static void play_one(struct breaker *breaker, const struct step *step)
{
    struct failure failure = {.kind = step->kind, .retry_after_ms = step->retry_after_ms};
    switch (step->what) {
    case LETS:
    case DENIES:
        assert_int_equal(breaker_lets(breaker, step->at_ms), step->what == LETS);
        return;
    case ASK:
        breaker_ask(breaker, step->at_ms);
        return;
    case GOOD:
        breaker_succeeded(breaker, step->at_ms);
        return;
    case GAVE_UP:
        breaker_gave_up(breaker, step->at_ms);
        return;
    case FAILS:
    case OPENS:
        assert_int_equal(breaker_failed(breaker, &failure, step->at_ms), step->what == OPENS);
        return;
    }
}

static void play_steps(const struct step *steps, size_t count)
{
    struct breaker breaker = {0};
    for (size_t i = 0; i < count; i++)
        for (unsigned n = 0; n < (steps[i].times ? steps[i].times : 1); n++)
            play_one(&breaker, &steps[i]);
}
#define play(...)                                                                                  \
    do {                                                                                           \
        const struct step steps[] = {__VA_ARGS__};                                                 \
        play_steps(steps, sizeof steps / sizeof *steps);                                           \
    } while (0)

static void it_opens_after_failures_in_the_window(void **state)
{
    play({0, LETS}, {100, FAILS, FAILURE_BROKEN, .times = 4}, {200, LETS},
        {300, OPENS, FAILURE_LATE}, {300, DENIES}, {2299, DENIES}, {2300, LETS});
}

static void old_failures_are_forgotten(void **state)
{
    play({0, FAILS, FAILURE_CUT, .times = 4}, {25000, FAILS, FAILURE_CUT}, {25000, LETS},
        {36000, FAILS, FAILURE_CUT, .times = 3}, {36000, OPENS, FAILURE_CUT});
}

static void failures_among_many_successes_do_not_open_it(void **state)
{
    play({0, GOOD, .times = 100}, {10, FAILS, FAILURE_BROKEN, .times = 99}, {20, LETS},
        {30, OPENS, FAILURE_BROKEN});
}

static void what_says_nothing_of_the_provider_does_not_count(void **state)
{
    play(
        {0, FAILS, FAILURE_REQUEST, .times = 50}, {0, FAILS, FAILURE_OURS, .times = 50}, {0, LETS});
}

static void what_people_must_mend_opens_it_at_once(void **state)
{
    play({0, OPENS, FAILURE_KEY}, {29999, DENIES}, {30000, LETS}, {30000, ASK},
        {30100, FAILS, FAILURE_KEY}, {90099, DENIES}, {90100, LETS});
    play({0, OPENS, FAILURE_QUOTA}, {29999, DENIES}, {30000, LETS});
}

static void a_busy_provider_is_left_alone_for_as_long_as_it_asks(void **state)
{
    play({0, FAILS, FAILURE_BUSY}, {0, FAILS, FAILURE_BUSY, .retry_after_ms = 1000}, {0, LETS},
        {0, OPENS, FAILURE_BUSY, .retry_after_ms = 20000}, {19999, DENIES}, {20000, LETS});
    play({0, OPENS, FAILURE_BUSY, .retry_after_ms = 3600000}, {59999, DENIES}, {60000, LETS});
    /* the longest wish of several holds */
    play({0, OPENS, FAILURE_BUSY, .retry_after_ms = 20000},
        {10, FAILS, FAILURE_BUSY, .retry_after_ms = 5000}, {5010, DENIES},
        {10, FAILS, FAILURE_BUSY, .retry_after_ms = 30000}, {30009, DENIES}, {30010, LETS});
}

static void one_probe_at_a_time(void **state)
{
    play({0, OPENS, FAILURE_KEY}, {30000, ASK}, {30000, DENIES}, {30500, GOOD}, {30500, LETS},
        {30600, FAILS, FAILURE_CUT, .times = 4}, {30600, OPENS, FAILURE_CUT}, {32599, DENIES},
        {32600, LETS});
    /* its answer never came, or nobody waited for it */
    play({0, OPENS, FAILURE_KEY}, {30000, ASK}, {39999, DENIES}, {40000, LETS});
    play({0, OPENS, FAILURE_KEY}, {30000, ASK}, {30100, GAVE_UP}, {30100, LETS});
    /* it is refused for what it asks: somebody is there */
    play({0, OPENS, FAILURE_KEY}, {30000, ASK}, {30100, FAILS, FAILURE_REQUEST}, {30100, LETS},
        {30100, ASK}, {30100, LETS});
    play({0, OPENS, FAILURE_KEY}, {30000, ASK}, {30100, FAILS, FAILURE_OURS}, {30100, LETS},
        {30100, ASK}, {30100, DENIES});
}

static void pauses_grow_to_a_minute(void **state)
{
    static const unsigned pauses_ms[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    struct breaker breaker = {0};
    struct failure failure = {.kind = FAILURE_NETWORK};
    uint64_t now_ms = 5;
    for (unsigned i = 0; i < BREAKER_FAILURES; i++)
        breaker_failed(&breaker, &failure, now_ms);
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        assert_false(breaker_lets(&breaker, now_ms + pauses_ms[i] - 1));
        now_ms += pauses_ms[i];
        assert_true(breaker_lets(&breaker, now_ms));
        breaker_ask(&breaker, now_ms);
        breaker_failed(&breaker, &failure, now_ms);
    }
}

static void answers_to_older_questions_do_not_close_it(void **state)
{
    play({0, OPENS, FAILURE_QUOTA}, {10, GOOD}, {20, GAVE_UP}, {20, DENIES},
        {30, FAILS, FAILURE_CUT}, {29999, DENIES}, {30000, LETS});
}

static void it_may_be_asked_although_it_is_open(void **state)
{
    play({0, OPENS, FAILURE_QUOTA}, {10, ASK}, {500, GOOD}, {500, LETS}, {500, ASK}, {500, LETS});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_failures_in_the_window),
        cmocka_unit_test(old_failures_are_forgotten),
        cmocka_unit_test(failures_among_many_successes_do_not_open_it),
        cmocka_unit_test(what_says_nothing_of_the_provider_does_not_count),
        cmocka_unit_test(what_people_must_mend_opens_it_at_once),
        cmocka_unit_test(a_busy_provider_is_left_alone_for_as_long_as_it_asks),
        cmocka_unit_test(one_probe_at_a_time),
        cmocka_unit_test(pauses_grow_to_a_minute),
        cmocka_unit_test(answers_to_older_questions_do_not_close_it),
        cmocka_unit_test(it_may_be_asked_although_it_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/providers/cmocka_head.h"

#include <pthread.h>
#include <stdatomic.h>

#include "routing/permits.h"

#define MOST 3
#define THREADS 8
#define ROUNDS 3000

static const uint8_t name[PERMITS_NAME_BYTES] = "hear openai";
static const uint8_t other_name[PERMITS_NAME_BYTES] = "speak openai";

static void so_many_and_no_more(void **state)
{
    struct permits *permits = permits_hold(name), *other = permits_hold(other_name);
    assert_true(permits_take(permits, 2));
    assert_true(permits_take(permits, 2));
    assert_false(permits_take(permits, 2));
    assert_true(permits_take(other, 2));
    assert_true(permits_take(permits, 3)); /* the limit was raised */
    permits_give(permits);
    permits_give(permits);
    assert_true(permits_take(permits, 2));
    permits_release(permits);
    permits_release(other);
}

static void all_of_a_name_share_the_count(void **state)
{
    struct permits *one = permits_hold(name), *two = permits_hold(name);
    assert_true(permits_take(one, 1));
    assert_false(permits_take(two, 1));
    permits_release(one);
    assert_false(permits_take(two, 1));
    permits_give(two);
    assert_true(permits_take(two, 1));
    permits_release(two);
    two = permits_hold(name); /* the last was gone: anew */
    assert_true(permits_take(two, 1));
    permits_release(two);
}

static atomic_uint inside, worst, times;

/* Each holds, takes, gives and releases by itself: what desks of several threads do. */
static void *be_busy(void *unused)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct permits *permits = permits_hold(name);
        if (permits_take(permits, MOST)) {
            unsigned now = atomic_fetch_add(&inside, 1) + 1;
            unsigned before = atomic_load(&worst);
            while (now > before && !atomic_compare_exchange_weak(&worst, &before, now))
                ;
            atomic_fetch_add(&times, 1);
            atomic_fetch_sub(&inside, 1);
            permits_give(permits);
        }
        permits_release(permits);
    }
    return unused;
}

static void threads_never_hold_more_than_that(void **state)
{
    pthread_t threads[THREADS];
    struct permits *permits = permits_hold(name);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_busy, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_true(worst <= MOST);
    assert_true(times > 0);
    assert_true(permits_take(permits, 1)); /* all came back */
    permits_release(permits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(so_many_and_no_more),
        cmocka_unit_test(all_of_a_name_share_the_count),
        cmocka_unit_test(threads_never_hold_more_than_that),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

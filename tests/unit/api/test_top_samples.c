/* What came in the last minute, out of counts since the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/top_samples.h"

static struct top_samples samples;

static int begin(void **state)
{
    samples = (struct top_samples){0};
    return 0;
}

static void put(uint64_t at_ms)
{
    struct top_sample sample = {.at_ms = at_ms, .turns = (int64_t)at_ms};
    top_samples_put(&samples, &sample);
}

static void a_minute_ago_is_found(void **state)
{
    assert_null(top_samples_before(&samples, 0, 60000));
    put(100);
    assert_int_equal(top_samples_before(&samples, 200, 60000)->at_ms, 100); /* the oldest */
    for (uint64_t at_ms = 5100; at_ms <= 300100; at_ms += TOP_SAMPLE_MS)
        put(at_ms);
    static const struct {
        uint64_t now_ms, age_ms, at_ms;
    } rows[] = {{300100, 60000, 240100}, {304000, 60000, 240100}, {305000, 60000, 240100},
        {304000, 4000, 295100}, {305000, 4000, 300100}, {300100, 0, 300100},
        {300100, 900000, 240100}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            top_samples_before(&samples, rows[i].now_ms, rows[i].age_ms)->at_ms, rows[i].at_ms);
}

static void a_provider_that_was_not_known_counted_nothing(void **state)
{
    const struct provider_metrics *metrics = provider_metrics_of(1, "old");
    struct top_sample sample = {
        .provider_count = 1, .providers[0] = {.metrics = metrics, .requests = 7}};
    assert_int_equal(top_sample_of(&sample, metrics).requests, 7);
    assert_int_equal(top_sample_of(&sample, provider_metrics_of(1, "new")).requests, 0);
}

static void waits_are_told_by_their_share(void **state)
{
    struct provider_metrics *metrics = provider_metrics_of(2, "voice");
    struct provider_waits before, now;
    provider_metrics_waited_ms(metrics, 9000); /* long ago */
    provider_metrics_waits(metrics, &before);
    assert_true(provider_waits_share_ms(&before, &before, 0.95) == 0);
    for (int i = 0; i < 90; i++)
        provider_metrics_waited_ms(metrics, 150);
    for (int i = 0; i < 10; i++)
        provider_metrics_waited_ms(metrics, 700);
    provider_metrics_waits(metrics, &now);
    assert_true(provider_waits_share_ms(&before, &now, 0.95) == 600); /* the middle of its step */
    assert_true(provider_waits_share_ms(&before, &now, 0.45) == 125);
    for (int i = 0; i < 1000; i++)
        provider_metrics_waited_ms(metrics, 60000);
    provider_metrics_waits(metrics, &now);
    assert_true(provider_waits_share_ms(&before, &now, 0.95) == 10000); /* or longer */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_minute_ago_is_found, begin),
        cmocka_unit_test_setup(a_provider_that_was_not_known_counted_nothing, begin),
        cmocka_unit_test_setup(waits_are_told_by_their_share, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

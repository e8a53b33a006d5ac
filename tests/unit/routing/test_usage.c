#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "routing/usage.h"

static void a_line_for_each_provider_and_model(void **state)
{
    struct usage usage = {0};
    const struct usage_amount told = {.requests = 1, .prompt_tokens = 10, .cached_tokens = 4};
    const struct usage_amount guessed = {.requests = 1, .prompt_tokens = 5, .is_estimate = true};
    usage_add(&usage, SLOT_THINK, "openai", "mini", &told);
    usage_add(&usage, SLOT_THINK, "openai", "mini", &told);
    usage_add(&usage, SLOT_THINK, "openai", "maxi", &guessed);
    usage_add(&usage, SLOT_SPEAK, "openai", "mini", &(struct usage_amount){.characters = 7});
    assert_int_equal(usage.count, 3);
    assert_int_equal(usage.lines[0].amount.prompt_tokens, 20);
    assert_int_equal(usage.lines[0].amount.cached_tokens, 8);
    assert_false(usage.lines[0].amount.is_estimate);
    assert_string_equal(usage.lines[1].model, "maxi");
    struct usage_amount sum = usage_sum(&usage, SLOT_THINK);
    assert_int_equal(sum.prompt_tokens, 25);
    assert_int_equal(sum.requests, 3);
    assert_true(sum.is_estimate);
    assert_int_equal(usage_sum(&usage, SLOT_SPEAK).characters, 7);
    assert_int_equal(usage_sum(&usage, SLOT_HEAR).audio_ms, 0);
}

static void what_has_no_line_is_counted_with_its_slot(void **state)
{
    struct usage usage = {0};
    for (int i = 0; i < 100; i++) {
        char model[16];
        snprintf(model, sizeof model, "m%d", i);
        usage_add(&usage, (enum provider_slot)(i % PROVIDER_SLOTS), "p", model,
            &(struct usage_amount){.requests = 1});
    }
    assert_int_equal(usage.count, USAGE_LINES_MAX + PROVIDER_SLOTS);
    assert_string_equal(usage.lines[USAGE_LINES_MAX].model, "");
    assert_int_equal(usage_sum(&usage, SLOT_HEAR).requests, 34);
    assert_int_equal(usage_sum(&usage, SLOT_THINK).requests, 33);
    assert_int_equal(usage_sum(&usage, SLOT_SPEAK).requests, 33);
}

static void prices_make_costs(void **state)
{
    const struct provider_prices hear = {.per_minute = 0.006};
    const struct provider_prices speak = {.per_million_characters = 50};
    const struct provider_prices think = {
        .per_million_input = 0.4, .per_million_cached = 0.1, .per_million_output = 1.6};
    const struct provider_prices plain = {.per_million_input = 0.4, .per_million_output = 1.6};
    const struct {
        struct usage_amount amount;
        struct provider_prices prices;
        bool is_priced;
        uint64_t pico_usd;
    } rows[] = {
        {{.audio_ms = 60000}, hear, true, 6000000000},
        {{.audio_ms = 20}, hear, true, 2000000},
        {{.audio_ms = 20}, {0}, false, 0},
        {{.characters = 3}, speak, true, 150000000},
        {{.prompt_tokens = 1000, .cached_tokens = 600, .completion_tokens = 100}, think, true,
            160000000 + 60000000 + 160000000},
        {{.prompt_tokens = 1000, .cached_tokens = 600, .completion_tokens = 100}, plain, true,
            400000000 + 160000000},
        {{.prompt_tokens = 10, .cached_tokens = 20}, think, true, 1000000}, /* more than all */
        {{.prompt_tokens = 10}, speak, false, 0}, /* a price of something else */
        {{.requests = 1}, think, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct usage_amount amount = rows[i].amount;
        usage_price(&amount, &rows[i].prices);
        assert_int_equal(amount.is_priced, rows[i].is_priced);
        assert_int_equal(amount.cost_pico_usd, rows[i].pico_usd);
    }
}

/* A frame of hearing costs two microdollars, a cached token a tenth of one: rounded each, sums would drift. */
static void small_costs_are_not_lost(void **state)
{
    const struct provider_prices prices = {.per_million_input = 0.4, .per_million_cached = 0.1};
    struct usage usage = {0};
    for (int i = 0; i < 1000; i++) {
        struct usage_amount amount = {.prompt_tokens = 1, .cached_tokens = 1};
        usage_price(&amount, &prices);
        usage_add(&usage, SLOT_THINK, "openai", "mini", &amount);
    }
    assert_int_equal(usage_micro_usd(usage.lines[0].amount.cost_pico_usd), 100);
    assert_int_equal(usage_micro_usd(499999), 0);
    assert_int_equal(usage_micro_usd(500000), 1);
}

static void letters_are_counted(void **state)
{
    assert_int_equal(usage_characters(SLICE("")), 0);
    assert_int_equal(usage_characters(SLICE("Grüß Gott")), 9);
    assert_int_equal(usage_characters(SLICE("日本")), 2);
}

static void a_route_adds_to_its_calls_usage(void **state)
{
    const struct provider providers[] = {{.name = "ears",
        .driver = driver_find("openai_realtime"),
        .stt = {.model = "whisper"},
        .prices = {.per_minute = 0.06}}};
    struct usage usage = {0};
    struct route route;
    catalog_publish(catalog_make(providers, 1, NULL, 0));
    route_make(&route, NULL, SLOT_HEAR, "acme", NULL, 0);
    route_used(&route, 0, &(struct usage_amount){.audio_ms = 1000}); /* nobody counts yet */
    route.usage = &usage;
    route_used(&route, 0, &(struct usage_amount){.audio_ms = 1000});
    assert_int_equal(usage.count, 1);
    assert_int_equal(usage.lines[0].slot, SLOT_HEAR);
    assert_string_equal(usage.lines[0].provider, "ears");
    assert_string_equal(usage.lines[0].model, "whisper");
    assert_int_equal(usage_micro_usd(usage.lines[0].amount.cost_pico_usd), 1000);
    assert_true(usage.lines[0].is_new);
    route_clear(&route);
    catalog_publish(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prices_make_costs),
        cmocka_unit_test(small_costs_are_not_lost),
        cmocka_unit_test(letters_are_counted),
        cmocka_unit_test(a_route_adds_to_its_calls_usage),
        cmocka_unit_test(a_line_for_each_provider_and_model),
        cmocka_unit_test(what_has_no_line_is_counted_with_its_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

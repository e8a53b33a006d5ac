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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_each_provider_and_model),
        cmocka_unit_test(what_has_no_line_is_counted_with_its_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

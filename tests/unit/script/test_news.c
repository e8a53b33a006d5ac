/* What became of changed scripts of late: the newest first, and no more than a few. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>

#include "script/news.h"

static json_t *told(void)
{
    struct strbuf out;
    strbuf_init(&out, 10000);
    news_json(&out);
    assert_false(out.failed);
    json_t *news = json_loadb(out.data, out.len, 0, NULL);
    strbuf_free(&out);
    assert_true(json_is_array(news));
    return news;
}

static void expect_first(const json_t *news, const char *version, const char *outcome)
{
    const json_t *first = json_array_get(news, 0);
    assert_string_equal(json_string_value(json_object_get(first, "version")), version);
    assert_string_equal(json_string_value(json_object_get(first, "outcome")), outcome);
    assert_in_range(json_integer_value(json_object_get(first, "ago_seconds")), 0, 60);
}

static void the_newest_are_told(void **state)
{
    json_t *news = told();
    assert_int_equal(json_array_size(news), 0);
    json_decref(news);
    news_note("acme", "", "refused");
    news_note("acme", "0123456789abcdef", "migrate_failed");
    news = told();
    assert_int_equal(json_array_size(news), 2);
    expect_first(news, "0123456789abcdef", "migrate_failed");
    json_decref(news);
    for (int i = 0; i < 3 * NEWS_MAX + 5; i++) {
        char version[20];
        snprintf(version, sizeof version, "%d", i);
        news_note("acme", version, "applied");
    }
    news = told();
    assert_int_equal(json_array_size(news), NEWS_MAX);
    expect_first(news, "52", "applied");
    json_decref(news);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_newest_are_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "observe/label_registry.h"
#include "observe/metrics.h"
#include "observe/provider_metrics.h"
#include "observe/tenant_metrics.h"

static struct strbuf text;

static int make_text(void **state)
{
    strbuf_init(&text, 4 << 20);
    return 0;
}

static int free_text(void **state)
{
    strbuf_free(&text);
    return 0;
}

static void expect_text(const char *const *expected, size_t count)
{
    strbuf_clear(&text);
    metrics_text(&text);
    assert_false(text.failed);
    for (size_t i = 0; i < count; i++)
        if (!strstr(text.data, expected[i]))
            fail_msg("missing: %s", expected[i]);
}
#define EXPECT_TEXT(...)                                                                           \
    do {                                                                                           \
        static const char *const expected[] = {__VA_ARGS__};                                       \
        expect_text(expected, sizeof expected / sizeof *expected);                                 \
    } while (0)

static void test_counters_and_histograms(void **state)
{
    metric_add(METRIC_FRAMES_IN, 3);
    metric_observe_ms(HISTOGRAM_PROMPT, 0.4);
    metric_observe_ms(HISTOGRAM_PROMPT, 7);
    metric_observe_ms(HISTOGRAM_PROMPT, 60000);
    EXPECT_TEXT("# TYPE moonline_frames_in_total counter\nmoonline_frames_in_total 3\n",
        "moonline_prompt_seconds_bucket{le=\"0.0005\"} 1\n",
        "moonline_prompt_seconds_bucket{le=\"0.01\"} 2\n",
        "moonline_prompt_seconds_bucket{le=\"+Inf\"} 3\n",
        "moonline_prompt_seconds_sum 60.007400\n", "moonline_prompt_seconds_count 3\n");
    assert_int_equal(text.data[text.len - 1], '\n');
}

static void test_histograms_may_have_labels_and_bounds_of_their_own(void **state)
{
    metric_observe_ms(HISTOGRAM_PART_MODEL, 300);
    metric_observe_rate(HISTOGRAM_LLM_TOKENS_PER_SECOND, 62.5);
    EXPECT_TEXT("moonline_turn_part_seconds_bucket{part=\"model\",le=\"0.2\"} 0\n",
        "moonline_turn_part_seconds_bucket{part=\"model\",le=\"0.5\"} 1\n",
        "moonline_turn_part_seconds_sum{part=\"model\"} 0.300000\n",
        "moonline_turn_part_seconds_count{part=\"model\"} 1\n",
        "moonline_llm_tokens_per_second_bucket{le=\"50\"} 0\n",
        "moonline_llm_tokens_per_second_bucket{le=\"75\"} 1\n",
        "moonline_llm_tokens_per_second_sum 62.500000\n");
}

static void test_threads_are_shown_one_by_one(void **state)
{
    metrics_set_threads(2);
    metric_set_thread(THREAD_CALLS, 1, 40);
    metric_set_thread(THREAD_LOOP_LAG_MS, 0, 25);
    metric_set_thread(THREAD_LATE_PERMILLE, 2, 500); /* nobody's */
    metric_set_side_lag(SIDE_SCRIPT, 1500, clock_ms() + 60000);
    metric_set_side_lag(SIDE_JOURNAL, 20, 1); /* has not come by since the clock began */
    EXPECT_TEXT("# TYPE moonline_thread_calls gauge\nmoonline_thread_calls{thread=\"0\"} 0\n"
                "moonline_thread_calls{thread=\"1\"} 40\n# HELP",
        "moonline_loop_lag_seconds{thread=\"0\"} 0.025\n",
        "moonline_loop_lag_seconds{thread=\"1\"} 0\n"
        "moonline_loop_lag_seconds{thread=\"script\"} 1.5\n"
        "moonline_loop_lag_seconds{thread=\"control\"} 0\n");
    const char *journal = strstr(text.data, "{thread=\"journal\"} ");
    assert_true(journal && strtod(journal + strlen("{thread=\"journal\"} "), NULL) > 0.02);
    assert_null(strstr(text.data, "0.5\n"));
}

static void test_names_of_people_become_labels(void **state)
{
    struct provider_metrics *hostile = provider_metrics_of(1, "a\"b\\c\nd");
    assert_ptr_equal(hostile, provider_metrics_of(1, "a\"b\\c\nd"));
    assert_ptr_not_equal(hostile, provider_metrics_of(0, "a\"b\\c\nd"));
    provider_metrics_ended(hostile, PROVIDER_TIMEOUT);
    provider_metrics_waited_ms(hostile, 15);
    provider_metrics_circuit(hostile, 1);
    struct tenant_metrics *tenant = tenant_metrics_of("\"} 1\nmoonline_fake 2\n#");
    tenant_metric_add(tenant, TENANT_RESPONSE_MS, 1250);
    EXPECT_TEXT("moonline_provider_requests_total{provider=\"a\\\"b\\\\c\\nd\",slot=\"think\","
                "outcome=\"timeout\"} 1\n",
        "moonline_provider_seconds_bucket{provider=\"a\\\"b\\\\c\\nd\",slot=\"think\",le=\"0.02\"} "
        "1\n",
        "moonline_provider_seconds_sum{provider=\"a\\\"b\\\\c\\nd\",slot=\"think\"} 0.015000\n",
        "moonline_provider_circuit_open{provider=\"a\\\"b\\\\c\\nd\",slot=\"think\"} 1\n",
        "moonline_tenant_response_seconds_total{tenant=\"\\\"} 1\\nmoonline_fake 2\\n#\"} 1.250\n");
    assert_null(strstr(text.data, "\nmoonline_fake"));
}

static void test_what_is_too_long_is_cut_between_characters(void **state)
{
    char labels[LABELS_SIZE] = "", name[400];
    for (size_t i = 0; i + 2 < sizeof name; i += 2)
        memcpy(name + i, "\xc3\xa4", 3);
    metrics_label(labels, "tenant", name);
    size_t len = strlen(labels);
    assert_true(len < LABELS_SIZE && len > LABELS_SIZE - 4);
    assert_memory_equal(labels + len - 3, "\xc3\xa4\"", 3);
}

static void test_past_the_last_place_there_are_others(void **state)
{
    char name[32];
    for (int i = 0; i < 2 * TENANT_METRICS_MAX; i++) {
        snprintf(name, sizeof name, "tenant-%d", i);
        tenant_metric_add(tenant_metrics_of(name), TENANT_TURNS, 1);
        provider_metrics_ended(provider_metrics_of(2, name), PROVIDER_OK);
    }
    assert_ptr_equal(tenant_metrics_of("late"), tenant_metrics_of("other"));
    assert_ptr_equal(provider_metrics_of(2, "late"), provider_metrics_of(2, "other"));
    assert_ptr_not_equal(provider_metrics_of(2, "late"), provider_metrics_of(0, "late"));
    strbuf_clear(&text);
    metrics_text(&text);
    size_t rows = 0;
    for (const char *at = text.data; (at = strstr(at, "moonline_tenant_turns_total{")); at++)
        rows++;
    assert_int_equal(rows, TENANT_METRICS_MAX + 1);
    /* one place went to the hostile tenant above */
    EXPECT_TEXT("moonline_tenant_turns_total{tenant=\"other\"} 257\n");
}

/* With the hostile names and all places taken, as the tests before left it. */
static void test_promtool_takes_all_of_it(void **state)
{
    strbuf_clear(&text);
    metrics_text(&text);
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(text.data, 1, text.len, promtool), text.len);
    assert_int_equal(pclose(promtool), 0);
}

/* ---- docs/metrics.md ---- */

#define ROWS_MAX_BYTES (64 * 1024)
#define ELSEWHERE "\nmoonline_provider_circuits_open gauge slot provider\n" /* of runtime/api */

/* Names of the labels of a sample, a blank before each; `le` is every histogram's. */
static void add_label_names(struct strbuf *rows, const char *sample)
{
    const char *at = sample + strcspn(sample, "{ ");
    while (*at == '{' || *at == ',') {
        size_t len = strcspn(++at, "=");
        if (strncmp(at, "le=", 3) != 0)
            strbuf_printf(rows, " %.*s", (int)len, at);
        at = strchr(at + len + 2, '"') + 1; /* no value has a quote yet */
    }
}

/* "name type label label" of each metric, a line each. */
static void rows_of_text(struct strbuf *rows)
{
    strbuf_clear(&text);
    metrics_text(&text);
    strbuf_init(rows, ROWS_MAX_BYTES);
    strbuf_add_char(rows, '\n');
    for (const char *at = text.data; (at = strstr(at, "# TYPE ")); at++) {
        const char *line = at + strlen("# TYPE "), *sample = strchr(line, '\n') + 1;
        strbuf_printf(rows, "%.*s", (int)strcspn(line, "\n"), line);
        add_label_names(rows, sample);
        strbuf_add_char(rows, '\n');
    }
}

/* The first three columns of each row, without their marks. */
static void add_columns(struct strbuf *rows, const char *line)
{
    unsigned columns = 0;
    bool is_blank = false;
    for (const char *at = line; columns < 4 && *at; at++) {
        bool is_mark = strchr("`,| ", *at) != NULL;
        columns += *at == '|';
        if (!is_mark && is_blank && rows->data[rows->len - 1] != '\n')
            strbuf_add_char(rows, ' ');
        if (!is_mark)
            strbuf_add_char(rows, *at);
        is_blank = is_mark;
    }
    strbuf_add_char(rows, '\n');
}

static void rows_of_docs(struct strbuf *rows)
{
    char line[2000];
    FILE *docs = fopen(SOURCE_DIR "/docs/metrics.md", "r");
    assert_non_null(docs);
    strbuf_init(rows, ROWS_MAX_BYTES);
    strbuf_add_char(rows, '\n');
    while (fgets(line, sizeof line, docs))
        if (strncmp(line, "| `", 3) == 0)
            add_columns(rows, line);
    fclose(docs);
}

static void expect_rows(struct strbuf *these, struct strbuf *in, const char *what)
{
    for (const char *at = these->data; at[1]; at = strchr(at + 1, '\n')) {
        char row[300];
        snprintf(row, sizeof row, "%.*s\n", (int)(1 + strcspn(at + 1, "\n")), at);
        if (!strstr(in->data, row) && strcmp(row, ELSEWHERE) != 0)
            fail_msg("%s: %s", what, row);
    }
}

static void test_every_metric_has_its_row_in_the_docs(void **state)
{
    struct strbuf code, docs;
    metrics_set_threads(1);
    rows_of_text(&code);
    rows_of_docs(&docs);
    assert_false(code.failed || docs.failed);
    expect_rows(&code, &docs, "docs/metrics.md lacks");
    expect_rows(&docs, &code, "no metric is like this row of docs/metrics.md");
    strbuf_free(&code);
    strbuf_free(&docs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            test_every_metric_has_its_row_in_the_docs, make_text, free_text),
        cmocka_unit_test_setup_teardown(test_counters_and_histograms, make_text, free_text),
        cmocka_unit_test_setup_teardown(
            test_histograms_may_have_labels_and_bounds_of_their_own, make_text, free_text),
        cmocka_unit_test_setup_teardown(test_threads_are_shown_one_by_one, make_text, free_text),
        cmocka_unit_test_setup_teardown(test_names_of_people_become_labels, make_text, free_text),
        cmocka_unit_test(test_what_is_too_long_is_cut_between_characters),
        cmocka_unit_test_setup_teardown(
            test_past_the_last_place_there_are_others, make_text, free_text),
        cmocka_unit_test_setup_teardown(test_promtool_takes_all_of_it, make_text, free_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/log_sink.h"
#include "observe/metrics.h"

static int pipe_ends[2];

static int start(void **state)
{
    unsigned none = 0;
    int failed = pipe(pipe_ends);
    log_start(pipe_ends[1], LOG_INFO, NULL, NULL);
    log_set_rate(0);
    log_rules_clear();
    log_flags_use(none);
    return failed;
}

static int stop(void **state)
{
    log_stop();
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* The next line as JSON; NULL: there is none. */
static json_t *read_line(void)
{
    static char text[LOG_LINE_MAX_BYTES + 1];
    static const char end[] = "{\"event\":\"end\"}\n";
    size_t len = 0;
    assert_true(log_flush());
    assert_int_equal(write(pipe_ends[1], end, sizeof end - 1), sizeof end - 1);
    while (len < sizeof text - 1 && read(pipe_ends[0], text + len, 1) == 1 && text[len] != '\n')
        len++;
    text[len] = 0;
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!line)
        fail_msg("no JSON: %s (%s)", text, error.text);
    return line;
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

/* The next line is about that, and only then comes the end. */
static void expect_event(const char *event)
{
    json_t *line = read_line();
    assert_string_equal(text_of(line, "event"), event);
    json_decref(line);
}

static void expect_nothing(void)
{
    expect_event("end");
}

/* What read_line put behind the lines. */
static void skip_ends(unsigned count)
{
    char rest[16];
    for (unsigned i = 0; i < count * (sizeof "{\"event\":\"end\"}\n" - 1);) {
        ssize_t len = read(pipe_ends[0], rest, 1);
        assert_int_equal(len, 1);
        i++;
    }
}

/* ---- levels ---- */

static void set_levels(const char *spec)
{
    char why[LOG_WHY_SIZE] = "";
    if (log_levels_set(slice_from(spec), why) != ERR_OK)
        fail_msg("%s: %s", spec, why);
}

static bool is_logged(const char *event, enum log_level level)
{
    return log_is_wanted(log_kind_of(event), level);
}

static void test_levels_are_of_subsystems(void **state)
{
    static const struct {
        const char *spec;
        const char *event;
        enum log_level least;
    } rows[] = {
        {"warn", "turn.state", LOG_WARN},
        {"info,turn=debug", "turn.state", LOG_DEBUG},
        {"info,turn=debug", "turn", LOG_DEBUG},
        {"info,turn=debug", "turns.other", LOG_INFO},
        {" info , stt = warn ,", "stt.ready", LOG_WARN},
        {"turn=debug,error", "turn.state", LOG_ERROR}, /* what stands later counts */
        {"warn,turn=", "turn.state", LOG_WARN},
        {"", "turn.state", LOG_INFO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        log_set_level(LOG_INFO);
        set_levels(rows[i].spec);
        assert_true(is_logged(rows[i].event, rows[i].least));
        if (rows[i].least > LOG_DEBUG)
            assert_false(is_logged(rows[i].event, rows[i].least - 1));
    }
    set_levels("off");
    assert_false(is_logged("turn.state", LOG_ERROR));
    log_set_level(LOG_INFO);
}

static void test_a_wrong_spec_changes_nothing_and_says_what_is_wrong(void **state)
{
    static const char *const rows[][2] = {
        {"turn=debug,stt=loud", "\"loud\" is no level: debug, info, warn, error or off"},
        {"turn=debug,trun=debug", "nothing that is logged begins with \"trun.\""},
        {"turn=debug,verbose", "\"verbose\" is no level"},
        {"turn=debug,=debug", "nothing that is logged begins with \".\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[LOG_WHY_SIZE] = "";
        assert_int_equal(log_levels_set(slice_from(rows[i][0]), why), ERR_BAD);
        assert_non_null(strstr(why, rows[i][1]));
        assert_false(is_logged("turn.state", LOG_DEBUG));
    }
}

static void test_a_level_changes_while_it_runs(void **state)
{
    for (int i = 0; i < 2; i++) {
        log_debug("turn.state", "a=%d", i); /* the same place in the code */
        set_levels("turn=debug");
    }
    expect_event("turn.state");
    expect_nothing();
}

static int evaluated;
static int count_evaluation(void)
{
    return ++evaluated;
}

static void test_what_is_not_wanted_is_not_evaluated(void **state)
{
    log_debug("turn.state", "a=%d", count_evaluation());
    assert_int_equal(evaluated, 0);
}

static void test_the_state_is_json(void **state)
{
    struct strbuf text;
    strbuf_init(&text, 8192);
    set_levels("warn,turn=debug");
    strbuf_add_char(&text, '{');
    log_levels_json(&text);
    strbuf_add_char(&text, ',');
    assert_int_equal(log_rule_add(LOG_RULE_TENANT, SLICE("a\"b"), 10, LOG_FLAGS_CALL), ERR_OK);
    log_rules_json(&text);
    strbuf_add_char(&text, '}');
    json_t *json = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_string_equal(text_of(json, "default"), "warn");
    assert_string_equal(text_of(json_object_get(json, "levels"), "turn"), "debug");
    assert_int_equal(json_object_size(json_object_get(json, "levels")), 1);
    json_t *rule = json_array_get(json_object_get(json, "rules"), 0);
    assert_string_equal(text_of(rule, "tenant"), "a\"b");
    assert_in_range(json_integer_value(json_object_get(rule, "seconds_left")), 590, 600);
    json_decref(json);
    strbuf_free(&text);
}

/* ---- single calls ---- */

static struct log_call *make_call(const char *id, const char *caller, const char *tenant)
{
    struct log_call *call = log_call_make();
    log_call_name(call, &(struct log_call_facts){.call_id = id,
                            .call_sid = "CA0123456789abcdef0123456789abcdef",
                            .tenant_id = tenant,
                            .caller = caller,
                            .called = "+15550109999"});
    return call;
}

static void log_in(struct log_call *call, const char *what)
{
    struct log_call *before = log_call_enter(call);
    log_debug("stt.window", "what=%s", what); /* as a provider does, who knows no calls */
    log_call_leave(before);
}

static void test_one_call_of_two_is_watched_while_both_are_live(void **state)
{
    struct log_call *one = make_call("c-one", "+15550100001", "acme");
    struct log_call *two = make_call("c-two", "+15550100002", "acme");
    log_in(one, "before");
    log_in(two, "before");
    assert_int_equal(
        log_rule_add(LOG_RULE_NUMBER, SLICE("+15550100002"), 1, LOG_FLAGS_CALL), ERR_OK);
    log_in(one, "watched");
    log_in(two, "watched");
    log_debug("stt.window", "what=%s", "nobody's");
    json_t *line = read_line();
    assert_string_equal(text_of(line, "what"), "watched");
    assert_string_equal(text_of(line, "call"), "c-two");
    assert_string_equal(text_of(line, "level"), "debug");
    json_decref(line);
    expect_nothing();
    log_rules_clear();
    log_in(two, "after");
    skip_ends(1);
    expect_nothing();
    log_call_release(one);
    log_call_release(two);
}

static void test_rules_are_by_number_tenant_or_call(void **state)
{
    static const struct {
        enum log_rule_kind kind;
        const char *value;
        bool is_watched;
    } rows[] = {{LOG_RULE_NUMBER, "+15550100001", true}, {LOG_RULE_NUMBER, "+15550109999", true},
        {LOG_RULE_NUMBER, "+1555010000", false}, {LOG_RULE_TENANT, "acme", true},
        {LOG_RULE_TENANT, "acme-dental", false},
        {LOG_RULE_CALL, "CA0123456789abcdef0123456789abcdef", true},
        {LOG_RULE_CALL, "acme", false}};
    struct log_call *call = make_call("c", "+15550100001", "acme");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        log_rules_clear();
        assert_int_equal(
            log_rule_add(rows[i].kind, slice_from(rows[i].value), 1, LOG_FLAGS_CALL), ERR_OK);
        struct log_call *before = log_call_enter(call);
        assert_int_equal(is_logged("turn.state", LOG_DEBUG), rows[i].is_watched);
        assert_int_equal(log_shows(LOG_FLAG_STT), rows[i].is_watched);
        assert_false(log_shows(LOG_FLAG_WS));
        log_call_leave(before);
        assert_false(is_logged("turn.state", LOG_DEBUG));
    }
    log_call_release(call);
}

static void test_rules_are_few_and_for_a_while(void **state)
{
    char value[16];
    for (int i = 0; i < LOG_RULES_MAX; i++) {
        snprintf(value, sizeof value, "tenant-%d", i);
        assert_int_equal(
            log_rule_add(LOG_RULE_TENANT, slice_from(value), 1, LOG_FLAGS_CALL), ERR_OK);
    }
    assert_int_equal(log_rule_add(LOG_RULE_TENANT, SLICE("another"), 1, LOG_FLAGS_CALL), ERR_FULL);
    assert_int_equal(log_rule_add(LOG_RULE_TENANT, SLICE("tenant-3"), 5, LOG_FLAGS_CALL), ERR_OK);
    assert_int_equal(log_rule_add(LOG_RULE_TENANT, SLICE(""), 1, LOG_FLAGS_CALL), ERR_BAD);
    assert_int_equal(log_rule_add(LOG_RULE_TENANT, SLICE("x"), 0, LOG_FLAGS_CALL), ERR_BAD);
    assert_int_equal(
        log_rule_add(LOG_RULE_TENANT, SLICE("x"), LOG_MINUTES_MAX + 1, LOG_FLAGS_CALL), ERR_BAD);
}

static void test_a_rule_ends_by_itself(void **state)
{
    uint64_t until_ms = 60000;
    assert_int_equal(log_flags_until(LOG_FLAGS_CALL, until_ms, until_ms - 1), LOG_FLAGS_CALL);
    assert_int_equal(log_flags_until(LOG_FLAGS_CALL, until_ms, until_ms), 0);
    assert_int_equal(log_flags_until(LOG_FLAGS_CALL, 0, 0), 0);
}

static void test_a_line_that_names_its_call_has_it_once(void **state)
{
    struct log_call *call = make_call("c-one", "+15550100001", "acme");
    struct log_call *before = log_call_enter(call);
    log_info("call.x", "a=%d call=%s", 1, "c-named");
    log_info("call.x", "recall=%s", "yes");
    log_call_leave(before);
    json_t *line = read_line();
    assert_string_equal(text_of(line, "call"), "c-named");
    json_decref(line);
    line = read_line();
    assert_string_equal(text_of(line, "call"), "c-one");
    json_decref(line);
    log_call_release(call);
}

static void test_flags(void **state)
{
    unsigned flags = 99;
    assert_int_equal(log_flags_read(SLICE("audio, stt"), &flags), ERR_OK);
    assert_int_equal(flags, LOG_FLAG_AUDIO | LOG_FLAG_STT);
    assert_int_equal(log_flags_read(SLICE("audio,video"), &flags), ERR_BAD);
    assert_int_equal(flags, LOG_FLAG_AUDIO | LOG_FLAG_STT);
    log_flags_use(flags);
    assert_true(log_shows(LOG_FLAG_AUDIO));
    assert_false(log_shows(LOG_FLAG_WS));
    assert_int_equal(log_flags_read(SLICE("off"), &flags), ERR_OK);
    assert_int_equal(flags, 0);
}

/* ---- how much ---- */

static void test_a_bucket_lets_a_burst_and_then_its_rate_through(void **state)
{
    struct log_bucket bucket = {0};
    unsigned long long taken = 0, refused = 0;
    uint64_t now_us = 1000000;
    for (; now_us < 11000000;
         now_us += 20) /* 50 000 a second for ten seconds: a thousand calls, 50 each */
        log_bucket_take(&bucket, now_us, 200) ? taken++ : refused++;
    assert_in_range(taken, 10 * 200, (10 + LOG_BURST_S) * 200 + 1);
    assert_int_equal(bucket.limited, refused);
    now_us += LOG_BURST_S * 1000000;
    assert_true(log_bucket_take(&bucket, now_us, 200));
    bucket.due_us = UINT64_MAX / 2;
    assert_true(log_bucket_take(&bucket, now_us, 0));
}

static unsigned lines_read(char *out, size_t size)
{
    ssize_t len = read(pipe_ends[0], out, size - 1);
    unsigned lines = 0;
    assert_true(len >= 0);
    out[len] = 0;
    for (const char *at = out; (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

static void test_a_flood_is_limited_and_counted(void **state)
{
    static char text[1 << 20];
    uint64_t began_ms = clock_ms();
    int64_t limited = metric_get(METRIC_LOG_LINES_LIMITED);
    unsigned written = 0;
    log_set_rate(2); /* so that the pipe holds it */
    for (int i = 0; i < 200000; i++)
        log_warn("stt.flood", "a=%d", i);
    log_error("tts.other", "a=%d", 1); /* another event is not in its way */
    log_report();
    while (!log_flush())
        written += lines_read(text, sizeof text);
    written += lines_read(text, sizeof text);
    uint64_t seconds = (clock_ms() - began_ms) / 1000 + 1;
    assert_in_range(written, 10, 2 * (LOG_BURST_S + seconds) + 3);
    assert_true(metric_get(METRIC_LOG_LINES_LIMITED) - limited >= 200000 - (int64_t)written);
    assert_non_null(strstr(text, "\"event\":\"tts.other\""));
    assert_non_null(
        strstr(text, "\"event\":\"log.limited\",\"name\":\"stt.flood\",\"of\":\"trouble\""));
    log_report();
    expect_nothing(); /* it was told once */
}

/* ---- nobody reads ---- */

static void test_a_pipe_that_nobody_reads_blocks_nobody(void **state)
{
    static char text[1 << 20];
    int64_t dropped = metric_get(METRIC_LOG_LINES_DROPPED);
    unsigned total = 40000, read_lines = 0;
    for (unsigned i = 0; i < total; i++) {
        log_info("call.x", "a=%u text=%s", i, "some words that make the line as long as most are");
        if (i % 1000 == 0)
            log_flush();
    }
    assert_false(log_flush());
    int64_t lost = metric_get(METRIC_LOG_LINES_DROPPED) - dropped;
    assert_true(lost > 0);
    log_report(); /* it would be lost as well: it waits until somebody reads */
    assert_int_equal(metric_get(METRIC_LOG_LINES_DROPPED) - dropped, lost);
    while (!log_flush())
        read_lines += lines_read(text, sizeof text);
    read_lines += lines_read(text, sizeof text);
    assert_int_equal(read_lines, total - lost);
    log_report();
    json_t *line = read_line();
    assert_string_equal(text_of(line, "event"), "log.dropped");
    assert_true(json_integer_value(json_object_get(line, "lines")) >= lost);
    json_decref(line);
}

static void test_the_end_waits_for_nobody(void **state)
{
    for (unsigned i = 0; i < 5000; i++)
        log_info("call.x", "a=%u text=%s", i, "more than a pipe holds");
    assert_false(log_flush());
    int64_t dropped = metric_get(METRIC_LOG_LINES_DROPPED);
    log_stop();
    assert_true(metric_get(METRIC_LOG_LINES_DROPPED) > dropped);
}

/* ---- what stands in a line ---- */

static void test_any_value_is_valid_json(void **state)
{
    static const char *const values[] = {"a\nb\tc\r", "\x01\x02\x1f\x7f", "\xff\xfe", "caf\xc3",
        "\xed\xa0\x80", "\"\\", "", "\xe2\x80\xa8", "{\"a\":1}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        log_info("call.x", "text=%s", values[i]);
    assert_true(log_flush());
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        expect_event("call.x");
}

static void test_secrets_are_in_no_line(void **state)
{
    static const char *const values[] = {"Authorization: Bearer hunter2hunter2",
        "postgres://moon:hunter2@db/x: no route", "request failed: api_key=hunter2, retry",
        "known hunter2-known-key was refused"};
    log_hide("hunter2-known-key");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        log_warn("net.x", "why=%s", values[i]);
        json_t *line = read_line();
        assert_null(strstr(text_of(line, "why"), "hunter2"));
        assert_non_null(strstr(text_of(line, "why"), "[secret]"));
        json_decref(line);
        skip_ends(1);
    }
}

/* Wherever a long value is cut: half a number or key is one too. */
static void test_what_is_cut_was_looked_at_whole(void **state)
{
    static const char *const own[] = {"212-555-0142", "jane.roe@example.com", "4111 1111 1111 1111",
        "Bearer hunter2hunter2", "five five five oh one four two"};
    static const char *const parts[] = {"212", "jane", "411", "hunter", "five five five"};
    char text[2048];
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        for (size_t before = 1024 - strlen(own[i]); before < 1300; before += 5) {
            memset(text, 'x', sizeof text);
            text[before - 1] = text[before + strlen(own[i])] = ' ';
            memcpy(text + before, own[i], strlen(own[i]));
            log_warn("net.x", "why=%.*s", (int)sizeof text, text);
            json_t *line = read_line();
            assert_null(strstr(text_of(line, "why"), parts[i]));
            assert_in_range(strlen(text_of(line, "why")), 900, 1024);
            json_decref(line);
            skip_ends(1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_levels_are_of_subsystems, start, stop),
        cmocka_unit_test_setup_teardown(
            test_a_wrong_spec_changes_nothing_and_says_what_is_wrong, start, stop),
        cmocka_unit_test_setup_teardown(test_a_level_changes_while_it_runs, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_not_wanted_is_not_evaluated, start, stop),
        cmocka_unit_test_setup_teardown(test_the_state_is_json, start, stop),
        cmocka_unit_test_setup_teardown(
            test_one_call_of_two_is_watched_while_both_are_live, start, stop),
        cmocka_unit_test_setup_teardown(test_rules_are_by_number_tenant_or_call, start, stop),
        cmocka_unit_test_setup_teardown(test_rules_are_few_and_for_a_while, start, stop),
        cmocka_unit_test(test_a_rule_ends_by_itself),
        cmocka_unit_test_setup_teardown(test_a_line_that_names_its_call_has_it_once, start, stop),
        cmocka_unit_test_setup_teardown(test_flags, start, stop),
        cmocka_unit_test(test_a_bucket_lets_a_burst_and_then_its_rate_through),
        cmocka_unit_test_setup_teardown(test_a_flood_is_limited_and_counted, start, stop),
        cmocka_unit_test_setup_teardown(test_a_pipe_that_nobody_reads_blocks_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_the_end_waits_for_nobody, start, stop),
        cmocka_unit_test_setup_teardown(test_any_value_is_valid_json, start, stop),
        cmocka_unit_test_setup_teardown(test_secrets_are_in_no_line, start, stop),
        cmocka_unit_test_setup_teardown(test_what_is_cut_was_looked_at_whole, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

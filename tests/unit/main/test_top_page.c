/* Pages of `moonline top`: what fits, in which order, and that nothing anybody else wrote moves the cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "main/top_cell.h"
#include "main/top_page.h"

static const struct top_view plain = {.columns = 80, .tenant = "", .trouble = ""};
static const struct top_view small = {.columns = 80, .rows = 24, .tenant = "", .trouble = ""};

static json_t *server(void)
{
    return json_pack("{s:{s:s, s:i, s:f, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:b},"
                     " s:{s:b, s:b, s:i, s:i, s:i}, s:[], s:[], s:[], s:[]}",
        "process", "build", "0.1.0+0123456789ab", "uptime_seconds", 273600 + 840, "cpu_percent",
        41.4, "memory_bytes", 212 << 20, "calls_active", 37, "calls_max", 1000, "minute_seconds",
        60, "refused", 2, "apologies", 1, "turns", 120, "draining", 0, "late", 0, "journal",
        "database", 1, "writing", 1, "rows", 12, "oldest_seconds", 3, "refused", 0, "calls",
        "threads", "providers", "reloads");
}

static void add_call(json_t *state, const char *sid, const char *tenant, const char *now,
    int waiting_ms, int response_ms)
{
    json_array_append_new(json_object_get(state, "calls"),
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:s, s:i, s:i}", "call_sid", sid,
            "tenant", tenant, "state", now, "version", "0123456789abcdef", "age_ms",
            222000 + response_ms, "turns", 12, "waiting_ms", waiting_ms, "response_ms", response_ms,
            "mostly", response_ms ? "silence_wait" : "", "mostly_ms", response_ms / 2, "late_ms",
            response_ms % 7));
}

static void add_calls(json_t *state, int count)
{
    for (int i = 0; i < count; i++) {
        char sid[40];
        snprintf(sid, sizeof sid, "CA%032d", i);
        add_call(state, sid, i % 2 ? "acme-dental" : "harbor-plumbing", "speaking", 0, 400 + i);
    }
}

static void add_others(json_t *state, int count)
{
    for (int i = 0; i < count; i++) {
        char name[40];
        snprintf(name, sizeof name, "%d", i);
        json_array_append_new(json_object_get(state, "threads"),
            json_pack("{s:s, s:i, s:i, s:i, s:i, s:b}", "name", name, "calls", 19 + i,
                "loop_lag_ms", 1, "frame_late_ms", 2, "late_permille", i, "is_late", 0));
        snprintf(name, sizeof name, "vendor-%d", i);
        json_array_append_new(json_object_get(state, "providers"),
            json_pack("{s:s, s:s, s:i, s:i, s:i, s:i, s:i}", "name", name, "slot", "think",
                "requests", 100, "failures", i == 3 ? 7 : 0, "wait_p95_ms", 640, "under_way", 4,
                "circuits_open", i == 4 ? 2 : 0));
        json_array_append_new(json_object_get(state, "reloads"),
            json_pack("{s:s, s:s, s:s, s:i}", "tenant", "acme-dental", "version",
                "fedcba9876543210", "outcome", i ? "applied" : "rolled_back", "ago_seconds",
                61 + i));
    }
}

/* ---- what a page is like ---- */

static char *page_of(const json_t *state, const struct top_view *view)
{
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    top_page_write(state, view, &out);
    assert_false(out.failed);
    char *text = strbuf_take(&out);
    assert_non_null(text);
    return text;
}

/* Columns of a line, colours left out; fails on what moves the cursor. */
static unsigned columns_of(const char *line, size_t len)
{
    char copy[4096];
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        size_t left = len - i;
        static const char *const colours[] = {"\x1b[7m", "\x1b[1;31m", "\x1b[0m"};
        size_t skip = 0;
        for (size_t k = 0; k < 3; k++)
            if (left >= strlen(colours[k]) &&
                strncmp(line + i, colours[k], strlen(colours[k])) == 0)
                skip = strlen(colours[k]);
        if (skip) {
            i += skip - 1;
            continue;
        }
        assert_true((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
        copy[kept++] = line[i];
    }
    copy[kept] = 0;
    wchar_t wide[4096];
    size_t count = mbstowcs(wide, copy, 4096);
    assert_int_not_equal(count, (size_t)-1);
    int columns = wcswidth(wide, count);
    assert_true(columns >= 0);
    return (unsigned)columns;
}

static unsigned expect_within(const char *page, unsigned columns)
{
    unsigned lines = 0;
    while (*page) {
        size_t len = strcspn(page, "\n");
        assert_in_range(columns_of(page, len), 0, columns);
        lines++;
        page += len + (page[len] == '\n');
    }
    return lines;
}

static void expect_has(const char *page, const char *what)
{
    if (!strstr(page, what))
        fail_msg("no \"%s\" in:\n%s", what, page);
}

static void expect_order(const char *page, const char *first, const char *second)
{
    expect_has(page, first);
    expect_has(page, second);
    assert_true(strstr(page, first) < strstr(page, second));
}

/* ---- sizes ---- */

static void a_page_has_its_size(void **unused)
{
    static const struct {
        unsigned columns, rows;
    } sizes[] = {{80, 24}, {120, 40}, {40, 10}, {200, 60}, {20, 5}, {80, 4}, {80, 2}, {1, 1},
        {80, 300}, {300, 24}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int count = 0; count < 60; count += 7)
            for (int others = 0; others < 9; others += 4) {
                json_t *state = server();
                add_calls(state, count);
                add_others(state, others);
                struct top_view view = {.columns = sizes[i].columns,
                    .rows = sizes[i].rows,
                    .tenant = "",
                    .trouble = "",
                    .is_styled = count % 2};
                char *page = page_of(state, &view);
                unsigned lines = expect_within(page, sizes[i].columns);
                assert_in_range(lines, 1, sizes[i].rows);
                if (sizes[i].rows >= 4)
                    assert_int_equal(lines, sizes[i].rows); /* the keys stand at its foot */
                free(page);
                json_decref(state);
            }
}

static void at_80_by_24_all_that_matters_is_there(void **unused)
{
    json_t *state = server();
    add_calls(state, 37);
    add_others(state, 6);
    char *page = page_of(state, &small);
    static const char *const there[] = {"moonline 0.1.0+0123456789ab", "up 3d04h", "cpu 41%",
        "calls 37 of 1000", "refused 2", "journal 12 rows", "oldest 3s", "database up",
        "CALL   TENANT", "STATE", "LAST", "MOSTLY", "LATE", "SCRIPT", "speaking", "silence 0.2s",
        "0123456", "THREAD", "0.5%", "PROVIDER", "0.64s", "2 open", "RELOADS", "1:01 ago",
        "rolled_back", "q quit", "sort: slowest", "tenant: all", "more\n"};
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        expect_has(page, there[i]);
    assert_null(strstr(page, "\x1b"));
    free(page);
    json_decref(state);
}

static void a_small_page_has_calls_and_a_large_one_more(void **unused)
{
    json_t *state = server();
    add_calls(state, 60);
    add_others(state, 6);
    struct top_view view = {.columns = 40, .rows = 10, .tenant = "", .trouble = ""};
    char *page = page_of(state, &view);
    expect_has(page, "0.46s");
    expect_has(page, "and 56 more");
    assert_null(strstr(page, "PROVIDER"));
    free(page);
    view = (struct top_view){.columns = 120, .rows = 40, .tenant = "", .trouble = ""};
    page = page_of(state, &view);
    expect_has(page, "CA00000000000000000000000000000059");
    expect_has(page, "harbor-plumbing ");
    free(page);
    page = page_of(state, &plain);
    assert_null(strstr(page, "more"));
    assert_null(strstr(page, "q quit"));
    free(page);
    json_decref(state);
}

static void what_the_server_left_out_is_counted(void **unused)
{
    json_t *state = server();
    add_calls(state, 5);
    json_object_set_new(state, "calls_left_out", json_integer(70));
    char *page = page_of(state, &small);
    expect_has(page, "and 70 more");
    free(page);
    json_decref(state);
}

/* ---- order and choice ---- */

static void calls_stand_in_the_order_that_was_asked_for(void **unused)
{
    json_t *state = server();
    add_call(state, "CA000000fast00", "b", "speaking", 0, 300);
    add_call(state, "CA000000waits0", "c", "thinking", 4200, 500);
    add_call(state, "CA000000slow00", "a", "listening", 0, 3100);
    add_call(state, "CA000000new000", "d", "opening", 0, 0);
    struct top_view view = small;
    char *page = page_of(state, &view);
    expect_order(page, "waits0", "slow00");
    expect_order(page, "slow00", "fast00");
    expect_order(page, "fast00", "new000");
    expect_has(page, ">4.20s");
    expect_has(page, "  3.10s");
    free(page);
    static const struct {
        enum top_sort sort;
        const char *first, *second;
    } orders[] = {{TOP_SORT_AGE, "slow00", "waits0"}, {TOP_SORT_LATE, "fast00", "new000"},
        {TOP_SORT_TENANT, "slow00", "fast00"}, {TOP_SORT_TENANT, "fast00", "waits0"}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        view.sort = orders[i].sort;
        page = page_of(state, &view);
        expect_order(page, orders[i].first, orders[i].second);
        free(page);
    }
    json_decref(state);
}

static void one_tenant_at_a_time_and_then_all(void **unused)
{
    json_t *state = server();
    char tenant[TOP_TENANT_SIZE] = "";
    add_calls(state, 4);
    top_page_next_tenant(state, tenant, tenant);
    assert_string_equal(tenant, "acme-dental");
    struct top_view view = small;
    view.tenant = tenant;
    char *page = page_of(state, &view);
    assert_null(strstr(page, "harbor"));
    expect_has(page, "tenant: acme-dental");
    free(page);
    top_page_next_tenant(state, "acme-dental", tenant);
    assert_string_equal(tenant, "harbor-plumbing");
    top_page_next_tenant(state, "harbor-plumbing", tenant);
    assert_string_equal(tenant, "");
    top_page_next_tenant(NULL, "", tenant);
    assert_string_equal(tenant, "");
    json_decref(state);
}

static void the_worst_providers_are_shown_first(void **unused)
{
    json_t *state = server();
    add_others(state, 8);
    char *page = page_of(state, &plain);
    expect_order(page, "vendor-4", "vendor-3");
    expect_order(page, "vendor-3", "vendor-0");
    free(page);
    json_decref(state);
}

/* ---- what is not as it should be ---- */

static void trouble_and_draining_are_said(void **unused)
{
    json_t *state = server();
    json_object_set_new(json_object_get(state, "process"), "draining", json_true());
    json_object_set_new(json_object_get(state, "journal"), "database", json_false());
    struct top_view view = small;
    view.trouble = "asking again: no server answers at 127.0.0.1:8081";
    char *page = page_of(state, &view);
    expect_has(page, "DRAINING");
    expect_has(page, "database DOWN");
    expect_has(page, "asking again: no server");
    expect_has(page, "no calls");
    free(page);
    json_decref(state);
}

static void any_answer_is_a_page(void **unused)
{
    static const char *const answers[] = {"[]", "{}", "7", "{\"calls\":7,\"process\":[]}",
        "{\"calls\":[1,null,\"x\",{\"call_sid\":9,\"age_ms\":\"x\"}],\"threads\":[[]],"
        "\"providers\":[{}],\"reloads\":[{}]}",
        "{\"calls\":[{\"age_ms\":-9223372036854775807,\"response_ms\":9223372036854775807,"
        "\"mostly_ms\":1e300}]}"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        json_t *state = json_loads(answers[i], JSON_DECODE_ANY, NULL);
        assert_non_null(state);
        char *page = page_of(state, &small);
        assert_int_equal(expect_within(page, 80), 24);
        free(page);
        json_decref(state);
    }
    char *page = page_of(NULL, &small);
    assert_int_equal(expect_within(page, 80), 24);
    free(page);
}

static void nobody_elses_words_move_the_cursor(void **unused)
{
    static const char *const names[] = {"\x1b[2Jgone", "a\nb\r\tc\b", "\x7f\x01\x02",
        "\xc2\x9b"
        "31mred",
        "\xe2\x80\xae"
        "desrever",
        "\xff\xfe\x80 bad", "e\xcc\x81",
        "\xe6\x9c\x88\xe5\x85\x89\xe7\xba\xbf\xe6\x9c\x88\xe5\x85\x89\xe7\xba\xbf\xe6\x9c\x88\xe5"
        "\x85\x89",
        "\xf0\x9f\x8c\x99\xf0\x9f\x8c\x99", "caf\xc3\xa9 M\xc3\xbcller", "\x1b]0;title\x07",
        "cut off \xe6\x9c"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (unsigned columns = 1; columns < 140; columns += 9) {
            json_t *state = server(), *call;
            add_call(state, "CAx", "x", "speaking", 0, 100);
            add_others(state, 2);
            call = json_array_get(json_object_get(state, "calls"), 0);
            json_t *hostile = json_string_nocheck(names[i]);
            static const char *const members[] = {
                "tenant", "state", "call_sid", "version", "mostly"};
            for (size_t k = 0; k < sizeof members / sizeof *members; k++)
                json_object_set(call, members[k], hostile);
            json_object_set(json_object_get(state, "process"), "build", hostile);
            json_object_set(
                json_array_get(json_object_get(state, "providers"), 0), "name", hostile);
            json_object_set(
                json_array_get(json_object_get(state, "reloads"), 0), "tenant", hostile);
            struct top_view view = {.columns = columns,
                .rows = 24,
                .tenant = names[i],
                .trouble = i % 2 ? names[i] : "",
                .is_styled = true};
            char *page = page_of(state, &view);
            expect_within(page, columns);
            free(page);
            json_decref(hostile);
            json_decref(state);
        }
}

static void a_cell_has_its_width(void **unused)
{
    static const struct {
        const char *text;
        unsigned width;
        bool is_right;
        const char *expected;
    } rows[] = {{"abc", 5, false, "abc  "}, {"abc", 5, true, "  abc"}, {"abcdef", 4, false, "abc~"},
        {"abcdef", 4, true, "abc~"}, {"", 2, false, "  "}, {"abc", 0, false, ""},
        {"caf\xc3\xa9", 4, false, "caf\xc3\xa9"},
        {"\xe6\x9c\x88\xe5\x85\x89", 4, false, "\xe6\x9c\x88\xe5\x85\x89"},
        {"\xe6\x9c\x88\xe5\x85\x89", 3, false, "\xe6\x9c\x88~"},
        {"\xe6\x9c\x88\xe5\x85\x89\xe7\xba\xbf", 4, false, "\xe6\x9c\x88~ "},
        {"a\x1b[2Jb", 6, false, "a?[2Jb"}, {"\xff", 2, false, "? "},
        {"e\xcc\x81x", 2, false, "ex"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        top_cell(&out, rows[i].text, rows[i].width, rows[i].is_right);
        assert_string_equal(out.data ? out.data : "", rows[i].expected);
        strbuf_free(&out);
    }
}

/* A terminal that takes only ASCII is sent nothing else. */
static void another_character_set_has_question_marks(void **unused)
{
    struct strbuf out;
    setlocale(LC_CTYPE, "C");
    strbuf_init(&out, 1000);
    top_cell(&out, "caf\xc3\xa9", 6, false);
    assert_string_equal(out.data, "caf?? ");
    strbuf_free(&out);
    setlocale(LC_CTYPE, "C.UTF-8");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_has_its_size),
        cmocka_unit_test(at_80_by_24_all_that_matters_is_there),
        cmocka_unit_test(a_small_page_has_calls_and_a_large_one_more),
        cmocka_unit_test(what_the_server_left_out_is_counted),
        cmocka_unit_test(calls_stand_in_the_order_that_was_asked_for),
        cmocka_unit_test(one_tenant_at_a_time_and_then_all),
        cmocka_unit_test(the_worst_providers_are_shown_first),
        cmocka_unit_test(trouble_and_draining_are_said),
        cmocka_unit_test(any_answer_is_a_page),
        cmocka_unit_test(nobody_elses_words_move_the_cursor),
        cmocka_unit_test(a_cell_has_its_width),
        cmocka_unit_test(another_character_set_has_question_marks),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "live/recall.h"

#define ROW(kind, json)                                                                            \
    {                                                                                              \
        (kind), (char *)(json)                                                                     \
    }
#define PART "\"tenant_id\":\"acme\",\"call_id\":\"c1\""
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* What is told of it, shortly: "in hello(1), tool book(1)", with what was unheard behind a slash. */
static void print_lines(char out[500], const json_t *history)
{
    size_t i, len = 0;
    json_t *line;
    out[0] = 0;
    json_array_foreach(json_object_get(history, "lines"), i, line)
    {
        const char *kind = json_string_value(json_object_get(line, "kind"));
        const char *text =
            json_string_value(json_object_get(line, strcmp(kind, "tool") == 0 ? "name" : "text"));
        const char *unheard = json_string_value(json_object_get(line, "unheard"));
        len += (size_t)snprintf(out + len, 500 - len, "%s%s %s%s%s(%d)", i ? ", " : "", kind,
            text ? text : "", unheard ? "/" : "", unheard ? unheard : "",
            (int)json_integer_value(json_object_get(line, "turn")));
    }
}

static void expect_lines_take(json_t *history, const char *expected)
{
    char lines[500];
    print_lines(lines, history);
    assert_string_equal(lines, expected);
    json_decref(history);
}

static json_t *of_postgres(void)
{
    return json_pack(
        "{s:i, s:i, s:n, s:[{s:s, s:s, s:s, s:i, s:s}, {s:s, s:s, s:s, s:s, s:i, s:s}]}", "calls",
        1, "turn_index", 1, "state", "lines", /* */
        "kind", "in", "id", "m1", "text", "hello", "turn", 1, "at",
        "2026-01-01T00:00:01.000Z", /* */
        "kind", "out", "id", "m2", "text", "we", "unheard", "open at nine", "turn", 1, "at",
        "2026-01-01T00:00:02.000Z");
}

static void without_rows_postgres_s_word_stands(void **state)
{
    assert_null(recall_merge_take(NULL, NULL, 0, "acme", "c2"));
    expect_lines_take(recall_merge_take(of_postgres(), NULL, 0, "acme", "c2"),
        "in hello(1), out we/open at nine(1)");
}

static void rows_on_their_way_come_to_what_is_there(void **state)
{
    const struct unsent_row rows[] = {
        ROW(RECORD_MESSAGE,
            "{\"id\":\"m3\"," PART ",\"turn_index\":2,\"direction\":\"in\",\"text\":"
            "\"book me\",\"created_at\":\"2026-01-01T00:00:03.000Z\"}"),
        ROW(RECORD_MESSAGE,
            "{\"id\":\"m2\"," PART ",\"turn_index\":1,\"direction\":\"out\",\"text\":"
            "\"we open\",\"unheard_text\":\"at nine\",\"created_at\":"
            "\"2026-01-01T00:00:02.500Z\"}"),
        ROW(RECORD_TOOL_CALL,
            "{\"id\":\"t1\"," PART ",\"turn_index\":2,\"name\":\"book\",\"ending\":"
            "\"done\",\"arguments\":{},\"created_at\":\"2026-01-01T00:00:04.000Z\"}"),
        ROW(RECORD_TOOL_CALL,
            "{\"id\":\"t2\"," PART ",\"turn_index\":2,\"name\":\"late\",\"ending\":"
            "\"timeout\",\"created_at\":\"2026-01-01T00:00:05.000Z\"}"),
        ROW(RECORD_TURN, "{\"id\":\"u1\"," PART ",\"turn_index\":2}"),
    };
    json_t *history = recall_merge_take(of_postgres(), rows, COUNT(rows), "acme", "c2");
    assert_int_equal(json_integer_value(json_object_get(history, "turn_index")), 2);
    expect_lines_take(history, "in hello(1), out we open/at nine(1), in book me(2), tool book(2)");
}

static void without_postgres_the_rows_alone_are_a_history(void **state)
{
    const struct unsent_row rows[] = {
        ROW(RECORD_CALL,
            "{\"id\":\"c1\",\"tenant_id\":\"acme\",\"state\":{\"n\":1},\"phase\":\"name\"}"),
        ROW(RECORD_CALL,
            "{\"id\":\"c1\",\"tenant_id\":\"acme\",\"phase\":null,\"outcome\":\"lead\"}"),
        ROW(RECORD_CALL,
            "{\"id\":\"c1\",\"tenant_id\":\"acme\",\"outcome\":\"answered\",\"ended_at\":"
            "\"2026-01-01T00:00:09.000Z\"}"),
        ROW(RECORD_MESSAGE,
            "{\"id\":\"m1\"," PART ",\"turn_index\":1,\"direction\":\"in\",\"text\":"
            "\"hello\",\"created_at\":\"2026-01-01T00:00:01.000Z\"}"),
    };
    json_t *history = recall_merge_take(NULL, rows, COUNT(rows), "acme", "c2");
    assert_true(json_integer_value(json_object_get(history, "calls")) > 0);
    assert_string_equal(json_string_value(json_object_get(history, "phase")), "name");
    assert_string_equal(json_string_value(json_object_get(history, "outcome")), "lead");
    assert_true(json_is_object(json_object_get(history, "state")));
    expect_lines_take(history, "in hello(1)");
}

static void another_tenant_s_rows_and_one_s_own_are_none(void **state)
{
    const struct unsent_row rows[] = {
        ROW(RECORD_CALL, "{\"id\":\"c2\",\"tenant_id\":\"acme\",\"phase\":\"own\"}"),
        ROW(RECORD_MESSAGE,
            "{\"id\":\"m8\",\"tenant_id\":\"acme\",\"call_id\":\"c2\",\"direction\":"
            "\"out\",\"text\":\"again\",\"created_at\":\"2026-01-01T00:00:01.000Z\"}"),
        ROW(RECORD_MESSAGE,
            "{\"id\":\"m9\",\"tenant_id\":\"eve\",\"call_id\":\"c1\",\"direction\":"
            "\"in\",\"text\":\"secret\",\"created_at\":\"2026-01-01T00:00:01.000Z\"}"),
        ROW(RECORD_MESSAGE, "no JSON"),
    };
    json_t *history = recall_merge_take(NULL, rows, COUNT(rows), "acme", "c2");
    assert_int_equal(json_integer_value(json_object_get(history, "calls")), 0);
    expect_lines_take(history, "");
}

static void the_newest_lines_are_kept(void **state)
{
    struct unsent_row rows[RECALL_LINES_MAX + 5];
    char texts[RECALL_LINES_MAX + 5][200];
    for (unsigned i = 0; i < COUNT(rows); i++) {
        snprintf(texts[i], sizeof texts[i],
            "{\"id\":\"m%u\"," PART ",\"direction\":\"in\",\"text\":\"%u\",\"turn_index\":%u,"
            "\"created_at\":\"2026-01-01T00:00:%02u.%03uZ\"}",
            i, i, i, i / 60, i % 60);
        rows[COUNT(rows) - 1 - i] = (struct unsent_row){RECORD_MESSAGE, texts[i]};
    }
    json_t *history = recall_merge_take(NULL, rows, COUNT(rows), "acme", "c2");
    json_t *lines = json_object_get(history, "lines");
    assert_int_equal(json_array_size(lines), RECALL_LINES_MAX);
    assert_string_equal(json_string_value(json_object_get(json_array_get(lines, 0), "text")), "5");
    json_decref(history);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_rows_postgres_s_word_stands),
        cmocka_unit_test(rows_on_their_way_come_to_what_is_there),
        cmocka_unit_test(without_postgres_the_rows_alone_are_a_history),
        cmocka_unit_test(another_tenant_s_rows_and_one_s_own_are_none),
        cmocka_unit_test(the_newest_lines_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

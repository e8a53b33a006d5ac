#include "live/recall.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

/* ---- lines ---- */

static json_t *line_of(enum record_kind kind, const json_t *row)
{
    json_t *turn = json_object_get(row, "turn_index"), *id = json_object_get(row, "id");
    json_t *at = json_object_get(row, "created_at");
    if (kind == RECORD_MESSAGE)
        return json_pack("{s:O, s:O, s:O?, s:O?, s:O?, s:O?}", "kind",
            json_object_get(row, "direction"), "id", id, "text", json_object_get(row, "text"),
            "unheard", json_object_get(row, "unheard_text"), "turn", turn, "at", at);
    return json_pack("{s:s, s:O, s:O, s:O?, s:O?, s:O?, s:O?}", "kind", "tool", "id", id, "name",
        json_object_get(row, "name"), "arguments", json_object_get(row, "arguments"), "result",
        json_object_get(row, "result"), "turn", turn, "at", at);
}

static void put_line_take(json_t *lines, json_t *line)
{
    size_t i;
    json_t *known;
    json_array_foreach(lines, i, known)
    {
        if (strcmp(text_of(known, "id"), text_of(line, "id")) == 0) {
            json_array_set_new(lines, i, line);
            return;
        }
    }
    json_array_append_new(lines, line);
}

static int by_time(const void *a, const void *b)
{
    return strcmp(text_of(*(json_t *const *)a, "at"), text_of(*(json_t *const *)b, "at"));
}

/* Times are of one form, so they compare as texts. */
static json_t *sorted(const json_t *lines)
{
    size_t i, count = json_array_size(lines);
    json_t *line, *result = json_array();
    json_t **all = calloc(count + 1, sizeof *all);
    json_array_foreach(lines, i, line) if (all) all[i] = line;
    if (all)
        qsort(all, count, sizeof *all, by_time);
    size_t first = count > RECALL_LINES_MAX ? count - RECALL_LINES_MAX : 0;
    for (i = first; all && i < count; i++)
        json_array_append(result, all[i]);
    free(all);
    return result;
}

static unsigned newest_turn(const json_t *lines)
{
    size_t i;
    json_t *line;
    unsigned newest = 0;
    json_array_foreach(lines, i, line)
    {
        unsigned turn = (unsigned)json_integer_value(json_object_get(line, "turn"));
        newest = turn > newest ? turn : newest;
    }
    return newest;
}

/* ---- rows ---- */

/* What a part came to when it broke is not its script's word: that was told while it went on. */
static void add_call(json_t *history, const json_t *row)
{
    static const char *const NAMES[] = {"state", "phase", "tags", "outcome"};
    json_int_t calls = json_integer_value(json_object_get(history, "calls"));
    json_object_set_new(history, "calls", json_integer(calls + 1));
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        json_t *value = json_object_get(row, NAMES[i]);
        if (value && !json_is_null(value) && !json_object_get(row, "ended_at"))
            json_object_set(history, NAMES[i], value);
    }
}

static void add_row(json_t *history, enum record_kind kind, const json_t *row, const char *call_id)
{
    bool is_call = kind == RECORD_CALL;
    bool is_line = kind == RECORD_MESSAGE ||
                   (kind == RECORD_TOOL_CALL && strcmp(text_of(row, "ending"), "done") == 0);
    if (strcmp(text_of(row, is_call ? "id" : "call_id"), call_id) == 0)
        return;
    json_t *line = is_line ? line_of(kind, row) : NULL;
    if (line)
        put_line_take(json_object_get(history, "lines"), line);
    if (is_call)
        add_call(history, row);
}

json_t *recall_merge_take(json_t *history, const struct unsent_row *rows, size_t count,
    const char *tenant_id, const char *call_id)
{
    if (!count)
        return history;
    if (!history)
        history = json_pack("{s:i, s:[]}", "calls", 0, "lines");
    for (size_t i = 0; history && i < count; i++) {
        json_t *row = json_loads(rows[i].json, 0, NULL);
        if (strcmp(text_of(row, "tenant_id"), tenant_id) == 0)
            add_row(history, rows[i].kind, row, call_id);
        json_decref(row);
    }
    json_t *lines = sorted(json_object_get(history, "lines"));
    unsigned newest = newest_turn(lines);
    if (newest > json_integer_value(json_object_get(history, "turn_index")))
        json_object_set_new(history, "turn_index", json_integer(newest));
    json_object_set_new(history, "lines", lines);
    return history;
}

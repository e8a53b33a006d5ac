#include "script/history.h"

#include <string.h>

static void drop_oldest(struct history *history, size_t count)
{
    for (size_t i = 0; i < count; i++)
        json_array_remove(history->lines, 0);
    history->first += (unsigned)count;
}

static void keep_newest(struct history *history)
{
    size_t count = json_array_size(history->lines);
    if (count > HISTORY_LINES_MAX)
        drop_oldest(history, count - HISTORY_LINES_MAX);
}

/* Of the text as much as fits, in whole characters. */
static size_t fitting(struct slice text)
{
    size_t len = text.len < HISTORY_TEXT_MAX_BYTES ? text.len : HISTORY_TEXT_MAX_BYTES;
    while (len && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len--;
    return len;
}

void history_add(struct history *history, const char *role, struct slice text, unsigned turn)
{
    size_t len = fitting(text);
    json_t *line = json_pack("{s:s, s:o, s:i}", "role", role, "text",
        json_sprintf("%.*s%s", (int)len, text.data, len < text.len ? "…" : ""), "turn", (int)turn);
    if (!history->lines)
        history->lines = json_array();
    if (!line || json_array_append_new(history->lines, line) != 0)
        return;
    history->caller_turn = strcmp(role, "caller") == 0 ? turn : 0;
    keep_newest(history);
}

void history_drop_caller(struct history *history, unsigned turn)
{
    size_t count = json_array_size(history->lines);
    if (!turn || history->caller_turn != turn)
        return;
    history->caller_turn = 0;
    if (count)
        json_array_remove(history->lines, count - 1);
    else
        history->first--; /* it was told: the next job cuts it off */
}

char *history_text(const struct history *history)
{
    return json_array_size(history->lines) ? json_dumps(history->lines, JSON_COMPACT) : NULL;
}

void history_told(struct history *history)
{
    history->first += (unsigned)json_array_size(history->lines);
    json_decref(history->lines);
    history->lines = NULL;
}

void history_take(struct history *history, unsigned first, const char *lines_json)
{
    json_t *lines = lines_json ? json_loads(lines_json, 0, NULL) : NULL;
    size_t count = json_array_size(history->lines);
    if (first < history->first || first > history->first + count) {
        json_array_clear(history->lines); /* nothing of it is what stands before these */
        history->first = first;
    }
    while ((count = json_array_size(history->lines)) > first - history->first)
        json_array_remove(history->lines, count - 1);
    if (!history->lines)
        history->lines = json_incref(lines);
    else
        json_array_extend(history->lines, lines);
    json_decref(lines);
    keep_newest(history);
}

static bool is_callers(const json_t *line, unsigned turn)
{
    const char *role = json_string_value(json_object_get(line, "role"));
    return role && strcmp(role, "caller") == 0 &&
           json_integer_value(json_object_get(line, "turn")) == turn;
}

json_t *history_before(const struct history *history, unsigned turn)
{
    json_t *lines = json_copy(history->lines);
    size_t i = json_array_size(lines);
    while (i > 0 && !is_callers(json_array_get(lines, i - 1), turn))
        i--;
    if (i > 0)
        json_array_remove(lines, i - 1);
    return lines;
}

void history_clear(struct history *history)
{
    json_decref(history->lines);
    *history = (struct history){0};
}

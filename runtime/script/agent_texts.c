/* `texts` of agent.lua: a table, or true for { answer = true }. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/agent_reading.h"
#include "text/segments.h"

static const char *const texts_names[] = {
    "answer", "max_segments", "failure_text", "to", "to_country", NULL};

/* The value on top of the stack. */
static void add_number(struct reader *reader, struct agent_texts *texts, size_t number)
{
    char path[32];
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    snprintf(path, sizeof path, "texts.to[%zu]", number);
    if (!agent_is_number(text))
        reader_wrong(reader, path, "must be a number such as \"+15550100002\"");
    else if (slice_copy(slice_from(text), texts->to[texts->to_count], sizeof texts->to[0]))
        texts->to_count++;
}

static void read_table(struct reader *reader, struct agent_texts *texts)
{
    if (!reader_enter(reader, "", "texts", LUA_TTABLE))
        return;
    reader_only(reader, "texts", texts_names);
    reader_bool(reader, "texts", "answer", &texts->answers);
    reader_unsigned(reader, "texts", "max_segments", &texts->max_segments, 1, TEXT_SEGMENTS_MAX);
    reader_text(reader, "texts", "failure_text", texts->failure_text, sizeof texts->failure_text);
    reader_bool(reader, "texts", "to_country", &texts->to_country);
    if (reader_enter(reader, "texts", "to", LUA_TTABLE)) {
        size_t count = lua_objlen(reader->lua, -1);
        if (count > AGENT_TEXTS_TO_MAX)
            reader_fault(reader, "texts.to", "must hold at most %d", AGENT_TEXTS_TO_MAX);
        for (size_t i = 0; i < count && i < AGENT_TEXTS_TO_MAX; i++) {
            lua_rawgeti(reader->lua, -1, (int)i + 1);
            add_number(reader, texts, i + 1);
            lua_pop(reader->lua, 1);
        }
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

void agent_read_texts(struct reader *reader, struct agent_texts *texts)
{
    texts->max_segments = 3;
    lua_pushliteral(reader->lua, "texts");
    lua_rawget(reader->lua, -2);
    bool is_flag = lua_isboolean(reader->lua, -1);
    texts->answers = is_flag && lua_toboolean(reader->lua, -1);
    lua_pop(reader->lua, 1);
    if (!is_flag)
        read_table(reader, texts);
}

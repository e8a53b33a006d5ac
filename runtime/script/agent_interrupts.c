/* What interrupts this tenant's agent: turn.barge_in, turn.never_interrupts, turn.always_interrupts. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/agent_reading.h"

static const char *const barge_in_names[] = {
    [AGENT_BARGE_IN_OFF] = "off",
    [AGENT_BARGE_IN_LOW] = "low",
    [AGENT_BARGE_IN_NORMAL] = "normal",
    [AGENT_BARGE_IN_HIGH] = "high",
};
#define BARGE_IN_COUNT (sizeof barge_in_names / sizeof *barge_in_names)

static void take_name(struct reader *reader, const char *name, enum agent_barge_in *out)
{
    for (size_t i = 0; i < BARGE_IN_COUNT; i++) {
        if (strcmp(name, barge_in_names[i]) == 0) {
            *out = (enum agent_barge_in)i;
            return;
        }
    }
    reader_wrong(
        reader, "turn.barge_in", "must be true, false, \"off\", \"low\", \"normal\" or \"high\"");
}

static void read_barge_in(struct reader *reader, enum agent_barge_in *out)
{
    lua_pushliteral(reader->lua, "barge_in");
    lua_rawget(reader->lua, -2);
    int type = lua_type(reader->lua, -1);
    if (type == LUA_TBOOLEAN)
        *out = lua_toboolean(reader->lua, -1) ? AGENT_BARGE_IN_NORMAL : AGENT_BARGE_IN_OFF;
    else if (type != LUA_TNIL)
        take_name(reader, type == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "", out);
    lua_pop(reader->lua, 1);
}

static void read_phrases(struct reader *reader, const char *key, struct agent_phrases *out)
{
    char path[64];
    if (!reader_enter(reader, "turn", key, LUA_TTABLE))
        return;
    out->count = 0;
    size_t count = lua_objlen(reader->lua, -1);
    snprintf(path, sizeof path, "turn.%s", key);
    if (count > AGENT_PHRASES_MAX)
        reader_fault(reader, path, "must hold at most %d phrases", AGENT_PHRASES_MAX);
    for (size_t i = 0; i < count && i < AGENT_PHRASES_MAX; i++) {
        snprintf(path, sizeof path, "turn.%s[%zu]", key, i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        size_t len = 0;
        const char *text =
            lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tolstring(reader->lua, -1, &len) : "";
        if (len == 0 || len >= AGENT_PHRASE_SIZE || strlen(text) != len)
            reader_wrong(reader, path, "must be a text of 1 to %d bytes", AGENT_PHRASE_SIZE - 1);
        else
            memcpy(out->text[out->count++], text, len + 1);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

void agent_read_interrupts(struct reader *reader, struct agent_turn_policy *turn)
{
    read_barge_in(reader, &turn->barge_in);
    read_phrases(reader, "never_interrupts", &turn->never_interrupts);
    read_phrases(reader, "always_interrupts", &turn->always_interrupts);
}

/* Where callers may be transferred to, so that nobody talks a model into dialling for them: the list `transfers`, or without it
   the numbers that somebody wrote into the tenant's own Lua files, of the agent's country and at no premium rate. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/agent_reading.h"
#include "text/phone_cost.h"

static void add(struct agent *agent, const char *number)
{
    for (size_t i = 0; i < agent->transfer_count; i++)
        if (strcmp(number, agent->transfers[i]) == 0)
            return;
    if (agent->transfer_count < AGENT_TRANSFERS_MAX)
        slice_copy(slice_from(number), agent->transfers[agent->transfer_count++], 24);
}

/* ---- the list ---- */

static void read_number(struct reader *reader, struct agent *agent, const char *path)
{
    const char *number =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    if (!agent_is_number(number))
        reader_wrong(reader, path, "must be a number such as \"+15550100099\"");
    else if (agent_has_number(agent, number))
        reader_fault(reader, path, "is the agent's own number: it would ring here");
    else if (phone_is_premium(number))
        reader_fault(reader, path, "is a number at a premium rate");
    else
        add(agent, number);
}

/* Of the table on top of the stack. */
static void read_list(struct reader *reader, struct agent *agent)
{
    size_t count = lua_objlen(reader->lua, -1);
    if (count > AGENT_TRANSFERS_MAX)
        reader_fault(reader, "transfers", "must hold at most %d", AGENT_TRANSFERS_MAX);
    for (size_t i = 0; i < count && i < AGENT_TRANSFERS_MAX; i++) {
        char path[32];
        snprintf(path, sizeof path, "transfers[%zu]", i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        read_number(reader, agent, path);
        lua_pop(reader->lua, 1);
    }
}

/* ---- without one ---- */

static bool is_at_home(const struct agent *agent, const char *number)
{
    for (size_t i = 0; i < agent->number_count; i++)
        if (phone_cost_from(number, agent->numbers[i]) == PHONE_HOME)
            return true;
    return agent->number_count == 0;
}

/* `text` begins with '+'. Returns how much of it was looked at. */
static size_t take_written(struct agent *agent, struct slice text)
{
    char number[24];
    size_t len = 1;
    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9')
        len++;
    bool fits = slice_copy((struct slice){text.data, len}, number, sizeof number);
    if (fits && agent_is_number(number) && is_at_home(agent, number) &&
        !agent_has_number(agent, number) && !phone_is_premium(number))
        add(agent, number);
    return len;
}

static void take_file(struct agent *agent, struct slice text)
{
    const char *plus;
    while (text.len && (plus = memchr(text.data, '+', text.len))) {
        text = (struct slice){plus, text.len - (size_t)(plus - text.data)};
        size_t len = take_written(agent, text);
        text = (struct slice){text.data + len, text.len - len};
    }
}

/* Shared files have examples in them. */
static bool is_tenants_own(const char *name)
{
    size_t len = strlen(name);
    bool is_lua = len > 4 && strcmp(name + len - 4, ".lua") == 0;
    return is_lua && !source_is_shared(name) && strcmp(name, SOURCE_TESTS) != 0;
}

void agent_read_transfers(struct reader *reader, struct agent *agent)
{
    lua_pushliteral(reader->lua, "transfers");
    lua_rawget(reader->lua, -2);
    bool has_list = !lua_isnil(reader->lua, -1);
    lua_pop(reader->lua, 1);
    if (has_list && reader_enter(reader, "", "transfers", LUA_TTABLE)) {
        read_list(reader, agent);
        lua_pop(reader->lua, 1);
    }
    for (size_t i = 0; !has_list && i < reader->sources->count; i++) {
        const struct source *file = &reader->sources->files[i];
        if (is_tenants_own(file->name))
            take_file(agent, (struct slice){file->text, file->len});
    }
}

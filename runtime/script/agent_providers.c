#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "script/agent_reading.h"

#define PLACE_SIZE 48

static const char *const provider_slot_names[] = {"hear", "think", "speak", NULL};
static const char *const provider_names[] = {"[1]", "model", "voice", NULL};
static const char *const silent_provider_names[] = {"[1]", "model", NULL}; /* of hear and think */

/* The value on top of the stack. */
static void read_name(struct reader *reader, const char *path, struct agent_provider *provider)
{
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    if (!len || text[len] || !slice_copy(slice_from(text), provider->name, sizeof provider->name))
        reader_wrong(reader, path, "must be a provider's name, as the operator wrote it");
}

/* "openai", or { "openai", model = "…" }: the value on top of the stack. */
static void read_provider(struct reader *reader, const char *path, const char *const *names,
    struct agent_provider *provider)
{
    if (!lua_istable(reader->lua, -1)) {
        read_name(reader, path, provider);
        return;
    }
    reader_only(reader, path, names);
    lua_rawgeti(reader->lua, -1, 1);
    if (lua_isnil(reader->lua, -1))
        reader_fault(reader, path, "must begin with a provider's name: { \"openai\", model = … }");
    else
        read_name(reader, path, provider);
    lua_pop(reader->lua, 1);
    reader_text(reader, path, "model", provider->model, sizeof provider->model);
    reader_text(reader, path, "voice", provider->voice, sizeof provider->voice);
}

/* { "openai", model = "…" } is one provider, whose braces were left out: its model would count for nothing. */
static void only_places(struct reader *reader, const char *path)
{
    lua_pushnil(reader->lua);
    while (lua_next(reader->lua, -2)) {
        lua_pop(reader->lua, 1);
        if (lua_type(reader->lua, -1) == LUA_TSTRING)
            reader_fault(reader, path,
                "has %.40s beside its list: write { { \"openai\", model = … } }",
                lua_tostring(reader->lua, -1));
    }
}

static void read_slot(struct reader *reader, const char *slot, const char *const *names,
    struct agent_providers *providers)
{
    if (!reader_enter(reader, "providers", slot, LUA_TTABLE))
        return;
    char path[PLACE_SIZE];
    size_t count = lua_objlen(reader->lua, -1);
    snprintf(path, sizeof path, "providers.%s", slot);
    if (count < 1 || count > AGENT_PROVIDERS_MAX)
        reader_fault(
            reader, path, "names %zu: it must be a list of 1 to %d", count, AGENT_PROVIDERS_MAX);
    only_places(reader, path);
    for (size_t i = 0; i < count && i < AGENT_PROVIDERS_MAX; i++) {
        snprintf(path, sizeof path, "providers.%s[%zu]", slot, i + 1);
        lua_rawgeti(reader->lua, -1, (int)i + 1);
        read_provider(reader, path, names, &providers->list[providers->count++]);
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

void agent_read_providers(struct reader *reader, struct agent *agent)
{
    if (!reader_enter(reader, "", "providers", LUA_TTABLE))
        return;
    reader_only(reader, "providers", provider_slot_names);
    read_slot(reader, "hear", silent_provider_names, &agent->hear);
    read_slot(reader, "think", silent_provider_names, &agent->think);
    read_slot(reader, "speak", provider_names, &agent->speak);
    lua_pop(reader->lua, 1);
}

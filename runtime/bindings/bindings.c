#include "bindings/bindings.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bindings/modules.h"
#include "script/json.h"
#include "script/sandbox.h"
#include "script/vm.h"

enum err bindings_create(struct bindings **out, const struct bindings_options *options)
{
    struct bindings *bindings = calloc(1, sizeof *bindings);
    if (!bindings)
        return ERR_NOMEM;
    bindings->options = *options;
    knowledge_fill(&bindings->knowledge, bindings);
    business_fill(bindings);
    *out = bindings;
    return ERR_OK;
}

static void install(lua_State *lua, void *owner)
{
    log_install(lua, owner);
    time_install(lua, owner);
    json_install(lua, owner);
    http_install(lua, owner);
    db_install(lua, owner);
    calendar_install(lua, owner);
    contacts_install(lua, owner);
    leads_install(lua, owner);
    tasks_install(lua, owner);
    knowledge_install(lua, owner);
    kv_install(lua, owner);
    secret_install(lua, owner);
    sms_install(lua, owner);
    call_install(lua, owner);
}

struct script_library bindings_library(struct bindings *bindings)
{
    return (struct script_library){install, bindings};
}

const struct script_knowledge *bindings_knowledge(const struct bindings *bindings)
{
    return &bindings->knowledge;
}

const struct script_business *bindings_business(const struct bindings *bindings)
{
    return &bindings->business.script;
}

void bindings_destroy(struct bindings *bindings)
{
    if (!bindings)
        return;
    business_clear(bindings);
    zones_clear(&bindings->zones);
    log_clear(bindings);
    allowances_clear(&bindings->allowances);
    free(bindings);
}

void module_give(
    lua_State *lua, const char *name, const luaL_Reg *functions, struct bindings *bindings)
{
    lua_newtable(lua);
    if (bindings->options.stubs) {
        stubs_give(lua, name, functions, bindings);
    } else {
        lua_pushlightuserdata(lua, bindings);
        luaL_setfuncs(lua, functions, 1);
    }
    sandbox_give(lua, name);
}

uint64_t module_wall_ms(const struct bindings *bindings)
{
    const struct bindings_options *options = &bindings->options;
    return options->wall_ms ? options->wall_ms(options->wall_owner) : clock_wall_ms();
}

struct bindings *module_bindings(lua_State *lua)
{
    return lua_touserdata(lua, lua_upvalueindex(1));
}

int module_fail(lua_State *lua, const char *code, const char *message)
{
    lua_pushnil(lua);
    lua_pushstring(lua, code);
    lua_pushstring(lua, message);
    return 3;
}

void module_push_json(lua_State *lua, int index, size_t max_bytes, const char *what)
{
    char why[160] = "", *text = NULL;
    json_t *value = NULL;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 16, what);
    bool was_limited = vm_lift_limit(lua);
    enum err err = script_json_read(&value, lua, index, why);
    if (!err)
        err = script_json_print(&text, value, max_bytes);
    json_decref(value);
    if (!err)
        lua_pushstring(lua, text);
    free(text);
    vm_restore_limit(lua, was_limited);
    if (err == ERR_FULL)
        luaL_error(lua, "%s: longer than %d KiB", what, (int)(max_bytes / 1024));
    else if (err)
        luaL_error(lua, "%s: %s", what, err == ERR_BAD ? why : err_name(err));
}

struct slice module_text(lua_State *lua, int index, size_t max_bytes, int is_line)
{
    size_t len;
    const char *text = luaL_checklstring(lua, index, &len);
    if (len > max_bytes)
        luaL_argerror(lua, index, "text is too long");
    for (size_t i = 0; is_line && i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            luaL_argerror(lua, index, "text holds control characters");
    return (struct slice){text, len};
}

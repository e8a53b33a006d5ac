/* log.info, log.warn: lines of a script in the process's log, at most 50 a second for each VM. */
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/modules.h"
#include "observe/log.h"
#include "script/sandbox.h"
#include "script/wait.h"

#define LINES_A_SECOND 50
#define TEXT_MAX_BYTES 1000

struct window {
    uint64_t second;
    unsigned lines;
    unsigned dropped;
};

static bool may_log(struct window *window, const char *tenant)
{
    uint64_t second = clock_ms() / 1000;
    if (second != window->second) {
        if (window->dropped)
            log_warn("script.log_dropped", "tenant=%s lines=%u", tenant, window->dropped);
        *window = (struct window){.second = second};
    }
    if (window->lines++ < LINES_A_SECOND)
        return true;
    window->dropped++;
    return false;
}

static int write_line(lua_State *lua, enum log_level level)
{
    struct window *window = lua_touserdata(lua, lua_upvalueindex(1));
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    const struct script_run *run = script_run_of(lua);
    const char *tenant = script_tenant(lua);
    int shown = (int)(len < TEXT_MAX_BYTES ? len : TEXT_MAX_BYTES);
    if (!may_log(window, tenant))
        return 0;
    log_event(level, "script.log", "tenant=%s call=%s text=%.*s", tenant,
        run ? script_run_facts(run)->call_id : "", shown, text);
    return 0;
}

static int log_info_line(lua_State *lua)
{
    return write_line(lua, LOG_INFO);
}

static int log_warn_line(lua_State *lua)
{
    return write_line(lua, LOG_WARN);
}

void log_install(lua_State *lua, struct bindings *bindings)
{
    lua_newtable(lua);
    memset(lua_newuserdata(lua, sizeof(struct window)), 0, sizeof(struct window));
    luaL_setfuncs(
        lua, (const luaL_Reg[]){{"info", log_info_line}, {"warn", log_warn_line}, {NULL, NULL}}, 1);
    sandbox_give(lua, "log");
}

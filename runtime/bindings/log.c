/* log.info, log.warn: lines of a script in the process's log, at most 50 a second for each tenant, over all of its
   versions and VMs. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/clock.h"
#include "bindings/modules.h"
#include "observe/log.h"
#include "script/wait.h"

#define LINES_A_SECOND 50
#define TEXT_MAX_BYTES 4096 /* the log shows less, and looks at some more before it cuts */

struct log_window {
    UT_hash_handle hh; /* by tenant */
    char tenant[TENANT_ID_SIZE];
    uint64_t second;
    unsigned lines;
    unsigned dropped;
};

static struct log_window *window_of(struct bindings *bindings, const char *tenant)
{
    struct log_window *window;
    HASH_FIND_STR(bindings->log_windows, tenant, window);
    if (window || !(window = calloc(1, sizeof *window)))
        return window;
    slice_copy(slice_from(tenant), window->tenant, sizeof window->tenant);
    HASH_ADD_STR(bindings->log_windows, tenant, window);
    if (!window->hh.tbl) {
        free(window);
        return NULL;
    }
    return window;
}

void log_clear(struct bindings *bindings)
{
    struct log_window *window, *next;
    HASH_ITER(hh, bindings->log_windows, window, next)
    {
        HASH_DEL(bindings->log_windows, window);
        free(window);
    }
}

static bool may_log(struct bindings *bindings, const char *tenant)
{
    uint64_t second = clock_ms() / 1000;
    struct log_window *window = window_of(bindings, tenant);
    if (!window)
        return false;
    if (second != window->second) {
        if (window->dropped)
            log_warn("script.log_dropped", "tenant=%s lines=%u", tenant, window->dropped);
        window->second = second;
        window->lines = window->dropped = 0;
    }
    if (window->lines++ < LINES_A_SECOND)
        return true;
    window->dropped++;
    return false;
}

static int write_line(lua_State *lua, enum log_level level)
{
    size_t len;
    const char *text = luaL_checklstring(lua, 1, &len);
    const struct script_run *run = script_run_of(lua);
    const char *tenant = script_tenant(lua);
    int shown = (int)(len < TEXT_MAX_BYTES ? len : TEXT_MAX_BYTES);
    if (!may_log(module_bindings(lua), tenant))
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
    static const luaL_Reg functions[] = {
        {"info", log_info_line}, {"warn", log_warn_line}, {NULL, NULL}};
    module_give(lua, "log", functions, bindings);
}

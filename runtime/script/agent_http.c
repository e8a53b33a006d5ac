#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "script/agent_reading.h"

static const char *const http_names[] = {"allow", NULL};

static bool is_label_character(char c)
{
    return islower((unsigned char)c) || isdigit((unsigned char)c) || c == '-';
}

/* Labels joined by dots; what stands below "*." has two of them at least, so that no "*.com" opens the world. */
static bool is_host(const char *text)
{
    bool has_star = strncmp(text, "*.", 2) == 0;
    const char *at = has_star ? text + 2 : text;
    unsigned labels = 0;
    while (is_label_character(*at)) {
        at += strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-");
        labels++;
        if (*at != '.')
            return *at == 0 && labels >= (has_star ? 2u : 1u);
        at++;
    }
    return false;
}

/* The value on top of the stack. */
static void add_host(struct reader *reader, struct agent_http *http, size_t number)
{
    char path[32], host[AGENT_HOST_SIZE];
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : "";
    snprintf(path, sizeof path, "http.allow[%zu]", number);
    bool fits = slice_copy(slice_from(text), host, sizeof host);
    for (char *at = host; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    if (fits && is_host(host))
        memcpy(http->allow[http->allow_count++], host, sizeof host);
    else
        reader_wrong(
            reader, path, "must be a host such as \"api.example.com\" or \"*.example.com\"");
}

void agent_read_http(struct reader *reader, struct agent_http *http)
{
    if (!reader_enter(reader, "", "http", LUA_TTABLE))
        return;
    reader_only(reader, "http", http_names);
    if (reader_enter(reader, "http", "allow", LUA_TTABLE)) {
        size_t count = lua_objlen(reader->lua, -1);
        http->is_limited = true;
        if (count > AGENT_HOSTS_MAX)
            reader_fault(reader, "http.allow", "must hold at most %d", AGENT_HOSTS_MAX);
        for (size_t i = 0; i < count && i < AGENT_HOSTS_MAX; i++) {
            lua_rawgeti(reader->lua, -1, (int)i + 1);
            add_host(reader, http, i + 1);
            lua_pop(reader->lua, 1);
        }
        lua_pop(reader->lua, 1);
    }
    lua_pop(reader->lua, 1);
}

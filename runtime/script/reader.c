#include "script/reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "text/near.h"

#define PATH_SIZE 160
#define FOUND_SIZE 64

static void join(char out[PATH_SIZE], const char *path, const char *key)
{
    snprintf(out, PATH_SIZE, "%s%s%s", path, path[0] && key[0] != '[' ? "." : "", key);
}

__attribute__((format(printf, 4, 0))) static void write_fault(
    struct reader *reader, const char *path, const char *found, const char *format, va_list args)
{
    char fault[512];
    const struct sources *sources = reader->sources;
    bool is_same = reader->why[0] && strcmp(reader->at, path) == 0;
    if (is_same || (reader->why[0] && !sources->on_fault))
        return;
    snprintf(reader->at, sizeof reader->at, "%s", path);
    unsigned line = sources_line(sources, reader->file, path);
    int len = snprintf(
        fault, sizeof fault, "%s:%u: %s%s%s", reader->file, line, path, path[0] ? " " : "", found);
    if (len > 0 && len < (int)sizeof fault)
        vsnprintf(fault + len, sizeof fault - (size_t)len, format, args);
    if (sources->on_fault)
        sources->on_fault(sources->fault_owner, fault);
    if (!reader->why[0])
        memcpy(reader->why, fault, sizeof fault);
}

void reader_fault(struct reader *reader, const char *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_fault(reader, path, "", format, args);
    va_end(args);
}

/* How much of a text fits a message: whole characters, up to the first that is none to read. */
static int readable_bytes(const char *text)
{
    size_t len = 0;
    while (len < FOUND_SIZE - 24 && ((unsigned char)text[len] >= ' ' && text[len] != 127))
        len++;
    while (len && !utf8_is_valid(text, len))
        len--;
    return (int)len;
}

/* The value on top of the stack, as its author would know it again. */
static void describe(lua_State *lua, char out[FOUND_SIZE])
{
    int type = lua_type(lua, -1);
    const char *text = type == LUA_TSTRING ? lua_tostring(lua, -1) : "";
    if (type == LUA_TSTRING)
        snprintf(out, FOUND_SIZE, "is \"%.*s\": it ", readable_bytes(text), text);
    else if (type == LUA_TNUMBER)
        snprintf(out, FOUND_SIZE, "is %.14g: it ", lua_tonumber(lua, -1));
    else if (type == LUA_TBOOLEAN)
        snprintf(out, FOUND_SIZE, "is %s: it ", lua_toboolean(lua, -1) ? "true" : "false");
    else
        snprintf(out, FOUND_SIZE, "is a %s: it ", lua_typename(lua, type));
}

void reader_wrong(struct reader *reader, const char *path, const char *format, ...)
{
    char found[FOUND_SIZE];
    va_list args;
    describe(reader->lua, found);
    va_start(args, format);
    write_fault(reader, path, found, format, args);
    va_end(args);
}

/* Pushes the field; false (and nothing pushed): missing. */
static bool push_field(struct reader *reader, const char *key)
{
    lua_pushstring(reader->lua, key);
    lua_rawget(reader->lua, -2);
    if (!lua_isnil(reader->lua, -1))
        return true;
    lua_pop(reader->lua, 1);
    return false;
}

void reader_text(struct reader *reader, const char *path, const char *key, char *out, size_t size)
{
    char full[PATH_SIZE];
    if (!push_field(reader, key))
        return;
    join(full, path, key);
    size_t len = 0;
    const char *text =
        lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tolstring(reader->lua, -1, &len) : NULL;
    if (!text)
        reader_wrong(reader, full, "must be a text");
    else if (len >= size)
        reader_fault(reader, full, "is %zu bytes long: at most %zu fit", len, size - 1);
    else if (strlen(text) != len || !utf8_is_valid(text, len))
        reader_fault(reader, full, "must be valid UTF-8");
    else
        memcpy(out, text, len + 1);
    lua_pop(reader->lua, 1);
}

void reader_number(struct reader *reader, const char *path, const char *key, double *out,
    double least, double most)
{
    char full[PATH_SIZE];
    if (!push_field(reader, key))
        return;
    join(full, path, key);
    double number = lua_tonumber(reader->lua, -1);
    if (lua_type(reader->lua, -1) != LUA_TNUMBER)
        reader_wrong(reader, full, "must be a number");
    else if (!(number >= least && number <= most))
        reader_wrong(reader, full, "must be from %g to %g", least, most);
    else
        *out = number;
    lua_pop(reader->lua, 1);
}

void reader_unsigned(struct reader *reader, const char *path, const char *key, unsigned *out,
    unsigned least, unsigned most)
{
    char full[PATH_SIZE];
    double number = *out;
    reader_number(reader, path, key, &number, least, most);
    join(full, path, key);
    if (number != floor(number))
        reader_fault(reader, full, "is %.14g: it must be a whole number", number);
    else
        *out = (unsigned)number;
}

void reader_bool(struct reader *reader, const char *path, const char *key, bool *out)
{
    char full[PATH_SIZE];
    if (!push_field(reader, key))
        return;
    join(full, path, key);
    if (lua_isboolean(reader->lua, -1))
        *out = lua_toboolean(reader->lua, -1);
    else
        reader_wrong(reader, full, "must be true or false");
    lua_pop(reader->lua, 1);
}

bool reader_enter(struct reader *reader, const char *path, const char *key, int type)
{
    char full[PATH_SIZE];
    if (!push_field(reader, key))
        return false;
    if (lua_type(reader->lua, -1) == type)
        return true;
    join(full, path, key);
    reader_wrong(reader, full, "must be a %s", lua_typename(reader->lua, type));
    lua_pop(reader->lua, 1);
    return false;
}

static void list_names(char out[256], const char *const *names)
{
    size_t len = 0;
    out[0] = 0;
    for (; *names && len < 255; names++) {
        int added = snprintf(out + len, 256 - len, "%s%s", len ? ", " : "", *names);
        len += added > 0 ? (size_t)added : 0;
    }
}

static bool is_listed(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* "[1]", or NULL: the key on top of the stack is no place in a list. */
static const char *place_name(lua_State *lua, char out[16])
{
    double number = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
    if (number != floor(number) || number < 1 || number > 9999)
        return NULL;
    snprintf(out, 16, "[%d]", (int)number);
    return out;
}

void reader_only(struct reader *reader, const char *path, const char *const *names)
{
    char full[PATH_SIZE], known[256], place[16];
    lua_pushnil(reader->lua);
    while (lua_next(reader->lua, -2)) {
        lua_pop(reader->lua, 1);
        const char *name =
            lua_type(reader->lua, -1) == LUA_TSTRING ? lua_tostring(reader->lua, -1) : NULL;
        const char *listed = name ? name : place_name(reader->lua, place);
        if (listed && is_listed(listed, names))
            continue;
        const char *meant = name ? near_name(name, names) : NULL;
        list_names(known, names);
        join(full, path, name ? name : "[…]");
        if (meant)
            reader_fault(reader, full, "is not a known field: did you mean %s?", meant);
        else
            reader_fault(reader, full, "is not a known field (%s)", known);
        lua_pop(reader->lua, 1);
        return;
    }
}

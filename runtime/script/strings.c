#include "script/strings.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "script/pattern.h"

/* An error with the place `level` calls up. */
static int raise(lua_State *lua, int level, const char *text)
{
    luaL_where(lua, level);
    lua_pushstring(lua, text);
    lua_concat(lua, 2);
    return lua_error(lua);
}

static struct slice check_text(lua_State *lua, int index)
{
    struct slice text;
    text.data = luaL_checklstring(lua, index, &text.len);
    return text;
}

static void read_pattern(
    lua_State *lua, int level, struct pattern *pattern, struct slice text, bool may_anchor)
{
    if (pattern_read(pattern, text, may_anchor))
        raise(lua, level, "a pattern is longer than 1 KiB");
}

/* Capture `i` (from 0); the whole match when there are none. */
static void push_capture(lua_State *lua, int level, const struct matcher *matcher, size_t i)
{
    if (i >= matcher->capture_count) {
        if (i > 0)
            raise(lua, level, "invalid capture index");
        lua_pushlstring(lua, matcher->first, (size_t)(matcher->end - matcher->first));
        return;
    }
    const struct pattern_capture *capture = &matcher->captures[i];
    if (capture->len == CAPTURE_HERE)
        lua_pushinteger(lua, capture->start - matcher->text.data + 1);
    else if (capture->len == CAPTURE_OPEN)
        raise(lua, level, "unfinished capture");
    else
        lua_pushlstring(lua, capture->start, (size_t)capture->len);
}

static int push_captures(lua_State *lua, int level, const struct matcher *matcher, size_t least)
{
    size_t count = matcher->capture_count > least ? matcher->capture_count : least;
    luaL_checkstack(lua, (int)count, "captures");
    for (size_t i = 0; i < count; i++)
        push_capture(lua, level, matcher, i);
    return (int)count;
}

/* find's and match's third argument as an offset within the text. */
static size_t start_offset(lua_State *lua, int index, size_t len)
{
    lua_Integer init = luaL_optinteger(lua, index, 1);
    if (init > 0)
        init--;
    else if (init < 0)
        init += (lua_Integer)len;
    if (init < 0)
        init = 0;
    return (size_t)init < len ? (size_t)init : len;
}

static bool find_from(lua_State *lua, struct matcher *matcher, struct slice pattern_text,
    struct pattern *pattern, size_t from)
{
    read_pattern(lua, 1, pattern, pattern_text, true);
    if (matcher_find(matcher, from))
        return true;
    if (matcher->fault)
        raise(lua, 1, matcher->fault);
    lua_pushnil(lua);
    return false;
}

static int find_plain(lua_State *lua, struct slice text, struct slice wanted, size_t from)
{
    const char *found = memmem(text.data + from, text.len - from, wanted.data, wanted.len);
    if (!found) {
        lua_pushnil(lua);
        return 1;
    }
    lua_pushinteger(lua, found - text.data + 1);
    lua_pushinteger(lua, found - text.data + (lua_Integer)wanted.len);
    return 2;
}

static int text_find(lua_State *lua)
{
    struct slice text = check_text(lua, 1), wanted = check_text(lua, 2);
    size_t from = start_offset(lua, 3, text.len);
    if (lua_toboolean(lua, 4) || pattern_is_plain(wanted))
        return find_plain(lua, text, wanted, from);
    struct pattern pattern;
    struct matcher matcher;
    matcher_init(&matcher, &pattern, text);
    if (!find_from(lua, &matcher, wanted, &pattern, from))
        return 1;
    lua_pushinteger(lua, matcher.first - text.data + 1);
    lua_pushinteger(lua, matcher.end - text.data);
    return 2 + push_captures(lua, 1, &matcher, 0);
}

static int text_match(lua_State *lua)
{
    struct slice text = check_text(lua, 1), wanted = check_text(lua, 2);
    size_t from = start_offset(lua, 3, text.len);
    struct pattern pattern;
    struct matcher matcher;
    matcher_init(&matcher, &pattern, text);
    if (!find_from(lua, &matcher, wanted, &pattern, from))
        return 1;
    return push_captures(lua, 1, &matcher, 1);
}

/* Upvalues: text, pattern, offset of the next start. */
static int next_match(lua_State *lua)
{
    struct slice text, wanted;
    text.data = lua_tolstring(lua, lua_upvalueindex(1), &text.len);
    wanted.data = lua_tolstring(lua, lua_upvalueindex(2), &wanted.len);
    size_t from = (size_t)lua_tointeger(lua, lua_upvalueindex(3));
    if (from > text.len)
        return 0;
    struct pattern pattern;
    struct matcher matcher;
    matcher_init(&matcher, &pattern, text);
    read_pattern(lua, 1, &pattern, wanted, false);
    bool is_found = matcher_find(&matcher, from);
    if (matcher.fault)
        return raise(lua, 1, matcher.fault);
    size_t next = is_found ? (size_t)(matcher.end - text.data) + (matcher.end == matcher.first)
                           : text.len + 1;
    lua_pushinteger(lua, (lua_Integer)next);
    lua_replace(lua, lua_upvalueindex(3));
    return is_found ? push_captures(lua, 1, &matcher, 1) : 0;
}

static int text_gmatch(lua_State *lua)
{
    check_text(lua, 1);
    check_text(lua, 2);
    lua_settop(lua, 2);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, next_match, 3);
    return 1;
}

/* scan(text, pattern, position) for gsub with a callback: first, last, captures of the next match; or nil; or false and
   where to go on. */
static int scan(lua_State *lua)
{
    struct slice text = check_text(lua, 1), wanted = check_text(lua, 2);
    struct pattern pattern;
    struct matcher matcher;
    matcher_init(&matcher, &pattern, text);
    matcher.may_pause = true;
    read_pattern(lua, 2, &pattern, wanted, true);
    if (matcher_find(&matcher, (size_t)luaL_checkinteger(lua, 3) - 1)) {
        lua_pushinteger(lua, matcher.first - text.data + 1);
        lua_pushinteger(lua, matcher.end - text.data);
        return 2 + push_captures(lua, 2, &matcher, 1);
    }
    if (matcher.fault)
        return raise(lua, 2, matcher.fault);
    if (!matcher.is_paused)
        return 0;
    lua_pushboolean(lua, 0);
    lua_pushinteger(lua, matcher.first - text.data + 1);
    return 2;
}

/* The replacement text of one match: %0 to %9 are captures, % before anything else means just that. */
static void add_replacement(
    lua_State *lua, luaL_Buffer *out, const struct matcher *matcher, struct slice replacement)
{
    for (size_t i = 0; i < replacement.len; i++) {
        char c = replacement.data[i];
        if (c != '%') {
            luaL_addchar(out, c);
            continue;
        }
        c = ++i < replacement.len ? replacement.data[i] : '\0';
        if (c < '0' || c > '9') {
            luaL_addchar(out, c);
        } else if (c == '0') {
            luaL_addlstring(out, matcher->first, (size_t)(matcher->end - matcher->first));
        } else {
            push_capture(lua, 2, matcher, (size_t)(c - '1'));
            luaL_addvalue(out);
        }
    }
}

/* replace(text, pattern, replacement, most, position) → piece, number of matches, where to go on (nil: done). Returns
   when half of the steps are used up, so that a long text is replaced in several calls. */
static int replace(lua_State *lua)
{
    struct slice text = check_text(lua, 1), wanted = check_text(lua, 2),
                 replacement = check_text(lua, 3);
    lua_Number most = luaL_checknumber(lua, 4), count = 0;
    const char *at = text.data + luaL_checkinteger(lua, 5) - 1, *end = text.data + text.len;
    struct pattern pattern;
    struct matcher matcher;
    luaL_Buffer out;
    matcher_init(&matcher, &pattern, text);
    matcher.may_pause = true;
    read_pattern(lua, 2, &pattern, wanted, true);
    luaL_buffinit(lua, &out);
    while (count < most && matcher_find(&matcher, (size_t)(at - text.data))) {
        count++;
        luaL_addlstring(&out, at, (size_t)(matcher.first - at));
        add_replacement(lua, &out, &matcher, replacement);
        at = matcher.end;
        if (matcher.end == matcher.first && at < end)
            luaL_addchar(&out, *at++);
        else if (matcher.end == matcher.first)
            break;
        if (pattern.is_anchored)
            break;
    }
    if (matcher.fault)
        return raise(lua, 2, matcher.fault);
    const char *stop = matcher.is_paused ? matcher.first : end;
    luaL_addlstring(&out, at, (size_t)(stop - at));
    luaL_pushresult(&out);
    lua_pushnumber(lua, count);
    if (!matcher.is_paused)
        return 2;
    lua_pushinteger(lua, stop - text.data + 1);
    return 3;
}

/* In Lua, so that callbacks and comparators are ordinary calls: a script in one of them can wait and be put aside. */
static const char host_code[] =
    "local scan, replace, raw_format, rawget, rawset = ...\n"
    "local concat, sub, type, error, tostring, select = "
    "table.concat, string.sub, type, error, tostring, select\n"
    "local unpack, floor = unpack, math.floor\n"

    "local function check(value, index, name, wanted)\n"
    "  local kind = type(value)\n"
    "  if kind == wanted or (wanted == 'string' and kind == 'number') then return end\n"
    "  error(\"bad argument #\" .. index .. \" to '\" .. name .. \"' (\" .. wanted .. "
    "\" expected, got \" .. kind .. \")\", 3)\n"
    "end\n"

    "local function replace_all(s, pattern, text, most)\n"
    "  local piece, total, position = replace(s, pattern, text, most, 1)\n"
    "  if not position then return piece, total end\n"
    "  local pieces, count = { piece }, 0\n"
    "  repeat\n"
    "    piece, count, position = replace(s, pattern, text, most - total, position)\n"
    "    pieces[#pieces + 1] = piece\n"
    "    total = total + count\n"
    "  until not position\n"
    "  return concat(pieces), total\n"
    "end\n"

    /* What stands for one match; `first` and `last` are given on. */
    "local function answer(with, s, first, last, ...)\n"
    "  if not first then return first, last end\n"
    "  local value\n"
    "  if type(with) == 'function' then value = with(...) else value = with[(...)] end\n"
    "  if not value then return first, last, sub(s, first, last) end\n"
    "  local kind = type(value)\n"
    "  if kind ~= 'string' and kind ~= 'number' then\n"
    "    error('invalid replacement value (a ' .. kind .. ')', 3)\n"
    "  end\n"
    "  return first, last, value\n"
    "end\n"

    "local function gsub(s, pattern, with, most)\n"
    "  check(s, 1, 'gsub', 'string')\n"
    "  check(pattern, 2, 'gsub', 'string')\n"
    "  if type(s) == 'number' then s = tostring(s) end\n"
    "  if most ~= nil then check(most, 4, 'gsub', 'number') end\n"
    "  local kind = type(with)\n"
    "  if kind == 'string' or kind == 'number' then\n"
    "    return replace_all(s, pattern, with, most or #s + 1)\n"
    "  end\n"
    "  if kind ~= 'function' and kind ~= 'table' then\n"
    "    error(\"bad argument #3 to 'gsub' (string/function/table expected, got \" .. kind .. "
    "\")\", 2)\n"
    "  end\n"
    "  local pieces, count, position, len = {}, 0, 1, #s\n"
    "  local begin, is_anchored = 1, sub(pattern, 1, 1) == '^'\n"
    "  most = most or len + 1\n"
    "  while count < most do\n"
    "    local first, last, value = answer(with, s, scan(s, pattern, position))\n"
    "    if first then\n"
    "      count = count + 1\n"
    "      pieces[#pieces + 1] = sub(s, begin, first - 1)\n"
    "      pieces[#pieces + 1] = value\n"
    "      begin = last + 1\n"
    "      position = last < first and first + 1 or begin\n"
    "      if is_anchored or position > len + 1 then break end\n"
    "    elseif first == false then\n"
    "      position = last\n"
    "    else\n"
    "      break\n"
    "    end\n"
    "  end\n"
    "  pieces[#pieces + 1] = sub(s, begin)\n"
    "  return concat(pieces), count\n"
    "end\n"

    /* %s calls __tostring from C: done here first. */
    "local function format(...)\n"
    "  for i = 2, select('#', ...) do\n"
    "    if type((select(i, ...))) == 'table' then\n"
    "      local values = { ... }\n"
    "      for k = i, select('#', ...) do\n"
    "        if type(values[k]) == 'table' then values[k] = tostring(values[k]) end\n"
    "      end\n"
    "      return raw_format(unpack(values, 1, select('#', ...)))\n"
    "    end\n"
    "  end\n"
    "  return raw_format(...)\n"
    "end\n"

    "local function is_less(a, b) return a < b end\n"

    /* One round of a merge sort: runs of `width` in `from` become runs twice as long in `to`. */
    "local function merge(from, to, width, count, less)\n"
    "  for left = 1, count, 2 * width do\n"
    "    local middle, right = left + width, left + 2 * width\n"
    "    if middle > count + 1 then middle = count + 1 end\n"
    "    if right > count + 1 then right = count + 1 end\n"
    "    local a, b = left, middle\n"
    "    for k = left, right - 1 do\n"
    "      if a < middle and (b >= right or not less(from[b], from[a])) then\n"
    "        to[k] = from[a]\n"
    "        a = a + 1\n"
    "      else\n"
    "        to[k] = from[b]\n"
    "        b = b + 1\n"
    "      end\n"
    "    end\n"
    "  end\n"
    "end\n"

    /* The table changes only when everything was compared; equal items keep their order. An order that contradicts
       itself is found where two neighbours each come before the other. */
    "local function sort(list, less)\n"
    "  check(list, 1, 'sort', 'table')\n"
    "  if less ~= nil then check(less, 2, 'sort', 'function') end\n"
    "  less = less or is_less\n"
    "  local count, from, to, width = #list, {}, {}, 1\n"
    "  for i = 1, count do from[i] = rawget(list, i) end\n"
    "  while width < count do\n"
    "    merge(from, to, width, count, less)\n"
    "    from, to, width = to, from, width * 2\n"
    "  end\n"
    "  for i = 2, count do\n"
    "    if less(from[i], from[i - 1]) then error('invalid order function for sorting', 2) end\n"
    "  end\n"
    "  for i = 1, count do rawset(list, i, from[i]) end\n"
    "end\n"

    "return gsub, format, sort\n";

static void set_function(lua_State *lua, int table, const char *name, lua_CFunction function)
{
    lua_pushcfunction(lua, function);
    lua_setfield(lua, table, name);
}

void strings_open(lua_State *lua, int strings, int tables)
{
    if (luaL_loadbufferx(lua, host_code, sizeof host_code - 1, "=(host)", "t") != 0)
        lua_error(lua);
    lua_pushcfunction(lua, scan);
    lua_pushcfunction(lua, replace);
    lua_getfield(lua, strings, "format");
    lua_getglobal(lua, "rawget");
    lua_getglobal(lua, "rawset");
    lua_call(lua, 5, 3);
    lua_setfield(lua, tables, "sort");
    lua_setfield(lua, strings, "format");
    lua_setfield(lua, strings, "gsub");
    set_function(lua, strings, "find", text_find);
    set_function(lua, strings, "match", text_match);
    set_function(lua, strings, "gmatch", text_gmatch);
}

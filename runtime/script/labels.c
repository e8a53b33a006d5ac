#include "script/labels.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "script/json.h"

/* A tool that answers {"outcome":"failed"} speaks of itself: those it may not say are the call's own. */
static const struct {
    const char *name;
    bool is_of_tools;
} outcomes[] = {{"booked", true}, {"rescheduled", true}, {"cancelled", true},
    {"message_taken", true}, {"transferred", true}, {"lead", true}, {"voicemail", false},
    {"answered", false}, {"abandoned", false}, {"failed", false}};

#define OUTCOMES                                                                                   \
    "booked, rescheduled, cancelled, message_taken, transferred, voicemail, answered, lead, "      \
    "abandoned, failed"

#define OUTCOME_COUNT (sizeof outcomes / sizeof *outcomes)

static size_t find(struct slice text)
{
    size_t i = 0;
    while (i < OUTCOME_COUNT && !slice_is(text, outcomes[i].name))
        i++;
    return i;
}

const char *outcome_find(struct slice text)
{
    size_t i = find(text);
    return i < OUTCOME_COUNT ? outcomes[i].name : NULL;
}

const char *outcome_of_result(const json_t *result)
{
    size_t i = find(slice_from(json_string_value(json_object_get(result, "outcome"))));
    return i < OUTCOME_COUNT && outcomes[i].is_of_tools ? outcomes[i].name : NULL;
}

void labels_copy(struct call_labels *to, const struct call_labels *from)
{
    memcpy(to->outcome, from->outcome, sizeof to->outcome);
    to->tags_json = from->tags_json ? slice_dup(slice_from(from->tags_json)) : NULL;
}

void labels_move(struct call_labels *to, struct call_labels *from)
{
    labels_clear(to);
    *to = *from;
    *from = (struct call_labels){0};
}

void labels_clear(struct call_labels *labels)
{
    free(labels->tags_json);
    *labels = (struct call_labels){0};
}

bool labels_are_same(const struct call_labels *a, const struct call_labels *b)
{
    return strcmp(a->outcome, b->outcome) == 0 &&
           strcmp(a->tags_json ? a->tags_json : "", b->tags_json ? b->tags_json : "") == 0;
}

/* ---- to and from the call object ---- */

void labels_push(lua_State *lua, const struct call_labels *labels)
{
    size_t i;
    json_t *tag, *tags = labels->tags_json ? json_loads(labels->tags_json, 0, NULL) : NULL;
    if (labels->outcome[0]) {
        lua_pushliteral(lua, "outcome");
        lua_pushstring(lua, labels->outcome);
        lua_rawset(lua, -3);
    }
    lua_pushliteral(lua, "tags");
    lua_newtable(lua);
    json_array_foreach(tags, i, tag)
    {
        lua_pushstring(lua, json_string_value(tag));
        lua_pushboolean(lua, 1);
        lua_rawset(lua, -3);
    }
    json_decref(tags);
    lua_rawset(lua, -3);
}

static enum err read_outcome(struct call_labels *labels, lua_State *lua, char why[160])
{
    size_t len = 0;
    bool is_text = lua_type(lua, -1) == LUA_TSTRING;
    const char *text = is_text ? lua_tolstring(lua, -1, &len) : "";
    const char *outcome = outcome_find((struct slice){text, len});
    if (!outcome && !lua_isnil(lua, -1)) {
        snprintf(why, 160, "call.outcome must be one of " OUTCOMES "; or nil");
        return ERR_BAD;
    }
    slice_copy(slice_from(outcome ? outcome : ""), labels->outcome, sizeof labels->outcome);
    return ERR_OK;
}

static bool is_tag(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 127)
            return false;
    return text.len > 0 && text.len <= CALL_TAG_MAX_BYTES && utf8_is_valid(text.data, text.len);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the table on top of the stack, which keeps them alive. ERR_BAD with `why`. */
static enum err collect(
    const char *names[CALL_TAGS_MAX], size_t *count, lua_State *lua, char why[160])
{
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        size_t len = 0;
        bool is_text = lua_type(lua, -2) == LUA_TSTRING && lua_isboolean(lua, -1);
        const char *name = is_text ? lua_tolstring(lua, -2, &len) : "";
        if (!is_text)
            snprintf(why, 160, "call.tags: a tag is set by call.tags.vip = true");
        else if (!is_tag((struct slice){name, len}))
            snprintf(
                why, 160, "call.tags: a tag has 1 to %d bytes, in one line", CALL_TAG_MAX_BYTES);
        else if (lua_toboolean(lua, -1) && *count == CALL_TAGS_MAX)
            snprintf(why, 160, "call.tags: there are at most %d", CALL_TAGS_MAX);
        else if (lua_toboolean(lua, -1))
            names[(*count)++] = name;
        if (why[0]) {
            lua_pop(lua, 2);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

static enum err read_tags(struct call_labels *labels, lua_State *lua, char why[160])
{
    const char *names[CALL_TAGS_MAX];
    size_t count = 0;
    if (!lua_istable(lua, -1) && !lua_isnil(lua, -1)) {
        snprintf(why, 160, "call.tags must be a table: call.tags.vip = true");
        return ERR_BAD;
    }
    if (lua_istable(lua, -1) && collect(names, &count, lua, why))
        return ERR_BAD;
    if (!count && !labels->tags_json)
        return ERR_OK;
    qsort(names, count, sizeof *names, compare);
    json_t *tags = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(tags, json_string(names[i]));
    char *text = tags ? json_dumps(tags, JSON_COMPACT) : NULL;
    json_decref(tags);
    if (!text) {
        snprintf(why, 160, "no memory");
        return ERR_BAD;
    }
    free(labels->tags_json);
    labels->tags_json = text;
    return ERR_OK;
}

enum err labels_read(struct call_labels *labels, lua_State *lua, char why[160])
{
    luaL_checkstack(lua, 6, "call");
    lua_pushliteral(lua, "tags");
    lua_rawget(lua, -2);
    lua_pushliteral(lua, "outcome");
    lua_rawget(lua, -3);
    why[0] = 0;
    enum err err = read_outcome(labels, lua, why);
    lua_pop(lua, 1);
    char tags_why[160] = "";
    enum err tags_err = read_tags(labels, lua, tags_why);
    lua_pop(lua, 1);
    if (tags_err && !err)
        memcpy(why, tags_why, sizeof tags_why);
    return err ? err : tags_err;
}

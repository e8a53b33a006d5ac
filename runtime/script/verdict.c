#include "script/verdict.h"

#include <stdio.h>
#include <string.h>

#include "script/json.h"

#define KINDS "nothing, or one of { reject =, redirect =, voicemail =, say = … }"

static enum err fault(char why[160], const char *text)
{
    snprintf(why, 160, "%s", text);
    return ERR_BAD;
}

static enum err check_redirect(const char *number, const struct agent *agent, char why[160])
{
    if (!agent_is_number(number))
        return fault(why, "redirect must be a number such as \"+15550100099\"");
    if (agent_has_number(agent, number))
        return fault(why, "redirect is the agent's own number: it would ring here");
    return ERR_OK;
}

static enum err check(const char *kind, const char *text, const struct agent *agent, char why[160])
{
    if (strcmp(kind, "reject") == 0)
        return strcmp(text, "busy") == 0 || strcmp(text, "rejected") == 0
                   ? ERR_OK
                   : fault(why, "reject must be \"busy\" or \"rejected\"");
    if (strcmp(kind, "redirect") == 0)
        return check_redirect(text, agent, why);
    if (strcmp(kind, "voicemail") != 0 && strcmp(kind, "say") != 0)
        return fault(why, "it must return " KINDS);
    size_t len = strlen(text);
    return len > 0 && len <= VERDICT_WORDS_MAX_BYTES
               ? ERR_OK
               : fault(why, "voicemail and say must be texts of 1 to 500 bytes");
}

static enum err check_object(const json_t *verdict, const struct agent *agent, char why[160])
{
    void *only = json_object_iter((json_t *)verdict);
    const char *text = only ? json_string_value(json_object_iter_value(only)) : NULL;
    if (json_object_size(verdict) != 1 || !text)
        return fault(why, "it must return " KINDS);
    return check(json_object_iter_key(only), text, agent, why);
}

enum err verdict_read(
    json_t **out, lua_State *lua, int index, const struct agent *agent, char why[160])
{
    bool is_taken =
        lua_isnoneornil(lua, index) || (lua_isboolean(lua, index) && lua_toboolean(lua, index));
    if (is_taken) {
        *out = json_null();
        return ERR_OK;
    }
    if (!lua_istable(lua, index))
        return fault(why, "it must return " KINDS);
    enum err err = script_json_read(out, lua, index, why);
    if (!err)
        err = check_object(*out, agent, why);
    if (err) {
        json_decref(*out);
        *out = NULL;
    }
    return err;
}

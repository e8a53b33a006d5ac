#include "live/tool_text.h"

char *tool_text_late(const char *say)
{
    json_t *text = json_pack(
        "{s:s, s:s, s:s*}", "error", "timeout", "hint", "it may still be done", "say", say);
    char *printed = text ? json_dumps(text, JSON_COMPACT) : NULL;
    json_decref(text);
    return printed;
}

bool tool_text_is_failure(const struct script_result *result, unsigned *refused)
{
    switch (result->ending) {
    case SCRIPT_DONE: /* with a reason why it was not run at all, or well */
        return result->why && ++*refused > 1;
    case SCRIPT_TIMEOUT:
        return !result->failure_text;
    case SCRIPT_OUT_OF_TIME:
    case SCRIPT_OUT_OF_MEMORY:
    case SCRIPT_ERROR:
        return true;
    }
    return true;
}

json_t *tool_text_error(const char *result_text)
{
    json_t *result = result_text ? json_loads(result_text, 0, NULL) : NULL;
    json_t *error = json_incref(json_object_get(result, "error"));
    json_decref(result);
    return error ? error : json_string("failed");
}

char *tool_text_said(const char *result_text, const char *say)
{
    json_t *text = json_pack("{s:o, s:s}", "error", tool_text_error(result_text), "say", say);
    char *printed = text ? json_dumps(text, JSON_COMPACT) : NULL;
    json_decref(text);
    return printed;
}

bool tool_text_all_given_up(const json_t *tool_calls)
{
    size_t i;
    json_t *tool;
    json_array_foreach(tool_calls, i, tool)
    {
        if (!json_is_true(json_object_get(tool, "is_given_up")))
            return false;
    }
    return json_array_size(tool_calls) > 0;
}

#include "live/tool_text.h"

#include <jansson.h>

char *tool_text_late(const char *say)
{
    json_t *text = json_pack(
        "{s:s, s:s, s:s*}", "error", "timeout", "hint", "it may still be done", "say", say);
    char *printed = text ? json_dumps(text, JSON_COMPACT) : NULL;
    json_decref(text);
    return printed;
}

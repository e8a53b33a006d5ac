#include "scripted.h"

#include <stdbool.h>
#include <string.h>

#define MAX_WAITING 1000

enum err scripted_init(struct scripted *scripted)
{
    *scripted = (struct scripted){.transcripts = json_array(), .replies = json_array()};
    return scripted->transcripts && scripted->replies ? ERR_OK : ERR_NOMEM;
}

void scripted_free(struct scripted *scripted)
{
    json_decref(scripted->transcripts);
    json_decref(scripted->replies);
    *scripted = (struct scripted){0};
}

void scripted_clear(struct scripted *scripted)
{
    json_array_clear(scripted->transcripts);
    json_array_clear(scripted->replies);
}

static bool is_tool_call(const json_t *call)
{
    return json_is_string(json_object_get(call, "name")) &&
           json_is_object(json_object_get(call, "arguments"));
}

static bool is_reply(const json_t *reply)
{
    const json_t *text = json_object_get(reply, "text");
    const json_t *calls = json_object_get(reply, "tool_calls");
    if (!text && !calls)
        return false;
    if ((text && !json_is_string(text)) || (calls && !json_is_array(calls)))
        return false;
    size_t i;
    json_t *call;
    json_array_foreach(calls, i, call)
    {
        if (!is_tool_call(call))
            return false;
    }
    return true;
}

static bool is_text(const json_t *text)
{
    return json_is_string(text);
}

static enum err add(json_t *queue, const json_t *items, bool (*is_fine)(const json_t *item))
{
    if (!json_is_array(items))
        return ERR_BAD;
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item)
    {
        if (!is_fine(item))
            return ERR_BAD;
    }
    if (json_array_size(queue) + json_array_size(items) > MAX_WAITING)
        return ERR_FULL;
    return json_array_extend(queue, (json_t *)items) ? ERR_NOMEM : ERR_OK;
}

enum err scripted_add_transcripts(struct scripted *scripted, const json_t *wish)
{
    return add(scripted->transcripts, json_object_get(wish, "texts"), is_text);
}

enum err scripted_add_replies(struct scripted *scripted, const json_t *wish)
{
    return add(scripted->replies, json_object_get(wish, "replies"), is_reply);
}

char *scripted_next_transcript(struct scripted *scripted)
{
    const char *text = json_string_value(json_array_get(scripted->transcripts, 0));
    char *copy = text ? strdup(text) : NULL;
    if (copy)
        json_array_remove(scripted->transcripts, 0);
    return copy;
}

json_t *scripted_next_reply(struct scripted *scripted)
{
    json_t *reply = json_incref(json_array_get(scripted->replies, 0));
    if (reply)
        json_array_remove(scripted->replies, 0);
    return reply;
}

#include "scripted.h"

#include <stdbool.h>
#include <string.h>

#define MAX_WAITING 1000

enum err scripted_init(struct scripted *scripted)
{
    *scripted = (struct scripted){.transcripts = json_array(),
        .sessions = json_array(),
        .each_session = json_array(),
        .replies = json_array(),
        .rules = json_array()};
    return scripted->transcripts && scripted->sessions && scripted->each_session &&
                   scripted->replies && scripted->rules
               ? ERR_OK
               : ERR_NOMEM;
}

void scripted_free(struct scripted *scripted)
{
    json_decref(scripted->transcripts);
    json_decref(scripted->sessions);
    json_decref(scripted->each_session);
    json_decref(scripted->replies);
    json_decref(scripted->rules);
    *scripted = (struct scripted){0};
}

void scripted_clear(struct scripted *scripted)
{
    json_array_clear(scripted->transcripts);
    json_array_clear(scripted->sessions);
    json_array_clear(scripted->each_session);
    json_array_clear(scripted->replies);
    json_array_clear(scripted->rules);
}

static bool is_tool_call(const json_t *call)
{
    return json_is_string(json_object_get(call, "name")) &&
           (json_is_object(json_object_get(call, "arguments")) ||
               json_is_string(json_object_get(call, "arguments_text")));
}

static bool is_reply(const json_t *reply)
{
    const json_t *text = json_object_get(reply, "text");
    const json_t *calls = json_object_get(reply, "tool_calls");
    if (!text && !calls)
        return false;
    if ((text && !json_is_string(text)) || (calls && !json_is_array(calls)))
        return false;
    const json_t *when = json_object_get(reply, "when"), *repeat = json_object_get(reply, "repeat");
    if ((when && !json_is_string(when)) || (repeat && !json_is_boolean(repeat)))
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

static bool is_texts(const json_t *texts)
{
    size_t i;
    json_t *text;
    json_array_foreach(texts, i, text)
    {
        if (!is_text(text))
            return false;
    }
    return json_is_array(texts);
}

/* Whether all of `items` (NULL: none) may join the queue. */
static enum err check(const json_t *queue, const json_t *items, bool (*is_fine)(const json_t *item))
{
    size_t i;
    json_t *item;
    if (items && !json_is_array(items))
        return ERR_BAD;
    json_array_foreach(items, i, item)
    {
        if (!is_fine(item))
            return ERR_BAD;
    }
    return json_array_size(queue) + json_array_size(items) > MAX_WAITING ? ERR_FULL : ERR_OK;
}

static enum err extend(json_t *queue, const json_t *items)
{
    return items && json_array_extend(queue, (json_t *)items) ? ERR_NOMEM : ERR_OK;
}

enum err scripted_add_transcripts(struct scripted *scripted, const json_t *wish)
{
    const json_t *texts = json_object_get(wish, "texts");
    const json_t *sessions = json_object_get(wish, "sessions");
    const json_t *each = json_object_get(wish, "each_session");
    if (!texts && !sessions && !each)
        return ERR_BAD;
    enum err err = check(scripted->transcripts, texts, is_text);
    if (!err)
        err = check(scripted->sessions, sessions, is_texts);
    if (!err)
        err = check(scripted->each_session, each, is_text);
    if (!err)
        err = extend(scripted->transcripts, texts);
    if (!err)
        err = extend(scripted->sessions, sessions);
    return err ? err : extend(scripted->each_session, each);
}

static bool is_rule(const json_t *reply)
{
    return json_object_get(reply, "when") || json_is_true(json_object_get(reply, "repeat"));
}

enum err scripted_add_replies(struct scripted *scripted, const json_t *wish)
{
    const json_t *replies = json_object_get(wish, "replies");
    if (!replies)
        return ERR_BAD;
    enum err err = check(scripted->replies, replies, is_reply);
    if (!err)
        err = check(scripted->rules, replies, is_reply);
    size_t i;
    json_t *reply;
    json_array_foreach(replies, i, reply)
    {
        if (!err && json_array_append(is_rule(reply) ? scripted->rules : scripted->replies, reply))
            err = ERR_NOMEM;
    }
    return err;
}

json_t *scripted_session(struct scripted *scripted)
{
    json_t *next = json_array_get(scripted->sessions, 0);
    json_t *texts = json_copy(next ? next : scripted->each_session);
    if (next && texts)
        json_array_remove(scripted->sessions, 0);
    return texts;
}

char *scripted_next_transcript(struct scripted *scripted, json_t *session)
{
    json_t *queue = json_array_size(session) ? session : scripted->transcripts;
    const char *text = json_string_value(json_array_get(queue, 0));
    char *copy = text ? strdup(text) : NULL;
    if (copy)
        json_array_remove(queue, 0);
    return copy;
}

json_t *scripted_reply(struct scripted *scripted, const char *last_message)
{
    json_t *reply = json_incref(json_array_get(scripted->replies, 0));
    if (reply) {
        json_array_remove(scripted->replies, 0);
        return reply;
    }
    size_t i;
    json_array_foreach(scripted->rules, i, reply)
    {
        const char *when = json_string_value(json_object_get(reply, "when"));
        if (!when || strcasestr(last_message, when))
            return json_incref(reply);
    }
    return NULL;
}

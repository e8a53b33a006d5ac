#include "providers/openai_chat_reply.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TEXT_BYTES (256 * 1024) /* of one chunk */
#define MOST_INDEX 1000000

void chat_reply_init(struct chat_reply *reply)
{
    memset(reply, 0, sizeof(*reply));
    strbuf_init(&reply->text, MOST_TEXT_BYTES);
}

void chat_reply_free(struct chat_reply *reply)
{
    for (size_t i = 0; i < reply->call_count; i++) {
        strbuf_free(&reply->calls[i].id);
        strbuf_free(&reply->calls[i].name);
        strbuf_free(&reply->calls[i].arguments);
    }
    strbuf_free(&reply->text);
}

/* A string's bytes without NUL characters, which nobody downstream can store or speak. */
static void add_string(struct strbuf *out, json_t *string)
{
    struct slice rest = {json_string_value(string), json_string_length(string)};
    while (rest.len)
        strbuf_add_slice(out, slice_split(&rest, 0));
}

/* The call with this index, made in its place when it is new; NULL: too many, or no
   sensible index. */
static struct chat_call *call_at(struct chat_reply *reply, long long index)
{
    if (index < 0 || index > MOST_INDEX)
        return NULL;
    size_t at = 0;
    while (at < reply->call_count && reply->calls[at].index < index)
        at++;
    if (at < reply->call_count && reply->calls[at].index == index)
        return &reply->calls[at];
    if (reply->call_count == CHAT_MOST_CALLS)
        return NULL;
    memmove(
        &reply->calls[at + 1], &reply->calls[at], (reply->call_count - at) * sizeof(*reply->calls));
    reply->call_count++;
    struct chat_call *call = &reply->calls[at];
    call->index = index;
    strbuf_init(&call->id, 256);
    strbuf_init(&call->name, 256);
    strbuf_init(&call->arguments, CHAT_MOST_ARGUMENT_BYTES);
    return call;
}

/* Servers repeat ids and names in every fragment or leave them empty: the first one that says something counts. */
static void set_once(struct strbuf *out, json_t *string)
{
    if (!out->len && json_is_string(string))
        add_string(out, string);
}

static void add_arguments(struct chat_call *call, json_t *arguments)
{
    if (json_is_string(arguments))
        add_string(&call->arguments, arguments);
    if (!json_is_object(arguments))
        return;
    char *text = json_dumps(arguments, JSON_COMPACT);
    if (text)
        strbuf_add_text(&call->arguments, text);
    else
        call->arguments.failed = true;
    free(text);
}

static bool is_json_object(const struct strbuf *text)
{
    json_t *root = text->len ? json_loadb(text->data, text->len, 0, NULL) : NULL;
    bool is_object = json_is_object(root);
    json_decref(root);
    return is_object;
}

/* Of arguments that grow, cheaply: not every fragment is worth a parser's look at all of them. */
static bool may_be_whole(const struct strbuf *text)
{
    struct slice trimmed = slice_trim(strbuf_slice(text));
    return trimmed.len && trimmed.data[trimmed.len - 1] == '}';
}

static struct chat_call *call_with_id(struct chat_reply *reply, const char *id)
{
    for (size_t i = 0; *id && i < reply->call_count; i++) {
        if (slice_is(strbuf_slice(&reply->calls[i].id), id))
            return &reply->calls[i];
    }
    return NULL;
}

static const char *text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Some servers give every call the index 0: another id and a name after whole arguments is a new call.
   (Another id alone is not: some invent one for every fragment.) */
static bool starts_another(struct chat_reply *reply, long long index, json_t *fragment)
{
    const char *id = text_of(fragment, "id");
    for (size_t i = 0; i < reply->call_count; i++) {
        struct chat_call *call = &reply->calls[i];
        if (call->index == index)
            return *id && call->id.len && !slice_is(strbuf_slice(&call->id), id) &&
                   *text_of(json_object_get(fragment, "function"), "name") &&
                   may_be_whole(&call->arguments) && is_json_object(&call->arguments);
    }
    return false;
}

/* The call a fragment belongs to. Without an index: the call with its id; without that as well the last
   call, or the place in the array. */
static long long index_of(struct chat_reply *reply, json_t *fragment, size_t position, size_t size)
{
    long long last = reply->call_count ? reply->calls[reply->call_count - 1].index : -1;
    json_t *given = json_object_get(fragment, "index");
    long long index = json_is_integer(given) ? json_integer_value(given) : (long long)position;
    if (!json_is_integer(given)) {
        const char *id = text_of(fragment, "id");
        struct chat_call *call = call_with_id(reply, id);
        if (call)
            return call->index;
        if (!*id && size == 1 && last >= 0)
            index = last;
    }
    return starts_another(reply, index, fragment) ? last + 1 : index;
}

static enum err take_calls(struct chat_reply *reply, json_t *fragments)
{
    size_t size = json_array_size(fragments);
    for (size_t i = 0; i < size; i++) {
        json_t *fragment = json_array_get(fragments, i);
        json_t *function = json_object_get(fragment, "function");
        struct chat_call *call = call_at(reply, index_of(reply, fragment, i, size));
        if (!call)
            return ERR_BAD;
        set_once(&call->id, json_object_get(fragment, "id"));
        set_once(&call->name, json_object_get(function, "name"));
        add_arguments(call, json_object_get(function, "arguments"));
        if (call->id.failed || call->name.failed || call->arguments.failed)
            return ERR_BAD;
        reply->has_news = true;
    }
    return ERR_OK;
}

static enum chat_finish finish_of(json_t *reason)
{
    static const struct {
        const char *text;
        enum chat_finish finish;
    } reasons[] = {{"length", CHAT_FINISH_LENGTH}, {"tool_calls", CHAT_FINISH_TOOLS},
        {"function_call", CHAT_FINISH_TOOLS}, {"content_filter", CHAT_FINISH_FILTER}};
    const char *text = json_string_value(reason);
    if (!text || !*text)
        return CHAT_FINISH_NONE;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        if (!strcmp(text, reasons[i].text))
            return reasons[i].finish;
    }
    return CHAT_FINISH_STOP;
}

/* A later chunk that does not tell takes nothing back. */
static void take_count(unsigned *out, json_t *usage, const char *name)
{
    json_int_t count = json_integer_value(json_object_get(usage, name));
    if (count > 0 && count < 1000000000)
        *out = (unsigned)count;
}

static void take_usage(struct chat_reply *reply, json_t *usage)
{
    if (!json_is_object(usage))
        return;
    take_count(&reply->usage.prompt_tokens, usage, "prompt_tokens");
    take_count(&reply->usage.completion_tokens, usage, "completion_tokens");
    take_count(&reply->usage.cached_tokens, json_object_get(usage, "prompt_tokens_details"),
        "cached_tokens");
}

/* `spoken` is a delta's content or refusal: both are for the caller's ear. */
static void take_text(struct chat_reply *reply, json_t *spoken)
{
    struct strbuf plain;
    if (!json_is_string(spoken))
        return;
    strbuf_init(&plain, MOST_TEXT_BYTES);
    add_string(&plain, spoken);
    thought_filter(&reply->thought, strbuf_slice(&plain), &reply->text);
    reply->text.failed |= plain.failed;
    strbuf_free(&plain);
}

static enum err take_choice(struct chat_reply *reply, json_t *choice)
{
    json_t *message = json_object_get(choice, "message"); /* the server ignored `stream` */
    json_t *delta = json_is_object(message) ? message : json_object_get(choice, "delta");
    take_text(reply, json_object_get(delta, "content"));
    take_text(reply, json_object_get(delta, "refusal"));
    enum err err = take_calls(reply, json_object_get(delta, "tool_calls"));
    enum chat_finish finish = finish_of(json_object_get(choice, "finish_reason"));
    if (finish != CHAT_FINISH_NONE)
        reply->finish = finish;
    if (json_is_object(message))
        reply->is_ended = true;
    reply->has_text |= reply->text.len > 0;
    reply->has_news |= reply->text.len > 0 || finish != CHAT_FINISH_NONE;
    return reply->text.failed ? ERR_BAD : err;
}

static enum err take_chunk(struct chat_reply *reply, json_t *root)
{
    if (chat_find_error(root, reply->code))
        return ERR_REFUSED;
    take_usage(reply, json_object_get(root, "usage"));
    json_t *choice = json_array_get(json_object_get(root, "choices"), 0);
    return choice ? take_choice(reply, choice) : ERR_OK;
}

enum err chat_reply_take(struct chat_reply *reply, struct slice data)
{
    strbuf_clear(&reply->text);
    reply->has_news = false;
    if (slice_starts(data, "[DONE]")) {
        reply->is_ended = true;
        return ERR_OK;
    }
    if (reply->is_ended)
        return ERR_OK;
    json_t *root = json_loadb(data.data, data.len, JSON_ALLOW_NUL, NULL);
    enum err err = json_is_object(root) ? take_chunk(reply, root) : ERR_BAD;
    json_decref(root);
    return err;
}

/* --- the end --- */

static bool is_taken(const struct chat_reply *reply, size_t position)
{
    struct slice id = strbuf_slice(&reply->calls[position].id);
    for (size_t i = 0; i < position; i++)
        if (slice_is(id, reply->calls[i].id.data))
            return true;
    return false;
}

/* Results find their calls by their ids, also those of other replies. */
static void set_own_id(struct chat_reply *reply, struct chat_call *call, size_t position)
{
    strbuf_clear(&call->id);
    strbuf_printf(&call->id, "call_%s%zu", reply->own_id, position + 1);
}

static bool finish_call(struct chat_reply *reply, struct chat_call *call, size_t position)
{
    bool is_cut = reply->finish == CHAT_FINISH_LENGTH;
    if (!slice_trim(strbuf_slice(&call->arguments)).len && !is_cut) {
        strbuf_clear(&call->arguments);
        strbuf_add_text(&call->arguments, "{}"); /* how some servers say: no arguments */
    }
    if (!call->id.len || call->id.len > CHAT_MOST_ID_BYTES || is_taken(reply, position))
        set_own_id(reply, call, position);
    return call->name.len && (!is_cut || is_json_object(&call->arguments));
}

enum err chat_reply_finish(struct chat_reply *reply, const char **why)
{
    strbuf_clear(&reply->text);
    thought_finish(&reply->thought, &reply->text);
    reply->has_text |= reply->text.len > 0;
    if (!reply->is_ended && reply->finish == CHAT_FINISH_NONE) {
        *why = "the stream was cut off";
        return ERR_CLOSED;
    }
    if (reply->finish == CHAT_FINISH_FILTER && !reply->has_text) {
        *why = "the answer was filtered";
        return ERR_REFUSED;
    }
    for (size_t i = 0; i < reply->call_count; i++) {
        if (finish_call(reply, &reply->calls[i], i))
            continue;
        *why = reply->finish == CHAT_FINISH_LENGTH ? "a tool call was cut by the token limit"
                                                   : "a tool call has no name";
        return ERR_BAD;
    }
    return ERR_OK;
}

#include "openai/chat_chunks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "world.h"

#define TOKEN_CHARACTERS 5
#define MAX_EVENT_BYTES (256u << 10)

struct stream {
    const struct chat_request *request;
    const struct chat_answer *answer;
    chat_event_fn emit;
    void *owner;
    unsigned tokens;
    bool is_cut; /* max_tokens was reached */
    bool has_failed;
};

size_t chat_token_len(struct slice text)
{
    size_t at = text.len && text.data[0] == ' ' ? 1 : 0;
    for (int i = 0; i < TOKEN_CHARACTERS && at < text.len && (!at || text.data[at] != ' '); i++) {
        size_t len = utf8_length(text.data + at, text.len - at);
        at += len ? len : 1;
    }
    return at;
}

static unsigned count_tokens(struct slice text)
{
    unsigned count = 0;
    for (; text.len; count++) {
        size_t len = chat_token_len(text);
        text = (struct slice){text.data + len, text.len - len};
    }
    return count;
}

/* Takes the JSON. */
static void emit_json(struct stream *stream, json_t *json, bool is_token)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    struct strbuf event;
    strbuf_init(&event, MAX_EVENT_BYTES);
    strbuf_add_text(&event, "data: ");
    strbuf_add_text(&event, text ? text : "");
    strbuf_add_text(&event, "\n\n");
    if (text && !event.failed)
        stream->emit(stream->owner, strbuf_slice(&event), is_token);
    else
        stream->has_failed = true;
    strbuf_free(&event);
    free(text);
    json_decref(json);
}

/* Takes `choices` and `usage` (NULL: left out, unless usage was asked for). */
static void emit_chunk(struct stream *stream, json_t *choices, json_t *usage, bool is_token)
{
    json_t *chunk = json_pack("{s:s s:s s:I s:s s:s s:s s:o}", "id", stream->answer->id, "object",
        "chat.completion.chunk", "created", stream->answer->created_s, "model",
        stream->request->model, "service_tier", "default", "system_fingerprint", "fp_sandbox",
        "choices", choices);
    if (chunk && stream->request->includes_usage)
        json_object_set_new(chunk, "usage", usage ? usage : json_null());
    emit_json(stream, chunk, is_token);
}

/* Takes `delta`. `finish` NULL: null. */
static void emit_delta(struct stream *stream, json_t *delta, const char *finish, bool is_token)
{
    json_t *choices = json_pack("[{s:i s:o s:n s:o}]", "index", 0, "delta", delta, "logprobs",
        "finish_reason", finish ? json_string(finish) : json_null());
    emit_chunk(stream, choices, NULL, is_token);
}

static bool has_room(struct stream *stream)
{
    stream->is_cut =
        stream->request->max_tokens && stream->tokens >= (unsigned)stream->request->max_tokens;
    return !stream->is_cut;
}

static void stream_text(struct stream *stream)
{
    struct slice text = slice_from(stream->answer->text);
    while (text.len && has_room(stream)) {
        size_t len = chat_token_len(text);
        emit_delta(stream, json_pack("{s:s%}", "content", text.data, len), NULL, true);
        text = (struct slice){text.data + len, text.len - len};
        stream->tokens++;
    }
}

static json_t *call_delta(size_t index, json_t *call)
{
    json_object_set_new(call, "index", json_integer((json_int_t)index));
    return json_pack("{s:[o]}", "tool_calls", call);
}

static char *arguments_text(const json_t *call)
{
    const char *text = json_string_value(json_object_get(call, "arguments_text"));
    if (text)
        return strdup(text);
    return json_dumps(json_object_get(call, "arguments"), JSON_COMPACT);
}

static void stream_call(struct stream *stream, size_t index, const json_t *call)
{
    char id[WORLD_ID_SIZE];
    world_id(id, "call_", 24);
    char *arguments = arguments_text(call);
    if (!arguments) {
        stream->has_failed = true;
        return;
    }
    emit_delta(stream,
        call_delta(index, json_pack("{s:s s:s s:{s:O s:s}}", "id", id, "type", "function",
                              "function", "name", json_object_get(call, "name"), "arguments", "")),
        NULL, true);
    struct slice rest = slice_from(arguments);
    while (rest.len && has_room(stream)) {
        size_t len = chat_token_len(rest);
        json_t *part = json_pack("{s:{s:s%}}", "function", "arguments", rest.data, len);
        emit_delta(stream, call_delta(index, part), NULL, true);
        rest = (struct slice){rest.data + len, rest.len - len};
        stream->tokens++;
    }
    free(arguments);
}

static json_t *usage(const struct chat_request *request, unsigned tokens)
{
    int prompt = (int)chat_prompt_tokens(request);
    return json_pack("{s:i s:i s:i}", "prompt_tokens", prompt, "completion_tokens", (int)tokens,
        "total_tokens", prompt + (int)tokens);
}

static const char *finish_reason(const struct chat_answer *answer, bool is_cut)
{
    if (is_cut)
        return "length";
    return json_array_size(answer->tool_calls) ? "tool_calls" : "stop";
}

enum err chat_stream(const struct chat_request *request, const struct chat_answer *answer,
    chat_event_fn emit, void *owner)
{
    struct stream stream = {.request = request, .answer = answer, .emit = emit, .owner = owner};
    bool has_text = answer->text[0] || !json_array_size(answer->tool_calls);
    emit_delta(&stream,
        json_pack("{s:s s:o s:n}", "role", "assistant", "content",
            has_text ? json_string("") : json_null(), "refusal"),
        NULL, true);
    stream_text(&stream);
    size_t i;
    json_t *call;
    json_array_foreach(answer->tool_calls, i, call)
    {
        if (has_room(&stream))
            stream_call(&stream, i, call);
    }
    emit_delta(&stream, json_object(), finish_reason(answer, stream.is_cut), false);
    if (request->includes_usage)
        emit_chunk(&stream, json_array(), usage(request, stream.tokens), false);
    emit(owner, SLICE("data: [DONE]\n\n"), false);
    return stream.has_failed ? ERR_NOMEM : ERR_OK;
}

static json_t *body_calls(const struct chat_answer *answer, unsigned *tokens)
{
    json_t *calls = json_array();
    size_t i;
    json_t *call;
    json_array_foreach(answer->tool_calls, i, call)
    {
        char id[WORLD_ID_SIZE];
        world_id(id, "call_", 24);
        char *arguments = arguments_text(call);
        *tokens += count_tokens(slice_from(arguments));
        json_array_append_new(calls,
            json_pack("{s:s s:s s:{s:O s:s}}", "id", id, "type", "function", "function", "name",
                json_object_get(call, "name"), "arguments", arguments ? arguments : "{}"));
        free(arguments);
    }
    return calls;
}

json_t *chat_body(const struct chat_request *request, const struct chat_answer *answer)
{
    unsigned tokens = count_tokens(slice_from(answer->text));
    json_t *message = json_pack("{s:s s:o s:n s:[]}", "role", "assistant", "content",
        answer->text[0] ? json_string(answer->text) : json_null(), "refusal", "annotations");
    if (json_array_size(answer->tool_calls))
        json_object_set_new(message, "tool_calls", body_calls(answer, &tokens));
    json_t *choice = json_pack("{s:i s:o s:n s:s}", "index", 0, "message", message, "logprobs",
        "finish_reason", finish_reason(answer, false));
    return json_pack("{s:s s:s s:I s:s s:s s:[o] s:o}", "id", answer->id, "object",
        "chat.completion", "created", answer->created_s, "model", request->model, "service_tier",
        "default", "choices", choice, "usage", usage(request, tokens));
}

#include "openai/chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "openai/chat_chunks.h"
#include "openai/chat_request.h"
#include "outgoing.h"
#include "reply_template.h"

/* Who answers: a scripted reply if one waits, else the brain. */
static enum err think(struct world *world, const struct chat_request *request,
    struct brain_reply *reply, char why[256])
{
    json_t *scripted = scripted_reply(&world->scripted, reply_last_message(request->messages));
    if (!scripted)
        return brain_reply(world->brain, request->messages, request->tools, reply, why);
    const char *text = json_string_value(json_object_get(scripted, "text"));
    *reply = (struct brain_reply){.text = reply_fill(text ? text : "", request->messages),
        .tool_calls = json_incref(json_object_get(scripted, "tool_calls"))};
    json_decref(scripted);
    return reply->text ? ERR_OK : ERR_NOMEM;
}

struct feed {
    struct outgoing *outgoing;
    uint64_t due_ms;
    unsigned token_ms;
};

static void feed_event(void *owner, struct slice event, bool is_token)
{
    struct feed *feed = owner;
    outgoing_put(feed->outgoing, feed->due_ms, event);
    if (is_token)
        feed->due_ms += feed->token_ms;
}

static void answer_stream(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct chat_request *request, const struct chat_answer *answer)
{
    const struct pace *pace = &world->options->pace;
    struct feed feed = {.due_ms = clock_ms() + pace->first_token_ms, .token_ms = pace->token_ms};
    feed.outgoing = outgoing_open(world, exchange,
        &(struct outgoing_start){.service = SERVICE_LLM,
            .fault = fault,
            .status = 200,
            .content_type = "text/event-stream; charset=utf-8",
            .is_stream = true});
    if (!feed.outgoing)
        return;
    if (chat_stream(request, answer, feed_event, &feed))
        outgoing_put(feed.outgoing, feed.due_ms, SLICE("data: {\"error\":\"no memory\"}\n\n"));
    outgoing_finish(feed.outgoing);
}

static void note(
    struct world *world, const struct chat_request *request, const struct brain_reply *reply)
{
    size_t count = json_array_size(request->messages);
    ledger_count(&world->ledger, TALLY_CHATS, 1);
    ledger_note_take(&world->ledger, LEDGER_CHATS,
        json_pack("{s:s s:i s:i s:O s:b s:o s:O s:s s:o}", "model", request->model, "messages",
            (int)count, "prompt_tokens", (int)chat_prompt_tokens(request), "conversation",
            request->messages, "stream", request->is_stream, "system",
            json_deep_copy(json_array_get(request->messages, 0)), "last",
            json_array_get(request->messages, count - 1), "reply", reply->text, "tool_calls",
            reply->tool_calls ? json_incref(reply->tool_calls) : json_null()));
}

static void refuse(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct api_error *error)
{
    ledger_count(&world->ledger, TALLY_CHAT_ERRORS, 1);
    outgoing_error(world, exchange, SERVICE_LLM, fault, error);
}

static void answer_request(struct world *world, struct exchange *exchange,
    const struct fault *fault, const struct chat_request *request)
{
    char why[256] = "no memory";
    struct brain_reply reply = {0};
    if (think(world, request, &reply, why)) {
        struct api_error error;
        api_error_set(&error, 500, NULL, NULL, "The sandbox's brain failed: %.180s", why);
        refuse(world, exchange, fault, &error);
        return;
    }
    note(world, request, &reply);
    char id[WORLD_ID_SIZE];
    world_id(id, "chatcmpl-", 24);
    exchange_set_header(exchange, "x-request-id", id + strlen("chatcmpl-"));
    struct chat_answer answer = {.id = id,
        .created_s = (json_int_t)(clock_wall_ms() / 1000),
        .text = reply.text,
        .tool_calls = reply.tool_calls};
    if (request->is_stream)
        answer_stream(world, exchange, fault, request, &answer);
    else
        outgoing_json_take(world, exchange, SERVICE_LLM, fault, 200, chat_body(request, &answer));
    brain_reply_free(&reply);
}

void chat_complete(struct world *world, struct exchange *exchange, const struct http_request *http)
{
    struct fault fault = world_fault(world, SERVICE_LLM);
    if (outgoing_faulty(world, exchange, SERVICE_LLM, &fault))
        return;
    struct api_error error;
    struct chat_request request;
    json_t *body = json_loadb(http->body.data, http->body.len, 0, NULL);
    if (chat_request_read(&request, body, &error))
        refuse(world, exchange, &fault, &error);
    else
        answer_request(world, exchange, &fault, &request);
    json_decref(body);
}

void chat_models(struct world *world, struct exchange *exchange, const struct http_request *request)
{
    static const char *const ids[] = {"gpt-4o-mini", "gpt-4.1-mini", "gpt-realtime-whisper",
        "gpt-live-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1"};
    json_t *data = json_array();
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        json_array_append_new(data, json_pack("{s:s s:s s:i s:s}", "id", ids[i], "object", "model",
                                        "created", 1750000000, "owned_by", "sandbox"));
    outgoing_json_take(world, exchange, SERVICE_LLM, NULL, 200,
        json_pack("{s:s s:o}", "object", "list", "data", data));
}

#include "openai/transcription_events.h"

#include <stdio.h>
#include <string.h>

#include "world.h"

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

/* Takes the event and gives it an id of its own. */
static char *dump(json_t *event)
{
    char id[WORLD_ID_SIZE];
    world_id(id, "event_", 24);
    if (!event)
        return NULL;
    json_object_set_new(event, "event_id", json_string(id));
    char *text = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    return text;
}

static json_t *text_or_null(const char *text)
{
    return text && text[0] ? json_string(text) : json_null();
}

char *event_session(const char *type, const json_t *config)
{
    return dump(json_pack("{s:s s:O}", "type", type, "session", config));
}

char *event_error(const struct api_error *error, const char *client_event_id)
{
    json_t *object = openai_error_object(error);
    json_object_set_new(object, "event_id", text_or_null(client_event_id));
    return dump(json_pack("{s:s s:o}", "type", "error", "error", object));
}

char *event_committed(const char *item_id, const char *previous_item_id)
{
    return dump(json_pack("{s:s s:s s:o}", "type", "input_audio_buffer.committed", "item_id",
        item_id, "previous_item_id", text_or_null(previous_item_id)));
}

char *event_item(const char *type, const char *item_id, const char *previous_item_id)
{
    json_t *item = json_pack("{s:s s:s s:s s:s s:s s:[{s:s s:n}]}", "id", item_id, "object",
        "realtime.item", "type", "message", "status", "completed", "role", "user", "content",
        "type", "input_audio", "transcript");
    return dump(json_pack("{s:s s:o s:o}", "type", type, "previous_item_id",
        text_or_null(previous_item_id), "item", item));
}

char *event_speech(const char *type, const char *item_id, uint64_t at_ms)
{
    const char *key = strstr(type, "started") ? "audio_start_ms" : "audio_end_ms";
    return dump(
        json_pack("{s:s s:s s:I}", "type", type, "item_id", item_id, key, (json_int_t)at_ms));
}

char *event_cleared(void)
{
    return dump(json_pack("{s:s}", "type", "input_audio_buffer.cleared"));
}

char *event_delta(const char *item_id, struct slice delta)
{
    return dump(json_pack("{s:s s:s s:i s:s%}", "type", TRANSCRIPTION "delta", "item_id", item_id,
        "content_index", 0, "delta", delta.data, delta.len));
}

static json_t *usage(const struct stt_plan *plan, const char *transcript, double audio_ms)
{
    if (plan->mode == STT_WHOLE || plan->mode == STT_QUIET)
        return json_pack("{s:s s:f}", "type", "duration", "seconds", audio_ms / 1000);
    int audio = (int)(audio_ms / 100) + 1;
    int text = (int)(strlen(transcript) + 3) / 4;
    return json_pack("{s:s s:i s:i s:i s:{s:i s:i}}", "type", "tokens", "input_tokens", audio,
        "output_tokens", text, "total_tokens", audio + text, "input_token_details", "text_tokens",
        0, "audio_tokens", audio);
}

/* One word a token, all about equally sure. */
static json_t *logprobs(const char *transcript)
{
    json_t *list = json_array();
    struct slice rest = slice_from(transcript);
    while (rest.len) {
        struct slice word = slice_split(&rest, ' ');
        json_t *bytes = json_array();
        for (size_t i = 0; i < word.len; i++)
            json_array_append_new(bytes, json_integer((unsigned char)word.data[i]));
        json_array_append_new(list, json_pack("{s:s% s:f s:o}", "token", word.data, word.len,
                                        "logprob", -0.05, "bytes", bytes));
    }
    return list;
}

char *event_completed(
    const struct stt_plan *plan, const char *item_id, const char *transcript, double audio_ms)
{
    json_t *event = json_pack("{s:s s:s s:i s:s s:o}", "type", TRANSCRIPTION "completed", "item_id",
        item_id, "content_index", 0, "transcript", transcript, "usage",
        usage(plan, transcript, audio_ms));
    if (event && plan->wants_logprobs)
        json_object_set_new(event, "logprobs", logprobs(transcript));
    return dump(event);
}

char *event_failed(const char *item_id, const struct api_error *error)
{
    return dump(json_pack("{s:s s:s s:i s:o}", "type", TRANSCRIPTION "failed", "item_id", item_id,
        "content_index", 0, "error", openai_error_object(error)));
}

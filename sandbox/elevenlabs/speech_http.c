#include "elevenlabs/speech_http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "elevenlabs/speech_options.h"
#include "elevenlabs/speech_render.h"
#include "outgoing.h"

struct speech_request {
    struct speech_options options;
    struct slice text;
    double speed;
};

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static enum err check_fields(const json_t *body, struct api_error *error)
{
    static const char *const known[] = {"text", "model_id", "language_code", "voice_settings",
        "pronunciation_dictionary_locators", "seed", "previous_text", "next_text",
        "previous_request_ids", "next_request_ids", "apply_text_normalization",
        "apply_language_text_normalization", "use_pvc_as_ivc", NULL};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)body, key, value)
    {
        size_t i = 0;
        while (known[i] && strcmp(known[i], key))
            i++;
        if (!known[i]) {
            api_error_set(error, 400, "unknown_parameter", key, "Unknown field '%.60s'.", key);
            return ERR_BAD;
        }
    }
    return ERR_OK;
}

/* The newest model has no memory of what it said. */
static enum err check_neighbours(
    const struct speech_request *request, const json_t *body, struct api_error *error)
{
    bool has_texts = json_object_get(body, "previous_text") || json_object_get(body, "next_text");
    bool has_ids =
        json_object_get(body, "previous_request_ids") || json_object_get(body, "next_request_ids");
    if (strcmp(request->options.model, "eleven_v3") || (!has_texts && !has_ids))
        return ERR_OK;
    api_error_set(error, 400, "unsupported_model", "model_id",
        "This model takes neither texts nor requests before or behind its own.");
    return ERR_BAD;
}

static enum err read_body(struct speech_request *out, const json_t *body, struct api_error *error)
{
    const json_t *text = json_object_get(body, "text");
    out->text = (struct slice){json_string_value(text), json_string_length(text)};
    enum err err = check_fields(body, error);
    if (!err)
        err = speech_options_model(&out->options, text_at(body, "model_id"), false, error);
    if (!err)
        err = check_neighbours(out, body, error);
    if (!err)
        err = speech_options_language(&out->options, text_at(body, "language_code"), error);
    if (!err)
        err = speech_settings_check(json_object_get(body, "voice_settings"), &out->speed, error);
    if (!err && out->text.len > out->options.max_characters) {
        api_error_set(error, 400, "max_character_limit_exceeded", "text",
            "The text is longer than the model takes.");
        err = ERR_BAD;
    }
    return err;
}

/* The third of the service's error forms. */
static void answer_validation(
    struct world *world, struct exchange *exchange, const struct fault *fault)
{
    ledger_count(&world->ledger, TALLY_TTS_ERRORS, 1);
    outgoing_json_take(world, exchange, SERVICE_TTS, fault, 422,
        json_pack("{s:[{s:[s s] s:s s:s}]}", "detail", "loc", "body", "text", "msg",
            "field required", "type", "value_error.missing"));
}

struct feed {
    struct outgoing *outgoing;
    const struct fault *fault;
    enum speech_form form;
    uint64_t begin_ms;
    unsigned speedup;
};

static void put_object(struct feed *feed, const struct speech_piece *piece, uint64_t due_ms)
{
    char *base64 = malloc(BASE64_SIZE(piece->audio.len) + 1);
    if (!base64)
        return;
    base64_encode(piece->audio.data, piece->audio.len, base64);
    json_t *alignment = feed->fault->null_alignment ? json_null() : speech_alignment_seconds(piece);
    json_t *object = json_pack("{s:s s:O s:o}", "audio_base64", base64, "alignment", alignment,
        "normalized_alignment", alignment);
    char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (line) {
        size_t len = strlen(line);
        line[len++] = '\n'; /* over the end that nobody needs */
        outgoing_put(feed->outgoing, due_ms, (struct slice){line, len});
    }
    free(line);
    json_decref(object);
    free(base64);
}

static void on_piece(void *owner, const struct speech_piece *piece)
{
    struct feed *feed = owner;
    uint64_t due_ms = feed->begin_ms + piece->start_ms / feed->speedup;
    if (feed->form == SPEECH_TIMED_STREAM)
        put_object(feed, piece, due_ms);
    else
        outgoing_put(feed->outgoing, due_ms, piece->audio);
}

static const char *type_of(const struct speech_request *request, enum speech_form form)
{
    if (form == SPEECH_TIMED_STREAM)
        return "application/json";
    return request->options.is_ulaw ? "audio/basic" : "application/octet-stream";
}

static void speak(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct speech_request *request, enum speech_form form)
{
    const struct pace *pace = &world->options->pace;
    char id[WORLD_ID_SIZE];
    world_id(id, "", 20);
    exchange_set_header(exchange, "request-id", id);
    exchange_set_header(exchange, "current-concurrent-requests", "1");
    exchange_set_header(exchange, "maximum-concurrent-requests", "30");
    struct feed feed = {.fault = fault,
        .form = form,
        .begin_ms = clock_ms() + pace->first_audio_ms,
        .speedup = pace->speedup ? pace->speedup : 1};
    feed.outgoing = outgoing_open(world, exchange,
        &(struct outgoing_start){.service = SERVICE_TTS,
            .fault = fault,
            .status = 200,
            .content_type = type_of(request, form),
            .is_stream = form != SPEECH_WHOLE});
    if (!feed.outgoing)
        return;
    uint32_t audio_ms = 0;
    bool is_spoken = !speech_render(&request->options, world->options->voice, &world->known_speech,
        request->text, request->speed, on_piece, &feed, &audio_ms);
    ledger_count(&world->ledger, TALLY_TTS_CHARACTERS, (int)request->text.len);
    ledger_note_take(&world->ledger, LEDGER_SPOKEN,
        json_pack("{s:n s:s% s:i s:b}", "context_id", "text", request->text.data, request->text.len,
            "audio_ms", (int)audio_ms, "complete", is_spoken));
    outgoing_finish(feed.outgoing);
}

void speech_http_speak(struct world *world, struct exchange *exchange,
    const struct http_request *http, struct slice voice_id, enum speech_form form)
{
    struct fault fault = world_fault(world, SERVICE_TTS);
    if (outgoing_faulty(world, exchange, SERVICE_TTS, &fault))
        return;
    struct speech_request request = {.speed = 1.0};
    struct api_error error;
    json_t *body = json_loadb(http->body.data, http->body.len, 0, NULL);
    const json_t *text = json_object_get(body, "text");
    bool is_fine = !speech_options_read(&request.options, voice_id, http->query, false, &error);
    if (is_fine && !json_string_length(text)) {
        answer_validation(world, exchange, &fault);
    } else if (is_fine && !read_body(&request, body, &error)) {
        speak(world, exchange, &fault, &request, form);
    } else {
        ledger_count(&world->ledger, TALLY_TTS_ERRORS, 1);
        outgoing_error(world, exchange, SERVICE_TTS, &fault, &error);
    }
    json_decref(body);
}

void speech_http_voices(struct world *world, struct exchange *exchange, bool is_paged)
{
    json_t *voices = speech_voice_list();
    json_int_t count = (json_int_t)json_array_size(voices);
    json_t *body = json_pack("{s:o}", "voices", voices);
    if (is_paged) {
        json_object_set_new(body, "has_more", json_false());
        json_object_set_new(body, "total_count", json_integer(count));
        json_object_set_new(body, "next_page_token", json_null());
    }
    outgoing_json_take(world, exchange, SERVICE_TTS, NULL, 200, body);
}

void speech_http_models(struct world *world, struct exchange *exchange)
{
    outgoing_json_take(world, exchange, SERVICE_TTS, NULL, 200, speech_model_list());
}

/* All that the vendor's own client insists on; an account without limits and without debts. */
static json_t *subscription(json_int_t used)
{
    json_t *object = json_pack("{s:s s:s s:I s:i s:I s:i s:i s:i s:i s:i s:i s:[]}", "tier", "pro",
        "status", "active", "character_count", used, "character_limit", 10000000,
        "next_character_count_reset_unix", (json_int_t)(clock_wall_ms() / 1000 + 30 * 86400),
        "voice_slots_used", 0, "professional_voice_slots_used", 0,
        "professional_voice_slots_used_in_workspace", 0, "voice_limit", 160,
        "voice_add_edit_counter", 0, "professional_voice_limit", 1, "open_invoices");
    static const char *const refused[] = {"can_extend_character_limit",
        "allowed_to_extend_character_limit", "can_extend_voice_limit",
        "can_use_instant_voice_cloning", "can_use_professional_voice_cloning", "has_open_invoices"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        json_object_set_new(object, refused[i], json_false());
    json_object_set_new(object, "max_credit_limit_extension", json_integer(0));
    json_object_set_new(
        object, "current_overage", json_pack("{s:s s:s}", "amount", "0", "currency", "usd"));
    return object;
}

void speech_http_subscription(struct world *world, struct exchange *exchange)
{
    outgoing_json_take(world, exchange, SERVICE_TTS, NULL, 200,
        subscription(world->ledger.counts[TALLY_TTS_CHARACTERS]));
}

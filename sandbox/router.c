#include "router.h"

#include <string.h>

#include "elevenlabs/speech_http.h"
#include "elevenlabs/speech_socket.h"
#include "openai/chat.h"
#include "openai/file_transcription.h"
#include "openai/speech.h"
#include "openai/transcription.h"
#include "outgoing.h"
#include "twilio/rest.h"
#include "world.h"

#define FILES_PATH "/v1/audio/transcriptions"
#define WHISPER_CPP_PATH "/inference"
#define SPEECH_PATH "/v1/text-to-speech/"

/* ---- keys ---- */

static bool has_bearer(const struct http_request *request)
{
    struct slice header = request->authorization;
    return slice_starts(header, "Bearer ") &&
           slice_trim((struct slice){header.data + 7, header.len - 7}).len;
}

static bool has_api_key(const struct http_request *request)
{
    return slice_trim(request->api_key).len > 0;
}

static void answer_unauthorized(
    struct world *world, struct exchange *exchange, enum service service)
{
    struct api_error error;
    const char *message = service == SERVICE_TTS
                              ? "A header xi-api-key with your key is needed."
                              : "You didn't provide an API key in an Authorization header.";
    api_error_set(&error, 401, "invalid_api_key", NULL, "%s", message);
    ledger_count(&world->ledger, TALLY_UNAUTHORIZED, 1);
    outgoing_error(world, exchange, service, NULL, &error);
}

static void answer_missing(struct world *world, struct exchange *exchange, enum service service,
    const struct http_request *request, int status)
{
    struct api_error error;
    const char *code = service == SERVICE_TWILIO ? "20404" : status == 405 ? NULL : "unknown_url";
    int shown = (int)(request->path.len < 100 ? request->path.len : 100);
    api_error_set(&error, status, code, NULL, "Unknown request URL: %.*s %.*s",
        (int)request->method.len, request->method.data, shown, request->path.data);
    outgoing_error(world, exchange, service, NULL, &error);
}

static enum service service_of(const struct http_request *request)
{
    if (has_api_key(request) || slice_starts(request->path, "/v1/audio/speech"))
        return SERVICE_TTS;
    bool is_heard = transcription_is_path(request->path) || slice_is(request->path, FILES_PATH) ||
                    slice_is(request->path, WHISPER_CPP_PATH);
    return is_heard ? SERVICE_STT : SERVICE_LLM;
}

/* One that is there but not among those that are valid; none at all is each path's own matter. */
static bool has_wrong_key(struct world *world, const struct http_request *request)
{
    struct slice key = slice_trim(request->api_key);
    if (has_bearer(request))
        key = slice_trim(
            (struct slice){request->authorization.data + 7, request->authorization.len - 7});
    return key.len && !keys_use(&world->keys, service_of(request), key);
}

/* ---- speech paths ---- */

/* "/v1/text-to-speech/{voice}" or "…/{voice}/{rest}"; false for any other path. */
static bool split_speech(struct slice path, struct slice *voice_id, struct slice *rest)
{
    if (!slice_starts(path, SPEECH_PATH))
        return false;
    *rest = (struct slice){path.data + strlen(SPEECH_PATH), path.len - strlen(SPEECH_PATH)};
    *voice_id = slice_split(rest, '/');
    return voice_id->len > 0;
}

static bool is_speech_path(struct slice path)
{
    return slice_starts(path, SPEECH_PATH) || slice_is(path, "/v1/voices") ||
           slice_is(path, "/v2/voices") || slice_is(path, "/v1/user/subscription");
}

static void route_speech(
    struct world *world, struct exchange *exchange, const struct http_request *request)
{
    struct slice voice_id, rest;
    bool is_get = slice_is(request->method, "GET");
    bool is_post = slice_is(request->method, "POST");
    if (!has_api_key(request))
        answer_unauthorized(world, exchange, SERVICE_TTS);
    else if (split_speech(request->path, &voice_id, &rest) && is_post && !rest.len)
        speech_http_speak(world, exchange, request, voice_id, SPEECH_WHOLE);
    else if (split_speech(request->path, &voice_id, &rest) && is_post && slice_is(rest, "stream"))
        speech_http_speak(world, exchange, request, voice_id, SPEECH_STREAM);
    else if (split_speech(request->path, &voice_id, &rest) && is_post &&
             slice_is(rest, "stream/with-timestamps"))
        speech_http_speak(world, exchange, request, voice_id, SPEECH_TIMED_STREAM);
    else if (slice_is(request->path, "/v1/voices") && is_get)
        speech_http_voices(world, exchange, false);
    else if (slice_is(request->path, "/v2/voices") && is_get)
        speech_http_voices(world, exchange, true);
    else if (slice_is(request->path, "/v1/user/subscription") && is_get)
        speech_http_subscription(world, exchange);
    else
        answer_missing(world, exchange, SERVICE_TTS, request, 404);
}

/* ---- plain requests ---- */

static void route_openai(
    struct world *world, struct exchange *exchange, const struct http_request *request)
{
    bool is_chat = slice_is(request->path, "/v1/chat/completions");
    bool is_models = slice_is(request->path, "/v1/models");
    bool is_speech = slice_is(request->path, "/v1/audio/speech");
    if (!is_chat && !is_models && !is_speech)
        answer_missing(world, exchange, SERVICE_LLM, request, 404);
    else if (!slice_is(request->method, is_models ? "GET" : "POST"))
        answer_missing(world, exchange, SERVICE_LLM, request, 405);
    else if (is_models && has_api_key(request)) /* both services have this path */
        speech_http_models(world, exchange);
    else if (!has_bearer(request))
        answer_unauthorized(world, exchange, SERVICE_LLM);
    else if (is_speech)
        openai_speak(world, exchange, request);
    else if (is_chat)
        chat_complete(world, exchange, request);
    else
        chat_models(world, exchange, request);
}

/* whisper.cpp's server knows no keys. */
static void route_file(
    struct world *world, struct exchange *exchange, const struct http_request *request)
{
    bool is_whisper_cpp = slice_is(request->path, WHISPER_CPP_PATH);
    if (!slice_is(request->method, "POST"))
        answer_missing(world, exchange, SERVICE_STT, request, 405);
    else if (!is_whisper_cpp && !has_bearer(request))
        answer_unauthorized(world, exchange, SERVICE_STT);
    else
        file_transcribe(world, exchange, request, is_whisper_cpp);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    if (slice_starts(request->path, "/2010-04-01/Accounts/"))
        twilio_rest(owner, exchange, request);
    else if (has_wrong_key(owner, request))
        answer_unauthorized(owner, exchange, service_of(request));
    else if (is_speech_path(request->path))
        route_speech(owner, exchange, request);
    else if (slice_is(request->path, FILES_PATH) || slice_is(request->path, WHISPER_CPP_PATH))
        route_file(owner, exchange, request);
    else
        route_openai(owner, exchange, request);
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    outgoing_cancel(owner, exchange);
    file_transcription_cancel(owner, exchange);
}

/* ---- sockets ---- */

static bool is_speech_socket(
    const struct http_request *request, struct slice *voice_id, bool *multi)
{
    struct slice rest;
    if (!split_speech(request->path, voice_id, &rest))
        return false;
    *multi = slice_is(rest, "multi-stream-input");
    return *multi || slice_is(rest, "stream-input");
}

/* A fault with a status of its own refuses the upgrade and is used up by it. */
static int faulty_status(struct world *world, enum service service)
{
    const struct fault *fault = &world->faults.fault[service];
    bool is_refused = fault->web_page || (fault->status && !fault->in_band);
    if (!world->faults.left[service] || !is_refused)
        return 101;
    struct fault taken = world_fault(world, service);
    return taken.web_page ? 200 : taken.status;
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    struct world *world = owner;
    struct slice voice_id;
    bool is_multi;
    bool is_stt = transcription_is_path(request->path);
    if (!is_stt && !is_speech_socket(request, &voice_id, &is_multi))
        return 404;
    int status = is_stt                 ? transcription_door(request, has_bearer(request))
                 : has_api_key(request) ? 101
                                        : 401;
    if (status == 101 && has_wrong_key(world, request))
        status = 401;
    if (status != 101) {
        ledger_count(&world->ledger, TALLY_UNAUTHORIZED, 1);
        return status;
    }
    return faulty_status(world, is_stt ? SERVICE_STT : SERVICE_TTS);
}

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    struct slice voice_id;
    bool is_multi;
    if (transcription_is_path(request->path))
        transcription_accept(owner, ws, request);
    else if (is_speech_socket(request, &voice_id, &is_multi))
        speech_socket_accept(owner, ws, voice_id, request->query, is_multi);
    else
        ws_close_now(ws);
}

const struct server_handlers router_handlers = {.on_request = on_request,
    .on_cancelled = on_cancelled,
    .on_upgrade = on_upgrade,
    .on_socket = on_socket};

#include "twilio/recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/wav.h"
#include "outgoing.h"
#include "voice.h"
#include "world.h"

#define RATE_HZ 8000
#define VOICE "en-us"
#define STORE "store/" /* where redirected sound is */

struct kept_recording *recordings_find(struct recordings *recordings, struct slice sid)
{
    for (size_t i = 0; i < recordings->count; i++)
        if (slice_is(sid, recordings->kept[i].sid))
            return &recordings->kept[i];
    return NULL;
}

static enum err speak(struct kept_recording *out, const char *voice, struct slice text)
{
    struct voice_audio audio;
    enum err err = voice_speak(&audio, voice, text, 1.0);
    if (err)
        return err;
    out->len_bytes = WAV_HEADER_BYTES + audio.count_samples * sizeof *audio.pcm;
    out->wav = malloc(out->len_bytes);
    if (out->wav) {
        wav_header((uint8_t *)out->wav, RATE_HZ, (uint32_t)audio.count_samples);
        memcpy(out->wav + WAV_HEADER_BYTES, audio.pcm, out->len_bytes - WAV_HEADER_BYTES);
    }
    voice_free(&audio);
    return out->wav ? ERR_OK : ERR_NOMEM;
}

static struct kept_recording *make_room(struct recordings *recordings)
{
    if (recordings->count == RECORDINGS_MAX) {
        free(recordings->kept[0].wav);
        memmove(&recordings->kept[0], &recordings->kept[1],
            --recordings->count * sizeof recordings->kept[0]);
    }
    return &recordings->kept[recordings->count++];
}

struct kept_recording *recordings_keep(
    struct recordings *recordings, const struct kept_recording *made)
{
    struct kept_recording *kept = recordings_find(recordings, slice_from(made->sid));
    if (kept)
        free(kept->wav);
    else
        kept = make_room(recordings);
    *kept = *made;
    return kept;
}

enum err recordings_add(struct recordings *recordings, const json_t *wish)
{
    const char *sid = json_string_value(json_object_get(wish, "sid"));
    const char *text = json_string_value(json_object_get(wish, "text"));
    const char *voice = json_string_value(json_object_get(wish, "voice"));
    struct kept_recording made = {0};
    if (!sid || !text || strncmp(sid, "RE", 2) || strlen(sid) != 34)
        return ERR_BAD;
    enum err err = speak(&made, voice ? voice : VOICE, slice_from(text));
    if (err)
        return err == ERR_NOMEM ? err : ERR_BAD;
    snprintf(made.sid, sizeof made.sid, "%s", sid);
    made.not_ready = (unsigned)json_integer_value(json_object_get(wish, "not_ready"));
    made.is_redirected = json_is_true(json_object_get(wish, "redirect"));
    snprintf(made.status, sizeof made.status, "completed");
    made.channels = 1;
    recordings_keep(recordings, &made);
    return ERR_OK;
}

json_t *recordings_list(const struct recordings *recordings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < recordings->count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:i, s:s, s:s}", "sid", recordings->kept[i].sid, "fetches",
                      (int)recordings->kept[i].fetches, "status", recordings->kept[i].status,
                      "call_sid", recordings->kept[i].call_sid));
    return list;
}

void recordings_clear(struct recordings *recordings)
{
    for (size_t i = 0; i < recordings->count; i++)
        free(recordings->kept[i].wav);
    memset(recordings, 0, sizeof *recordings);
}

/* ---- requests ---- */

static void answer_sound(struct world *world, struct exchange *exchange, const struct fault *fault,
    struct kept_recording *kept)
{
    const struct outgoing_start start = {
        .service = SERVICE_TWILIO, .fault = fault, .status = 200, .content_type = "audio/x-wav"};
    struct outgoing *outgoing = outgoing_open(world, exchange, &start);
    if (!outgoing)
        return;
    kept->fetches++;
    outgoing_put(outgoing, 0, (struct slice){kept->wav, kept->len_bytes});
    outgoing_finish(outgoing);
}

static void answer_facts(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct kept_recording *kept, const char *account)
{
    char seconds[16], media[160];
    unsigned length_s = (unsigned)((kept->len_bytes - WAV_HEADER_BYTES) / 2 / RATE_HZ);
    snprintf(seconds, sizeof seconds, "%u", length_s);
    snprintf(media, sizeof media, "/2010-04-01/Accounts/%s/Recordings/%s", account, kept->sid);
    outgoing_json_take(world, exchange, SERVICE_TWILIO, fault, 200,
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "sid", kept->sid, "account_sid", account,
            "status", kept->status, "duration", seconds, "channels", (int)kept->channels, "source",
            kept->call_sid[0] ? "StartCallRecordingAPI" : "RecordVerb", "media_url", media));
}

static void redirect(
    struct exchange *exchange, const struct kept_recording *kept, const char *account)
{
    char location[160];
    snprintf(location, sizeof location, "/2010-04-01/Accounts/%s/Recordings/" STORE "%s.wav",
        account, kept->sid);
    exchange_set_header(exchange, "Location", location);
    exchange_answer(exchange, 302, NULL, SLICE(""));
}

void twilio_recording(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct http_request *request, const char *account, struct slice name)
{
    struct api_error error;
    bool is_store = slice_starts(name, STORE);
    if (is_store)
        slice_split(&name, '/');
    struct slice sid = slice_split(&name, '.');
    bool is_sound = !name.len || slice_is(name, "wav");
    struct kept_recording *kept = recordings_find(&world->recordings, sid);
    if (kept && kept->not_ready && is_sound) {
        kept->not_ready--;
        kept = NULL;
    }
    if (kept && is_sound && strcmp(kept->status, "completed") != 0)
        kept = NULL;
    if (kept && slice_is(request->method, "GET") && is_sound) {
        if (kept->is_redirected && !is_store)
            redirect(exchange, kept, account);
        else
            answer_sound(world, exchange, fault, kept);
    } else if (kept && slice_is(request->method, "GET") && slice_is(name, "json")) {
        answer_facts(world, exchange, fault, kept, account);
    } else {
        api_error_set(&error, 404, "20404", NULL, "The requested resource was not found.");
        outgoing_error(world, exchange, SERVICE_TWILIO, fault, &error);
    }
}

#include "twilio/call_recordings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "media/wav.h"
#include "outgoing.h"
#include "twilio/texts.h"
#include "world.h"

#define RATE_HZ 8000
#define FORM_MAX_BYTES 4096

/* ---- checks ---- */

static bool is_among(struct slice text, const char *const *words)
{
    while (*words && !slice_is(text, *words))
        words++;
    return *words != NULL;
}

static json_t *refuse(struct api_error *error, int status, const char *code, const char *message)
{
    api_error_set(error, status, code, NULL, "%s", message);
    return NULL;
}

/* What each field may say; NULL: anything that is an address. */
static const char *const channels[] = {"mono", "dual", NULL};
static const char *const tracks[] = {"inbound", "outbound", "both", NULL};
static const char *const trims[] = {"trim-silence", "do-not-trim", NULL};
static const char *const methods[] = {"GET", "POST", NULL};
static const char *const events[] = {"in-progress", "completed", "absent", NULL};
static const struct {
    const char *name;
    const char *const *words;
} fields[] = {
    {"RecordingChannels", channels},
    {"RecordingTrack", tracks},
    {"Trim", trims},
    {"RecordingStatusCallbackMethod", methods},
    {"RecordingStatusCallbackEvent", events},
    {"RecordingStatusCallback", NULL},
};

static bool is_good_field(const struct form_field *field)
{
    size_t i = 0, count = sizeof fields / sizeof *fields;
    while (i < count && !slice_is(field->name, fields[i].name))
        i++;
    if (i == count)
        return false;
    if (fields[i].words)
        return is_among(field->value, fields[i].words);
    return slice_starts(field->value, "http://") || slice_starts(field->value, "https://");
}

static bool is_alive(const struct kept_recording *kept, const char *call_sid)
{
    bool is_open = strcmp(kept->status, "in-progress") == 0 || strcmp(kept->status, "paused") == 0;
    return is_open && strcmp(kept->call_sid, call_sid) == 0;
}

static bool has_one(const struct recordings *recordings, const char *call_sid)
{
    for (size_t i = 0; i < recordings->count; i++)
        if (is_alive(&recordings->kept[i], call_sid))
            return true;
    return false;
}

static bool is_over(const struct world *world, const char *call_sid)
{
    const json_t *call = json_object_get(world->calls, call_sid);
    const char *status = json_string_value(json_object_get(call, "status"));
    return status && strcmp(status, "completed") == 0;
}

/* ---- telling ---- */

static void add(struct strbuf *form, const char *name, const char *value)
{
    form_encode(form, slice_from(name), slice_from(value));
}

static void tell(struct world *world, const struct kept_recording *kept)
{
    struct strbuf form;
    char url[256], digits[8];
    if (!kept->callback[0] || !strstr(kept->events, kept->status))
        return;
    strbuf_init(&form, FORM_MAX_BYTES);
    snprintf(url, sizeof url, "https://api.twilio.com/2010-04-01/Accounts/%s/Recordings/%s",
        kept->account, kept->sid);
    snprintf(digits, sizeof digits, "%u", kept->channels);
    add(&form, "AccountSid", kept->account);
    add(&form, "CallSid", kept->call_sid);
    add(&form, "RecordingSid", kept->sid);
    add(&form, "RecordingStatus", kept->status);
    add(&form, "RecordingUrl", url);
    if (strcmp(kept->status, "completed") == 0)
        add(&form, "RecordingDuration", "1");
    add(&form, "RecordingChannels", digits);
    add(&form, "RecordingSource", "StartCallRecordingAPI");
    add(&form, "RecordingTrack", "both");
    texts_post_take(&world->texts, slice_from(kept->callback), kept->secret, &form,
        clock_ms() + world->texts.step_ms);
}

static json_t *describe(const struct kept_recording *kept)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "sid", kept->sid, "account_sid",
        kept->account, "call_sid", kept->call_sid, "status", kept->status, "channels",
        (int)kept->channels, "source", "StartCallRecordingAPI");
}

static void note(struct world *world, const struct kept_recording *kept, const struct form *form)
{
    json_t *entry = json_pack("{s:s, s:s}", "sid", kept->sid, "call_sid", kept->call_sid);
    for (size_t i = 0; i < form->count; i++) {
        char name[64];
        slice_copy(form->fields[i].name, name, sizeof name);
        json_object_set_new(
            entry, name, json_stringn(form->fields[i].value.data, form->fields[i].value.len));
    }
    ledger_note_take(&world->ledger, LEDGER_CALLS, entry);
}

/* ---- requests ---- */

static bool fill_silence(struct kept_recording *made)
{
    made->len_bytes = WAV_HEADER_BYTES + RATE_HZ * sizeof(int16_t);
    made->wav = calloc(1, made->len_bytes);
    if (made->wav)
        wav_header((uint8_t *)made->wav, RATE_HZ, RATE_HZ);
    return made->wav != NULL;
}

static void take_events(struct kept_recording *made, const struct form *form)
{
    size_t len = 0;
    for (size_t i = 0; i < form->count; i++) {
        struct slice value = form->fields[i].value;
        if (slice_is(form->fields[i].name, "RecordingStatusCallbackEvent") &&
            len + value.len + 2 < sizeof made->events)
            len += (size_t)snprintf(
                made->events + len, sizeof made->events - len, "%.*s ", (int)value.len, value.data);
    }
    if (!len)
        snprintf(made->events, sizeof made->events, "completed");
}

json_t *call_recording_start(struct world *world, const char *account, const char *call_sid,
    const char *secret, const struct form *form, struct api_error *error)
{
    struct kept_recording made = {.channels = 1, .status = "in-progress"};
    char sid[WORLD_ID_SIZE];
    for (size_t i = 0; i < form->count; i++)
        if (!is_good_field(&form->fields[i]))
            return refuse(error, 400, "20001", "A field is unknown, or says what it may not.");
    if (is_over(world, call_sid) || has_one(&world->recordings, call_sid))
        return refuse(error, 400, "21220", "Requested resource is not eligible for recording.");
    if (!slice_copy(
            form_get(form, "RecordingStatusCallback"), made.callback, sizeof made.callback) ||
        !fill_silence(&made))
        return refuse(error, 400, "20001", "RecordingStatusCallback is too long.");
    made.channels = slice_is(form_get(form, "RecordingChannels"), "dual") ? 2 : 1;
    world_id(sid, "RE", 32);
    snprintf(made.sid, sizeof made.sid, "%s", sid);
    snprintf(made.call_sid, sizeof made.call_sid, "%s", call_sid);
    snprintf(made.account, sizeof made.account, "%s", account);
    snprintf(made.secret, sizeof made.secret, "%s", secret);
    take_events(&made, form);
    const struct kept_recording *kept = recordings_keep(&world->recordings, &made);
    note(world, kept, form);
    tell(world, kept);
    return describe(kept);
}

json_t *call_recording_update(struct world *world, const char *call_sid, struct slice sid,
    const struct form *form, struct api_error *error)
{
    static const char *const statuses[] = {"paused", "in-progress", "stopped", NULL};
    static const char *const behaviours[] = {"skip", "silence", NULL};
    struct kept_recording *kept = recordings_find(&world->recordings, sid);
    struct slice status = form_get(form, "Status"), behaviour = form_get(form, "PauseBehavior");
    if (!kept || strcmp(kept->call_sid, call_sid) != 0)
        return refuse(error, 404, "20404", "The requested resource was not found.");
    if (!is_among(status, statuses) ||
        (behaviour.len && (!slice_is(status, "paused") || !is_among(behaviour, behaviours))))
        return refuse(error, 400, "20001", "Status or PauseBehavior is not valid.");
    if (!is_alive(kept, call_sid))
        return refuse(error, 400, "21220", "The recording is over.");
    note(world, kept, form);
    if (slice_is(status, "stopped"))
        call_recordings_end(world, call_sid, false);
    else
        slice_copy(status, kept->status, sizeof kept->status);
    json_t *now = describe(kept);
    if (slice_is(status, "stopped"))
        json_object_set_new(now, "status", json_string("stopped"));
    return now;
}

json_t *call_recordings_of(const struct world *world, const char *call_sid)
{
    json_t *list = json_array();
    for (size_t i = 0; i < world->recordings.count; i++)
        if (strcmp(world->recordings.kept[i].call_sid, call_sid) == 0)
            json_array_append_new(list, describe(&world->recordings.kept[i]));
    return json_pack("{s:o, s:i}", "recordings", list, "page", 0);
}

void call_recordings_end(struct world *world, const char *call_sid, bool is_absent)
{
    for (size_t i = 0; i < world->recordings.count; i++) {
        struct kept_recording *kept = &world->recordings.kept[i];
        if (!is_alive(kept, call_sid))
            continue;
        snprintf(kept->status, sizeof kept->status, is_absent ? "absent" : "completed");
        tell(world, kept);
    }
}

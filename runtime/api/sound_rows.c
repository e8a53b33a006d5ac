#include "api/sound_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "observe/log.h"
#include "telephony/recording_fetch.h"

#define ROW_MAX_BYTES 8192

/* The last part of its address, where it is not named (Record's action). Empty: it has none that we take. */
static struct slice name_of(const struct form *form)
{
    struct slice name = form_get(form, "RecordingSid");
    struct slice rest = name.len ? (struct slice){0} : form_get(form, "RecordingUrl");
    while (rest.len)
        name = slice_split(&rest, '/');
    return recording_is_sid(name) ? name : (struct slice){0};
}

static void begin_row(
    struct strbuf *row, const struct sound_told *told, const char *what, struct slice recording)
{
    char name[128], id[ID_SIZE];
    snprintf(name, sizeof name, "%s %.*s", what, (int)recording.len, recording.data);
    id_of(slice_from(name), id);
    strbuf_init(row, ROW_MAX_BYTES);
    strbuf_printf(row, "{\"id\":\"%s\",\"tenant_id\":", id);
    strbuf_add_json(row, slice_from(told->tenant_id));
    strbuf_add_text(row, ",\"call_id\":");
    strbuf_add_json(row, slice_from(told->call_id));
}

static void add_text(struct strbuf *row, const char *name, struct slice value)
{
    if (!value.len)
        return;
    strbuf_printf(row, ",\"%s\":", name);
    strbuf_add_json(row, value);
}

static void add_length(struct strbuf *row, const char *name, const struct form *form)
{
    char seconds[16];
    if (slice_copy(form_get(form, "RecordingDuration"), seconds, sizeof seconds) && seconds[0])
        strbuf_printf(row, ",\"%s\":%lld", name, strtoll(seconds, NULL, 10) * 1000);
}

static void add_recording_id(struct strbuf *row, struct slice recording)
{
    char name[128], id[ID_SIZE];
    snprintf(name, sizeof name, "recording %.*s", (int)recording.len, recording.data);
    id_of(slice_from(name), id);
    add_text(row, "recording_id", slice_from(id));
}

static bool put(const struct public_settings *settings, enum record_kind kind, struct strbuf *row)
{
    strbuf_add_char(row, '}');
    char *text = strbuf_take(row);
    bool is_kept = text && records_put_take(settings->records, kind, text) == ERR_OK;
    if (!is_kept)
        log_warn("record.dropped", "kind=%s", "recording");
    return is_kept;
}

static bool put_recording(
    const struct public_settings *settings, const struct sound_told *told, struct slice recording)
{
    struct strbuf row;
    char channels[8];
    struct slice status = form_get(told->form, "RecordingStatus");
    begin_row(&row, told, "recording", recording);
    add_text(&row, "kind", told->is_voicemail ? SLICE("voicemail") : SLICE("call"));
    add_text(&row, "carrier_sid", recording);
    add_text(&row, "url", form_get(told->form, "RecordingUrl"));
    add_text(&row, "status", status.len ? status : SLICE("completed"));
    add_length(&row, "duration_ms", told->form);
    if (slice_copy(form_get(told->form, "RecordingChannels"), channels, sizeof channels) &&
        channels[0])
        strbuf_printf(&row, ",\"channels\":%ld", strtol(channels, NULL, 10));
    if (slice_is(status, "absent"))
        add_text(&row, "why", SLICE("the carrier recorded nothing"));
    return put(settings, RECORD_RECORDING, &row);
}

static bool put_voicemail(
    const struct public_settings *settings, const struct sound_told *told, struct slice recording)
{
    struct strbuf row;
    begin_row(&row, told, "voicemail", recording);
    add_recording_id(&row, recording);
    add_text(&row, "from_number", form_get(told->form, "From"));
    return put(settings, RECORD_VOICEMAIL, &row);
}

static bool put_message(
    const struct public_settings *settings, const struct sound_told *told, struct slice recording)
{
    struct strbuf row;
    begin_row(&row, told, "message", recording);
    add_recording_id(&row, recording);
    add_text(&row, "direction", SLICE("in"));
    add_text(&row, "channel", SLICE("phone"));
    add_text(&row, "outcome", SLICE("voicemail"));
    add_text(&row, "from_number", form_get(told->form, "From"));
    add_text(&row, "to_number", form_get(told->form, "To"));
    add_length(&row, "audio_ms", told->form);
    return put(settings, RECORD_MESSAGE, &row);
}

bool sound_rows_put(const struct public_settings *settings, const struct sound_told *told)
{
    struct slice recording = name_of(told->form);
    if (!recording.len) {
        log_warn("recording.unnamed", "tenant=%s call=%s", told->tenant_id, told->call_id);
        return true;
    }
    bool is_kept = put_recording(settings, told, recording);
    if (is_kept && told->is_voicemail)
        is_kept =
            put_voicemail(settings, told, recording) && put_message(settings, told, recording);
    return is_kept;
}

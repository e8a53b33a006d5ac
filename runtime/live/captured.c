#include "live/captured_internal.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/varint.h"
#include "callflow/turn_codec.h"
#include "live/wishes.h"
#include "live/worker.h"

#define PACKED_BYTES (8 * VARINT_MAX_BYTES + 256)

/* ---- packed contents ---- */

struct packed {
    uint8_t bytes[PACKED_BYTES];
    size_t len;
};

static void pack_number(struct packed *packed, uint64_t number)
{
    packed->len += varint_write(packed->bytes + packed->len, number);
}

/* Short texts; a longer one is cut. */
static void pack_text(struct packed *packed, const char *text)
{
    size_t len = strlen(text), room = PACKED_BYTES - packed->len - VARINT_MAX_BYTES;
    len = len < room ? len : room;
    pack_number(packed, len);
    memcpy(packed->bytes + packed->len, text, len);
    packed->len += len;
}

static struct slice packed_slice(const struct packed *packed)
{
    return (struct slice){(const char *)packed->bytes, packed->len};
}

static void put_packed(
    const struct call *call, enum capture_kind kind, uint64_t at_ms, const struct packed *packed)
{
    capture_put(call->captured.file, kind, at_ms, packed_slice(packed));
}

/* ---- the head ---- */

static void add_settings(struct strbuf *json, const struct turn_settings *settings)
{
    strbuf_add_text(json, ",\"settings\":{");
    for (unsigned i = 0; i < turn_settings_count(); i++) {
        uint32_t value = turn_setting_get(settings, i);
        strbuf_printf(json, "%s\"%s\":", i ? "," : "", turn_setting_name(i));
        if (turn_setting_is_flag(i))
            strbuf_add_text(json, value ? "true" : "false");
        else
            strbuf_printf(json, "%u", value);
    }
    strbuf_add_char(json, '}');
}

static void add_ear(struct strbuf *json, const struct ear_settings *ear)
{
    const struct vad_settings *vad = &ear->vad;
    strbuf_printf(json,
        ",\"vad\":{\"onset_ms\":%u,\"hangover_ms\":%u,\"mode\":%d,\"min_level_dbov\":%d,"
        "\"margin_db\":%d,\"range_db\":%d,\"echo_margin_db\":%d}",
        vad->onset_ms, vad->hangover_ms, vad->mode, vad->min_level_dbov, vad->margin_db,
        vad->range_db, vad->echo_margin_db);
    strbuf_printf(
        json, ",\"jitter\":{\"min_ms\":%u,\"max_ms\":%u}", ear->jitter_min_ms, ear->jitter_max_ms);
}

static void add_names(struct strbuf *json)
{
    strbuf_add_text(json, ",\"names\":{");
    for (unsigned i = 0; i < TURN_LISTS; i++) {
        enum turn_list list = (enum turn_list)i;
        strbuf_printf(json, "%s\"%s\":[", i ? "," : "", turn_list_name(list));
        for (unsigned n = 0; n < turn_list_count(list); n++)
            strbuf_printf(json, "%s\"%s\"", n ? "," : "", turn_list_member(list, n));
        strbuf_add_char(json, ']');
    }
    strbuf_add_char(json, '}');
}

static void add_phrases(struct strbuf *json, const char *name, const struct agent_phrases *phrases)
{
    strbuf_printf(json, "\"%s\":[", name);
    for (size_t i = 0; i < phrases->count; i++) {
        if (i)
            strbuf_add_char(json, ',');
        strbuf_add_json(json, slice_from(phrases->text[i]));
    }
    strbuf_add_text(json, "],");
}

void captured_add_agent(struct strbuf *json, const struct agent *agent)
{
    strbuf_add_text(json, ",\"agent\":{");
    add_phrases(json, "never_interrupts", &agent->turn.never_interrupts);
    add_phrases(json, "always_interrupts", &agent->turn.always_interrupts);
    strbuf_printf(json,
        "\"before_say\":%s,\"language\":", agent->has_hook[HOOK_BEFORE_SAY] ? "true" : "false");
    strbuf_add_json(json, slice_from(agent->language));
    strbuf_add_char(json, '}');
}

static void put_head(struct call *call, const struct ear_settings *ear)
{
    const struct script_call_facts *facts = &call->facts;
    struct strbuf *json = captured_event(call, "head");
    if (!json)
        return;
    captured_add_number(json, "format", 1);
    captured_add_text(json, "call_id", slice_from(facts->call_id));
    captured_add_text(json, "call_sid", slice_from(facts->call_sid));
    captured_add_text(json, "tenant_id", slice_from(facts->tenant_id));
    captured_add_text(json, "agent_version", slice_from(call->agent->version));
    captured_add_number(json, "started_wall_ms", clock_wall_ms() - (clock_ms() - call->started_ms));
    captured_add_text(json, "direction", call->is_outbound ? SLICE("outbound") : SLICE("inbound"));
    captured_add_number(json, "attempt", call->attempt);
    captured_add_text(json, "caller", slice_from(facts->caller));
    captured_add_text(json, "called", slice_from(facts->called));
    add_settings(json, &call->turn.settings);
    add_ear(json, ear);
    add_names(json);
    captured_add_agent(json, call->agent);
    captured_put(call, CAPTURE_HEADER);
}

/* ---- begin and end ---- */

/* What people said in the console goes before what a script says. */
static bool is_wanted(const struct call *call)
{
    return call->agent->capture != AGENT_CAPTURE_OFF &&
           wishes_of(call->facts.tenant_id).record_calls != WISH_RECORD_NEVER;
}

static void take_jitter(const struct call *call, uint64_t numbers[CAPTURED_JITTER_NUMBERS])
{
    const struct jitter *jitter = &call->ear.jitter;
    const struct jitter_stats *stats = &jitter->stats;
    numbers[0] = jitter->depth_ms;
    numbers[1] = stats->count_concealed;
    numbers[2] = stats->count_late;
    numbers[3] = stats->count_duplicate;
    numbers[4] = stats->count_skipped;
    numbers[5] = stats->count_resyncs;
}

void captured_begin(struct call *call, const struct ear_settings *ear)
{
    bool needs_word = call->agent->capture == AGENT_CAPTURE_CONSENTED;
    if (!is_wanted(call))
        return;
    call->captured.file = capture_begin(call->worker->live->options.captures, call->facts.tenant_id,
        call->facts.call_id, needs_word ? CAPTURE_IF_AGREED : CAPTURE_UNLESS_REFUSED,
        call->started_ms);
    take_jitter(call, call->captured.jitter);
    put_head(call, ear);
}

void captured_consent(struct call *call, bool is_given)
{
    capture_set_consent(call->captured.file, is_given ? CAPTURE_AGREED : CAPTURE_REFUSED);
    captured_note(call, "consent", "answer", is_given ? "given" : "refused");
}

void captured_end(struct call *call)
{
    if (call->captured.file)
        capture_end(
            call->captured.file, clock_ms(), call->end_reason, journal_outcome_so_far(call));
    call->captured.file = NULL;
}

/* ---- sound ---- */

void captured_message(struct call *call, uint64_t timestamp_ms, struct slice ulaw, uint64_t now_ms)
{
    struct packed packed = {.len = 0};
    if (!call->captured.file)
        return;
    pack_number(&packed, timestamp_ms);
    capture_put_parts(call->captured.file, CAPTURE_MEDIA_IN, now_ms, packed_slice(&packed), ulaw);
}

static void put_voice(
    const struct call *call, unsigned what, double level_dbov, char key, uint64_t now_ms)
{
    struct packed packed = {.len = 0};
    pack_number(&packed, what);
    pack_number(&packed, (uint64_t)lround(level_dbov < 0 ? -level_dbov : 0));
    if (key)
        pack_text(&packed, (const char[]){key, 0});
    put_packed(call, CAPTURE_VAD, now_ms, &packed);
}

void captured_heard(struct call *call, const struct ear_heard *heard, uint64_t now_ms)
{
    if (!call->captured.file)
        return;
    if (heard->key)
        put_voice(call, 3, heard->level_dbov, heard->key, now_ms);
    if (heard->activity != VAD_NONE)
        put_voice(call, heard->activity == VAD_SPEECH_START ? 1 : 2, heard->level_dbov, 0, now_ms);
}

void captured_jitter(struct call *call, uint64_t now_ms, bool is_due)
{
    uint64_t numbers[CAPTURED_JITTER_NUMBERS];
    struct packed packed = {.len = 0};
    if (!call->captured.file)
        return;
    take_jitter(call, numbers);
    if (!is_due && memcmp(numbers, call->captured.jitter, sizeof numbers) == 0)
        return;
    memcpy(call->captured.jitter, numbers, sizeof numbers);
    for (unsigned i = 0; i < CAPTURED_JITTER_NUMBERS; i++)
        pack_number(&packed, numbers[i]);
    put_packed(call, CAPTURE_JITTER, now_ms, &packed);
}

/* A late one is audible at once: its record is of then. */
void captured_frame(struct call *call, const uint8_t *ulaw, uint64_t audible_ms)
{
    struct packed packed = {.len = 0};
    if (!call->captured.file)
        return;
    uint64_t now_ms = clock_ms();
    uint64_t at_ms = now_ms < audible_ms ? now_ms : audible_ms;
    pack_number(&packed, audible_ms - at_ms);
    capture_put_parts(call->captured.file, CAPTURE_MEDIA_OUT, at_ms, packed_slice(&packed),
        (struct slice){(const char *)ulaw, FRAME_BYTES});
}

void captured_clear(struct call *call, uint64_t now_ms)
{
    capture_put(call->captured.file, CAPTURE_CLEAR, now_ms, SLICE(""));
}

void captured_mark(struct call *call, enum capture_kind kind, const char *name)
{
    struct packed packed = {.len = 0};
    if (!call->captured.file)
        return;
    pack_text(&packed, name);
    put_packed(call, kind, clock_ms(), &packed);
}

void captured_key(struct call *call, char key)
{
    captured_mark(call, CAPTURE_KEY, (const char[]){key, 0});
}

/* ---- the engine, and spans ---- */

void captured_step(struct call *call, const struct turn_event *event,
    const struct turn_actions *actions, uint64_t now_ms)
{
    struct strbuf *step = &call->worker->captured;
    if (!call->captured.file)
        return;
    strbuf_clear(step);
    turn_step_encode(step, event, &call->turn, actions, now_ms);
    capture_put(call->captured.file, CAPTURE_STEP, now_ms, strbuf_slice(step));
}

void captured_span(const struct call *call, enum span span, const char *detail)
{
    struct packed packed = {.len = 0};
    if (!call->captured.file)
        return;
    pack_text(&packed, span_name(span));
    pack_number(&packed, call->turn_number);
    pack_number(&packed, call->reply.epoch);
    pack_text(&packed, detail);
    put_packed(call, CAPTURE_SPAN, clock_ms(), &packed);
}

#include "replay/sound.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* ---- words for people ---- */

struct text {
    char text[120];
};

static struct text voice_text(const struct packed_voice *voice)
{
    struct text out;
    if (voice->kind == VOICE_KEY)
        snprintf(
            out.text, sizeof out.text, "the tone of key %c, at -%u dBov", voice->key, voice->level);
    else
        snprintf(out.text, sizeof out.text, "the voice %s, at -%u dBov",
            voice->kind == VOICE_STARTED ? "starts" : "ends", voice->level);
    return out;
}

static struct text jitter_text(const struct packed_jitter *jitter)
{
    struct text out;
    snprintf(out.text, sizeof out.text,
        "depth %" PRIu64 " ms, concealed %" PRIu64 ", late %" PRIu64 ", duplicate %" PRIu64
        ", skipped %" PRIu64 ", resyncs %" PRIu64,
        jitter->depth_ms, jitter->concealed, jitter->late, jitter->duplicate, jitter->skipped,
        jitter->resyncs);
    return out;
}

/* ---- the ear ---- */

static struct packed_jitter jitter_of(const struct ear *ear)
{
    const struct jitter_stats *stats = &ear->jitter.stats;
    return (struct packed_jitter){.depth_ms = ear->jitter.depth_ms,
        .concealed = stats->count_concealed,
        .late = stats->count_late,
        .duplicate = stats->count_duplicate,
        .skipped = stats->count_skipped,
        .resyncs = stats->count_resyncs};
}

static bool is_same(const struct packed_jitter *a, const struct packed_jitter *b)
{
    return a->depth_ms == b->depth_ms && a->concealed == b->concealed && a->late == b->late &&
           a->duplicate == b->duplicate && a->skipped == b->skipped && a->resyncs == b->resyncs;
}

enum err sound_check_init(struct sound_check *check, const struct ear_settings *settings)
{
    *check = (struct sound_check){0};
    strbuf_init(&check->message, CAPTURE_CONTENT_MAX_BYTES);
    ear_init(&check->ear, settings, 0);
    check->told = jitter_of(&check->ear);
    return check->ear.has_vad && check->ear.has_dtmf ? ERR_OK : ERR_NOMEM;
}

void sound_check_free(struct sound_check *check)
{
    strbuf_free(&check->message);
    ear_close(&check->ear);
}

static void take_frames(struct sound_check *check, uint64_t now_ms)
{
    struct frame frame;
    while (ear_take(&check->ear, &frame, now_ms))
        ;
}

static void expect(struct sound_check *check, const struct ear_heard *heard)
{
    unsigned level = heard->level_dbov < 0 ? (unsigned)lround(-heard->level_dbov) : 0;
    if (heard->key)
        check->heard[check->heard_count++] = (struct packed_voice){VOICE_KEY, level, heard->key};
    if (heard->activity != VAD_NONE)
        check->heard[check->heard_count++] = (struct packed_voice){
            heard->activity == VAD_SPEECH_START ? VOICE_STARTED : VOICE_ENDED, level, 0};
}

/* Frames of the message, up to one that brings something: what was done about that lies between it and the next. */
static void hear_on(struct sound_check *check)
{
    struct ear_heard heard;
    while (check->is_under_way && !check->heard_count) {
        if (ear_next(&check->ear, &check->rest, &heard)) {
            expect(check, &heard);
            continue;
        }
        check->is_under_way = false;
        take_frames(check, check->rest.now_ms + EAR_DUE_SOON_MS);
    }
}

/* All of it; what is heard and stands in no record is a difference. */
static void hear_out(struct sound_check *check, uint64_t number, uint64_t at_ms)
{
    do {
        if (check->heard_count)
            held_differ(&check->held, number, at_ms, "voice", SLICE("nothing"),
                slice_from(voice_text(&check->heard[0]).text));
        check->heard_count = 0;
        hear_on(check);
    } while (check->heard_count);
}

/* ---- records ---- */

static enum err take_message(
    struct sound_check *check, const struct capture_record *record, uint64_t number)
{
    struct packed_media media;
    if (packed_media_in(&media, record->content) != ERR_OK)
        return ERR_BAD;
    hear_out(check, number, record->at_ms);
    strbuf_clear(&check->message);
    strbuf_add_slice(&check->message, media.ulaw);
    if (check->message.failed)
        return ERR_NOMEM;
    check->rest = ear_message(&check->ear, strbuf_slice(&check->message), media.ms, record->at_ms);
    check->is_under_way = true;
    hear_on(check);
    return ERR_OK;
}

static enum err take_voice(
    struct sound_check *check, const struct capture_record *record, uint64_t number)
{
    struct packed_voice voice;
    if (packed_voice(&voice, record->content) != ERR_OK)
        return ERR_BAD;
    hear_on(check);
    check->held.count++;
    struct text recorded = voice_text(&voice);
    struct text now = check->heard_count ? voice_text(&check->heard[0]) : (struct text){"nothing"};
    bool is_equal = check->heard_count && check->heard[0].kind == voice.kind &&
                    check->heard[0].key == voice.key && check->heard[0].level == voice.level;
    if (!is_equal)
        held_differ(&check->held, number, record->at_ms, "voice", slice_from(recorded.text),
            slice_from(now.text));
    if (check->heard_count) {
        check->heard[0] = check->heard[1];
        check->heard_count--;
    }
    return ERR_OK;
}

/* A record is of the message before it if that changed a number; else a timer took frames at its time. */
static enum err take_jitter(
    struct sound_check *check, const struct capture_record *record, uint64_t number)
{
    struct packed_jitter jitter;
    if (packed_jitter(&jitter, record->content) != ERR_OK)
        return ERR_BAD;
    hear_out(check, number, record->at_ms);
    struct packed_jitter now = jitter_of(&check->ear);
    if (is_same(&now, &check->told)) {
        take_frames(check, record->at_ms);
        now = jitter_of(&check->ear);
    }
    check->held.count++;
    check->told = jitter;
    if (!is_same(&now, &jitter))
        held_differ(&check->held, number, record->at_ms, "jitter buffer",
            slice_from(jitter_text(&jitter).text), slice_from(jitter_text(&now).text));
    return ERR_OK;
}

static enum err take_played(struct sound_check *check, const struct capture_record *record)
{
    struct packed_media media;
    if (packed_media_out(&media, record->content) != ERR_OK)
        return ERR_BAD;
    ear_play(&check->ear, (const uint8_t *)media.ulaw.data, record->at_ms + media.ms);
    return ERR_OK;
}

enum err sound_check_take(
    struct sound_check *check, const struct capture_record *record, uint64_t number)
{
    if (check->held.differs)
        return ERR_OK;
    if (record->kind == CAPTURE_MEDIA_IN)
        return take_message(check, record, number);
    if (record->kind == CAPTURE_VAD)
        return take_voice(check, record, number);
    if (record->kind == CAPTURE_JITTER)
        return take_jitter(check, record, number);
    if (record->kind == CAPTURE_MEDIA_OUT)
        return take_played(check, record);
    if (record->kind == CAPTURE_CLEAR)
        ear_cut(&check->ear, record->at_ms);
    return ERR_OK;
}

void sound_check_end(struct sound_check *check, uint64_t number, uint64_t at_ms)
{
    hear_out(check, number, at_ms);
}

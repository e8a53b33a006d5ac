#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "openai/transcription_events.h"
#include "openai/transcription_internal.h"

static struct utterance *current_utterance(struct transcription *session)
{
    if (!session->current)
        session->current = utterance_create(session->count_items + 1);
    return session->current;
}

/* Known audio is told by its sound, at the commit; the rest by its turn. */
static char *script_for(struct transcription *session, const struct utterance *utterance)
{
    struct world *world = session->world;
    const char *known = known_audio_find(&world->known, &utterance->envelope);
    return known ? strdup(known) : scripted_next_transcript(&world->scripted, session->script);
}

void transcription_commit(struct transcription *session)
{
    struct utterance *utterance = session->current;
    session->current = NULL;
    session->count_items = utterance->number;
    if (!utterance->scripted)
        utterance->scripted = script_for(session, utterance);
    ledger_count(&session->world->ledger, TALLY_STT_ITEMS, 1);
    transcription_say(session, event_committed(utterance->id, session->last_item_id));
    transcription_say(
        session, event_item("conversation.item.added", utterance->id, session->last_item_id));
    transcription_say(
        session, event_item("conversation.item.done", utterance->id, session->last_item_id));
    snprintf(session->last_item_id, sizeof session->last_item_id, "%s", utterance->id);
    bool is_heard = session->ears && !ears_commit(session->ears, utterance->number);
    if (is_heard && !utterance->scripted) {
        utterance->next = session->waiting;
        session->waiting = utterance;
        return;
    }
    utterance->is_failed = session->ears && !is_heard && !utterance->scripted;
    transcription_complete_unheard(session, utterance);
}

static void detect(struct transcription *session, enum vad_event event)
{
    uint64_t now_ms = session->appended_samples / 8;
    struct utterance *utterance = event == VAD_NONE ? NULL : current_utterance(session);
    if (!utterance)
        return;
    if (event == VAD_SPEECH_START) {
        uint64_t back_ms = VAD_ONSET_MS + 300;
        transcription_say(session, event_speech("input_audio_buffer.speech_started", utterance->id,
                                       now_ms > back_ms ? now_ms - back_ms : 0));
        return;
    }
    transcription_say(
        session, event_speech("input_audio_buffer.speech_stopped", utterance->id, now_ms));
    transcription_commit(session);
}

/* The server's own voice detection, in whole frames. */
static void watch(struct transcription *session, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        session->frame.pcm[session->frame_samples++] = pcm[i];
        session->appended_samples++;
        if (session->frame_samples < FRAME_SAMPLES)
            continue;
        session->frame_samples = 0;
        if (session->vad.handle)
            detect(session, vad_frame(&session->vad, session->frame.pcm));
    }
}

/* FOLDER/SESSION-ITEM.pcm, 16-bit at 8 kHz. */
static void keep(const struct transcription *session, const struct utterance *utterance,
    const int16_t *pcm, size_t count)
{
    char path[1024];
    snprintf(path, sizeof path, "%.900s/%llu-%u.pcm", session->world->options->heard,
        (unsigned long long)session->number, utterance->number);
    FILE *file = fopen(path, "ab");
    if (!file || fwrite(pcm, sizeof *pcm, count, file) != count)
        log_warn("sandbox.stt.not_kept", "path=%s", path);
    if (file)
        fclose(file);
}

void transcription_hear(struct transcription *session, const int16_t *pcm, size_t count)
{
    struct utterance *utterance = current_utterance(session);
    if (!utterance)
        return;
    utterance_audio(utterance, pcm, count);
    if (session->world->options->heard)
        keep(session, utterance, pcm, count);
    struct world *world = session->world;
    if (!utterance->scripted && !world->known.count && utterance->voiced_ms > VAD_ONSET_MS)
        utterance->scripted = scripted_next_transcript(&world->scripted, session->script);
    if (session->ears && ears_audio(session->ears, pcm, count))
        utterance->is_failed = !utterance->scripted;
    if (utterance->scripted && session->plan.mode == STT_LIVE)
        transcription_delta(session, utterance, clock_ms(),
            utterance_script_delta(utterance, world->options->pace.word_ms));
    watch(session, pcm, count);
}

void transcription_forget(struct transcription *session)
{
    if (!session->current)
        return;
    /* The ears count what they drop; its result finds nobody. */
    session->count_items = session->current->number;
    if (session->ears && ears_commit(session->ears, session->current->number))
        log_warn("sandbox.stt.clear", "session=%llu", (unsigned long long)session->number);
    utterance_destroy(session->current);
    session->current = NULL;
}

void transcription_follow_plan(struct transcription *session)
{
    enum stt_format format = session->plan.format;
    if (session->habits.is_detection_fixed)
        realtime_config_detect(session->config);
    session->plan = realtime_config_plan(session->config);
    if (session->dialect == DIALECT_SPEACHES)
        session->plan.mode = STT_QUIET;
    if (format != session->plan.format)
        audio_input_reset(&session->input);
    if (session->vad.handle)
        vad_close(&session->vad);
    session->vad = (struct vad){0};
    if (session->plan.detection == DETECT_NONE)
        return;
    struct vad_settings settings = vad_defaults;
    settings.onset_ms = VAD_ONSET_MS;
    settings.hangover_ms = session->plan.silence_ms;
    if (vad_init(&session->vad, &settings))
        session->vad.handle = NULL;
}

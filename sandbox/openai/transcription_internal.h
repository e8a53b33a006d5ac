/* A transcription session from the inside; its parts are transcription.c (life), …_events.c (what it says),
   …_texts.c (words on their way out), …_audio.c (sound on its way in) and …_input.c (client events). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "intake.h"
#include "media/frame.h"
#include "media/vad.h"
#include "openai/audio_input.h"
#include "openai/realtime_config.h"
#include "openai/realtime_flat.h"
#include "openai/utterance.h"
#include "world.h"

#define LEAST_COMMIT_MS 100
#define VAD_ONSET_MS 80

/*   append ─► audio_input ─► hear ─┬► current utterance ─► deltas (live models)
                                    ├► ears (until the script takes the utterance)
                                    └► vad (server detection) ─► commit
     commit ─► committed, added, done ─► waiting utterances ─► final ─► deltas, completed */
struct transcription {
    UT_hash_handle hh;
    uint64_t number; /* the key; the ears know it by this */
    struct world *world;
    struct ws *ws;
    struct gate gate;
    struct paced paced;
    struct intake intake;
    struct net_timer *expiry;
    enum realtime_dialect dialect;
    struct stt_habits habits;
    struct utterance *late; /* completed, but told later than others; its text */
    char *late_text;
    struct net_timer *late_timer;
    json_t *script; /* texts for this session alone */
    json_t *config;
    struct stt_plan plan;
    struct audio_input input;
    struct ears *ears; /* NULL without ears */
    struct vad vad;    /* handle NULL: no detection */
    struct frame frame;
    size_t frame_samples;      /* waiting in `frame` */
    uint64_t appended_samples; /* since the session began, 8 kHz */
    uint32_t count_items;      /* ears' numbers given so far */
    struct utterance *current; /* being spoken */
    struct utterance *waiting; /* committed, without a final */
    char last_item_id[WORLD_ID_SIZE];
    bool is_closing; /* nothing more is said or listened to */
};

/* ---- saying ---- */

/* Takes the text; NULL (no memory) is dropped, as is what a reader that reads nothing would get. */
void transcription_say_at(struct transcription *session, uint64_t due_ms, char *event);
void transcription_say(struct transcription *session, char *event);
void transcription_error(
    struct transcription *session, const struct api_error *error, const char *event_id);
/* An error after which the service closes the socket. */
void transcription_end(struct transcription *session, const struct api_error *error, int code);
/* session.created, session.updated, in the words of the dialect. */
void transcription_tell_session(struct transcription *session, bool is_new);
void transcription_finish(void *owner); /* closes in order: everything was said */

void transcription_delta(struct transcription *session, struct utterance *utterance,
    uint64_t due_ms, struct slice delta);
/* Ends a committed utterance and frees it, now or (habits) later. */
void transcription_complete_take(
    struct transcription *session, struct utterance *utterance, const char *text, uint64_t due_ms);
void transcription_complete_late(void *owner); /* the timer of the late one */
/* The same where no ears will answer: nothing is heard but the script. */
void transcription_complete_unheard(struct transcription *session, struct utterance *utterance);

/* ---- hearing ---- */

void transcription_hear(struct transcription *session, const int16_t *pcm, size_t count);
void transcription_commit(struct transcription *session); /* there must be a current utterance */
void transcription_forget(struct transcription *session); /* the audio since the last commit */
/* Acts on a configuration that changed. */
void transcription_follow_plan(struct transcription *session);
void transcription_dispatch(struct transcription *session, const json_t *event);

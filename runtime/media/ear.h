/* What is heard of a caller, frame by frame: any size of µ-law in; voice that begins and ends, keys, and the frames for
   speech-to-text out. Pure: the same messages, played frames and times give the same answers, which is what replay of a
   captured call relies on. Memory is taken once.

      message ─► framer ─► g711 ─┬► keys (their tones are no voice)
                                 ├► voice activity ◄─ echo guard ◄─ what we play
                                 └► jitter buffer ──────────────────► frames, one every 20 ms

   Times are the caller's clock; the ear counts them from its beginning, so they may begin anywhere. To be heard again an ear
   needs these records, in this order, each with the `now_ms` that the ear was given:
     a message                  before its first frame
     a key, voice activity      of the frame that brought it, before anything is done about it
     the jitter buffer's stats  after a message (and its ear_take, EAR_DUE_SOON_MS ahead) if one changed; and after every
                                ear_take of a timer for which the buffer was due, changed or not: replay takes frames then
     a frame played, a cut      when the ear is told */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "media/dtmf.h"
#include "media/echo_guard.h"
#include "media/framer.h"
#include "media/jitter.h"
#include "media/vad.h"

/* A frame is due about when the next one arrives: taken along then, up to this early, it needs no timer of its own. */
#define EAR_DUE_SOON_MS 4

struct ear_settings {
    struct vad_settings vad;
    unsigned jitter_min_ms;
    unsigned jitter_max_ms;
};

struct ear {
    uint64_t zero_ms; /* when it began */
    struct framer framer;
    struct jitter jitter;
    struct vad vad;
    bool has_vad; /* without it nobody is heard */
    struct dtmf dtmf;
    bool has_dtmf;
    struct echo_guard echo; /* of our voice, in what is heard */
};

/* A message while its frames are taken. */
struct ear_message {
    const uint8_t *data;
    size_t len;
    uint64_t timestamp_ms; /* of the frame that comes next, by the carrier's clock */
    uint64_t now_ms;
};

struct ear_heard {
    enum vad_event activity;
    double level_dbov; /* of the frame */
    char key;          /* whose tone was recognised; 0: none */
};

/* What there is no memory for is missing (has_vad, has_dtmf). */
void ear_init(struct ear *ear, const struct ear_settings *settings, uint64_t now_ms);
void ear_close(struct ear *ear); /* nothing for one that is all zeros */

/* A message that came now; its bytes stay the caller's. */
struct ear_message ear_message(
    const struct ear *ear, struct slice ulaw, uint64_t timestamp_ms, uint64_t now_ms);
/* Its next whole frame. False: there is none, and what is left waits for the next message. */
bool ear_next(struct ear *ear, struct ear_message *message, struct ear_heard *heard);

uint64_t ear_deadline(const struct ear *ear); /* for ear_take; 0: none */
/* The frame that is due by `now_ms`; call until it says false. */
bool ear_take(struct ear *ear, struct frame *frame, uint64_t now_ms);

/* This frame of ours will be audible from `audible_ms` on; and what was to be audible after now will not be. */
void ear_play(struct ear *ear, const uint8_t ulaw[FRAME_BYTES], uint64_t audible_ms);
void ear_cut(struct ear *ear, uint64_t now_ms);

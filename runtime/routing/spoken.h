/* One context of speech: the text that was asked for, and how much of it the owner was given. Audio is held back until it holds a
   whole word, so that another session can go on with the next word when this one breaks off, and none is said twice; but only
   while the owner has enough to play. Pure.

       text      "We open at nine tomorrow "
                  └─ told ──┘└ timed ─┘          `told` ends behind a blank: that word's audio was given
       audio      given      └ held                what is held goes with the word it belongs to

   Without times the audio passes through, and what breaks off cannot be continued. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/byte_queue.h"
#include "base/strbuf.h"
#include "providers/tts.h"

#define SPOKEN_BYTES_PER_MS 8
#define SPOKEN_TEXT_BYTES (16 * 1024)
#define SPOKEN_HELD_BYTES (1000 * SPOKEN_BYTES_PER_MS) /* more is given, word or not */
#define SPOKEN_AHEAD_MS                                                                            \
    400 /* of what is being played, that the owner has; with less all is given */

struct spoken_time {
    uint16_t bytes; /* of the text */
    uint32_t start_ms;
    uint32_t duration_ms;
};

struct spoken {
    uint32_t number;
    struct strbuf text;        /* pieces, a blank behind each */
    size_t told;               /* of the text: given to the owner with its times */
    size_t timed;              /* of the text: its times are known */
    struct spoken_time *times; /* of what lies between */
    size_t time_count;
    size_t time_capacity;
    struct byte_queue held;
    uint64_t given_bytes; /* of audio, to the owner */
    uint64_t begun_ms;    /* when it was given the first */
    uint32_t before_ms;   /* of audio, given before this session began with it */
    uint64_t asked_ms;    /* since when this session owes something of it */
    uint64_t heard_ms;    /* the newest audio; 0: none of this session */
    bool is_asked;        /* this session was given some of it */
    bool is_ended;        /* there will be no more text */
    bool is_timed;        /* this session told times */
    bool is_untimed;      /* it did not: the audio passes through */
    bool is_over;         /* all of it was given; only that is still to be said */
    bool is_torn;         /* rewound within a word */
};

void spoken_init(struct spoken *spoken, uint32_t number);
void spoken_free(struct spoken *spoken);
must_use enum err spoken_text(struct spoken *spoken, struct slice piece); /* ERR_FULL */
/* Times of a session's audio, counted from its first. False: none of them was taken, or will be; they are not of this text. */
bool spoken_take_times(struct spoken *spoken, const struct tts_timing *timings, size_t count);
/* False: no memory; it is lost. */
bool spoken_take_audio(struct spoken *spoken, const uint8_t *ulaw, size_t len, uint64_t now_ms);
/* What may be given now: so many times, then so many bytes of audio. `is_all`: the session is through with it. */
void spoken_ready(
    const struct spoken *spoken, bool is_all, uint64_t now_ms, size_t *times, size_t *bytes);
/* Takes out the first `count` times, as the owner is told them. */
void spoken_tell(struct spoken *spoken, struct tts_timing *out, size_t count);
/* The first audio, at most `len`; to be dropped with spoken_given when the owner had it. */
struct slice spoken_front(const struct spoken *spoken, size_t len);
void spoken_given(struct spoken *spoken, size_t len, uint64_t now_ms);
/* The session owes it audio, or its end: the owner was not given all of the text yet, or does not know that it was. */
bool spoken_is_owed(const struct spoken *spoken);
/* The session broke off. False: it cannot be continued, the owner heard part of it and nobody knows which. */
bool spoken_rewind(struct spoken *spoken);
/* After it: the next character of a word that the owner heard a part of, and of the blanks behind it. They are told, and left out:
   half a word is better than one and a half. False: there is none (left). */
bool spoken_skip(struct spoken *spoken, struct tts_timing *out);
/* What another session is to say; empty: nothing is left. */
struct slice spoken_rest(const struct spoken *spoken);

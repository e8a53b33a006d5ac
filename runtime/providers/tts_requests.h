/* What is to be spoken by services that take a request a text: contexts, each a queue of pieces in order. Who asks for a piece, and
   what comes back, is tts_http.c's. Does no IO.

       text ─► gathered ─(flush, end)─► piece ─► asked ─► its audio, once all before it is through ─► gone

   Of a context at most two pieces are under way at once, so that the next one's first audio is there when the last one ends; of all
   contexts at most four. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "media/ulaw_stream.h"
#include "providers/json_objects.h"

#define TTS_CONTEXTS_MOST 16
#define TTS_CONTEXT_ASKED_MOST 2
#define TTS_ASKED_MOST 4
#define TTS_WHY_SIZE 96
#define TTS_WAITING_BYTES (16 * 1024)

struct http_call;
struct tts_context;

struct tts_piece {
    struct tts_piece *next;
    struct tts_context *context;
    struct strbuf text;
    struct http_call *call; /* NULL: not asked, or over */
    bool is_asked;
    bool is_whole; /* its answer came to its end, */
    enum err err;  /* a bad one; */
    char why[TTS_WHY_SIZE];
    bool has_audio;   /* some of it came */
    bool has_timings; /* likewise */
    bool is_follower; /* of its context, not the first: a blank is between the two */
    bool is_odd;      /* the answer is of a kind that holds no audio */
    uint64_t due_ms;  /* more of its audio must come until then */
    int status;       /* of the answer */
    unsigned retry_after_ms;
    struct strbuf body; /* what came before its turn; of a refusal, all */
    struct json_objects objects;
    uint64_t begin_len;     /* µ-law of its context before it */
    uint32_t last_start_ms; /* of its characters; what comes earlier is counted from its own part */
};

struct tts_context {
    struct tts_context *next;
    struct tts_requests *requests;
    uint32_t number;
    bool is_ended;     /* no more text */
    bool has_begun;    /* a piece was made */
    bool is_cancelled; /* forgotten as soon as nobody looks at it */
    bool is_untimed;   /* timings were lost, and later ones would be taken for other words */
    struct strbuf gathered;
    struct strbuf said; /* the end of what was asked for */
    struct tts_piece *pieces;
    struct ulaw_stream audio;
    uint64_t ulaw_len;
};

struct tts_requests {
    void *owner;
    struct tts_context *contexts;     /* in order of arrival */
    uint32_t gone[TTS_CONTEXTS_MOST]; /* numbers that ended lately, a ring */
    size_t gone_count;
    size_t most_piece_bytes;
    size_t most_answer_bytes;
    size_t most_object_bytes;
    unsigned pcm_hz;
};

void tts_requests_free(struct tts_requests *requests); /* no piece has a call */

/* ERR_FULL: too much waits; ERR_CLOSED: the context ended or was cancelled; ERR_NOMEM. */
must_use enum err tts_requests_text(
    struct tts_requests *requests, uint32_t number, struct slice text, bool flush);
must_use enum err tts_requests_end(struct tts_requests *requests, uint32_t number); /* the same */
struct tts_context *tts_requests_find(struct tts_requests *requests, uint32_t number); /* NULL */
void tts_requests_cancel(struct tts_requests *requests, uint32_t number);

struct tts_piece *tts_requests_next(struct tts_requests *requests); /* to be asked for now; NULL */
void tts_piece_asked(
    struct tts_piece *piece); /* it was; what is said behind it follows its melody */
struct slice tts_requests_following(
    const struct tts_piece *piece);                     /* text behind it; may be empty */
bool tts_piece_is_first(const struct tts_piece *piece); /* its audio is due now */
/* The first piece is through. */
void tts_context_drop_first(struct tts_context *context);
bool tts_context_is_over(const struct tts_context *context); /* ended, and all of it through */
void tts_requests_remove(struct tts_requests *requests, struct tts_context *context);
/* The first deadline of pieces whose audio is due; 0: none. */
uint64_t tts_requests_due_ms(const struct tts_requests *requests);

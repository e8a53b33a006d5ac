/* Partials from a recogniser that only knows whole files: one utterance, heard again and again while it grows.

       audio     |-------- settled --------|---------- the window ----------|
                 start               anchor ^ − 50 ms                      now
       text       settled words             stable words     newest words

   A word is stable when two windows in a row agree on it; it is never taken back. When the window has grown past
   WINDOW_MOST_MS, it begins anew behind its last stable word (a seam), whose words are settled. Times are the session's. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"
#include "providers/stt.h"

#define WINDOW_OVERLAP_MS 50
#define WINDOW_MOST_MS 6000   /* a longer one is cut at its stable words */
#define WINDOW_LIMIT_MS 12000 /* no two of them agreed: partials stop, the final will tell */
#define WINDOW_WHOLE_MS 15000 /* an utterance up to this is heard whole for its final */
#define WINDOW_SEAMS 16
#define WINDOW_TEXT_BYTES (16 * 1024)

struct window_seam {
    uint32_t at_ms;
    size_t settled_len; /* bytes of the settled text before it */
};

struct transcript_windows {
    uint32_t start_ms;
    uint32_t anchor_ms;
    uint32_t asked_ms;      /* end of the newest window */
    uint32_t stable_end_ms; /* of the last stable word */
    struct strbuf settled, stable, newest;
    struct strbuf shown; /* the partial */
    struct window_seam seams[WINDOW_SEAMS];
    size_t seam_count;
};

struct window_span {
    uint32_t from_ms, to_ms;
};

void windows_begin(
    struct transcript_windows *windows, uint32_t start_ms); /* on zeros, or after windows_free */
void windows_free(struct transcript_windows *windows);

bool windows_is_due(const struct transcript_windows *windows, uint32_t now_ms, unsigned window_ms);
/* A window is asked for now: what it must hold. */
struct window_span windows_ask(struct transcript_windows *windows, uint32_t now_ms);
/* Its text came, with the times of its words: one for each that blanks part. `is_estimated`: the times are reckoned.
   True: the partial is another one. */
bool windows_take(struct transcript_windows *windows, struct slice text,
    const struct stt_word *words, size_t count, bool is_estimated);
struct slice windows_partial(const struct transcript_windows *windows);

/* Where the window should begin anew; false: it may grow on. */
bool windows_wants_seam(const struct transcript_windows *windows, uint32_t *near_ms);
void windows_cut(struct transcript_windows *windows, uint32_t at_ms);

/* Words are what blanks part. The next one of `*rest`, which moves behind it; empty at the end. */
struct slice windows_next_word(struct slice *rest);
size_t windows_count_words(struct slice text);

/* The utterance ended: which audio its final is made of, and how much of the settled text stands before that. */
struct window_final {
    struct window_span span;
    size_t settled_len;
};
struct window_final windows_final(
    const struct transcript_windows *windows, uint32_t end_ms, uint32_t oldest_ms);

/* Calls for stories to begin with. No early thinking in them. */
#pragma once

#include "story.h"

#define L TURN_LISTENING
#define T TURN_THINKING
#define S TURN_SPEAKING
#define I TURN_INTERRUPTED
#define P TURN_PAUSED
#define E TURN_ENDING

static inline struct turn fresh(void)
{
    struct turn turn;
    turn_init(&turn, &turn_defaults);
    turn.settings.early_ms = 0; /* test_turn_early.c */
    return turn;
}

/* Greeted, and listening since 2000 ms. */
static inline struct turn greeted(void)
{
    struct turn turn = fresh();
    const struct story_row rows[] = {
        {0, HEARD(STARTED, .flag = true), T, "greet"},
        {300, HEARD(AUDIO, .epoch = 1), S, ""},
        {2000, HEARD(PLAYED, .epoch = 1, .flag = true), L, "close_reply"},
    };
    TELL(&turn, rows);
    return turn;
}

/* One utterance was heard from 3000 to 4000 ms and committed as a turn at 4500; the prompt is asked for. */
static inline struct turn asked(void)
{
    struct turn turn = greeted();
    const struct story_row rows[] = {
        {3080, HEARD(SPEECH_STARTED, .lag_ms = 80), L, ""},
        {3500, HEARD(PARTIAL, .item = 1, WORDS(3)), L, ""},
        {4200, HEARD(SPEECH_ENDED, .lag_ms = 200), L, "commit_speech"},
        {4200, HEARD(COMMITTED, .item = 1), L, ""},
        {4300, HEARD(FINAL, .item = 1, WORDS(5)), L, ""},
        {4500, HEARD(TIME), T, "commit_turn"},
    };
    TELL(&turn, rows);
    return turn;
}

/* The reply to it plays since 5000 ms and is complete. */
static inline struct turn answered(void)
{
    struct turn turn = asked();
    const struct story_row rows[] = {
        {4510, HEARD(PROMPT_READY, .epoch = 2), T, "start_model"},
        {4800, HEARD(PIECE, .epoch = 2), T, "speak"},
        {4900, HEARD(MODEL_DONE, .epoch = 2), T, "finish_segment"},
        {5000, HEARD(AUDIO, .epoch = 2), S, ""},
    };
    TELL(&turn, rows);
    return turn;
}

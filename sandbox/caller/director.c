#include "caller/director.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "media/frame.h"

void director_init(struct director *director, const struct scenario *scenario)
{
    memset(director, 0, sizeof *director);
    director->scenario = scenario;
}

static const struct scenario_step *current(const struct director *director)
{
    return director->step < director->scenario->count ? &director->scenario->steps[director->step]
                                                      : NULL;
}

static void listen(struct director *director, uint64_t now_ms, bool is_audible)
{
    if (!is_audible)
        return;
    if (!director->has_heard || now_ms - director->audible_end_ms >= DIRECTOR_REPLY_GAP_MS)
        director->utterance_ms = now_ms;
    director->has_heard = true;
    director->audible_end_ms = now_ms + FRAME_MS;
    director->audible_ms += FRAME_MS;
}

static void set_reference(struct director *director, uint64_t now_ms)
{
    director->reference_ms = now_ms;
    director->audible_ms = 0;
}

/* Speech that was under way when the caller stopped talking is a tail, unless it goes on. */
static bool has_answered(const struct director *director)
{
    return director->has_heard && director->audible_ms > 0 &&
           (director->utterance_ms >= director->reference_ms ||
               director->audible_ms >= DIRECTOR_OVERLAP_MS);
}

static struct director_action act(enum director_act what, size_t step)
{
    return (struct director_action){what, step, 0};
}

static struct director_action next(struct director *director)
{
    director->step++;
    director->is_entered = false;
    return act(DIRECTOR_NOTHING, 0);
}

static struct director_action fail(struct director *director, const char *what)
{
    const struct scenario_step *step = current(director);
    snprintf(director->why, sizeof director->why, "line %u (%s): %s", step->line,
        scenario_word(step->kind), what);
    director->is_over = true;
    return act(DIRECTOR_FAIL, director->step);
}

static struct director_action in_speak(struct director *director, uint64_t now_ms, bool is_speaking)
{
    if (is_speaking)
        return act(DIRECTOR_NOTHING, 0);
    set_reference(director, now_ms);
    return next(director);
}

static struct director_action in_wait(struct director *director, uint64_t now_ms)
{
    bool is_silent = now_ms >= director->audible_end_ms + DIRECTOR_SILENCE_MS;
    if (has_answered(director) && is_silent) {
        set_reference(director, now_ms);
        return next(director);
    }
    if (now_ms - director->entered_ms < DIRECTOR_PATIENCE_MS)
        return act(DIRECTOR_NOTHING, 0);
    return fail(director, has_answered(director) ? "the agent did not stop speaking for 20 s"
                                                 : "the agent said nothing for 20 s");
}

static struct director_action in_interrupt(
    struct director *director, uint64_t now_ms, bool is_speaking)
{
    if (director->has_spoken_up)
        return in_speak(director, now_ms, is_speaking);
    uint64_t wanted_ms = current(director)->ms;
    bool is_talking = now_ms < director->audible_end_ms + DIRECTOR_REPLY_GAP_MS;
    if (has_answered(director) && is_talking && now_ms - director->utterance_ms >= wanted_ms) {
        director->has_spoken_up = true;
        return act(DIRECTOR_SPEAK, director->step);
    }
    if (now_ms - director->entered_ms < DIRECTOR_PATIENCE_MS)
        return act(DIRECTOR_NOTHING, 0);
    return fail(director, "no reply of the agent lasted that long within 20 s");
}

static struct director_action in_dtmf(struct director *director, uint64_t now_ms)
{
    const char *keys = current(director)->text;
    if (now_ms - director->entered_ms < director->keys_sent * DIRECTOR_KEY_GAP_MS)
        return act(DIRECTOR_NOTHING, 0);
    if (!keys[director->keys_sent]) {
        set_reference(director, now_ms);
        return next(director);
    }
    struct director_action action = act(DIRECTOR_KEY, director->step);
    action.key = keys[director->keys_sent++];
    return action;
}

/* Letters and digits in lower case: how words are compared, whatever stands between them. */
static void bare_words(struct slice text, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < size - 1; i++)
        if (isalnum((unsigned char)text.data[i]))
            out[len++] = (char)tolower((unsigned char)text.data[i]);
    out[len] = 0;
}

void director_heard(struct director *director, struct slice text)
{
    bare_words(text, director->reply, sizeof director->reply);
}

static bool is_right(const struct director *director)
{
    char expected[DIRECTOR_REPLY_SIZE];
    bare_words(slice_from(current(director)->expected), expected, sizeof expected);
    return !director->reply[0] || strstr(director->reply, expected);
}

static struct director_action in_correct(
    struct director *director, uint64_t now_ms, bool is_speaking)
{
    if (director->has_spoken_up) {
        if (is_speaking) {
            set_reference(director, now_ms);
            return act(DIRECTOR_NOTHING, 0);
        }
        bool is_silent = now_ms >= director->audible_end_ms + DIRECTOR_SILENCE_MS;
        if (!has_answered(director) || !is_silent)
            return now_ms - director->entered_ms < DIRECTOR_PATIENCE_MS
                       ? act(DIRECTOR_NOTHING, 0)
                       : fail(director, "the agent did not answer a correction for 20 s");
        director->has_spoken_up = false;
    }
    if (is_right(director)) {
        set_reference(director, now_ms);
        return next(director);
    }
    if (director->corrections++ == DIRECTOR_CORRECTIONS_MAX)
        return fail(director, "the agent does not get it right");
    director->has_spoken_up = true;
    director->entered_ms = now_ms;
    return act(DIRECTOR_SPEAK, director->step);
}

static struct director_action in_step(struct director *director, uint64_t now_ms, bool is_speaking)
{
    const struct scenario_step *step = current(director);
    switch (step->kind) {
    case SCENARIO_SAY:
    case SCENARIO_PLAY:
        return in_speak(director, now_ms, is_speaking);
    case SCENARIO_WAIT:
        return in_wait(director, now_ms);
    case SCENARIO_INTERRUPT:
        return in_interrupt(director, now_ms, is_speaking);
    case SCENARIO_PAUSE:
        return now_ms - director->entered_ms >= step->ms ? next(director)
                                                         : act(DIRECTOR_NOTHING, 0);
    case SCENARIO_DTMF:
    case SCENARIO_TONES:
        return in_dtmf(director, now_ms);
    case SCENARIO_CORRECT:
        return in_correct(director, now_ms, is_speaking);
    case SCENARIO_EXPECT_HANGUP:
        return now_ms - director->entered_ms >= DIRECTOR_PATIENCE_MS
                   ? fail(director, "the agent did not end the call within 20 s")
                   : act(DIRECTOR_NOTHING, 0);
    case SCENARIO_HANGUP:
        break;
    }
    director->is_over = true;
    return act(DIRECTOR_HANG_UP, director->step);
}

static bool is_spoken_at_once(const struct scenario_step *step)
{
    return step->kind == SCENARIO_SAY || step->kind == SCENARIO_PLAY;
}

struct director_action director_tick(
    struct director *director, uint64_t now_ms, bool is_agent_audible, bool is_speaking)
{
    listen(director, now_ms, is_agent_audible);
    if (director->is_over)
        return act(DIRECTOR_NOTHING, 0);
    const struct scenario_step *step = current(director);
    if (!step) {
        director->is_over = true;
        return act(DIRECTOR_HANG_UP, director->step);
    }
    if (director->is_entered)
        return in_step(director, now_ms, is_speaking);
    director->is_entered = true;
    director->entered_ms = now_ms;
    director->keys_sent = 0;
    director->has_spoken_up = false;
    director->corrections = 0;
    return is_spoken_at_once(step) ? act(DIRECTOR_SPEAK, director->step)
                                   : in_step(director, now_ms, is_speaking);
}

static bool needs_a_call(const struct scenario_step *step)
{
    switch (step->kind) {
    case SCENARIO_SAY:
    case SCENARIO_PLAY:
    case SCENARIO_INTERRUPT:
    case SCENARIO_DTMF:
    case SCENARIO_TONES:
        return true;
    case SCENARIO_WAIT:
    case SCENARIO_PAUSE:
    case SCENARIO_CORRECT:
    case SCENARIO_EXPECT_HANGUP:
    case SCENARIO_HANGUP:
        return false;
    }
    return true;
}

bool director_call_ended(struct director *director)
{
    if (director->is_over)
        return director->why[0] == 0;
    director->is_over = true;
    for (; current(director); director->step++) {
        const struct scenario_step *step = current(director);
        if (!needs_a_call(step))
            continue;
        snprintf(director->why, sizeof director->why, "line %u (%s): the call had ended before it",
            step->line, scenario_word(step->kind));
        return false;
    }
    return true;
}

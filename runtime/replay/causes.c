#include "replay/causes.h"

bool causes_owns(enum turn_event_kind kind)
{
    return kind >= TURN_EVENT_PROMPT_READY && kind <= TURN_EVENT_PLAYED;
}

bool causes_is_turn(enum turn_action_kind kind)
{
    return kind == TURN_ACTION_DRAFT_TURN || kind == TURN_ACTION_COMMIT_TURN;
}

/* Words that are known when the reply begins. */
static bool is_fixed(enum turn_action_kind kind)
{
    return kind == TURN_ACTION_GREET || kind == TURN_ACTION_NUDGE || kind == TURN_ACTION_FAREWELL ||
           kind == TURN_ACTION_SAY || kind == TURN_ACTION_APOLOGISE;
}

bool causes_begins(const struct causes *causes, const struct turn_action *action)
{
    bool is_another = !causes->is_alive || causes->epoch != action->epoch;
    return is_fixed(action->kind) || (causes_is_turn(action->kind) && is_another);
}

static void add(struct causes *causes, enum cause cause, uint64_t now_ms, struct cause_id *caused)
{
    causes->at_ms[cause] = now_ms;
    *caused = (struct cause_id){cause, ++causes->count[cause]};
}

static bool hand_on_words(struct causes *causes, uint64_t now_ms, struct cause_id *caused)
{
    if (causes->is_voice_due || causes->is_playing)
        return false;
    causes->is_voice_due = true;
    add(causes, CAUSE_VOICE, now_ms, caused);
    return true;
}

static void pause_sound(struct causes *causes, bool is_paused, uint64_t now_ms)
{
    if (causes->paused_at_ms && !is_paused)
        causes->paused_ms += now_ms - causes->paused_at_ms;
    causes->paused_at_ms = is_paused ? now_ms : 0;
}

bool causes_action(struct causes *causes, const struct turn_action *action, uint64_t now_ms,
    struct cause_id *caused)
{
    if (causes_begins(causes, action)) {
        *causes = (struct causes){.is_alive = true, .epoch = action->epoch};
        if (is_fixed(action->kind))
            return hand_on_words(causes, now_ms, caused);
        add(causes, CAUSE_BEGIN, now_ms, caused);
        return true;
    }
    switch (action->kind) {
    case TURN_ACTION_START_MODEL:
        add(causes, CAUSE_MODEL, now_ms, caused);
        return true;
    case TURN_ACTION_RUN_TOOLS:
        add(causes, CAUSE_TOOLS, now_ms, caused);
        return true;
    case TURN_ACTION_FINISH_SEGMENT:
        add(causes, CAUSE_FINISH, now_ms, caused);
        return true;
    case TURN_ACTION_FILL:
        causes->is_filling = true;
        add(causes, CAUSE_FILL, now_ms, caused);
        return true;
    case TURN_ACTION_SPEAK:
    case TURN_ACTION_FAIL_OPEN:
        return hand_on_words(causes, now_ms, caused);
    case TURN_ACTION_PAUSE:
        pause_sound(causes, true, now_ms);
        return false;
    case TURN_ACTION_RESUME:
        pause_sound(causes, false, now_ms);
        return false;
    case TURN_ACTION_CANCEL_REPLY:
    case TURN_ACTION_CLOSE_REPLY:
    case TURN_ACTION_END_CALL:
        causes->is_alive = false;
        return false;
    case TURN_ACTION_COMMIT_SPEECH:
    case TURN_ACTION_DISCARD_SPEECH:
    case TURN_ACTION_ASK_END_OF_TURN:
    case TURN_ACTION_ASK_SILENCE:
    case TURN_ACTION_DRAFT_TURN:
    case TURN_ACTION_COMMIT_TURN:
    case TURN_ACTION_REOPEN_TURN:
    case TURN_ACTION_GREET:
    case TURN_ACTION_NUDGE:
    case TURN_ACTION_FAREWELL:
    case TURN_ACTION_SAY:
    case TURN_ACTION_END_TEXT:
    case TURN_ACTION_END_MODEL:
    case TURN_ACTION_DUCK:
    case TURN_ACTION_CLEAR:
    case TURN_ACTION_HUSH:
    case TURN_ACTION_APOLOGISE:
        return false;
    }
    return false;
}

/* The newest of that cause; without one, of the reply's beginning, which fixed words have in their voice. */
static bool since(const struct causes *causes, enum cause cause, uint64_t now_ms,
    struct cause_id *from, uint32_t *after_ms)
{
    if (!causes->count[cause])
        cause = CAUSE_BEGIN;
    if (!causes->count[cause])
        cause = CAUSE_VOICE;
    if (!causes->count[cause])
        return false;
    *from = (struct cause_id){cause, causes->count[cause]};
    *after_ms = (uint32_t)(now_ms - causes->at_ms[cause]);
    return true;
}

static bool end_of_sound(
    const struct causes *causes, uint64_t now_ms, struct cause_id *from, uint32_t *after_ms)
{
    if (causes->is_filling)
        return since(causes, CAUSE_FILL, now_ms, from, after_ms);
    if (causes->is_voice_due)
        return since(causes, CAUSE_VOICE, now_ms, from, after_ms);
    if (!causes->is_playing)
        return false; /* what was heard is told anew when no more comes: the simulation does that by itself */
    since(causes, CAUSE_PLAY, now_ms, from, after_ms);
    *after_ms -= (uint32_t)causes->paused_ms;
    return true;
}

bool causes_of(const struct causes *causes, const struct turn_event *event, uint64_t now_ms,
    struct cause_id *from, uint32_t *after_ms)
{
    switch (event->kind) {
    case TURN_EVENT_PROMPT_READY:
    case TURN_EVENT_PROMPT_FAILED:
    case TURN_EVENT_SCRIPT_PASSED:
    case TURN_EVENT_SCRIPT_ANSWERED:
        return since(causes, CAUSE_BEGIN, now_ms, from, after_ms);
    case TURN_EVENT_PIECE:
    case TURN_EVENT_MODEL_DONE:
    case TURN_EVENT_MODEL_RESTARTED:
    case TURN_EVENT_MODEL_FAILED:
        return since(causes, CAUSE_MODEL, now_ms, from, after_ms);
    case TURN_EVENT_TOOLS_DONE:
    case TURN_EVENT_HANGUP_ASKED:
    case TURN_EVENT_RULES:
        return since(causes, CAUSE_TOOLS, now_ms, from, after_ms);
    case TURN_EVENT_AUDIO:
    case TURN_EVENT_TTS_FAILED:
        return since(causes, CAUSE_VOICE, now_ms, from, after_ms);
    case TURN_EVENT_PROTECTED:
        return since(causes, causes->is_playing ? CAUSE_PLAY : CAUSE_VOICE, now_ms, from, after_ms);
    case TURN_EVENT_NO_WORDS:
        return since(causes, CAUSE_FINISH, now_ms, from, after_ms);
    case TURN_EVENT_PLAYED:
        return end_of_sound(causes, now_ms, from, after_ms);
    case TURN_EVENT_STARTED:
    case TURN_EVENT_LISTEN:
    case TURN_EVENT_SPEECH_STARTED:
    case TURN_EVENT_SPEECH_ENDED:
    case TURN_EVENT_COMMITTED:
    case TURN_EVENT_PARTIAL:
    case TURN_EVENT_FINAL:
    case TURN_EVENT_STT_FAILED:
    case TURN_EVENT_END_OF_TURN:
    case TURN_EVENT_SILENCE_ANSWERED:
    case TURN_EVENT_KEY_TYPED:
    case TURN_EVENT_KEY_TAKEN:
    case TURN_EVENT_SAY_ASKED:
    case TURN_EVENT_STREAM_ENDED:
    case TURN_EVENT_TIME:
        return false;
    }
    return false;
}

bool causes_event(
    struct causes *causes, const struct turn_event *event, uint64_t now_ms, struct cause_id *caused)
{
    bool is_audio = event->kind == TURN_EVENT_AUDIO;
    if (!is_audio && event->kind != TURN_EVENT_PLAYED)
        return false;
    bool is_filler_over = !is_audio && causes->is_filling;
    causes->is_filling = false;
    if (is_filler_over)
        return false;
    causes->is_voice_due = false;
    causes->is_playing = is_audio;
    if (!is_audio)
        return false;
    causes->paused_ms = 0;
    causes->paused_at_ms = 0;
    add(causes, CAUSE_PLAY, now_ms, caused);
    return true;
}

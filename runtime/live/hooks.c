/* What a tenant's script is asked beside prompts and tools, and what it wants of its own accord.

   ask ─► script thread ─► hooks_result ─► the hook's own file: hooks_turn.c, hooks_caller.c, hooks_keys.c, wording.c,
                                           tools.c
   call:say in a hook ─► a reply that carries it, or a silence to begin one in */
#include <stdlib.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"

#define LOST_MS 1000 /* an answer that is later than its hook may be by this much was lost */

struct script_job *hooks_job(struct call *call, enum script_hook hook, json_t *values_take)
{
    char *arguments = values_take ? json_dumps(values_take, JSON_COMPACT) : NULL;
    json_decref(values_take);
    struct script_job *job = arguments ? call_script_job(call, SCRIPT_HOOK) : NULL;
    if (!job) {
        free(arguments);
        return NULL;
    }
    job->hook = hook;
    job->arguments = arguments;
    return job;
}

bool hooks_ask(struct call *call, enum script_hook hook, uint32_t number, json_t *values_take)
{
    struct script_job *job = hooks_job(call, hook, values_take);
    if (job)
        job->epoch = number;
    return call_send_script(call, job);
}

static json_t *value_of(const struct script_result *result)
{
    bool is_done = result->ending == SCRIPT_DONE && result->text;
    return is_done ? json_loads(result->text, JSON_DECODE_ANY, NULL) : NULL;
}

void hooks_result(struct call *call, struct script_result *result)
{
    journal_take_state(call, result);
    json_t *value = value_of(result);
    switch (result->hook) {
    case HOOK_ON_CALL_START:
        opening_answer(call, value);
        break;
    case HOOK_END_OF_TURN:
        hooks_end_of_turn_result(call, result, value);
        break;
    case HOOK_ON_USER_TURN:
        hooks_user_turn_result(call, result, value);
        break;
    case HOOK_ON_PARTIAL:
        hooks_partial_result(call);
        break;
    case HOOK_ON_SILENCE:
        hooks_silence_result(call, result, value);
        break;
    case HOOK_BEFORE_SAY:
        wording_result(call, result, value);
        break;
    case HOOK_ON_TOOL_ERROR:
        tools_error_result(call, result, value);
        break;
    case HOOK_ON_DTMF:
        hooks_dtmf_result(call, result, value);
        break;
    case HOOK_ON_INCOMING: /* the webhook's */
    case HOOK_ON_CALL_END: /* in farewell.c */
    case SCRIPT_HOOKS:
        break;
    }
    json_decref(value);
}

/* ---- words of its own ---- */

static void note_refusal(const struct call *call, enum err err)
{
    if (err)
        log_warn("hooks.dropped", "call=%s err=%s", call->facts.call_id, err_name(err));
}

void hooks_say(struct call *call, struct slice text, bool is_protected)
{
    note_refusal(call, asides_add_words(&call->asides, text, is_protected));
    hooks_pump(call);
}

void hooks_play_take(struct call *call, struct call_sound *sound, bool is_protected)
{
    note_refusal(call, asides_add_sound_take(&call->asides, sound, is_protected));
    hooks_pump(call);
}

void hooks_hang_up(struct call *call)
{
    call->wants_hang_up = true;
    hooks_pump(call);
}

static bool carries_words(const struct call *call)
{
    const struct turn *turn = &call->turn;
    return turn->phase != REPLY_NONE && turn->phase != REPLY_APOLOGY && !turn->is_draft;
}

static bool is_silent(const struct call *call)
{
    const struct turn *turn = &call->turn;
    return turn->state == TURN_LISTENING && turn->listening_ms && !turn->has_speech;
}

void hooks_hold(struct call *call, enum script_hook hook)
{
    uint64_t by_ms = clock_ms() + hook_rules[hook].timeout_ms + LOST_MS;
    call->hooks_held++;
    call->hooks_held_by_ms = by_ms > call->hooks_held_by_ms ? by_ms : call->hooks_held_by_ms;
}

void hooks_let_go(struct call *call)
{
    call->hooks_held -= call->hooks_held > 0;
}

static uint64_t held_by_ms(const struct call *call)
{
    return call->hooks_held ? call->hooks_held_by_ms : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

uint64_t hooks_deadline(const struct call *call)
{
    return earlier(held_by_ms(call), earlier(hooks_partial_due_ms(call), wording_deadline(call)));
}

void hooks_tick(struct call *call, uint64_t now_ms)
{
    hooks_partial_tick(call, now_ms);
    wording_tick(call, now_ms);
    if (call->hooks_held && now_ms >= held_by_ms(call)) {
        call->hooks_held = 0; /* their answers were lost */
        hooks_pump(call);
    }
}

/* What a hook says waits until what it was asked about has had its effect, and for a reply that carries it or a silence to
   begin one in. */
void hooks_pump(struct call *call)
{
    bool is_wanted = call->asides.list || call->wants_hang_up || call->wants_transfer;
    if (!is_wanted || call->is_finished || call->opening_by_ms || held_by_ms(call) > clock_ms())
        return;
    while (call->asides.list && carries_words(call) && reply_takes_words(call)) {
        struct aside *aside = asides_take(&call->asides);
        if (aside->sound)
            reply_play_take(call, aside_take_sound(aside), aside->is_protected);
        else
            reply_interject(call, strbuf_slice(&aside->words), aside->is_protected);
        aside_free(aside);
    }
    if (call->asides.list && is_silent(call))
        call_event(call, (struct turn_event){.kind = TURN_EVENT_SAY_ASKED});
    if (call->wants_hang_up && !call->asides.list) {
        call->wants_hang_up = false;
        call_event(call, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    }
    handover_pump(call);
}

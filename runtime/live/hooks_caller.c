/* What the script is told of a caller who speaks, and of one who does not.

   a partial ─► on_partial, the newest, four times a second at most
   the engine's question ─► on_silence ─► the engine's answer, and the words for it */
#include <stdlib.h>

#include "base/clock.h"
#include "live/call.h"

#define PARTIAL_EVERY_MS 250
#define PARTIAL_LOST_MS 1000 /* an answer this late was lost */

/* ---- on_partial ---- */

void hooks_partial(struct call *call)
{
    if (!call->agent->has_hook[HOOK_ON_PARTIAL])
        return;
    call->is_partial_new = true;
    hooks_partial_tick(call, clock_ms());
}

uint64_t hooks_partial_due_ms(const struct call *call)
{
    if (!call->is_partial_new)
        return 0;
    return call->partial_asked_ms + (call->is_partial_asked ? PARTIAL_LOST_MS : PARTIAL_EVERY_MS);
}

void hooks_partial_tick(struct call *call, uint64_t now_ms)
{
    if (!call->is_partial_new || now_ms < hooks_partial_due_ms(call))
        return;
    char *text = hearing_text(call);
    call->is_partial_new = false;
    call->partial_asked_ms = now_ms;
    call->is_partial_asked =
        text && text[0] &&
        hooks_ask(call, HOOK_ON_PARTIAL, call->reply.epoch, json_pack("[s]", text));
    free(text);
}

void hooks_partial_result(struct call *call)
{
    call->is_partial_asked = false;
    hooks_partial_tick(call, clock_ms());
    call_arm(call);
}

/* ---- on_silence ---- */

static void tell_silence(struct call *call, uint32_t question, bool says_nothing)
{
    call_event(
        call, (struct turn_event){
                  .kind = TURN_EVENT_SILENCE_ANSWERED, .item = question, .flag = says_nothing});
}

void hooks_ask_silence(struct call *call, uint32_t question)
{
    bool is_asked =
        call->agent->has_hook[HOOK_ON_SILENCE] &&
        hooks_ask(call, HOOK_ON_SILENCE, question, json_pack("[i]", (int)call->turn.nudges));
    if (is_asked)
        hooks_hold(call, HOOK_ON_SILENCE);
    else
        tell_silence(call, question, false);
}

/* An answer that the engine no longer wants leaves no words behind. */
void hooks_silence_result(
    struct call *call, const struct script_result *result, const json_t *value)
{
    hooks_let_go(call);
    call->nudge_words = json_string_value(value);
    tell_silence(call, result->epoch, json_is_false(value));
    call->nudge_words = NULL;
    hooks_pump(call);
}

/* The hook on_call_start, between the stream's start and the first word. It is asked while text-to-speech connects, which
   takes longer than a hook that waits for nothing: the greeting comes when it would have come.

     asked ─► answered: a text, which is the greeting now; false: the caller has the first word; nothing: the agent's own
       │
       └─ 250 ms ─► the agent's own. What the hook still sets holds, what it says and asks for comes after the greeting; a
                    text it returns is too late.
   Nobody listens to the caller until then, as while a history is awaited (reentry.c). */
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"

#define OPENING_MS 250

bool opening_ask(struct call *call)
{
    struct script_job *job =
        call->agent->has_hook[HOOK_ON_CALL_START] ? call_script_job(call, SCRIPT_HOOK) : NULL;
    if (!job)
        return false;
    job->hook = HOOK_ON_CALL_START;
    if (!call_send_script(call, job))
        return false;
    call->opening_by_ms = clock_ms() + OPENING_MS;
    call_arm(call);
    return true;
}

static void speak(struct call *call)
{
    call->opening_by_ms = 0;
    call_speak_first(call);
}

void opening_answer(struct call *call, const json_t *value)
{
    if (!call->opening_by_ms) {
        log_warn("opening.late", "call=%s ms=%u", call->facts.call_id, call_ms(call, clock_ms()));
        return;
    }
    log_info("call.opening", "call=%s ms=%u", call->facts.call_id, call_ms(call, clock_ms()));
    if (json_is_string(value))
        call->greeting = strdup(json_string_value(value));
    call->is_mute = json_is_false(value);
    speak(call);
}

void opening_tick(struct call *call, uint64_t now_ms)
{
    if (call->opening_by_ms && now_ms >= call->opening_by_ms)
        speak(call);
}

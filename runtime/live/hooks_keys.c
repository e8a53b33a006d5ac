/* Keys of the caller's telephone:

   key ─► on_dtmf, or nothing handles it ─► typed ─► the caller's words */
#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"
#include "observe/metrics.h"

static void tell_typed(struct call *call, bool is_last)
{
    call_event(call, (struct turn_event){.kind = TURN_EVENT_KEY_TYPED, .flag = is_last});
}

/* The caller's words are read as they stand when their turn begins: a key is added before the engine hears of it. */
static void type_key(struct call *call, char key)
{
    tell_typed(call, typed_key(&call->typed, key));
}

static void type_words(struct call *call, struct slice words)
{
    if (!typed_words(&call->typed, words))
        log_warn("hooks.dropped", "call=%s bytes=%zu", call->facts.call_id, words.len);
    tell_typed(call, true);
}

void hooks_key(struct call *call, char key, enum keypad_verdict verdict)
{
    if (verdict == KEYPAD_KNOWN)
        return;
    bool is_refused = verdict == KEYPAD_TOO_MANY;
    metric_add(is_refused ? METRIC_KEYS_REFUSED : METRIC_KEYS, 1);
    log_event(LOG_INFO, is_refused ? "key.refused" : "key.pressed", "call=%s", call->facts.call_id);
    if (is_refused || call->history_by_ms || call->opening_by_ms) /* nobody listens yet */
        return;
    char text[2] = {key, 0};
    if (call->agent->has_hook[HOOK_ON_DTMF] &&
        hooks_ask(call, HOOK_ON_DTMF, call->reply.epoch, json_pack("[s]", text)))
        hooks_hold(call, HOOK_ON_DTMF);
    else
        type_key(call, key);
}

/* The key that was asked about. */
static char key_of(const struct script_result *result)
{
    json_t *values = json_loads(result->arguments ? result->arguments : "", 0, NULL);
    const char *text = json_string_value(json_array_get(values, 0));
    char key = text && text[0] ? text[0] : KEYPAD_LAST;
    json_decref(values);
    return key;
}

/* It is no turn of the caller's: what was to follow the words that it cut off follows them all the same. */
static void take_key(struct call *call)
{
    call_event(call, (struct turn_event){.kind = TURN_EVENT_KEY_TAKEN});
    if (call->turn.phase == REPLY_NONE)
        handover_begin(call);
}

void hooks_dtmf_result(struct call *call, const struct script_result *result, const json_t *value)
{
    hooks_let_go(call);
    if (json_is_true(value))
        take_key(call);
    else if (json_is_string(value))
        type_words(call, slice_from(json_string_value(value)));
    else
        type_key(call, key_of(result));
    hooks_pump(call);
}

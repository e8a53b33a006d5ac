/* How a chat's call begins and ends, and what the caller does beside speaking. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "callflow/turn.h"
#include "live/summary.h"
#include "live/typed.h"
#include "rehearsal/chat_internal.h"

#define OPENING_MS 250 /* then the greeting is the agent's own (live/opening.c) */

/* ---- on_incoming ---- */

/* It is asked before there is a call: under a name of its own, which is forgotten. */
static json_t *verdict_of(struct chat *chat)
{
    struct script_call_facts facts = chat->facts;
    id_make(chat->facts.call_id);
    json_t *verdict = chat_ask_hook(chat, HOOK_ON_INCOMING, NULL, json_array());
    struct script_job *end = chat_job(chat, SCRIPT_CALL_END);
    if (end)
        end->reply = NULL;
    chat_send(chat, end);
    chat->facts = facts;
    return verdict;
}

static bool is_let_in(struct chat *chat)
{
    if (!chat_has_hook(chat, HOOK_ON_INCOMING))
        return true;
    json_t *verdict = verdict_of(chat);
    char *text = json_is_object(verdict) ? json_dumps(verdict, JSON_COMPACT) : NULL;
    if (text)
        chat_note(chat, "on_incoming: %s: no agent takes this call", text);
    else
        chat_note(chat, "on_incoming lets the caller in");
    chat->is_refused = json_is_object(verdict);
    free(text);
    json_decref(verdict);
    return !chat->is_refused;
}

/* ---- the first word ---- */

/* What on_call_start says of its own follows the greeting. */
static json_t *opening_of(struct chat *chat)
{
    uint64_t asked_ms = clock_ms();
    chat->is_opening = true;
    json_t *value = chat_ask_hook(chat, HOOK_ON_CALL_START, NULL, json_array());
    chat->is_opening = false;
    uint64_t took_ms = clock_ms() - asked_ms;
    if (!value || json_is_null(value) || took_ms <= OPENING_MS)
        return value;
    chat_note(chat, "on_call_start took %llu ms: a caller would hear the agent's own greeting",
        (unsigned long long)took_ms);
    json_decref(value);
    return NULL;
}

static void greet(struct chat *chat)
{
    json_t *value = opening_of(chat);
    const char *words = json_string_value(value);
    const char *greeting = words ? words : chat->agent->greeting;
    if (json_is_false(value))
        chat_note(chat, "on_call_start: the caller has the first word");
    else if (greeting[0])
        chat_say(chat, slice_from(greeting));
    else
        chat_turn(chat, "");
    json_decref(value);
    char *held = strbuf_take(&chat->held);
    chat_say_own(chat, slice_from(held));
    free(held);
    chat_rest(chat);
}

bool chat_begin(struct chat *chat)
{
    if (!is_let_in(chat))
        return false;
    greet(chat);
    return !chat->is_over;
}

/* ---- keys ---- */

/* Keys that nothing takes are an entry, up to '#'. */
static void press(struct chat *chat, struct typed *typed, char key)
{
    char text[2] = {key, 0};
    json_t *value = chat_ask_hook(chat, HOOK_ON_DTMF, NULL, json_pack("[s]", text));
    if (json_is_true(value))
        chat_note(chat, "on_dtmf takes %c", key);
    else if (!json_is_string(value))
        typed_key(typed, key);
    else if (!typed_words(typed, slice_from(json_string_value(value))))
        chat_note(chat, "words for keys past 2 KiB are dropped");
    json_decref(value);
}

void chat_press(struct chat *chat, const char *keys)
{
    struct typed typed;
    if (!keys[0] || keys[strspn(keys, "0123456789*#")]) {
        chat_note(chat, "/press 12#: keys are 0 to 9, * and #");
        return;
    }
    typed_init(&typed);
    chat->nudges = 0;
    for (; *keys && !chat->wants_end; keys++)
        press(chat, &typed, *keys);
    char *words = typed.words.len ? strbuf_take(&typed.words) : NULL;
    typed_close(&typed);
    if (words && !chat->wants_end) {
        chat_note(chat, "the caller's words: %s", words);
        chat_turn(chat, words);
    }
    free(words);
    chat_rest(chat);
}

/* ---- silence ---- */

static void nudge(struct chat *chat)
{
    json_t *value = chat_ask_hook(chat, HOOK_ON_SILENCE, NULL, json_pack("[i]", (int)chat->nudges));
    chat->nudges++;
    if (json_is_false(value))
        chat_note(chat, "on_silence: nothing is said");
    else if (json_is_string(value))
        chat_say_own(chat, slice_from(json_string_value(value)));
    else
        chat_say(chat, slice_from(chat->agent->still_there));
    json_decref(value);
}

void chat_silence(struct chat *chat)
{
    const struct agent_turn_policy *turn = &chat->agent->turn;
    if (!turn->idle_ms) {
        chat_note(chat, "turn.idle_ms is 0: nobody asks");
        return;
    }
    chat_note(chat, "%u ms without a word", turn->idle_ms);
    if (chat->nudges < turn->idle_nudges) {
        nudge(chat);
    } else {
        chat_say(chat, slice_from(chat->agent->goodbye));
        chat_note(chat, "nobody is there: the call ends");
        chat->wants_end = true;
    }
    chat_rest(chat);
}

/* ---- the last word ---- */

void chat_end(struct chat *chat)
{
    if (chat->is_refused || chat->options.is_text || !chat_has_hook(chat, HOOK_ON_CALL_END))
        return;
    if (chat->options.is_dry) {
        chat_note(chat, "on_call_end  (dry: not run)");
        return;
    }
    const char *said = chat->labels.outcome;
    struct call_summary summary = {.duration_ms = clock_ms() - chat->began_ms,
        .turns = chat->turn,
        .outcome = chat->is_transferred ? "transferred"
                   : said[0]            ? said
                   : chat->turn         ? "answered"
                                        : "abandoned",
        .end_reason = chat->is_transferred ? "transferred"
                      : chat->is_voicemail
                          ? "voicemail"
                          : turn_end_reason_name(chat->is_over ? TURN_END_AGENT : TURN_END_CALLER)};
    chat_note(chat, "on_call_end, outcome %s", summary.outcome);
    json_decref(chat_ask_hook(chat, HOOK_ON_CALL_END, NULL, summary_values(&summary)));
}

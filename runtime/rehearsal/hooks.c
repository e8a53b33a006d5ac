/* What the tenant's hooks are asked, and what scripts want of their own accord. */
#include <stdlib.h>
#include <string.h>

#include "rehearsal/stage.h"
#include "text/words.h"

/* ---- end_of_turn ---- */

void stage_hooks_ask_end_of_turn(struct stage *stage, uint32_t question)
{
    const struct turn *turn = &stage->turn;
    struct words_signals words;
    char *text = caller_text(stage);
    words_look(&words, slice_from(text));
    json_t *values = json_pack("[{s:s, s:I, s:I, s:i, s:b, s:b, s:b}]", "text", text ? text : "",
        "silence_ms", (json_int_t)(stage->now_ms - turn->speech_ended_ms), "speech_ms",
        (json_int_t)turn->asked_speech_ms, "words", (int)words.word_count, "is_final",
        turn->open_items == 0, "is_hanging", words.is_hanging, "is_spelling", words.is_spelling);
    if (stage->call.phase[0])
        json_object_set_new(json_array_get(values, 0), "phase", json_string(stage->call.phase));
    free(text);
    json_t *value = backstage_ask_now(stage, HOOK_END_OF_TURN, values);
    enum turn_opinion opinion = json_is_true(value)    ? OPINION_END
                                : json_is_false(value) ? OPINION_MORE
                                                       : OPINION_DEFAULT;
    json_decref(value);
    stage_event(stage,
        (struct turn_event){.kind = TURN_EVENT_END_OF_TURN, .item = question, .opinion = opinion});
}

/* ---- keys ---- */

void stage_hooks_ask_key(struct stage *stage, char key)
{
    char text[2] = {key, 0};
    json_t *value = backstage_ask_now(stage, HOOK_ON_DTMF, json_pack("[s]", text));
    if (json_is_true(value))
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_KEY_TAKEN});
    else if (json_is_string(value))
        caller_type_words(stage, json_string_value(value));
    else
        caller_type_key(stage, key);
    json_decref(value);
    stage_pump(stage);
}

/* ---- those that may wait ---- */

/* In a call the default does for a hook that is late; one that fails is a fault here. */
void stage_hooks_result(struct stage *stage, const struct script_result *result)
{
    json_t *value = result->ending == SCRIPT_DONE && result->text
                        ? json_loads(result->text, JSON_DECODE_ANY, NULL)
                        : NULL;
    stage_take_phase(stage, result->phase);
    if (result->ending != SCRIPT_DONE && result->ending != SCRIPT_TIMEOUT)
        stage_blame(stage, "the hook %s failed: %s", hook_rules[result->hook].name,
            result->why ? result->why : script_ending_name(result->ending));
    if (result->ending == SCRIPT_TIMEOUT)
        stage_note(stage, "script", "%s is late", hook_rules[result->hook].name);
    switch (result->hook) {
    case HOOK_ON_INCOMING:
        ends_incoming_result(stage, value);
        break;
    case HOOK_ON_CALL_START:
        ends_start_result(stage, value);
        break;
    case HOOK_ON_USER_TURN:
        stage_hooks_turn_result(stage, result, value);
        break;
    case HOOK_ON_CALL_END:
    case HOOK_END_OF_TURN:
    case HOOK_ON_PARTIAL:
    case HOOK_ON_SILENCE:
    case HOOK_BEFORE_SAY:
    case HOOK_ON_TOOL_ERROR:
    case HOOK_ON_DTMF:
    case SCRIPT_HOOKS:
        break; /* is told only, or was answered at once */
    }
    json_decref(value);
}

/* ---- words of its own ---- */

static bool carries_words(const struct stage *stage)
{
    const struct turn *turn = &stage->turn;
    return turn->phase != REPLY_NONE && turn->phase != REPLY_APOLOGY && !turn->is_draft &&
           stage->reply.is_round_complete && !stage->reply.backlog.len;
}

static bool is_silent(const struct stage *stage)
{
    const struct turn *turn = &stage->turn;
    return turn->state == TURN_LISTENING && turn->listening_ms && !turn->has_speech;
}

void stage_pump(struct stage *stage)
{
    if (stage_is_over(stage) || stage->is_opening || stage->is_stepping ||
        backstage_has_work(stage))
        return;
    if (stage->aside.len && carries_words(stage)) {
        char *words = strbuf_take(&stage->aside);
        lines_interject(stage, slice_from(words), stage->is_aside_protected);
        stage->is_aside_protected = false;
        free(words);
    } else if (stage->aside.len && is_silent(stage)) {
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_SAY_ASKED});
    }
    if (stage->wants_hang_up && !stage->aside.len) {
        stage->wants_hang_up = false;
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_HANGUP_ASKED});
    }
}

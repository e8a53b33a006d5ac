/* The hooks about turns: what answers one, what is told of a caller who speaks or is silent, what is said. */
#include <stdlib.h>
#include <string.h>

#include "rehearsal/stage.h"

#define PARTIAL_EVERY_MS 250

/* ---- on_user_turn ---- */

bool stage_hooks_is_turn_asked(const struct stage *stage)
{
    const struct turn *turn = &stage->turn;
    return stage->reply.is_turn_asked && turn->phase == REPLY_PROMPT &&
           turn->epoch == stage->reply.epoch;
}

static void emit(struct stage *stage, enum turn_event_kind kind)
{
    stage_event(stage, (struct turn_event){.kind = kind, .epoch = stage->reply.epoch});
}

static void pass_turn(struct stage *stage)
{
    emit(stage, TURN_EVENT_SCRIPT_PASSED);
    stage_ask_prompt(stage);
}

static void rewrite_turn(struct stage *stage, const char *words)
{
    stage_note(stage, "script", "the model reads: %s", words);
    free(stage->reply.model_text);
    stage->reply.model_text = strdup(words);
    conversation_drop_caller(&stage->conversation);
    conversation_add_caller(&stage->conversation, slice_from(words));
    pass_turn(stage);
}

static void answer_turn(struct stage *stage, const json_t *value)
{
    const char *words = json_string_value(value);
    const char *number = json_string_value(json_object_get(value, "transfer"));
    words = words ? words : json_string_value(json_object_get(value, "say"));
    if (number)
        slice_copy(slice_from(number), stage->transfer_to, sizeof stage->transfer_to);
    if (json_is_true(json_object_get(value, "hangup")))
        emit(stage, TURN_EVENT_HANGUP_ASKED);
    emit(stage, TURN_EVENT_SCRIPT_ANSWERED);
    lines_write(stage, slice_from(words));
}

void stage_hooks_turn_result(
    struct stage *stage, const struct script_result *result, const json_t *value)
{
    if (!stage_hooks_is_turn_asked(stage) || result->epoch != stage->reply.epoch)
        return; /* the caller went on: the turn never was */
    stage->reply.is_turn_asked = false;
    stage_write_caller(stage);
    const char *words = json_string_value(json_object_get(value, "rewrite"));
    if (words)
        rewrite_turn(stage, words);
    else if (json_is_string(value) || json_is_object(value))
        answer_turn(stage, value);
    else
        pass_turn(stage);
}

/* ---- on_partial, on_silence, before_say ---- */

static void tell_partial(struct stage *stage, struct happening *it)
{
    char *text = stage->caller.is_partial_new ? caller_text(stage) : NULL;
    stage->caller.is_partial_new = false;
    if (text && text[0]) {
        stage->caller.partial_told_ms = stage->now_ms;
        json_decref(backstage_ask_now(stage, HOOK_ON_PARTIAL, json_pack("[s]", text)));
    }
    free(text);
}

void stage_hooks_partial(struct stage *stage)
{
    struct caller *caller = &stage->caller;
    uint64_t due_ms = caller->partial_told_ms ? caller->partial_told_ms + PARTIAL_EVERY_MS : 0;
    if (caller->is_partial_new || !stage->session->version->agent->has_hook[HOOK_ON_PARTIAL])
        return;
    caller->is_partial_new = true;
    stage_later(stage, due_ms > stage->now_ms ? due_ms - stage->now_ms : 0, tell_partial);
}

void stage_hooks_ask_silence(struct stage *stage, uint32_t question)
{
    bool has_hook = stage->session->version->agent->has_hook[HOOK_ON_SILENCE];
    json_t *value = has_hook ? backstage_ask_now(stage, HOOK_ON_SILENCE,
                                   json_pack("[i]", (int)stage->turn.nudges))
                             : NULL;
    free(stage->nudge_words);
    stage->nudge_words = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
    stage_event(stage,
        (struct turn_event){
            .kind = TURN_EVENT_SILENCE_ANSWERED, .item = question, .flag = json_is_false(value)});
    json_decref(value);
}

/* A piece is one line. */
static void one_line(char *words)
{
    for (; *words; words++)
        if ((unsigned char)*words < ' ')
            *words = ' ';
}

char *stage_hooks_word(struct stage *stage, struct slice piece)
{
    if (!stage->session->version->agent->has_hook[HOOK_BEFORE_SAY])
        return NULL;
    json_t *value =
        backstage_ask_now(stage, HOOK_BEFORE_SAY, json_pack("[s%]", piece.data, piece.len));
    char *words = json_is_string(value)  ? strdup(json_string_value(value))
                  : json_is_false(value) ? strdup("")
                                         : NULL;
    json_decref(value);
    if (words)
        one_line(words);
    return words;
}

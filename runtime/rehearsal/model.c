/* The model, as it is written down: answers of the step, or of the recording, in order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/tool_text.h"
#include "rehearsal/stage.h"

#define TOKEN_MS 15 /* a word of an answer */

void model_open(struct stage *stage)
{
    char why[256];
    struct slice text;
    const char *name = stage->plan->recorded;
    if (!name[0])
        return;
    json_error_t error = {.line = 1};
    struct sources *sources = stage->session->file.program->sources;
    if (sources_get(sources, name, &text, why)) {
        stage_fail(stage, "recorded: %s", why);
        return;
    }
    stage->model.recorded = json_loadb(text.data, text.len, 0, &error);
    if (!json_is_array(stage->model.recorded))
        stage_fail(stage,
            "recorded: %s:%d: not a list of answers as `moonline chat --record` "
            "writes it",
            name, error.line);
}

void model_close(struct stage *stage)
{
    model_stop(stage);
    json_decref(stage->model.answers);
    json_decref(stage->model.recorded);
}

/* One answer, or several: a round of the model each. */
void model_load(struct stage *stage, const json_t *answers)
{
    struct script_model *model = &stage->model;
    json_decref(model->answers);
    model->next = 0;
    model->asked = 0;
    if (json_is_array(answers)) {
        model->answers = json_copy((json_t *)answers);
    } else {
        model->answers = json_array();
        if (answers)
            json_array_append(model->answers, (json_t *)answers);
    }
    model_begin_reply(stage);
}

size_t model_left(const struct stage *stage)
{
    return json_array_size(stage->model.answers) - stage->model.next;
}

void model_begin_reply(struct stage *stage)
{
    stage->model.reply_next = stage->model.next;
    stage->model.reply_next_recorded = stage->model.next_recorded;
}

void model_take_back(struct stage *stage)
{
    stage->model.next = stage->model.reply_next;
    stage->model.next_recorded = stage->model.reply_next_recorded;
}

/* Whoever remembers is asked anew each time, a draft's rounds too. */
static void remember(struct stage *stage)
{
    struct script_model *model = &stage->model;
    json_t *answer = again_answer_model(stage);
    if (!model->answers)
        model_load(stage, NULL);
    model->next = json_array_size(model->answers);
    json_array_append_new(model->answers, answer ? answer : json_pack("{s:b}", "fail", true));
}

static json_t *next_answer(struct script_model *model)
{
    if (model->next < json_array_size(model->answers))
        return json_array_get(model->answers, model->next++);
    if (model->next_recorded < json_array_size(model->recorded))
        return json_array_get(model->recorded, model->next_recorded++);
    return NULL;
}

static const char *text_of(const json_t *answer)
{
    const char *text = json_string_value(answer);
    if (!text)
        text = json_string_value(json_object_get(answer, "say"));
    return text ? text : "";
}

static void add_tool(struct stage *stage, const json_t *call)
{
    struct stage_reply *reply = &stage->reply;
    const json_t *args = json_object_get(call, "args");
    char id[24];
    if (!json_string_length(json_object_get(call, "tool"))) {
        stage_fail(stage, "model: tool must be the name of one: { tool = \"…\", args = { … } }");
        return;
    }
    unsigned asked = ++reply->tools_asked;
    if (asked > TOOL_CALLS_TOLD_A_TURN)
        return;
    snprintf(id, sizeof id, "call_%u_%u", stage->model.number, reply->tools_asked);
    char *text = json_is_string(args) ? slice_dup(slice_from(json_string_value(args)))
                 : args               ? json_dumps(args, JSON_COMPACT)
                                      : NULL; /* as a text: what no table can be, "{x" */
    const char *refusal = asked > TOOL_CALLS_A_TURN ? TOOL_TEXT_TOO_MANY : NULL;
    json_array_append_new(reply->tool_calls,
        json_pack("{s:s, s:O, s:s, s:s*}", "id", id, "name", json_object_get(call, "tool"),
            "arguments", text ? text : "{}", "result", refusal));
    free(text);
}

static void end_answer(struct stage *stage)
{
    json_t *answer = stage->model.answer;
    stage->model.answer = NULL;
    uint32_t epoch = stage->reply.epoch;
    if (json_object_get(answer, "tool"))
        add_tool(stage, answer);
    size_t i;
    json_t *call;
    json_array_foreach(json_object_get(answer, "tools"), i, call) add_tool(stage, call);
    json_decref(answer);
    lines_add(stage, SLICE(""), true);
    if (stage->reply.epoch != epoch)
        return; /* its last words ended it */
    bool has_tools = json_array_size(stage->reply.tool_calls) > 0;
    bool is_empty = !has_tools && !stage->reply.has_text;
    stage->reply.is_round_complete = true;
    stage_event(stage,
        (struct turn_event){.kind = is_empty ? TURN_EVENT_MODEL_FAILED : TURN_EVENT_MODEL_DONE,
            .epoch = epoch,
            .flag = has_tools});
}

static void go_on(struct stage *stage, struct happening *it)
{
    struct script_model *model = &stage->model;
    if (!model->text[0]) {
        end_answer(stage);
        return;
    }
    size_t len = strcspn(model->text, " ");
    len += strspn(model->text + len, " ");
    struct slice word = {model->text, len};
    json_t *kept = json_incref(model->answer); /* the word may end the reply */
    model->text += len;
    stage_later(stage, TOKEN_MS, go_on)->thing = model;
    lines_add(stage, word, false);
    json_decref(kept);
}

static void fail(struct stage *stage, struct happening *it)
{
    model_stop(stage);
    stage_note(stage, "model", "(fails)");
    stage_event(
        stage, (struct turn_event){.kind = TURN_EVENT_MODEL_FAILED, .epoch = stage->reply.epoch});
}

void model_start(struct stage *stage)
{
    struct script_model *model = &stage->model;
    if (stage->session->again)
        remember(stage);
    json_t *answer = next_answer(model);
    model_stop(stage);
    if (!answer) {
        stage_fail(
            stage, model->asked++
                       ? "the model is asked again, and this step has no further answer for it: "
                         "write model = { first, second }"
                       : "the model is asked, and this step has no answer for it: add model = "
                         "\"…\" or model = { tool = \"…\", args = { … } }");
        return;
    }
    model->asked++;
    model->number++;
    model->answer = json_incref(answer);
    model->text = text_of(answer);
    json_t *after = json_object_get(answer, "after_ms");
    uint64_t wait_ms = json_is_integer(after) && json_integer_value(after) >= 0
                           ? (uint64_t)json_integer_value(after)
                           : stage->latency.model_ms;
    bool fails = json_is_true(json_object_get(answer, "fail"));
    stage_later(stage, wait_ms, fails ? fail : go_on)->thing = model;
}

void model_stop(struct stage *stage)
{
    json_decref(stage->model.answer);
    stage->model.answer = NULL;
    stage_forget(stage, &stage->model);
}

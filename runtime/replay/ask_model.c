#include "replay/ask_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"

#define ANSWER_MAX_BYTES 65536

struct ask_model {
    struct net_loop *loop;
    const struct llm_ops *ops;
    const struct llm_settings *settings;
    struct llm *llm;
    struct strbuf text; /* of the answer under way */
    json_t *calls;
    uint64_t asked_ms, first_ms;
    bool has_failed;
};

enum err ask_model_create(struct ask_model **out, const struct llm_ops *ops,
    const struct llm_settings *settings, const char *ca_file)
{
    struct ask_model *model = calloc(1, sizeof *model);
    if (!model)
        return ERR_NOMEM;
    *model = (struct ask_model){.ops = ops, .settings = settings};
    strbuf_init(&model->text, ANSWER_MAX_BYTES);
    enum err err = net_loop_create(&model->loop, "model", ca_file);
    if (err)
        free(model);
    else
        *out = model;
    return err;
}

void ask_model_destroy(struct ask_model *model)
{
    if (!model)
        return;
    net_loop_destroy(model->loop);
    strbuf_free(&model->text);
    free(model);
}

static void note_first(struct ask_model *model)
{
    if (!model->first_ms)
        model->first_ms = clock_ms();
}

static void on_text(void *owner, struct slice text)
{
    struct ask_model *model = owner;
    note_first(model);
    strbuf_add_slice(&model->text, text);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct ask_model *model = owner;
    json_t *args = json_loadb(arguments.data, arguments.len, 0, NULL);
    note_first(model);
    json_array_append_new(
        model->calls, json_pack("{s:s%, s:o}", "tool", name.data, name.len, "args",
                          args ? args : json_stringn(arguments.data, arguments.len)));
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct ask_model *model = owner;
    net_loop_stop(model->loop);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct ask_model *model = owner;
    fprintf(stderr, "moonline: the model at %s: %s\n", model->settings->base_url, failure->why);
    model->has_failed = true;
    net_loop_stop(model->loop);
}

static const struct llm_listener listener = {
    .on_text = on_text, .on_tool_call = on_tool_call, .on_done = on_done, .on_failed = on_failed};

/* In virtual time its first word takes as long as it took. */
static json_t *take_answer(struct ask_model *model)
{
    uint64_t first_ms = model->first_ms ? model->first_ms : clock_ms();
    return json_pack("{s:s%, s:o, s:I}", "say", model->text.data ? model->text.data : "",
        model->text.len, "tools", json_incref(model->calls), "after_ms",
        (json_int_t)(first_ms - model->asked_ms));
}

json_t *ask_model_answer(void *owner, const struct again_question *question)
{
    struct ask_model *model = owner;
    json_t *answer = NULL;
    strbuf_clear(&model->text);
    model->calls = json_array();
    model->asked_ms = clock_ms();
    model->first_ms = 0;
    model->has_failed = false;
    bool has_tools = strcmp(question->tools, "[]") != 0;
    enum err err =
        model->ops->start(&model->llm, model->loop, model->settings, slice_from(question->messages),
            slice_from(has_tools ? question->tools : ""), &listener, model);
    if (!err) {
        net_loop_run(model->loop);
        model->ops->cancel(model->llm);
    }
    if (!err && !model->has_failed && !model->text.failed)
        answer = take_answer(model);
    json_decref(model->calls);
    model->calls = NULL;
    return answer;
}

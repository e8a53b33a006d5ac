#include "llm_stage.h"

#include <stdlib.h>
#include <string.h>

static struct stage *current;

/* ---- the models ---- */

struct llm {
    size_t model;
    const struct llm_listener *listener;
    void *owner;
    bool is_busy, is_cancelled;
};

static enum err start_model(struct llm **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct llm_listener *listener, void *owner)
{
    size_t number = (size_t)(settings->base_url[0] - '0');
    struct model *model = &current->models[number];
    assert_true(slice_is(messages, "[1]") && slice_is(tools, "[2]"));
    strbuf_printf(&current->asked, "%zu ", number);
    model->asked++;
    model->connect_timeout_ms = settings->connect_timeout_ms;
    model->first_token_timeout_ms = settings->first_token_timeout_ms;
    if (model->refuses)
        return model->refuses;
    struct llm *llm = calloc(1, sizeof *llm);
    *llm = (struct llm){.model = number, .listener = listener, .owner = owner};
    *out = model->newest = llm;
    current->open++;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
    assert_false(llm->is_cancelled);
    llm->is_cancelled = true;
    current->open--;
    if (current->models[llm->model].newest == llm)
        current->models[llm->model].newest = NULL;
    if (!llm->is_busy)
        free(llm);
}

static void warm_model(struct net_loop *loop, const struct llm_settings *settings)
{
    current->models[settings->base_url[0] - '0'].warmed++;
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model, warm_model};
static const struct driver driver = {"model", SLOT_THINK, .llm = &model_ops};

static struct llm *enter(struct stage *stage, size_t model)
{
    struct llm *llm = stage->models[model].newest;
    assert_non_null(llm);
    llm->is_busy = true;
    return llm;
}

static void leave(struct llm *llm)
{
    llm->is_busy = false;
    if (llm->is_cancelled)
        free(llm);
}

void model_says(struct stage *stage, size_t model, const char *text)
{
    struct llm *llm = enter(stage, model);
    llm->listener->on_text(llm->owner, slice_from(text));
    leave(llm);
}

void model_calls(struct stage *stage, size_t model, const char *tool)
{
    struct llm *llm = enter(stage, model);
    llm->listener->on_tool_call(llm->owner, SLICE("id"), slice_from(tool), SLICE("{}"));
    leave(llm);
}

void model_ends(struct stage *stage, size_t model)
{
    struct llm *llm = enter(stage, model);
    llm->listener->on_done(
        llm->owner, &(struct llm_usage){.prompt_tokens = 10, .completion_tokens = 2});
    leave(llm);
}

void model_fails(struct stage *stage, size_t model, const struct failure *failure)
{
    struct llm *llm = enter(stage, model);
    llm->listener->on_failed(llm->owner, failure);
    leave(llm);
}

/* ---- who asks ---- */

void stage_leave(struct stage *stage)
{
    struct llm *client = stage->client;
    stage->client = NULL;
    if (client)
        routed_llm.cancel(client);
}

static void told(struct stage *stage, bool is_final)
{
    assert_non_null(stage->client); /* nothing comes after the end */
    if (is_final || (stage->cancel_after >= 0 && --stage->cancel_after < 0))
        stage_leave(stage);
}

static void on_source(void *owner, const char *provider, const char *model)
{
    struct stage *stage = owner;
    strbuf_printf(&stage->heard, "source %s %s\n", provider, model);
    told(stage, false);
}

static void on_text(void *owner, struct slice text)
{
    struct stage *stage = owner;
    strbuf_printf(&stage->heard, "text %.*s\n", (int)text.len, text.data);
    told(stage, false);
}

static bool on_restart(void *owner)
{
    struct stage *stage = owner;
    if (stage->may_restart)
        strbuf_add_text(&stage->heard, "anew\n");
    told(stage, false);
    return stage->may_restart;
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct stage *stage = owner;
    strbuf_printf(&stage->heard, "call %.*s\n", (int)name.len, name.data);
    told(stage, false);
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct stage *stage = owner;
    strbuf_printf(&stage->heard, "done %u+%u\n", usage->prompt_tokens, usage->completion_tokens);
    told(stage, true);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct stage *stage = owner;
    strbuf_printf(&stage->heard, "failed %s %s\n", failure_rule(failure->kind)->name, failure->why);
    told(stage, true);
}

static const struct llm_listener listener = {.on_source = on_source,
    .on_text = on_text,
    .on_restart = on_restart,
    .on_tool_call = on_tool_call,
    .on_done = on_done,
    .on_failed = on_failed};

void stage_ask(struct stage *stage)
{
    struct llm_settings settings = {.route = &stage->route, .answer_within_ms = stage->within_ms};
    strbuf_clear(&stage->asked);
    strbuf_clear(&stage->heard);
    assert_int_equal(routed_llm.start(&stage->client, stage->story->loop, &settings, SLICE("[1]"),
                         SLICE("[2]"), &listener, stage),
        ERR_OK);
    assert_int_equal(stage->heard.len, 0); /* nothing during the start */
}

void stage_until_asked(struct stage *stage, const char *asked)
{
    story_until(stage->story, slice_is(strbuf_slice(&stage->asked), asked));
}

void stage_expect(struct stage *stage, const char *asked, const char *heard)
{
    story_until(stage->story, !stage->client);
    assert_string_equal(stage->asked.data, asked);
    assert_string_equal(stage->heard.len ? stage->heard.data : "", heard);
    assert_int_equal(stage->open, 0);
}

void stage_begin(struct stage *stage, struct story *story, size_t count, struct provider usual)
{
    static const char *const names[] = {"zero", "one", "two"}, *const urls[] = {"0", "1", "2"};
    struct provider providers[STAGE_MODELS];
    *stage = (struct stage){.story = story, .cancel_after = -1, .within_ms = 60000};
    current = stage;
    strbuf_init(&stage->asked, 4096);
    strbuf_init(&stage->heard, 4096);
    for (size_t i = 0; i < count; i++) {
        providers[i] = usual;
        slice_copy(slice_from(names[i]), providers[i].name, PROVIDER_NAME_SIZE);
        providers[i].driver = &driver;
        providers[i].llm = (struct llm_settings){.base_url = urls[i],
            .model = "m",
            .connect_timeout_ms = 1500,
            .first_token_timeout_ms = 6000};
    }
    catalog_publish(catalog_make(providers, count, NULL, 0));
    assert_int_equal(desk_create(&stage->desk, story->loop), ERR_OK);
    route_make(&stage->route, stage->desk, SLOT_THINK, "tenant", NULL, 0);
    story_turn(story); /* its clock is of now */
}

void stage_end(struct stage *stage)
{
    assert_null(stage->client);
    assert_int_equal(stage->open, 0);
    route_clear(&stage->route);
    desk_destroy(stage->desk);
    catalog_publish(NULL);
    strbuf_free(&stage->asked);
    strbuf_free(&stage->heard);
}

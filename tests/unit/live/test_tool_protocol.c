/* Turns in any order of events: tools that answer, late or never, barge-ins, answers with nonsense, too many calls. Whatever happens,
   the service's own rules hold for every request: each tool call is answered by exactly one tool message. */
#include "call_double.h"

#include <stdio.h>

#include "base/clock.h"
#include "openai/chat_check.h"
#include "store/records.h"

#define WALKS 60
#define STEPS 150

struct llm {
    const struct llm_listener *listener;
    void *owner;
};

static struct llm model;
static bool is_asked; /* the model, and has not answered */
static unsigned walk, requests;
static uint64_t seed;
static unsigned number; /* of tool calls */

static unsigned chance(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

/* The sandbox's own fills more of it. */
void api_error_set(struct api_error *error, int status, const char *code, const char *param,
    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    snprintf(error->param, sizeof error->param, "%s", param);
}

static void check(struct slice text)
{
    struct api_error error = {0};
    json_t *messages = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(messages);
    if (chat_messages_check(messages, &error))
        fail_msg(
            "walk %u: %s %s in %.*s", walk, error.param, error.message, (int)text.len, text.data);
    json_decref(messages);
    requests++;
}

static enum err start_model(struct llm **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct llm_listener *listener, void *owner)
{
    check(messages);
    model = (struct llm){.listener = listener, .owner = owner};
    is_asked = true;
    *out = &model;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
    is_asked = false;
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model};

/* ---- what can happen ---- */

static void caller_speaks(struct call *call)
{
    reply_stop(call);
    if (chance(2)) {
        conversation_add_agent(&call->conversation, SLICE("Well, I"));
        conversation_add_unheard(&call->conversation, SLICE("think so."));
    }
    conversation_add_caller(&call->conversation, SLICE("And then?"));
    reply_begin(call, call->reply.epoch + 1);
    turn_init(&call->turn, &turn_defaults);
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_MODEL;
    call->turn.epoch = call->reply.epoch;
    reply_start_model(call);
}

static void model_answers(struct call *call)
{
    static const char *const arguments[] = {"{}", "{x}", "[]", "{\"a\":1}", "null"};
    if (!is_asked)
        return;
    if (chance(2))
        model.listener->on_text(model.owner, SLICE("One moment."));
    for (unsigned i = chance(4) ? chance(3) : chance(12); is_asked && i > 0; i--) {
        char id[16];
        snprintf(id, sizeof id, "call_%u", ++number);
        model.listener->on_tool_call(model.owner, slice_from(id), SLICE("f"),
            slice_from(arguments[chance(sizeof arguments / sizeof *arguments)]));
    }
    if (is_asked)
        model.listener->on_done(model.owner, &(struct llm_usage){0});
}

static void model_fails(struct call *call)
{
    if (is_asked)
        model.listener->on_failed(model.owner,
            &(struct failure){
                .kind = chance(2) ? FAILURE_CUT : FAILURE_REQUEST, .err = ERR_FULL, .why = "x"});
}

/* One of the newest twenty calls, whoever waits for it. */
static void tool_answers(struct call *call)
{
    char id[16];
    snprintf(id, sizeof id, "call_%u", number - chance(20));
    struct script_result result = {.kind = SCRIPT_TOOL,
        .epoch = call->reply.epoch - (chance(5) == 0),
        .ending = chance(4)   ? SCRIPT_DONE
                  : chance(2) ? SCRIPT_TIMEOUT
                              : SCRIPT_ERROR,
        .is_late = chance(5) == 0,
        .tool_name = "f",
        .tool_call_id = id,
        .text = chance(8) ? "{\"ok\":true}" : NULL,
        .failure_text = chance(3) ? NULL : "I'll text you."};
    if (result.ending != SCRIPT_DONE)
        result.is_late = false;
    tools_result(call, &result);
}

static void barge_in(struct call *call)
{
    reply_stop(call);
    conversation_add_agent(&call->conversation, SLICE("Well"));
}

static void prompt_changes(struct call *call)
{
    (void)conversation_fit(&call->conversation, 0, 200 + chance(2000));
}

/* Between a question and its tools' results, between rounds, with another set of tools, or without any. */
static void version_changes(struct call *call)
{
    static struct agent versions[2];
    struct agent *next = &versions[call->agent == &versions[0]];
    *next = (struct agent){.tool_count = chance(2), .tools_json = "[]", .references = 1000};
    snprintf(next->version, sizeof next->version, "v%u", chance(1000));
    next->has_hook[HOOK_ON_TOOL_ERROR] = chance(2);
    actions_take_version(call, &(struct script_result){.agent = next});
}

static void go(struct call *call)
{
    static void (*const happenings[])(struct call *) = {caller_speaks, model_answers, model_answers,
        model_answers, model_fails, tool_answers, tool_answers, tool_answers, tool_answers,
        barge_in, prompt_changes, version_changes};
    happenings[chance(sizeof happenings / sizeof *happenings)](call);
    if (chance(8))
        return;
    char *text = conversation_json(&call->conversation, "Be kind.");
    check(slice_from(text));
    free(text);
}

static struct net_loop *loop;

static void take_a_walk(void)
{
    struct call *call = make_call();
    live.options.settings.llm_ops = &model_ops;
    agent = (struct agent){.tool_count = 1, .tools_json = "[]", .references = 1000};
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    speech_open(call);
    call->system_prompt = "Be kind.";
    number = 100;
    is_asked = false;
    for (unsigned i = 0; i < STEPS; i++)
        go(call);
    reply_stop(call);
    routes_clear(call);
    conversation_close(&call->conversation);
    free_call(call);
}

static void every_request_obeys_the_protocol(void **state)
{
    for (walk = 1; walk <= WALKS; walk++) {
        seed = walk;
        take_a_walk();
    }
    assert_true(requests > WALKS * 20);
}

static int setup(void **state)
{
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    assert_int_equal(
        records_open(&live.options.records, loop, "postgresql://127.0.0.1:1/none", 0), ERR_OK);
    struct script_host_options options = {.scripts_path = "/nowhere"};
    return script_host_create(&live.script, loop, &options);
}

static int teardown(void **state)
{
    script_host_destroy(live.script);
    records_close(live.options.records);
    net_loop_destroy(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_request_obeys_the_protocol, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

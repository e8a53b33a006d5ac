/* Tools past their limit: when the tenant's words are the answer, what the model is told, and what comes late. */
#include "call_double.h"
#include "store/records.h"

struct llm {
    const struct llm_ops *ops;
};

static struct llm model;
static unsigned requests;
static char *request; /* the newest one's messages */

static enum err start_model(struct llm **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct llm_listener *listener, void *owner)
{
    requests++;
    free(request);
    request = slice_dup(messages);
    *out = &model;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model};

static struct net_loop *loop;

static int setup(void **state)
{
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    /* One that is full: what is recorded is not looked at here. */
    assert_int_equal(
        records_open(&live.options.records, loop, "postgresql://127.0.0.1:1/none", 0), ERR_OK);
    struct script_host_options options = {.scripts_path = "/nowhere"};
    assert_int_equal(script_host_create(&live.script, loop, &options), ERR_OK);
    live.options.settings.llm_ops = &model_ops;
    agent = (struct agent){.tool_count = 2, .tools_json = "[]"};
    requests = 0;
    return 0;
}

static int teardown(void **state)
{
    script_host_destroy(live.script);
    live.script = NULL;
    records_close(live.options.records);
    net_loop_destroy(loop);
    free(request);
    request = NULL;
    return 0;
}

/* The model asked for tools a and b; both run. */
static struct call *working(void)
{
    struct call *call = make_call();
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    conversation_add_caller(&call->conversation, SLICE("Book it."));
    speech_open(call);
    call->system_prompt = "";
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_TOOLS;
    call->turn.epoch = call->reply.epoch = 1;
    call->reply.tool_calls = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "id", "a", "name", "a",
        "arguments", "{}", "id", "b", "name", "b", "arguments", "{}");
    conversation_add_tool_calls(&call->conversation, SLICE(""), call->reply.tool_calls);
    call->reply.tools_waiting = 2;
    return call;
}

static void end(struct call *call)
{
    conversation_close(&call->conversation);
    free_call(call);
}

static void answer(struct call *call, char *id, enum script_ending ending, char *text, char *words)
{
    struct script_result result = {.kind = SCRIPT_TOOL,
        .epoch = 1,
        .ending = ending,
        .tool_name = id,
        .tool_call_id = id,
        .text = text,
        .failure_text = words};
    tools_result(call, &result);
}

static void answer_late(struct call *call, char *id, char *text)
{
    struct script_result result = {.kind = SCRIPT_TOOL,
        .epoch = 1,
        .ending = SCRIPT_DONE,
        .is_late = true,
        .tool_name = id,
        .tool_call_id = id,
        .text = text};
    tools_result(call, &result);
}

static void expect_told(const struct call *call, const char *text, bool is_told)
{
    char *json = conversation_json(&call->conversation, "");
    if ((strstr(json, text) != NULL) != is_told)
        fail_msg("%s in %s", text, json);
    free(json);
}

static void test_all_late_ends_in_the_tenants_words(void **state)
{
    struct call *call = working();
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll text you.");
    assert_int_equal(call->turn.phase, REPLY_TOOLS); /* the other one still has time */
    answer(call, "b", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll call you.");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_int_equal(requests, 0);
    assert_string_equal(voice.said.data, "I'll text you.|"); /* one coherent thing */
    expect_told(call, "timeout", true);
    answer_late(call, "a", "{\"booked\":1}");
    answer_late(call, "b", "{\"sent\":1}");
    expect_told(call, "timeout", false);
    expect_told(call, "booked", true);
    expect_told(call, "sent", true);
    end(call);
}

static void test_one_result_is_worth_asking_the_model(void **state)
{
    struct call *call = working();
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll text you.");
    answer(call, "b", SCRIPT_DONE, "{\"sent\":1}", NULL);
    assert_int_equal(call->turn.phase, REPLY_MODEL);
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "I'll text you."));
    assert_non_null(strstr(request, "sent"));
    end(call);
}

static void test_without_words_the_model_is_told(void **state)
{
    struct call *call = working();
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", NULL);
    answer(call, "b", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", NULL);
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "timeout"));
    end(call);
}

static void test_an_error_in_time_is_no_lateness(void **state)
{
    struct call *call = working();
    answer(call, "a", SCRIPT_ERROR, "{\"error\":\"error\"}", NULL);
    answer(call, "b", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll text you.");
    assert_int_equal(requests, 1);
    end(call);
}

static void test_late_but_not_too_late(void **state)
{
    struct call *call = working();
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll text you.");
    answer_late(call, "a", "{\"booked\":1}"); /* while b is still waited for */
    assert_int_equal(call->turn.phase, REPLY_TOOLS);
    answer(call, "b", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll call you.");
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "booked"));
    end(call);
}

/* ---- on_tool_error ---- */

static struct call *working_with_hook(void)
{
    agent.has_hook[HOOK_ON_TOOL_ERROR] = true;
    return working();
}

static void hook_answers(struct call *call, char *id, const char *json)
{
    struct script_result result = {.kind = SCRIPT_HOOK, .epoch = 1, .tool_call_id = id};
    json_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
    tools_error_result(call, &result, value);
    json_decref(value);
}

static void test_its_words_answer_for_a_tool_that_failed(void **state)
{
    struct call *call = working_with_hook();
    answer(call, "b", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", "I'll text you."); /* has words */
    answer(call, "a", SCRIPT_ERROR, "{\"error\":\"error\"}", NULL);
    assert_int_equal(call->turn.phase, REPLY_TOOLS);
    hook_answers(call, "a", "\"Please call back.\"");
    assert_int_equal(requests, 0);
    assert_string_equal(voice.said.data, "I'll text you.|"); /* the first words count */
    expect_told(call, "Please call back.", true);
    end(call);
}

static void test_where_another_tool_gave_a_result_the_model_is_told(void **state)
{
    struct call *call = working_with_hook();
    answer(call, "a", SCRIPT_OUT_OF_TIME, "{\"error\":\"out_of_time\"}", NULL);
    answer(call, "b", SCRIPT_DONE, "{\"sent\":1}", NULL);
    assert_int_equal(requests, 0); /* the hook has the word */
    hook_answers(call, "a", "\"Please call back.\"");
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "out_of_time"));
    assert_non_null(strstr(request, "Please call back."));
    end(call);
}

static void test_a_table_is_the_result(void **state)
{
    struct call *call = working_with_hook();
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", NULL);
    hook_answers(call, "a", "{\"later\":true}");
    answer(call, "b", SCRIPT_DONE, "{\"sent\":1}", NULL);
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "later"));
    assert_null(strstr(request, "timeout"));
    end(call);
}

static void test_without_an_answer_it_is_as_usual(void **state)
{
    struct call *call = working_with_hook();
    answer(call, "b", SCRIPT_DONE, "{\"sent\":1}", NULL);
    answer(call, "a", SCRIPT_ERROR, "{\"error\":\"error\"}", NULL);
    hook_answers(call, "a", NULL);
    assert_int_equal(requests, 1);
    end(call);
}

static void test_a_late_success_needs_no_words(void **state)
{
    struct call *call = working_with_hook();
    answer(call, "b", SCRIPT_DONE, "{\"sent\":1}", NULL);
    answer(call, "a", SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}", NULL);
    answer_late(call, "a", "{\"booked\":1}");
    assert_int_equal(requests, 1);
    assert_non_null(strstr(request, "booked"));
    hook_answers(call, "a", "\"Please call back.\"");
    expect_told(call, "call back", false);
    end(call);
}

static void refuse(struct call *call, char *id)
{
    struct script_result result = {.kind = SCRIPT_TOOL,
        .epoch = 1,
        .ending = SCRIPT_DONE,
        .tool_name = id,
        .tool_call_id = id,
        .text = "{\"error\":\"bad_arguments\"}",
        .why = "bad arguments"};
    tools_result(call, &result);
}

/* A model corrects itself, once. */
static void test_bad_arguments_count_the_second_time(void **state)
{
    struct call *call = working_with_hook();
    refuse(call, "a");
    assert_int_equal(call->reply.tools_waiting, 1);
    refuse(call, "b");
    assert_int_equal(call->reply.tools_waiting, 1);
    hook_answers(call, "b", "{\"hint\":1}");
    assert_int_equal(requests, 1);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_late_ends_in_the_tenants_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_result_is_worth_asking_the_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_words_the_model_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_error_in_time_is_no_lateness, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_but_not_too_late, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_its_words_answer_for_a_tool_that_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_where_another_tool_gave_a_result_the_model_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_table_is_the_result, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_an_answer_it_is_as_usual, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_late_success_needs_no_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_arguments_count_the_second_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

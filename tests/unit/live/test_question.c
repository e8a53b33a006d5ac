/* What the model is asked: how long it may be, what happens when it is too long all the same, and what it cost. */
#include "call_double.h"

#include "base/clock.h"

struct llm {
    const struct llm_listener *listener;
    void *owner;
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
    model = (struct llm){.listener = listener, .owner = owner};
    *out = &model;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model};

static void publish(unsigned context_tokens, unsigned other_context_tokens)
{
    const struct provider providers[] = {
        {.name = "first",
            .driver = driver_find("openai_chat"),
            .llm = {.model = "mini", .context_tokens = context_tokens}},
        {.name = "second",
            .driver = driver_find("openai_chat"),
            .llm = {.model = "maxi", .context_tokens = other_context_tokens}},
    };
    catalog_publish(catalog_make(providers, 2, NULL, 0));
}

static int teardown(void **state)
{
    catalog_publish(NULL);
    free(request);
    request = NULL;
    return 0;
}

/* A call that has gone on for a while: some 110 tokens an exchange. */
static struct call *make_long_call(unsigned exchanges)
{
    char words[401] = "";
    for (int i = 0; i < 100; i++)
        strcat(words, "day ");
    struct call *call = make_call();
    live.options.settings.llm_ops = &model_ops;
    agent = (struct agent){.tools_json = "[]", .references = 2};
    requests = 0;
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    for (unsigned i = 0; i < exchanges; i++) {
        conversation_add_caller(&call->conversation, slice_from(words));
        conversation_add_agent(&call->conversation, SLICE("Yes."));
    }
    conversation_add_caller(&call->conversation, SLICE("And now?"));
    speech_open(call);
    call->system_prompt = "Be kind.";
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_MODEL;
    call->turn.epoch = call->reply.epoch = 1;
    call->turn.quiet_since_ms = call->turn.speech_ended_ms = clock_ms();
    return call;
}

static void end(struct call *call)
{
    routes_clear(call);
    conversation_close(&call->conversation);
    free_call(call);
}

static void fail_as_too_long(void)
{
    model.listener->on_failed(model.owner,
        &(struct failure){.kind = FAILURE_REQUEST, .err = ERR_FULL, .status = 400, .why = "long"});
}

static void finish(struct call *call, unsigned prompt, unsigned cached, unsigned completion)
{
    model.listener->on_text(model.owner, SLICE("Certainly, at nine."));
    model.listener->on_done(model.owner, &(struct llm_usage){prompt, cached, completion});
}

/* ---- its length ---- */

static void test_the_least_of_the_route_is_the_budget(void **state)
{
    struct call *call = make_long_call(10);
    publish(0, 600);
    reply_start_model(call);
    assert_true(call->conversation.tokens <= 450);
    assert_non_null(strstr(request, "left out here"));
    assert_non_null(strstr(request, "And now?"));
    end(call);
}

static void test_a_usual_call_is_told_whole(void **state)
{
    struct call *call = make_long_call(30);
    publish(0, 0);
    reply_start_model(call);
    assert_int_equal(call->conversation.dropped, 0);
    end(call);
}

static void test_only_a_turns_beginning_shortens(void **state)
{
    struct call *call = make_long_call(10);
    publish(100000, 100000);
    reply_start_model(call);
    publish(600, 600);
    reply_start_model(call); /* after its tools */
    assert_int_equal(call->conversation.dropped, 0);
    end(call);
}

static void test_too_long_is_asked_again_once_and_shorter(void **state)
{
    struct call *call = make_long_call(10);
    publish(0, 0);
    reply_start_model(call);
    size_t before = call->conversation.tokens;
    fail_as_too_long();
    assert_int_equal(requests, 2);
    assert_true(call->conversation.tokens < before * 6 / 10);
    assert_int_equal(call->turn.phase, REPLY_MODEL);
    fail_as_too_long();
    assert_int_equal(requests, 2);
    assert_int_equal(call->turn.phase, REPLY_APOLOGY);
    end(call);
}

static void test_too_long_with_nothing_to_leave_out_is_a_failure(void **state)
{
    struct call *call = make_long_call(0);
    publish(0, 0);
    reply_start_model(call);
    fail_as_too_long();
    assert_int_equal(requests, 1);
    assert_int_equal(call->turn.phase, REPLY_APOLOGY);
    end(call);
}

static void test_another_failure_is_not_asked_again(void **state)
{
    struct call *call = make_long_call(10);
    publish(0, 0);
    reply_start_model(call);
    model.listener->on_failed(model.owner,
        &(struct failure){.kind = FAILURE_REQUEST, .err = ERR_REFUSED, .why = "http 404"});
    assert_int_equal(requests, 1);
    assert_int_equal(call->usage.count, 0);
    end(call);
}

/* ---- what it cost ---- */

static void test_what_the_provider_tells_is_summed(void **state)
{
    struct call *call = make_long_call(1);
    publish(0, 0);
    reply_start_model(call);
    model.listener->on_source(model.owner, "second", "maxi");
    finish(call, 40, 30, 5);
    reply_start_model(call);
    finish(call, 60, 0, 6);
    assert_int_equal(call->usage.count, 1);
    assert_string_equal(call->usage.lines[0].provider, "second");
    assert_string_equal(call->usage.lines[0].model, "maxi");
    assert_int_equal(call->reply.used.requests, 2);
    assert_int_equal(call->reply.used.prompt_tokens, 100);
    assert_int_equal(call->reply.used.cached_tokens, 30);
    assert_int_equal(call->reply.used.completion_tokens, 11);
    assert_false(call->reply.used.is_estimate);
    end(call);
}

static void test_what_it_does_not_tell_is_estimated(void **state)
{
    struct call *call = make_long_call(1);
    publish(0, 0);
    reply_start_model(call);
    finish(call, 0, 0, 0);
    struct usage_amount sum = usage_sum(&call->usage, SLOT_THINK);
    assert_true(sum.is_estimate);
    assert_in_range(sum.prompt_tokens, 100, 200);
    assert_in_range(sum.completion_tokens, 4, 8);
    end(call);
}

static void test_an_answer_that_is_cut_has_its_price(void **state)
{
    struct call *call = make_long_call(1);
    publish(0, 0);
    reply_start_model(call);
    model.listener->on_text(model.owner, SLICE("Certainly, "));
    reply_stop(call);
    reply_stop(call);
    assert_int_equal(call->usage.lines[0].amount.requests, 1);
    assert_string_equal(call->usage.lines[0].provider, "first"); /* who was asked */
    assert_true(call->reply.used.is_estimate);
    end(call);
}

/* ---- too many tools ---- */

static size_t refused(const struct call *call)
{
    size_t count = 0, i;
    json_t *tool;
    json_array_foreach(call->reply.tool_calls, i, tool)
    {
        count += json_object_get(tool, "result") != NULL;
    }
    return count;
}

static void test_calls_past_the_limit_have_their_result_and_then_an_end(void **state)
{
    struct call *call = make_long_call(1);
    publish(0, 0);
    agent.tool_count = 1;
    reply_start_model(call);
    for (unsigned i = 0; i < TOOL_CALLS_MAX + 2; i++)
        model.listener->on_tool_call(model.owner, SLICE("a"), SLICE("f"), SLICE("{}"));
    assert_int_equal(json_array_size(call->reply.tool_calls), TOOL_CALLS_MAX + 2);
    assert_int_equal(refused(call), 2);
    reply_start_model(call);
    for (unsigned i = 0; i < 50; i++)
        model.listener->on_tool_call(model.owner, SLICE("a"), SLICE("f"), SLICE("{}"));
    assert_int_equal(
        json_array_size(call->reply.tool_calls), TOOL_CALLS_TOLD_MAX - TOOL_CALLS_MAX - 2);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_the_least_of_the_route_is_the_budget, teardown),
        cmocka_unit_test_teardown(test_a_usual_call_is_told_whole, teardown),
        cmocka_unit_test_teardown(test_only_a_turns_beginning_shortens, teardown),
        cmocka_unit_test_teardown(test_too_long_is_asked_again_once_and_shorter, teardown),
        cmocka_unit_test_teardown(test_too_long_with_nothing_to_leave_out_is_a_failure, teardown),
        cmocka_unit_test_teardown(test_another_failure_is_not_asked_again, teardown),
        cmocka_unit_test_teardown(test_what_the_provider_tells_is_summed, teardown),
        cmocka_unit_test_teardown(test_what_it_does_not_tell_is_estimated, teardown),
        cmocka_unit_test_teardown(test_an_answer_that_is_cut_has_its_price, teardown),
        cmocka_unit_test_teardown(
            test_calls_past_the_limit_have_their_result_and_then_an_end, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

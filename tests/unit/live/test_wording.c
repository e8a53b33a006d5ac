/* before_say: what is spoken is what the script says, in order, in time, and of no reply that is gone. Its answers are given
   by the test: the script thread only takes the questions. */
#include "base/clock.h"
#include "call_double.h"
#include "store/records.h"

struct llm {
    const struct llm_listener *listener;
    void *owner;
};

static struct llm model;
static bool is_model_cancelled;

static enum err start_model(struct llm **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct llm_listener *listener, void *owner)
{
    model = (struct llm){.listener = listener, .owner = owner};
    is_model_cancelled = false;
    *out = &model;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
    is_model_cancelled = true;
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model};

static struct net_loop *loop;

static int setup(void **state)
{
    struct script_host_options options = {.scripts_path = "/nowhere"};
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    /* One that is full: what is recorded is not looked at here. */
    assert_int_equal(
        records_open(&live.options.records, loop, "postgresql://127.0.0.1:1/none", 0), ERR_OK);
    assert_int_equal(script_host_create(&live.script, loop, &options), ERR_OK);
    live.options.settings.llm_ops = &model_ops;
    agent = (struct agent){.tools_json = "[]", .has_hook[HOOK_BEFORE_SAY] = true};
    return 0;
}

static int teardown(void **state)
{
    script_host_destroy(live.script);
    live.script = NULL;
    records_close(live.options.records);
    net_loop_destroy(loop);
    return 0;
}

/* The model is asked, in a turn that is committed. */
static struct call *asked(void)
{
    struct call *call = make_call();
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    conversation_add_caller(&call->conversation, SLICE("Hello."));
    speech_open(call);
    call->system_prompt = "";
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_MODEL;
    call->turn.epoch = call->reply.epoch = 1;
    call->turn.quiet_since_ms = call->turn.speech_ended_ms = clock_ms();
    call->turn.fill_due_ms = UINT64_MAX;
    reply_start_model(call);
    return call;
}

static void end(struct call *call)
{
    conversation_close(&call->conversation);
    free_call(call);
}

static void write_text(const char *text)
{
    model.listener->on_text(model.owner, slice_from(text));
}

static void finish(void)
{
    static const struct llm_usage usage;
    model.listener->on_done(model.owner, &usage);
}

static void answer_to(struct call *call, uint32_t number, const char *json)
{
    json_t *value = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
    struct script_result result = {.kind = SCRIPT_HOOK, .hook = HOOK_BEFORE_SAY, .epoch = number};
    wording_result(call, &result, value);
    json_decref(value);
}

/* To the question that is open; NULL: it failed. */
static void answer(struct call *call, const char *json)
{
    assert_int_not_equal(call->reply.wording_asked, 0);
    answer_to(call, call->reply.wording_asked, json);
}

static void expect_said(const char *text)
{
    assert_string_equal(voice.said.data ? voice.said.data : "", text);
}

static void test_one_after_the_other_and_in_order(void **state)
{
    struct call *call = asked();
    write_text("One is one. Two is two.");
    finish();
    expect_said("");
    assert_int_equal(call->wording_number, 1);
    answer(call, "\"Eins.\"");
    expect_said("Eins.|");
    assert_int_equal(call->turn.phase, REPLY_MODEL); /* its end waits for its last piece */
    answer(call, "null");
    expect_said("Eins.|Two is two.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_int_equal(voice.ended_count, 1);
    assert_int_equal(call->reply.wording_asked, 0);
    end(call);
}

static void test_what_is_kept_is_what_was_said(void **state)
{
    struct call *call = asked();
    size_t unheard_at;
    bool is_estimate;
    write_text("My name is Nguyen. The code is secret.");
    finish();
    answer(call, "\" My name\\nis Win.  \"");
    answer(call, "false");
    char *text = reply_text(call, 0, &unheard_at, &is_estimate);
    assert_string_equal(text, "My name is Win. ");
    free(text);
    end(call);
}

static void test_a_failure_changes_nothing(void **state)
{
    struct call *call = asked();
    write_text("One is one.");
    finish();
    answer(call, NULL);
    expect_said("One is one.|");
    end(call);
}

static void test_a_late_answer_is_not_waited_for(void **state)
{
    struct call *call = asked();
    write_text("One is one. Two is two.");
    finish();
    uint32_t late = call->reply.wording_asked;
    uint64_t deadline = wording_deadline(call);
    assert_true(deadline > clock_ms() && deadline <= clock_ms() + 60);
    wording_tick(call, deadline - 1);
    expect_said("");
    wording_tick(call, deadline);
    expect_said("One is one.|");
    answer_to(call, late, "\"Eins.\"");
    answer(call, "\"Zwei.\"");
    expect_said("One is one.|Zwei.|");
    end(call);
}

static void test_what_is_dropped_is_no_sentence(void **state)
{
    struct call *call = asked();
    write_text("One is one. Two is two. Three is three. Four is four.");
    answer(call, "false");
    answer(call, "null");
    assert_false(is_model_cancelled);
    answer(call, "null");
    expect_said("Two is two.|Three is three.|");
    assert_true(is_model_cancelled); /* that was enough: the rest is not asked about */
    assert_int_equal(call->reply.wording_asked, 0);
    assert_false(wording_is_open(&call->reply));
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    end(call);
}

static void test_enough_while_the_end_waits(void **state)
{
    struct call *call = asked();
    write_text("One is one. Two is two. Three is three.");
    finish();
    answer(call, "null");
    answer(call, "null");
    expect_said("One is one.|Two is two.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_int_equal(voice.ended_count, 1);
    end(call);
}

static void test_of_a_reply_that_is_gone_nothing_is_said(void **state)
{
    struct call *call = asked();
    write_text("One is one.");
    uint32_t asked_before = call->reply.wording_asked;
    reply_stop(call);
    answer_to(call, asked_before, "\"Eins.\"");
    reply_begin(call, 2);
    answer_to(call, asked_before, "\"Eins.\"");
    expect_said("");
    end(call);
}

static void test_nothing_left_to_say_ends_the_reply(void **state)
{
    struct call *call = asked();
    write_text("The code is secret.");
    finish();
    answer(call, "false");
    expect_said("");
    assert_int_equal(call->turn.state, TURN_LISTENING);
    end(call);
}

static void test_tools_run_when_all_was_said(void **state)
{
    struct call *call = asked();
    agent.tool_count = 1;
    write_text("One moment.");
    model.listener->on_tool_call(model.owner, SLICE("a"), SLICE("a"), SLICE("{}"));
    finish();
    assert_int_equal(call->turn.phase, REPLY_MODEL);
    answer(call, "\"Bear with me.\"");
    assert_int_equal(call->turn.phase, REPLY_TOOLS);
    char *json = conversation_json(&call->conversation, "");
    assert_non_null(strstr(json, "Bear with me."));
    free(json);
    end(call);
}

static void test_a_draft_asks_and_says_nothing(void **state)
{
    struct call *call = asked();
    call->turn.is_draft = true;
    write_text("One is one.");
    finish();
    answer(call, "\"Eins.\"");
    expect_said("");
    call->turn.is_draft = false;
    call->reply.may_speak = true;
    reply_finish_segment(call);
    expect_said("Eins.|");
    end(call);
}

/* What the agent was given to say passes; what the script says itself is its own already. */
static void test_fixed_texts_and_own_words(void **state)
{
    struct call *call = asked();
    reply_begin(call, 1);
    reply_say(call, SLICE("Welcome to us. How may I help?"));
    expect_said("");
    answer(call, "null");
    answer(call, "\"Yes?\"");
    expect_said("Welcome to us.|Yes?|");
    assert_int_equal(voice.ended_count, 1);
    reply_begin(call, 1);
    reply_say_own(call, SLICE("My own. Words."));
    reply_begin(call, 1);
    reply_write(call, SLICE("My answer."));
    call->reply.may_speak = true;
    reply_pump(call);
    expect_said("Welcome to us.|Yes?|My own.|Words.|My answer.|");
    end(call);
}

/* The script thread takes no more questions. */
static void test_who_cannot_be_asked_is_not_waited_for(void **state)
{
    struct script_host_options options = {.scripts_path = "/nowhere", .mailbox_capacity = 1};
    script_host_destroy(live.script);
    assert_int_equal(script_host_create(&live.script, loop, &options), ERR_OK);
    struct call *call = asked();
    write_text("One is one. Two is two.");
    finish();
    answer(call, "\"Eins.\""); /* its question is still there */
    expect_said("Eins.|Two is two.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_after_the_other_and_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_kept_is_what_was_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_failure_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_late_answer_is_not_waited_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_dropped_is_no_sentence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enough_while_the_end_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_of_a_reply_that_is_gone_nothing_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left_to_say_ends_the_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tools_run_when_all_was_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_draft_asks_and_says_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixed_texts_and_own_words, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_who_cannot_be_asked_is_not_waited_for, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

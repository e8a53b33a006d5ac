/* What the script is asked about a caller who speaks or is silent, and what becomes of its answers. They are given by the
   test: the script thread only takes the questions. */
#include "base/clock.h"
#include "call_double.h"
#include "live/worker.h"
#include "store/records.h"

static struct net_loop *loop;

static int setup(void **state)
{
    struct script_host_options options = {.scripts_path = "/nowhere"};
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    /* One that is full: what is recorded is not looked at here. */
    assert_int_equal(
        records_open(&live.options.records, loop, "postgresql://127.0.0.1:1/none", 0), ERR_OK);
    assert_int_equal(script_host_create(&live.script, loop, &options), ERR_OK);
    agent = (struct agent){.still_there = "Are you there?", .tools_json = "[]"};
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

static struct call *make(enum script_hook hook)
{
    struct call *call = make_call();
    agent.has_hook[hook] = true;
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    utterances_init(&call->utterances);
    speech_open(call);
    return call;
}

static void end(struct call *call)
{
    conversation_close(&call->conversation);
    utterances_clear(&call->utterances);
    asides_clear(&call->asides);
    free(call->state_json);
    free(call->voicemail);
    handover_drop(call);
    free_call(call);
}

static void answer(struct call *call, enum script_hook hook, uint32_t number, char *json)
{
    struct script_result result = {
        .kind = SCRIPT_HOOK, .hook = hook, .epoch = number, .text = json};
    result.ending = json ? SCRIPT_DONE : SCRIPT_ERROR;
    hooks_result(call, &result);
}

/* Asked by a run of that hook (SCRIPT_HOOKS: of a tool), for the reply of that epoch. */
static void ask(struct call *call, enum call_command_kind kind, enum script_hook hook,
    uint32_t epoch, const char *text)
{
    struct call_command command = {.kind = kind,
        .from = {hook == SCRIPT_HOOKS ? SCRIPT_TOOL : SCRIPT_HOOK, hook, epoch},
        .text = text ? strdup(text) : NULL};
    commands_do(call, &command);
    free(command.text);
}

static void expect_said(const char *text)
{
    assert_string_equal(voice.said.data ? voice.said.data : "", text);
}

static bool is_in_conversation(const struct call *call, const char *text)
{
    char *json = conversation_json(&call->conversation, "");
    bool is_there = strstr(json, text) != NULL;
    free(json);
    return is_there;
}

/* ---- on_user_turn ---- */

/* The caller said "the usual", and the script is asked. */
static struct call *heard(void)
{
    struct call *call = make(HOOK_ON_USER_TURN);
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_PROMPT;
    call->turn.epoch = call->reply.epoch = 7;
    call->turn.quiet_since_ms = call->turn.turn_ms = clock_ms();
    call->reply.caller_text = strdup("the usual");
    conversation_add_caller(&call->conversation, SLICE("the usual"));
    assert_true(hooks_ask_user_turn(call));
    return call;
}

static void test_a_text_is_the_answer(void **state)
{
    struct call *call = heard();
    answer(call, HOOK_ON_USER_TURN, 7, "\"One. Two. Three.\"");
    expect_said("One.|Two.|Three.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_true(call->reply.is_scripted);
    assert_int_equal(call->hooks_held, 0);
    end(call);
}

static void test_the_model_reads_other_words(void **state)
{
    struct call *call = heard();
    answer(call, HOOK_ON_USER_TURN, 7, "{\"rewrite\":\"a large pizza\"}");
    assert_true(is_in_conversation(call, "a large pizza"));
    assert_false(is_in_conversation(call, "usual"));
    assert_string_equal(call->reply.caller_text, "the usual"); /* in the records */
    assert_int_equal(call->turn.phase, REPLY_PROMPT);
    end(call);
}

static void test_without_an_answer_the_prompt_is_next(void **state)
{
    static char *const answers[] = {"null", NULL};
    for (size_t i = 0; i < 2; i++) {
        struct call *call = heard();
        answer(call, HOOK_ON_USER_TURN, 7, answers[i]);
        assert_int_equal(call->turn.phase, REPLY_PROMPT);
        assert_false(hooks_is_turn_asked(call));
        assert_true(is_in_conversation(call, "usual"));
        expect_said("");
        end(call);
    }
}

static void test_its_own_words_come_at_once(void **state)
{
    struct call *call = heard();
    ask(call, CALL_SAY, HOOK_ON_USER_TURN, 7, "One moment.");
    expect_said("One moment.|");
    ask(call, CALL_HANG_UP, HOOK_ON_USER_TURN, 7, NULL);
    answer(call, HOOK_ON_USER_TURN, 7, "\"Goodbye.\"");
    expect_said("One moment.|Goodbye.|");
    assert_true(call->turn.hangup_asked);
    end(call);
}

static void test_a_transfer_waits_for_its_words(void **state)
{
    struct call *call = heard();
    answer(call, HOOK_ON_USER_TURN, 7, "{\"transfer\":\"+15550100099\",\"say\":\"Hold on.\"}");
    expect_said("Hold on.|");
    assert_string_equal(call->plan->to, "+15550100099");
    assert_null(call->end_reason);
    end(call);
}

static void test_an_answer_to_a_turn_that_never_was(void **state)
{
    struct call *call = heard();
    call->turn.phase = REPLY_NONE; /* the caller went on */
    call->turn.state = TURN_LISTENING;
    call->turn.has_speech = true;
    ask(call, CALL_SAY, HOOK_ON_USER_TURN, 7, "One moment.");
    ask(call, CALL_HANG_UP, HOOK_ON_USER_TURN, 7, NULL);
    ask(call, CALL_VOICEMAIL, HOOK_ON_USER_TURN, 7, "After the tone.");
    answer(call, HOOK_ON_USER_TURN, 7, "{\"hangup\":true,\"say\":\"Goodbye.\"}");
    expect_said("");
    assert_int_equal(call->turn.state, TURN_LISTENING);
    assert_false(call->turn.hangup_asked);
    assert_null(call->voicemail);
    assert_null(call->asides.list);
    assert_int_equal(call->hooks_held, 0);
    end(call);
}

static void test_a_reply_that_began_since_is_not_touched(void **state)
{
    struct call *call = heard();
    call->turn.epoch = call->reply.epoch = 8;
    answer(call, HOOK_ON_USER_TURN, 7, "\"Goodbye.\"");
    expect_said("");
    assert_int_equal(call->turn.phase, REPLY_PROMPT);
    end(call);
}

/* A key's words come in their turn, and its hang-up is not taken back with a turn it has nothing to do with. */
static void test_a_key_while_a_turn_is_heard(void **state)
{
    struct call *call = heard();
    hooks_hold(call, HOOK_ON_DTMF);
    ask(call, CALL_SAY, HOOK_ON_DTMF, 7, "As you wish.");
    ask(call, CALL_HANG_UP, HOOK_ON_DTMF, 7, NULL);
    expect_said("");
    call->turn.phase = REPLY_NONE; /* the caller goes on */
    call->turn.state = TURN_LISTENING;
    call->turn.has_speech = true;
    answer(call, HOOK_ON_USER_TURN, 7, "null");
    assert_true(call->wants_hang_up);
    call->turn.has_speech = false;
    call->turn.listening_ms = clock_ms();
    answer(call, HOOK_ON_DTMF, 7, "true");
    expect_said("As you wish.|");
    assert_true(call->turn.hangup_asked);
    end(call);
}

static void test_what_a_tool_wants_of_a_reply_that_is_gone(void **state)
{
    struct call *call = heard();
    ask(call, CALL_SAY, SCRIPT_HOOKS, 6, "Let me see.");
    ask(call, CALL_HANG_UP, SCRIPT_HOOKS, 6, NULL);
    expect_said("");
    assert_false(call->turn.hangup_asked);
    ask(call, CALL_SAY, SCRIPT_HOOKS, 7, "Let me see.");
    expect_said("Let me see.|");
    end(call);
}

/* The longest words, and many of them: nothing is lost of the records, nor of what the model still has to say. */
static void test_scripts_leave_the_model_room(void **state)
{
    struct call *call = heard();
    char longest[4097] = "";
    memset(longest, 'x', 4096);
    for (unsigned i = 0; i < 20; i++)
        ask(call, CALL_SAY, HOOK_ON_USER_TURN, 7, i ? "Wait." : longest);
    size_t unheard_at;
    bool is_estimate;
    char *text = reply_text(call, 0, &unheard_at, &is_estimate);
    assert_int_equal(strlen(text), 4096 + 1 + 9 * strlen("Wait. "));
    free(text);
    answer(call, HOOK_ON_USER_TURN, 7, "\"Here you are.\"");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    reply_drain_round(call); /* as when the words before it were heard */
    assert_int_equal(call->reply.segment_count, 11);
    end(call);
}

static void commit(struct call *call, uint32_t epoch)
{
    const struct turn_actions turn = {
        .list = {{.kind = TURN_ACTION_COMMIT_TURN, .epoch = epoch}}, .count = 1};
    actions_perform(call, &turn);
}

/* The caller has more to say: a hang-up that comes later is no voicemail. */
static void test_a_recorder_is_forgotten_with_its_reply(void **state)
{
    struct call *call = heard();
    ask(call, CALL_VOICEMAIL, HOOK_ON_USER_TURN, 7, "After the tone.");
    assert_non_null(call->voicemail);
    commit(call, 8);
    assert_null(call->voicemail);
    hooks_hold(call, HOOK_ON_DTMF);
    ask(call, CALL_VOICEMAIL, HOOK_ON_DTMF, 8, "After the tone.");
    commit(call, 9); /* but a key's, which is newer, is still to come */
    assert_non_null(call->voicemail);
    end(call);
}

/* ---- call.history ---- */

static void test_history_has_what_was_heard(void **state)
{
    struct call *call = heard();
    answer(call, HOOK_ON_USER_TURN, 7, "\"One is one. Two is two.\"");
    speak(voice.newest, 's', 50);
    voice.listener->on_end(voice.owner, voice.newest);
    call->reply.played_before_ms = 500; /* of the second that it lasts */
    journal_agent_turn(call, true);
    char *lines = history_text(&call->history);
    assert_string_equal(lines, "[{\"role\":\"agent\",\"text\":\"One is one.\",\"turn\":0}]");
    free(lines);
    end(call);
}

/* ---- on_dtmf ---- */

static void test_a_key_does_not_keep_who_is_transferred(void **state)
{
    struct call *call = make(HOOK_ON_DTMF);
    call->turn.listening_ms = clock_ms();
    handover_take(call, handover_plan_to("+15550100099", TRANSFER_BACK),
        false); /* behind words that the key has cut off */
    answer(call, HOOK_ON_DTMF, 0, "true");
    assert_null(call->plan);
    end(call);
}

/* ---- on_partial ---- */

static void say_so_far(struct call *call, const char *text)
{
    utterances_set(&call->utterances, 1, slice_from(text), false);
    hooks_partial(call);
}

static void test_the_newest_partial_four_times_a_second(void **state)
{
    struct call *call = make(HOOK_ON_PARTIAL);
    say_so_far(call, "one");
    assert_true(call->is_partial_asked);
    uint64_t asked_ms = call->partial_asked_ms;
    say_so_far(call, "one two");
    say_so_far(call, "one two three");
    assert_true(call->is_partial_new);
    hooks_partial_tick(call, asked_ms + 300); /* it has not answered: the next waits */
    assert_true(call->is_partial_new);
    answer(call, HOOK_ON_PARTIAL, 0, "null");
    hooks_partial_tick(call, asked_ms + 249);
    assert_true(call->is_partial_new);
    assert_int_equal(hooks_deadline(call), asked_ms + 250);
    hooks_partial_tick(call, asked_ms + 250);
    assert_false(call->is_partial_new);
    assert_true(call->is_partial_asked);
    assert_int_equal(hooks_deadline(call), 0);
    end(call);
}

static void test_a_lost_answer_holds_partials_for_a_second(void **state)
{
    struct call *call = make(HOOK_ON_PARTIAL);
    say_so_far(call, "one");
    uint64_t asked_ms = call->partial_asked_ms;
    say_so_far(call, "one two");
    assert_int_equal(hooks_deadline(call), asked_ms + 1000);
    hooks_partial_tick(call, asked_ms + 1000);
    assert_false(call->is_partial_new);
    end(call);
}

/* ---- on_silence ---- */

static struct call *silent(void)
{
    struct call *call = make(HOOK_ON_SILENCE);
    call->turn.listening_ms = clock_ms();
    call->turn.silence_asked_ms = clock_ms();
    call->turn.question = 3;
    hooks_ask_silence(call, 3);
    return call;
}

static void test_its_words_break_the_silence(void **state)
{
    struct call *call = silent();
    answer(call, HOOK_ON_SILENCE, 3, "\"Anything else?\"");
    expect_said("Anything else?|");
    assert_int_equal(call->turn.state, TURN_THINKING);
    end(call);
}

static void test_usual_words_without_an_answer(void **state)
{
    struct call *call = silent();
    answer(call, HOOK_ON_SILENCE, 3, NULL);
    expect_said("Are you there?|");
    end(call);
}

static void test_silence_is_an_answer(void **state)
{
    struct call *call = silent();
    answer(call, HOOK_ON_SILENCE, 3, "false");
    expect_said("");
    assert_int_equal(call->turn.nudges, 1);
    end(call);
}

static void test_words_for_a_silence_that_is_over(void **state)
{
    struct call *call = silent();
    call->turn.silence_asked_ms = 0;
    call->turn.has_speech = true;
    answer(call, HOOK_ON_SILENCE, 3, "\"Anything else?\"");
    expect_said("");
    assert_null(call->nudge_words);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_text_is_the_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_model_reads_other_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_an_answer_the_prompt_is_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_its_own_words_come_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_transfer_waits_for_its_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_to_a_turn_that_never_was, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_reply_that_began_since_is_not_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_key_while_a_turn_is_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_what_a_tool_wants_of_a_reply_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scripts_leave_the_model_room, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_recorder_is_forgotten_with_its_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_history_has_what_was_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_key_does_not_keep_who_is_transferred, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_the_newest_partial_four_times_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_lost_answer_holds_partials_for_a_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_its_words_break_the_silence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_usual_words_without_an_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_silence_is_an_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words_for_a_silence_that_is_over, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

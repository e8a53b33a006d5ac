/* From the model's tokens to what the synthesiser is told: two sentences, more on request, and nothing twice. */
#include "call_double.h"

#include "base/clock.h"

struct llm {
    const struct llm_listener *listener;
    void *owner;
    unsigned answer_within_ms;
    bool is_cancelled;
};

static struct llm model;

static enum err start_model(struct llm **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct llm_listener *listener, void *owner)
{
    model = (struct llm){
        .listener = listener, .owner = owner, .answer_within_ms = settings->answer_within_ms};
    *out = &model;
    return ERR_OK;
}

static void cancel_model(struct llm *llm)
{
    llm->is_cancelled = true;
}

static unsigned warmed;

static void warm_model(struct net_loop *loop, const struct llm_settings *settings)
{
    assert_non_null(settings->route);
    warmed++;
}

static const struct llm_ops model_ops = {"model", start_model, cancel_model, warm_model};

/* A model was asked, in a turn that is committed. */
static struct call *asked(size_t tool_count)
{
    struct call *call = make_call();
    live.options.settings.llm_ops = &model_ops;
    agent = (struct agent){.tool_count = tool_count, .tools_json = "[]"};
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    speech_open(call);
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_MODEL;
    call->turn.epoch = call->reply.epoch = 1;
    call->turn.quiet_since_ms = call->turn.speech_ended_ms = clock_ms();
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
    while (*text && !model.is_cancelled)
        model.listener->on_text(model.owner, (struct slice){text++, 1});
}

static void finish(void)
{
    static const struct llm_usage usage;
    model.listener->on_done(model.owner, &usage);
}

static void expect_said(const char *text)
{
    assert_string_equal(voice.said.data ? voice.said.data : "", text);
}

static void test_the_third_sentence_is_not_said(void **state)
{
    struct call *call = asked(0);
    write_text("Dr. Smith is in at 3.30 today. Shall I book it?! We also have Friday. And more.");
    expect_said("Dr. Smith is in at 3.30 today.|Shall I book it?!|");
    assert_true(model.is_cancelled); /* no tool can come: nothing to wait for */
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_int_equal(voice.ended_count, 1);
    end(call);
}

static void test_where_there_are_tools_the_model_is_read_to_its_end(void **state)
{
    struct call *call = asked(1);
    write_text("One. Two. Three. Four.");
    expect_said("One.|Two.|");
    assert_int_equal(voice.ended_count, 1); /* what is said needs no more text */
    assert_false(model.is_cancelled);
    assert_int_equal(call->turn.phase, REPLY_MODEL);
    finish();
    expect_said("One.|Two.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    end(call);
}

static void test_an_answer_with_room_is_said_whole(void **state)
{
    struct call *call = asked(0);
    write_text("[long] One. Two. Three.");
    finish();
    expect_said("One.|Two.|Three.|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    end(call);
}

static void test_two_sentences_end_by_themselves(void **state)
{
    struct call *call = asked(0);
    write_text("One... and a half. Two");
    finish();
    expect_said("One... and a half.|Two|");
    assert_int_equal(call->turn.phase, REPLY_COMPLETE);
    assert_int_equal(voice.ended_count, 1);
    end(call);
}

static void break_off(bool may)
{
    assert_int_equal(model.listener->on_restart(model.owner), may);
}

/* ---- an answer that breaks off ---- */

static void test_before_a_sound_an_answer_begins_anew(void **state)
{
    struct call *call = asked(0);
    write_text("[long] One. Tw");
    expect_said("One.|");
    break_off(true);
    assert_int_equal(voice.cancelled_count, 1);
    assert_int_equal(call->reply.segment_count, 0);
    assert_false(call->turn.has_room);
    write_text("Three. Four. Five.");
    expect_said("One.|Three.|Four.|");
    size_t unheard_at;
    bool is_estimate;
    char *text = reply_text(call, 0, &unheard_at, &is_estimate);
    assert_string_equal(text, "Three. Four. ");
    free(text);
    end(call);
}

static void test_what_makes_a_sound_stays_said(void **state)
{
    struct call *call = asked(0);
    write_text("One. Tw");
    speak(voice.newest, 'a', 5);
    break_off(false);
    assert_int_equal(voice.cancelled_count, 0);
    assert_int_equal(call->reply.segment_count, 1);
    end(call);
}

static void test_a_draft_begins_anew(void **state)
{
    struct call *call = asked(0);
    call->turn.is_draft = true;
    write_text("One. Tw");
    assert_true(call->turn.holds_pieces);
    break_off(true);
    assert_false(call->turn.holds_pieces);
    assert_int_equal(call->turn.sentences, 0);
    assert_int_equal(call->reply.backlog.len, 0);
    write_text("Three. Four");
    finish();
    expect_said("");
    assert_int_equal(call->turn.held, TURN_HELD_END);
    end(call);
}

static void test_enough_was_said_before_it_broke_off(void **state)
{
    struct call *call = asked(1);
    write_text("One. Two. Three.");
    break_off(false);
    expect_said("One.|Two.|");
    end(call);
}

static void test_a_draft_says_nothing_and_counts(void **state)
{
    struct call *call = asked(0);
    call->turn.is_draft = true;
    write_text("One. Two. Three. Four.");
    expect_said("");
    assert_true(model.is_cancelled);
    call->turn.is_draft = false;
    call->reply.may_speak = true;
    reply_pump(call);
    expect_said("One.|Two.|");
    assert_int_equal(voice.ended_count, 1);
    end(call);
}

static void test_a_mark_alone_is_an_empty_answer(void **state)
{
    struct call *call = asked(0);
    write_text("[long]");
    finish();
    assert_int_equal(call->turn.phase, REPLY_APOLOGY);
    end(call);
}

static void test_fixed_texts_are_never_cut(void **state)
{
    struct call *call = asked(0);
    reply_say(call, SLICE("One. Two. Three. Four."));
    expect_said("One.|Two.|Three.|Four.|");
    assert_int_equal(voice.ended_count, 1);
    end(call);
}

static void test_late_tools_are_answered_for_in_the_tenants_words(void **state)
{
    struct call *call = asked(1);
    write_text("Hm. ");
    call->reply.failure_text = strdup("It is late. I'll text. Bye. Now.");
    reply_fail_open(call);
    expect_said("Hm.|It is late.|I'll text.|Bye.|Now.|");
    assert_int_equal(call->reply.segment_count, 2);
    end(call);
}

/* As long as the engine waits, without what speaking takes; where the caller hears something, as usual. */
static void test_the_model_is_told_how_long_it_has(void **state)
{
    struct call *call = asked(0);
    call->turn.settings.answer_ms = 60000;
    reply_start_model(call);
    assert_true(model.answer_within_ms > 30000 && model.answer_within_ms < 60000);
    call->turn.settings.answer_ms = 0;
    reply_start_model(call);
    assert_int_equal(model.answer_within_ms, 1);
    call->turn.state = TURN_SPEAKING;
    reply_start_model(call);
    assert_int_equal(model.answer_within_ms, 0);
    end(call);
}

static void test_a_connection_is_warmed_where_the_model_can_be(void **state)
{
    static const struct llm_ops cold_ops = {"cold", start_model, cancel_model};
    struct call *call = asked(0);
    warmed = 0;
    model_warm(call);
    assert_int_equal(warmed, 1);
    live.options.settings.llm_ops = &cold_ops;
    model_warm(call);
    assert_int_equal(warmed, 1);
    end(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_third_sentence_is_not_said),
        cmocka_unit_test(test_where_there_are_tools_the_model_is_read_to_its_end),
        cmocka_unit_test(test_an_answer_with_room_is_said_whole),
        cmocka_unit_test(test_two_sentences_end_by_themselves),
        cmocka_unit_test(test_before_a_sound_an_answer_begins_anew),
        cmocka_unit_test(test_what_makes_a_sound_stays_said),
        cmocka_unit_test(test_a_draft_begins_anew),
        cmocka_unit_test(test_enough_was_said_before_it_broke_off),
        cmocka_unit_test(test_a_draft_says_nothing_and_counts),
        cmocka_unit_test(test_a_mark_alone_is_an_empty_answer),
        cmocka_unit_test(test_fixed_texts_are_never_cut),
        cmocka_unit_test(test_late_tools_are_answered_for_in_the_tenants_words),
        cmocka_unit_test(test_the_model_is_told_how_long_it_has),
        cmocka_unit_test(test_a_connection_is_warmed_where_the_model_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

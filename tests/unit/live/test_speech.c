/* A reply's audio on its way to the pacer. */
#include "call_double.h"

#define FRAMES_PER_SECOND 50

static void test_segments_are_heard_one_after_the_other(void **state)
{
    struct call *call = make_call();
    speech_text(call, SLICE("One moment."));
    speech_finish(call);
    speech_text(call, SLICE("We are open."));
    speech_finish(call);
    assert_int_equal(call->reply.segment_count, 2);
    speak(1, 'a', 2);
    speak(2, 'b', 2); /* the synthesiser works on both at once */
    speak(1, 'a', 1);
    expect_pacer(call, "aaa");
    voice.listener->on_end(voice.owner, 2);
    assert_false(reply_is_spoken(&call->reply));
    voice.listener->on_end(voice.owner, 1);
    expect_pacer(call, "aaabb");
    assert_int_equal(call->reply.segments[1].start_ms, 60);
    assert_int_equal(call->reply.segments[1].audio_ms, 40);
    assert_true(reply_is_spoken(&call->reply));
    free_call(call);
}

static void test_long_speech_loses_no_frame(void **state)
{
    struct call *call = make_call();
    size_t frames = 30 * FRAMES_PER_SECOND;
    speech_text(call, SLICE("A text that takes half a minute."));
    speech_finish(call);
    speak(1, 'a', frames);
    voice.listener->on_end(voice.owner, 1);
    assert_false(reply_is_spoken(&call->reply));
    size_t heard = 0;
    for (unsigned second = 0; second < 40; second++) {
        heard += call->pacer.count;
        call->pacer.count = 0; /* played */
        segments_feed(call);
    }
    assert_int_equal(heard, frames);
    assert_true(reply_is_spoken(&call->reply));
    assert_int_equal(call->reply.segments[0].audio_ms, frames * FRAME_MS);
    free_call(call);
}

static void test_cancel_stops_every_segment(void **state)
{
    struct call *call = make_call();
    speech_text(call, SLICE("One moment."));
    speech_finish(call);
    speech_text(call, SLICE("We are open."));
    speak(1, 'a', 1);
    speak(2, 'b', 1);
    speech_cancel(call);
    pacer_clear(&call->pacer);
    assert_int_equal(voice.cancelled_count, 2);
    speak(1, 'a', 1);
    segments_feed(call);
    expect_pacer(call, "");
    free_call(call);
}

/* 20 characters a second, a fifth faster than expected: that must not count as text still to come. */
static void test_fast_speech_gets_its_credit_back(void **state)
{
    struct call *call = make_call();
    struct tts_timing timing = {.character = SLICE("x")};
    for (unsigned i = 0; i < 20; i++)
        speech_text(call, SLICE("a piece of a reply of some fifty characters or so"));
    assert_true(speech_credit_ms(call) > 60000);
    for (unsigned i = 0; i < 1000; i++)
        voice.listener->on_timings(voice.owner, 1, &timing, 1);
    speak(1, 'a', 500);
    assert_in_range(speech_credit_ms(call), 9900, 10000); /* what waits to be played */
    free_call(call);
}

static void test_overdue_speech_is_not_waited_for(void **state)
{
    struct call *call = make_call();
    for (unsigned i = 0; i < 4; i++)
        speech_text(call, SLICE("a piece of a reply of some fifty characters or so"));
    speak(1, 'a', 140);
    assert_true(speech_credit_ms(call) > 2500);
    call->pacer.sent = call->pacer.count; /* all of it went out, no times came, more text waits */
    call->pacer.count = 0;
    call->pacer.t0_ms -= 5000;
    assert_true(speech_credit_ms(call) < 100);
    free_call(call);
}

static void expect_estimate(struct call *call, bool is_expected)
{
    size_t unheard_at;
    bool is_estimate;
    free(reply_text(call, 0, &unheard_at, &is_estimate));
    assert_int_equal(is_estimate, is_expected);
}

static void test_lost_times_make_an_estimate_of_what_was_heard(void **state)
{
    struct call *call = make_call();
    struct tts_timing timing = {.character = SLICE("W")};
    speech_text(call, SLICE("We open at nine."));
    voice.listener->on_timings(voice.owner, 1, &timing, 1);
    speak(1, 'a', 10);
    call->pacer.sent = call->pacer.count;
    call->pacer.count = 0;
    call->pacer.t0_ms -= 5000;
    expect_estimate(call, false);
    voice.listener->on_timings(voice.owner, 1, NULL, 0);
    expect_estimate(call, true);
    free_call(call);
}

static void test_nothing_is_said_into_a_draft(void **state)
{
    struct call *call = make_call();
    speech_open(call);
    call->turn.phase = REPLY_MODEL;
    call->turn.is_draft = true;
    reply_interject(call, SLICE("One moment."), false);
    assert_int_equal(call->reply.segment_count, 0);
    call->turn.is_draft = false;
    reply_interject(call, SLICE("One moment."), false);
    assert_int_equal(call->reply.segment_count, 1);
    free_call(call);
}

static void expect_heard(struct call *call, uint64_t played_ms, const char *text)
{
    size_t unheard_at;
    bool is_estimate;
    call->reply.played_before_ms = (uint32_t)played_ms;
    char *all = reply_text(call, 0, &unheard_at, &is_estimate);
    all[unheard_at] = 0;
    assert_string_equal(all, text);
    free(all);
}

/* Between two texts; its name is heard as soon as it is, its words one after the other. */
static void test_a_sound_is_heard_in_its_turn(void **state)
{
    struct call *call = make_call();
    char ulaw[10 * FRAME_BYTES];
    memset(ulaw, 's', sizeof ulaw);
    struct call_sound sound = {
        .ulaw = {ulaw, sizeof ulaw}, .text = SLICE("[sound bell]"), .is_label = true};
    speech_open(call);
    call->turn.phase = REPLY_TOOLS;
    reply_interject(call, SLICE("One moment."), false);
    reply_play_take(call, sound_keep(&sound), true);
    sound = (struct call_sound){.ulaw = {ulaw, sizeof ulaw}, .text = SLICE("We are closed now.")};
    reply_play_take(call, sound_keep(&sound), false);
    reply_interject(call, SLICE("Goodbye."), false);
    assert_int_equal(call->reply.segment_count, 4);
    assert_false(call->reply.segments[0].is_protected);
    assert_true(call->reply.segments[1].is_protected);
    assert_false(call->reply.segments[2].is_protected);
    speak(call->reply.segments[3].context, 'b', 1);
    expect_pacer(call, "");
    speak(call->reply.segments[0].context, 'a', 2);
    voice.listener->on_end(voice.owner, call->reply.segments[0].context);
    expect_pacer(call, "aassssssssssssssssssssb");
    expect_heard(call, 0, "");
    expect_heard(call, 60, "One moment. [sound bell] ");
    expect_heard(call, 340, "One moment. [sound bell] We are");
    expect_heard(call, 440, "One moment. [sound bell] We are closed now. ");
    free_call(call);
}

/* What does not fit the pacer waits in the sound itself, and goes with the reply. */
static void test_a_long_sound_waits_without_a_copy(void **state)
{
    struct call *call = make_call();
    size_t bytes = 60 * FRAMES_PER_SECOND * FRAME_BYTES;
    char *ulaw = calloc(1, bytes);
    const struct call_sound sound = {.ulaw = {ulaw, bytes}, .text = SLICE("A minute.")};
    call->turn.phase = REPLY_TOOLS;
    reply_play_take(call, sound_keep(&sound), false);
    assert_in_range(speech_credit_ms(call), 59000, 60000);
    size_t heard = 0;
    for (unsigned second = 0; second < 40; second++) {
        heard += call->pacer.count;
        call->pacer.count = 0; /* played */
        segments_feed(call);
    }
    assert_int_equal(heard, bytes / FRAME_BYTES);
    assert_true(reply_is_spoken(&call->reply));
    reply_play_take(call, sound_keep(&sound), false);
    speech_cancel(call);
    pacer_clear(&call->pacer);
    segments_feed(call);
    expect_pacer(call, "");
    free(ulaw);
    free_call(call);
}

/* After "we got cut off" said by the model: what the caller said before the break is not this turn's to take back. */
static void test_a_turn_without_words_takes_nothing_back(void **state)
{
    struct call *call = make_call();
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    conversation_add_caller(&call->conversation, SLICE("Are you open?"));
    call->turn_number = 2;
    const struct turn_actions actions = {.list = {{.kind = TURN_ACTION_REOPEN_TURN}}, .count = 1};
    call->reply.caller_text = strdup("");
    actions_perform(call, &actions);
    assert_int_equal(json_array_size(call->conversation.messages), 1);
    free(call->reply.caller_text);
    call->reply.caller_text = strdup("Are you open?");
    actions_perform(call, &actions);
    assert_int_equal(json_array_size(call->conversation.messages), 0);
    utterances_clear(&call->utterances);
    conversation_close(&call->conversation);
    free_call(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_are_heard_one_after_the_other),
        cmocka_unit_test(test_long_speech_loses_no_frame),
        cmocka_unit_test(test_cancel_stops_every_segment),
        cmocka_unit_test(test_fast_speech_gets_its_credit_back),
        cmocka_unit_test(test_overdue_speech_is_not_waited_for),
        cmocka_unit_test(test_lost_times_make_an_estimate_of_what_was_heard),
        cmocka_unit_test(test_nothing_is_said_into_a_draft),
        cmocka_unit_test(test_a_sound_is_heard_in_its_turn),
        cmocka_unit_test(test_a_long_sound_waits_without_a_copy),
        cmocka_unit_test(test_a_turn_without_words_takes_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Fillers on their way to the pacer: phrases are asked of synthesis once and finished, sounds go round and are cut. */
#include "call_double.h"

static void wait_for_the_model(struct call *call)
{
    call->turn.state = TURN_THINKING;
    call->turn.phase = REPLY_MODEL;
    call->turn.epoch = call->reply.epoch = 1;
    call->turn.is_filling = true;
}

/* A caller waits in a call with a synthesiser; the pacer takes what a filler gives it. */
static struct call *waiting(enum agent_filler_kind kind)
{
    struct call *call = make_call();
    agent = (struct agent){.filler = {.kind = kind, .phrases = {"First.", "Second."}}};
    agent.filler.phrase_count = 2;
    char why[256];
    assert_int_equal(phrases_open(&live.options.phrases, NULL, why), ERR_OK);
    speech_open(call);
    wait_for_the_model(call);
    return call;
}

static void start(struct call *call)
{
    filler_start(call);
    segments_feed(call);
}

static void learn(struct call *call, char sound, size_t frames)
{
    uint32_t context = voice.newest;
    speak(context, sound, frames);
    voice.listener->on_end(voice.owner, context);
}

static void end(struct call *call)
{
    free_call(call);
    phrases_close(live.options.phrases);
    live.options.phrases = NULL;
}

static void test_phrases_are_asked_for_once_and_take_turns(void **state)
{
    struct call *call = waiting(AGENT_FILLER_PHRASE);
    fixed_prepare(call);
    assert_string_equal(voice.said.data, "First.|");
    fixed_prepare(call); /* one at a time */
    learn(call, 'f', 2);
    assert_string_equal(voice.said.data, "First.|Second.|");
    learn(call, 's', 2);
    fixed_prepare(call);
    assert_string_equal(voice.said.data, "First.|Second.|");
    assert_int_equal(call->reply.segment_count, 0);
    start(call);
    expect_pacer(call, "ff");
    pacer_clear(&call->pacer);
    start(call);
    expect_pacer(call, "ss");
    pacer_clear(&call->pacer);
    start(call);
    expect_pacer(call, "ff");
    end(call);
}

static void test_another_voice_is_another_phrase(void **state)
{
    struct call *call = waiting(AGENT_FILLER_PHRASE);
    fixed_prepare(call);
    learn(call, 'f', 2);
    learn(call, 's', 2);
    strcpy(agent.voice_id, "another");
    strcpy(agent.version, "newer");
    fixed_prepare(call); /* the session speaks as before: nothing is kept for the new voice */
    assert_string_equal(voice.said.data, "First.|Second.|");
    speech_close(call);
    speech_open(call);
    fixed_prepare(call);
    assert_string_equal(voice.said.data, "First.|");
    end(call);
}

static void test_the_recording_plays_until_a_phrase_is_known(void **state)
{
    struct call *call = waiting(AGENT_FILLER_PHRASE);
    start(call);
    assert_true(call->pacer.count > 0);
    assert_true(call->filler.is_on); /* it is longer than what goes ahead */
    end(call);
}

static void test_a_session_that_ends_leaves_no_half_phrase(void **state)
{
    struct call *call = waiting(AGENT_FILLER_PHRASE);
    fixed_prepare(call);
    speak(voice.newest, 'f', 2);
    voice.listener->on_failed(
        voice.owner, &(struct failure){.kind = FAILURE_CUT, .err = ERR_CLOSED, .why = "gone"});
    assert_null(call->tts);
    fixed_prepare(call);
    speech_open(call);
    fixed_prepare(call);
    learn(call, 'g', 1);
    start(call);
    expect_pacer(call, "g");
    end(call);
}

static void test_the_answer_follows_the_last_word_of_a_phrase(void **state)
{
    struct call *call = waiting(AGENT_FILLER_PHRASE);
    fixed_prepare(call);
    learn(call, 'f', 30);
    start(call);
    speech_text(call, SLICE("We are open."));
    speak(voice.newest, 'a', 2);
    assert_int_equal(call->turn.state, TURN_SPEAKING);
    assert_int_equal(call->pacer.count, 20);
    call->pacer.count = 0; /* played */
    segments_feed(call);
    expect_pacer(call, "ffffffffffaa");
    assert_int_equal(call->reply.segments[0].start_ms, 600);
    end(call);
}

static void test_typing_goes_round_and_ends_with_the_first_audio(void **state)
{
    struct call *call = waiting(AGENT_FILLER_TYPING);
    uint8_t sound[2 * FRAME_BYTES];
    memset(sound, 'u', sizeof sound);
    memset(sound, 't', FRAME_BYTES);
    agent.filler.typing_ulaw = sound;
    agent.filler.typing_len = sizeof sound;
    start(call);
    expect_pacer(call, "tutututututututututu");
    speech_text(call, SLICE("We are open."));
    speak(voice.newest, 'a', 2);
    assert_int_equal(call->turn.state, TURN_SPEAKING);
    assert_int_equal(
        call->pacer.count, 1); /* it fades; the audio comes with the next look at the line */
    segments_feed(call);
    assert_int_equal(call->pacer.count, 3);
    assert_int_equal(call->reply.segments[0].start_ms, FRAME_MS);
    const uint8_t *faded = call->pacer.ring[call->pacer.head];
    assert_int_equal(faded[0] & 0xf0, 't' & 0xf0);
    assert_true(faded[FRAME_BYTES - 1] >= 0x7e); /* silence, of either sign */
    assert_int_equal(faded[FRAME_BYTES], 'a');
    end(call);
}

static void test_a_cleared_filler_is_gone(void **state)
{
    struct call *call = waiting(AGENT_FILLER_TYPING);
    start(call);
    assert_true(call->pacer.count > 0);
    pacer_clear(&call->pacer);
    filler_drop(call);
    segments_feed(call);
    expect_pacer(call, "");
    end(call);
}

/* ---- what is said in the same words each time ---- */

static void learn_with_times(struct call *call, const struct tts_timing *timings, size_t count)
{
    uint32_t context = voice.newest;
    voice.listener->on_timings(voice.owner, context, timings, count);
    speak(context, 'g', 3);
    voice.listener->on_end(voice.owner, context);
}

static struct call *greeting(void)
{
    struct call *call = waiting(AGENT_FILLER_NONE);
    strcpy(agent.greeting, "Hi.");
    strcpy(agent.goodbye, "Bye.");
    return call;
}

static void test_a_greeting_is_kept_with_its_times(void **state)
{
    static const struct tts_timing timings[] = {
        {SLICE("H"), 0, 20}, {SLICE("i"), 20, 20}, {SLICE("."), 40, 20}};
    struct call *call = greeting();
    assert_false(fixed_say(call, agent.greeting));
    fixed_prepare(call);
    learn_with_times(call, timings, 3);
    assert_string_equal(voice.said.data, "Hi.|Bye.|");
    speech_close(call); /* nobody speaks any more */
    assert_true(fixed_say(call, agent.greeting));
    expect_pacer(call, "ggg");
    const struct segment *segment = &call->reply.segments[0];
    assert_string_equal(segment->text.data, "Hi. ");
    assert_int_equal(segment->character_count, 3);
    assert_int_equal(segment->characters[2].start_ms, 40);
    assert_true(call->reply.is_round_complete);
    assert_null(call->tts);
    end(call);
}

static void test_what_the_script_sees_before_is_not_kept(void **state)
{
    struct call *call = greeting();
    agent.has_hook[HOOK_BEFORE_SAY] = true;
    fixed_prepare(call);
    assert_string_equal(voice.said.data ? voice.said.data : "", "");
    assert_false(fixed_say(call, agent.greeting));
    end(call);
}

static void test_two_calls_ask_for_different_phrases(void **state)
{
    struct call *first = greeting();
    struct call *second = make_call();
    fixed_prepare(first);
    second->tts = first->tts;
    second->tts_generation = first->tts_generation;
    fixed_prepare(second);
    assert_string_equal(voice.said.data, "Hi.|Bye.|");
    second->tts = NULL;
    fixed_lost(second);
    free_call(second);
    end(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phrases_are_asked_for_once_and_take_turns),
        cmocka_unit_test(test_another_voice_is_another_phrase),
        cmocka_unit_test(test_the_recording_plays_until_a_phrase_is_known),
        cmocka_unit_test(test_a_session_that_ends_leaves_no_half_phrase),
        cmocka_unit_test(test_the_answer_follows_the_last_word_of_a_phrase),
        cmocka_unit_test(test_typing_goes_round_and_ends_with_the_first_audio),
        cmocka_unit_test(test_a_cleared_filler_is_gone),
        cmocka_unit_test(test_a_greeting_is_kept_with_its_times),
        cmocka_unit_test(test_what_the_script_sees_before_is_not_kept),
        cmocka_unit_test(test_two_calls_ask_for_different_phrases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Deltas only extend what was said, from a script and from guesses that change their mind. */
#include "unit/sandbox/cmocka_head.h"

#include <stdlib.h>
#include <string.h>

#include "openai/audio_input.h"
#include "openai/utterance.h"

static void say(struct utterance *utterance, struct slice delta, const char *expected)
{
    assert_int_equal(delta.len, strlen(expected));
    assert_memory_equal(delta.data, expected, delta.len);
    utterance_said(utterance, delta);
}

static void a_script_is_said_word_by_word_of_voice(void **state)
{
    struct utterance *utterance = utterance_create(1);
    int16_t voice[800], silence[800] = {0};
    for (int i = 0; i < 800; i++)
        voice[i] = i % 20 < 10 ? 4000 : -4000;
    utterance->scripted = strdup("what are your hours");
    utterance_audio(utterance, silence, 800);
    say(utterance, utterance_script_delta(utterance, 100), "");
    utterance_audio(utterance, voice, 800);
    say(utterance, utterance_script_delta(utterance, 100), "what");
    say(utterance, utterance_script_delta(utterance, 100), "");
    utterance_audio(utterance, voice, 800);
    utterance_audio(utterance, voice, 800);
    say(utterance, utterance_script_delta(utterance, 100), " are your");
    say(utterance, utterance_rest(utterance, utterance->scripted), " hours");
    assert_int_equal((int)utterance->audio_ms, 400);
    utterance_destroy(utterance);
}

static void guesses_are_said_once_two_agree(void **state)
{
    struct utterance *utterance = utterance_create(1);
    say(utterance, utterance_guess_delta(utterance, "i"), "");
    say(utterance, utterance_guess_delta(utterance, "i need"), "");
    say(utterance, utterance_guess_delta(utterance, "i need an"), "i");
    say(utterance, utterance_guess_delta(utterance, "i need uncle"), " need");
    say(utterance, utterance_guess_delta(utterance, "i need an appointment"), "");
    say(utterance, utterance_guess_delta(utterance, "we need an appointment now"), "");
    say(utterance, utterance_rest(utterance, "i need an appointment"), " an appointment");
    assert_int_equal(utterance_rest(utterance, "something else").len, 0);
    utterance_destroy(utterance);
}

static void samples_may_be_cut_between_appends(void **state)
{
    struct audio_input input = {0};
    int16_t *pcm;
    size_t count, total = 0;
    /* 3 bytes, then 3 bytes: three samples at 24 kHz become one at 8 kHz in the long run. */
    for (int i = 0; i < 400; i++) {
        assert_int_equal(
            audio_input_decode(&input, STT_PCM_24K, SLICE("AAAA"), &pcm, &count), ERR_OK);
        total += count;
        free(pcm);
    }
    assert_in_range(total, 180, 216);
    assert_int_equal(
        audio_input_decode(&input, STT_PCM_24K, SLICE("no base64"), &pcm, &count), ERR_BAD);
    audio_input_reset(&input);
}

static void g711_is_decoded_by_its_law(void **state)
{
    struct audio_input input = {0};
    int16_t *pcm;
    size_t count;
    assert_int_equal(audio_input_decode(&input, STT_PCMU, SLICE("/38A"), &pcm, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(pcm[0], 0);
    assert_int_equal(pcm[2], -32124);
    free(pcm);
    assert_int_equal(audio_input_decode(&input, STT_PCMA, SLICE("1VUq"), &pcm, &count), ERR_OK);
    assert_int_equal(pcm[0], 8);
    assert_int_equal(pcm[1], -8);
    assert_int_equal(pcm[2], -32256);
    free(pcm);
    audio_input_reset(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_is_said_word_by_word_of_voice),
        cmocka_unit_test(guesses_are_said_once_two_agree),
        cmocka_unit_test(samples_may_be_cut_between_appends),
        cmocka_unit_test(g711_is_decoded_by_its_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

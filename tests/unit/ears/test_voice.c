/* The voice: real speech at telephone rate and level, and a time for every character. */
#include <stdlib.h>
#include <string.h>

#include "cmocka_head.h"
#include "voice.h"

static struct voice_audio spoken(const char *text)
{
    struct voice_audio audio;
    assert_int_equal(voice_speak(&audio, "en-us", slice_from(text), 1.0), ERR_OK);
    return audio;
}

static int peak_of(const struct voice_audio *audio)
{
    int peak = 0;
    for (size_t i = 0; i < audio->count_samples; i++)
        if (abs(audio->pcm[i]) > peak)
            peak = abs(audio->pcm[i]);
    return peak;
}

/* Characters follow each other without gaps from 0 to the end of the audio. */
static void assert_gapless(const struct voice_audio *audio, size_t text_len)
{
    uint32_t at_ms = 0;
    for (size_t i = 0; i < audio->count_characters; i++) {
        const struct voice_character *character = &audio->characters[i];
        assert_int_equal(character->start_ms, at_ms);
        at_ms += character->duration_ms;
        assert_true(character->offset_bytes < text_len);
        assert_true(i == 0 || character->offset_bytes > audio->characters[i - 1].offset_bytes);
    }
    assert_int_equal(at_ms, audio->count_samples / 8);
}

static void every_character_has_its_time(void **state)
{
    static const char *const texts[] = {"Hello.",
        "On Saturday we're open from nine a.m. to one p.m.", "Great! So: 10:30, then? (Yes.)",
        "Zoë paid £5 — déjà vu", "a\tb\nc", "  leading and trailing  "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct voice_audio audio = spoken(texts[i]);
        assert_true(audio.count_samples > 0);
        assert_gapless(&audio, strlen(texts[i]));
        voice_free(&audio);
    }
}

static void a_word_begins_where_it_is_heard(void **state)
{
    static const char text[] = "Yes. Saturday.";
    struct voice_audio audio = spoken(text);
    uint32_t start_ms = audio.characters[5].start_ms; /* the S */
    double before = 0, after = 0;
    for (size_t i = 0; i < 400; i++) { /* 50 ms on each side */
        int16_t earlier = audio.pcm[start_ms * 8 - 400 + i], later = audio.pcm[start_ms * 8 + i];
        before += (double)earlier * earlier;
        after += (double)later * later;
    }
    assert_true(after > 20 * before); /* the pause belongs to the full stop */
    voice_free(&audio);
}

static void the_level_is_that_of_a_telephone(void **state)
{
    struct voice_audio audio = spoken("Five five five, oh one two three.");
    assert_in_range(peak_of(&audio), 16422 * 95 / 100, 16422);
    voice_free(&audio);
}

static void nothing_to_say_is_no_sound(void **state)
{
    static const char *const texts[] = {"", " ", "\n\t ", "...", "?!"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct voice_audio audio = spoken(texts[i]);
        assert_int_equal(audio.count_samples, 0);
        assert_int_equal(audio.count_characters, strlen(texts[i]));
        voice_free(&audio);
    }
}

static void broken_text_is_spoken_around(void **state)
{
    static const char text[] = "one \xff\xc3 two \xe2\x82";
    struct voice_audio audio = spoken(text);
    assert_true(audio.count_samples > 0);
    assert_gapless(&audio, strlen(text));
    voice_free(&audio);
}

static void speed_and_voice_change_the_sound(void **state)
{
    struct voice_audio slow, fast, other;
    struct slice text = SLICE("A cleaning on Friday at ten thirty.");
    assert_int_equal(voice_speak(&slow, "en-us", text, 0.7), ERR_OK);
    assert_int_equal(voice_speak(&fast, "en-us", text, 1.2), ERR_OK);
    assert_int_equal(voice_speak(&other, "en-us+f3", text, 1.2), ERR_OK);
    assert_true(slow.count_samples > fast.count_samples * 14 / 10);
    assert_true(other.count_samples > 0);
    voice_free(&slow);
    voice_free(&fast);
    voice_free(&other);
}

static void what_cannot_be_is_refused(void **state)
{
    struct voice_audio audio;
    assert_int_equal(voice_speak(&audio, "no-such-voice", SLICE("hello"), 1.0), ERR_NOT_FOUND);
    assert_int_equal(voice_speak(&audio, "en-us", SLICE("hello"), 3.0), ERR_BAD);
    assert_int_equal(voice_speak(&audio, "en-us", SLICE("hello"), 0.0 / 0.0), ERR_BAD);
    assert_null(audio.pcm);
}

static void a_repeat_sounds_alike(void **state)
{
    struct voice_audio first = spoken("Is that right?");
    struct voice_audio second = spoken("Is that right?");
    size_t difference = first.count_samples > second.count_samples
                            ? first.count_samples - second.count_samples
                            : second.count_samples - first.count_samples;
    assert_true(difference < 40); /* 5 ms */
    voice_free(&first);
    voice_free(&second);
}

static int start(void **state)
{
    return voice_start() ? 1 : 0;
}

static int stop(void **state)
{
    voice_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_has_its_time),
        cmocka_unit_test(a_word_begins_where_it_is_heard),
        cmocka_unit_test(the_level_is_that_of_a_telephone),
        cmocka_unit_test(nothing_to_say_is_no_sound),
        cmocka_unit_test(broken_text_is_spoken_around),
        cmocka_unit_test(speed_and_voice_change_the_sound),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(a_repeat_sounds_alike),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* What is told of a call, drawn of it and heard of it: turns, sides, the page; and sound that has no capture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../media/sounds.h"
#include "media/g711.h"
#include "media/wav.h"
#include "recorded.h"
#include "replay/page.h"
#include "replay/raw.h"
#include "replay/story.h"

#define FILE_MAX_BYTES (16u << 20)
#define SAMPLES_MAX (SOUND_RATE_HZ * 20)
#define HOSTILE "</script><script>alert(1)</script><img src=x onerror=alert(2)>"

static int16_t first[SAMPLES_MAX], second[SAMPLES_MAX];
static size_t first_count, second_count;
static struct strbuf bytes;
static struct replay_file file;
static uint64_t duration_ms;

static void make_call(void)
{
    struct recorded call;
    recorded_begin(&call, &turn_defaults, 9);
    recorded_hear(&call, NULL, SOUND_RATE_HZ);
    recorded_hear(&call, first, first_count);
    recorded_hear(&call, NULL, SOUND_RATE_HZ * 2);
    recorded_put(
        &call, CAPTURE_TTS, SLICE("{\"event\":\"text\",\"context\":1,\"text\":\"" HOSTILE "\"}"));
    recorded_put(
        &call, CAPTURE_TTS, SLICE("{\"event\":\"text_ahead\",\"context\":2,\"text\":\"later\"}"));
    recorded_put(&call, CAPTURE_NOTE, SLICE("{\"event\":\"phase\",\"phase\":\"" HOSTILE "\"}"));
    recorded_put(&call, CAPTURE_SPAN, SLICE("\x0aTURN_COMMI\x01\x01\x07silence"));
    recorded_hear(&call, second, second_count);
    recorded_hear(&call, NULL, SOUND_RATE_HZ * 5);
    strbuf_init(&bytes, FILE_MAX_BYTES);
    recorded_end(&call, &bytes);
    duration_ms = call.now_ms;
    recorded_free(&call);
    file = (struct replay_file){.bytes = bytes.data, .len = bytes.len};
}

static int set_up(void **state)
{
    if (sounds_start(state))
        return -1;
    first_count = sound_speak("en-us", "I would like to book a cleaning", -20, first, SAMPLES_MAX);
    second_count = sound_speak("en-us", "Wait, no, on Thursday please", -22, second, SAMPLES_MAX);
    make_call();
    return 0;
}

static int tear_down(void **state)
{
    strbuf_free(&bytes);
    return sounds_stop(state);
}

static int64_t ms_of(const json_t *entry, const char *name)
{
    return json_integer_value(json_object_get(entry, name));
}

static void test_turns_are_told_in_order(void **state)
{
    json_t *timeline = story_of(&file);
    const json_t *turns = json_object_get(timeline, "turns");
    assert_true(json_array_size(turns) >= 3);
    const json_t *caller = json_array_get(turns, 0), *agent = json_array_get(turns, 1);
    assert_string_equal(json_string_value(json_object_get(caller, "who")), "caller");
    assert_string_equal(
        json_string_value(json_object_get(caller, "text")), "Thursday, and my number is");
    assert_in_range(ms_of(caller, "from_ms"), 900, 1300);
    assert_string_equal(json_string_value(json_object_get(agent, "who")), "agent");
    assert_string_equal(json_string_value(json_object_get(agent, "text")), HOSTILE);
    assert_true(ms_of(agent, "from_ms") >= ms_of(caller, "to_ms"));
    int64_t until_ms = 0;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(timeline, "states"), i, entry)
    {
        assert_int_equal(ms_of(entry, "from_ms"), until_ms);
        until_ms = ms_of(entry, "to_ms");
    }
    assert_true((uint64_t)until_ms == duration_ms);
    assert_int_equal(json_array_size(json_object_get(timeline, "spans")), 1);
    assert_true(json_array_size(json_object_get(timeline, "decisions")) > 2);
    json_decref(timeline);
}

static void test_sides_are_placed_on_one_clock(void **state)
{
    struct sides sides;
    assert_int_equal(sides_of(&sides, &file), ERR_OK);
    assert_true(sides.len / 8 >= duration_ms);
    int16_t pcm[160];
    g711_to_pcm(pcm, sides.caller + 8 * 100, 160);
    assert_true(sound_level_dbov(pcm, 160, 0) < -60);
    size_t loud = 0;
    for (size_t at = 8 * 1000; at < 8 * 3000; at += 160) {
        g711_to_pcm(pcm, sides.caller + at, 160);
        loud += sound_level_dbov(pcm, 160, 0) > -40;
    }
    assert_true(loud > 40);
    sides_free(&sides);
}

/* Nothing of the call's texts begins an element: only the page's own script ends one. */
static void test_hostile_words_stay_words(void **state)
{
    char *page = NULL;
    size_t len;
    FILE *to = open_memstream(&page, &len);
    struct sides sides;
    json_t *timeline = story_of(&file);
    assert_int_equal(sides_of(&sides, &file), ERR_OK);
    assert_int_equal(page_write(to, timeline, &sides), ERR_OK);
    fclose(to);
    assert_null(strstr(page, "<img"));
    assert_null(strstr(page, "alert(1)</script"));
    assert_null(strstr(page, "@TIMELINE@"));
    assert_null(strstr(page, "http://"));
    assert_null(strstr(page, "https://"));
    unsigned ends = 0;
    for (const char *at = page; (at = strstr(at, "</script>")) != NULL; at++)
        ends++;
    assert_int_equal(ends, 4);
    assert_non_null(strstr(page, "\\u003cimg src=x onerror=alert(2)\\u003e"));
    sides_free(&sides);
    json_decref(timeline);
    free(page);
}

/* ---- sound alone ---- */

static struct raw_settings usual(void)
{
    return (struct raw_settings){.turn = turn_defaults,
        .ear = {.vad = vad_defaults, .jitter_min_ms = 20, .jitter_max_ms = 200},
        .words_after_ms = 200};
}

static json_t *hear(struct slice sound, const struct raw_settings *settings)
{
    char why[REPLAY_WHY_SIZE];
    uint8_t *ulaw;
    size_t len;
    assert_int_equal(raw_sound(sound, &ulaw, &len, why), ERR_OK);
    json_t *heard = raw_listen(settings, ulaw, len);
    free(ulaw);
    return heard;
}

/* Words, two seconds of silence, words; as µ-law, and as a WAV of twice the rate. */
static void test_turns_of_sound_alone(void **state)
{
    static int16_t pcm[2 * SAMPLES_MAX];
    static uint8_t ulaw[SAMPLES_MAX], wav[WAV_HEADER_BYTES + 4 * SAMPLES_MAX];
    size_t count = first_count + 2 * SOUND_RATE_HZ + second_count;
    memset(pcm, 0, sizeof pcm);
    memcpy(pcm, first, first_count * sizeof *pcm);
    memcpy(pcm + first_count + 2 * SOUND_RATE_HZ, second, second_count * sizeof *pcm);
    g711_to_ulaw(ulaw, pcm, count);
    wav_header(wav, 2 * SOUND_RATE_HZ, (uint32_t)(2 * count));
    for (size_t i = 0; i < 2 * count; i++)
        memcpy(wav + WAV_HEADER_BYTES + 2 * i, &pcm[i / 2], 2);
    struct slice sounds[] = {
        {(const char *)ulaw, count}, {(const char *)wav, WAV_HEADER_BYTES + 4 * count}};
    for (size_t i = 0; i < 2; i++) {
        struct raw_settings settings = usual();
        json_t *heard = hear(sounds[i], &settings);
        const json_t *turns = json_object_get(heard, "turns");
        assert_int_equal(json_array_size(turns), 2);
        const json_t *turn = json_array_get(turns, 0);
        assert_in_range(ms_of(turn, "at_ms") - ms_of(turn, "to_ms"), 480, 560);
        json_decref(heard);
        settings.turn.silence_ms = 2600; /* longer than the pause */
        settings.turn.early_ms = 0;
        heard = hear(sounds[i], &settings);
        assert_int_equal(json_array_size(json_object_get(heard, "turns")), 1);
        json_decref(heard);
    }
}

static void test_what_is_no_sound(void **state)
{
    static const struct {
        struct slice bytes;
        const char *why;
    } rows[] = {
        {{"RIFF....WAVEfmt ", 16}, "no 16-bit mono PCM"},
        {{"", 0}, "empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char why[REPLAY_WHY_SIZE];
        uint8_t *ulaw;
        size_t len;
        assert_int_equal(raw_sound(rows[i].bytes, &ulaw, &len, why), ERR_BAD);
        assert_non_null(strstr(why, rows[i].why));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_are_told_in_order),
        cmocka_unit_test(test_sides_are_placed_on_one_clock),
        cmocka_unit_test(test_hostile_words_stay_words),
        cmocka_unit_test(test_turns_of_sound_alone),
        cmocka_unit_test(test_what_is_no_sound),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

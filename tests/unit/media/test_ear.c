/* The same call on another clock, and in messages of another size, is heard as the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "media/dtmf_tones.h"
#include "media/ear.h"
#include "media/g711.h"
#include "sounds.h"

#define SAMPLES_MAX (SOUND_RATE_HZ * 12)

static uint8_t caller[SAMPLES_MAX], ours[SAMPLES_MAX];
static size_t count;

static size_t speak(uint8_t *ulaw, size_t at, const char *text)
{
    static int16_t pcm[SAMPLES_MAX];
    size_t len = sound_speak("en-us", text, -20, pcm, SAMPLES_MAX - at);
    g711_to_ulaw(ulaw + at, pcm, len);
    return at + len;
}

/* Words, keys, and words under which we speak. */
static int make_sound(void **state)
{
    if (sounds_start(state))
        return -1;
    memset(caller, ULAW_SILENCE, sizeof caller);
    memset(ours, ULAW_SILENCE, sizeof ours);
    size_t at = speak(caller, SOUND_RATE_HZ, "I would like to book a cleaning") + SOUND_RATE_HZ;
    assert_int_equal(dtmf_tones_make(caller + at, SLICE("42#")), ERR_OK);
    at += dtmf_tones_bytes(SLICE("42#")) + SOUND_RATE_HZ;
    speak(ours, at, "Sure, on Tuesday at ten thirty, or on Thursday at two.");
    count = speak(caller, at + SOUND_RATE_HZ, "Wait, no, on Friday") + SOUND_RATE_HZ;
    count -= count % FRAME_BYTES;
    return 0;
}

static void take(struct ear *ear, struct strbuf *out, uint64_t now_ms)
{
    struct frame frame;
    while (ear_take(ear, &frame, now_ms))
        strbuf_add(out, frame.ulaw, FRAME_BYTES);
}

/* What happened, a line each, and the frames for speech-to-text behind it. */
static void listen(struct strbuf *out, uint64_t zero_ms, size_t message_bytes)
{
    struct strbuf sound;
    strbuf_init(&sound, SAMPLES_MAX * 2);
    struct ear ear;
    struct ear_settings settings = {
        .vad = vad_settings_for(VAD_NORMAL), .jitter_min_ms = 20, .jitter_max_ms = 200};
    ear_init(&ear, &settings, zero_ms);
    for (size_t at = 0; at < count; at += message_bytes) {
        uint64_t now_ms = zero_ms + (at + message_bytes) / 8;
        for (size_t i = at; i < at + message_bytes; i += FRAME_BYTES)
            ear_play(&ear, ours + i, zero_ms + i / 8 + 160);
        struct ear_message message = ear_message(
            &ear, (struct slice){(const char *)caller + at, message_bytes}, at / 8, now_ms);
        struct ear_heard heard;
        for (size_t i = at; ear_next(&ear, &message, &heard); i += FRAME_BYTES) {
            if (heard.key)
                strbuf_printf(out, "%zu %c\n", i / 8, heard.key);
            if (heard.activity != VAD_NONE)
                strbuf_printf(
                    out, "%zu %s\n", i / 8, heard.activity == VAD_SPEECH_START ? "start" : "end");
        }
        take(&ear, &sound, now_ms + EAR_DUE_SOON_MS);
    }
    take(&ear, &sound, ear_deadline(&ear));
    ear_close(&ear);
    strbuf_add_slice(out, strbuf_slice(&sound));
    strbuf_free(&sound);
    assert_false(out->failed);
}

static unsigned occurrences(const struct strbuf *text, const char *word)
{
    unsigned found = 0;
    for (const char *at = text->data; (at = strstr(at, word)); at++)
        found++;
    return found;
}

static void test_another_clock_hears_the_same(void **state)
{
    static const uint64_t zeros_ms[] = {0, 7, 1000013, 86400000ull * 400 + 19};
    struct strbuf first, other;
    strbuf_init(&first, SAMPLES_MAX * 2);
    strbuf_init(&other, SAMPLES_MAX * 2);
    listen(&first, zeros_ms[0], FRAME_BYTES);
    assert_int_equal(occurrences(&first, " start\n"), 2);
    assert_int_equal(occurrences(&first, " end\n"), 2);
    assert_int_equal(
        occurrences(&first, " 4\n") + occurrences(&first, " 2\n") + occurrences(&first, " #\n"), 3);
    for (size_t i = 1; i < sizeof zeros_ms / sizeof *zeros_ms; i++) {
        strbuf_clear(&other);
        listen(&other, zeros_ms[i], FRAME_BYTES);
        assert_true(slice_equal(strbuf_slice(&first), strbuf_slice(&other)));
    }
    strbuf_free(&first);
    strbuf_free(&other);
}

static void test_odd_messages_are_cut_into_frames(void **state)
{
    struct ear ear;
    struct ear_settings settings = {.vad = vad_defaults, .jitter_min_ms = 20, .jitter_max_ms = 200};
    ear_init(&ear, &settings, 100);
    static const struct {
        size_t bytes;
        unsigned frames;
    } rows[] = {{100, 0}, {60, 1}, {500, 3}, {0, 0}, {140, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ear_message message = ear_message(
            &ear, (struct slice){(const char *)caller, rows[i].bytes}, 1000, 100 + i * 20);
        struct ear_heard heard;
        unsigned frames = 0;
        while (ear_next(&ear, &message, &heard))
            frames++;
        assert_int_equal(frames, rows[i].frames);
        assert_int_equal(message.len, 0);
    }
    ear_close(&ear);
    ear_close(&ear);
}

static void test_an_ear_that_never_began_is_closed(void **state)
{
    struct ear ear = {0};
    assert_int_equal(ear_deadline(&ear), 0);
    ear_close(&ear);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_another_clock_hears_the_same),
        cmocka_unit_test(test_odd_messages_are_cut_into_frames),
        cmocka_unit_test(test_an_ear_that_never_began_is_closed),
    };
    return cmocka_run_group_tests(tests, make_sound, sounds_stop);
}

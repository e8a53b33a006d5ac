#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_realtime_audio.h"

/* Frame n is filled with n. */
static void put(struct realtime_audio *audio, unsigned first, unsigned count)
{
    for (unsigned n = first; n < first + count; n++) {
        uint8_t frame[FRAME_BYTES];
        memset(frame, (int)(n & 255), sizeof(frame));
        realtime_audio_put(audio, frame);
    }
}

static void audio_leaves_in_batches(void **state)
{
    struct realtime_audio audio = {0};
    uint8_t out[AUDIO_BATCH_BYTES];
    put(&audio, 0, 7);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 800);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[799], 4);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 320);
    assert_int_equal(out[0], 5);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 0);
    realtime_audio_free(&audio);
}

static void the_oldest_audio_is_dropped(void **state)
{
    struct realtime_audio audio = {0};
    uint8_t out[AUDIO_BATCH_BYTES];
    put(&audio, 0, 260); /* 5.2 s */
    assert_int_equal(realtime_audio_oldest(&audio), 10 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 800);
    assert_int_equal(out[0], 10);
    realtime_audio_rewind(&audio, 0);
    assert_int_equal(audio.sent, 10 * FRAME_BYTES);
    realtime_audio_rewind(&audio, 150 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, 151 * FRAME_BYTES, out), FRAME_BYTES);
    assert_int_equal(out[0], 150);
    realtime_audio_free(&audio);
}

static void what_is_done_with_is_skipped(void **state)
{
    struct realtime_audio audio = {0};
    uint8_t out[AUDIO_BATCH_BYTES];
    put(&audio, 0, 10);
    realtime_audio_skip_to(&audio, 9 * FRAME_BYTES);
    realtime_audio_skip_to(&audio, 2 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, UINT64_MAX, out), FRAME_BYTES);
    assert_int_equal(out[0], 9);
    realtime_audio_free(&audio);
}

static void what_is_never_needed_again_is_not_kept(void **state)
{
    struct realtime_audio audio = {0};
    uint8_t out[AUDIO_BATCH_BYTES];
    put(&audio, 0, 10);
    realtime_audio_forget(&audio, 7 * FRAME_BYTES);
    realtime_audio_forget(&audio, 2 * FRAME_BYTES);
    assert_int_equal(realtime_audio_oldest(&audio), 7 * FRAME_BYTES);
    realtime_audio_rewind(&audio, 0);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 3 * FRAME_BYTES);
    assert_int_equal(out[0], 7);
    realtime_audio_forget(&audio, audio.written);
    assert_null(audio.kept.first);
    put(&audio, 10, 1);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), FRAME_BYTES);
    assert_int_equal(out[0], 10);
    realtime_audio_free(&audio);
}

static void put_level(struct realtime_audio *audio, uint8_t level, unsigned count)
{
    uint8_t frame[FRAME_BYTES];
    memset(frame, level, sizeof(frame));
    while (count--)
        realtime_audio_put(audio, frame);
}

static void voice_is_found_between_silences(void **state)
{
    struct realtime_audio audio = {0};
    uint64_t start, end;
    put_level(&audio, 0xff, 10);
    assert_false(realtime_audio_take_voice(&audio, &start, &end));
    put_level(&audio, 0x20, 5);
    put_level(&audio, 0xff, 5); /* a pause within */
    put_level(&audio, 0xa0, 5);
    put_level(&audio, 0x7e, 10); /* as quiet as a line can be */
    assert_true(realtime_audio_take_voice(&audio, &start, &end));
    assert_int_equal(start, 10 * FRAME_BYTES);
    assert_int_equal(end, 25 * FRAME_BYTES);
    assert_false(realtime_audio_take_voice(&audio, &start, &end));
    realtime_audio_free(&audio);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audio_leaves_in_batches),
        cmocka_unit_test(voice_is_found_between_silences),
        cmocka_unit_test(the_oldest_audio_is_dropped),
        cmocka_unit_test(what_is_done_with_is_skipped),
        cmocka_unit_test(what_is_never_needed_again_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_realtime_audio.h"

/* Frame n is filled with n. */
static void put(struct realtime_audio *audio, unsigned first, unsigned count)
{
    for (unsigned n = first; n < first + count; n++) {
        uint8_t frame[FRAME_BYTES];
        memset(frame, (int)n, sizeof(frame));
        realtime_audio_put(audio, frame);
    }
}

static void audio_leaves_in_batches(void **state)
{
    static struct realtime_audio audio;
    uint8_t out[AUDIO_BATCH_BYTES];
    memset(&audio, 0, sizeof(audio));
    put(&audio, 0, 7);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 800);
    assert_int_equal(out[0], 0);
    assert_int_equal(out[799], 4);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 320);
    assert_int_equal(out[0], 5);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 0);
}

static void the_oldest_audio_is_overwritten(void **state)
{
    static struct realtime_audio audio;
    uint8_t out[AUDIO_BATCH_BYTES];
    memset(&audio, 0, sizeof(audio));
    put(&audio, 0, 160); /* 3.2 s */
    assert_int_equal(realtime_audio_oldest(&audio), 10 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, audio.written, out), 800);
    assert_int_equal(out[0], 10);
    realtime_audio_rewind(&audio, 0);
    assert_int_equal(audio.sent, 10 * FRAME_BYTES);
    realtime_audio_rewind(&audio, 150 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, 151 * FRAME_BYTES, out), FRAME_BYTES);
    assert_int_equal(out[0], 150);
}

static void what_is_done_with_is_skipped(void **state)
{
    static struct realtime_audio audio;
    uint8_t out[AUDIO_BATCH_BYTES];
    memset(&audio, 0, sizeof(audio));
    put(&audio, 0, 10);
    realtime_audio_skip_to(&audio, 9 * FRAME_BYTES);
    realtime_audio_skip_to(&audio, 2 * FRAME_BYTES);
    assert_int_equal(realtime_audio_take(&audio, UINT64_MAX, out), FRAME_BYTES);
    assert_int_equal(out[0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audio_leaves_in_batches),
        cmocka_unit_test(the_oldest_audio_is_overwritten),
        cmocka_unit_test(what_is_done_with_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

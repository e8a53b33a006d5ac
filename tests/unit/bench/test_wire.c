/* The bench's own small wire: frames, heads, timers, percentiles, and a voice that is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "media/g711.h"
#include "media/vad.h"
#include "wire/poller.h"
#include "wire/samples.h"
#include "wire/talk.h"
#include "wire/voice.h"

static void test_frames_come_back(void **state)
{
    static const size_t lens[] = {0, 1, 125, 126, 65535, 65536, 100000};
    static char buffer[TALK_HEAD_MAX + 100000];
    const uint8_t mask[4] = {1, 2, 3, 4};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct talk_frame frame;
        size_t head_len = talk_frame_head(buffer, TALK_TEXT, lens[i], mask);
        for (size_t have = 0; have < head_len; have++)
            assert_int_equal(talk_frame_read(&frame, (struct slice){buffer, have}), TALK_MORE);
        struct slice all = {buffer, head_len + lens[i]};
        assert_int_equal(talk_frame_read(&frame, all), TALK_WHOLE);
        assert_int_equal(frame.len, lens[i]);
        assert_int_equal(frame.head_len, head_len);
        assert_memory_equal(frame.mask, mask, 4);
    }
}

static void test_mask_is_its_own_inverse(void **state)
{
    const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    char text[] = "every length up to nineteen";
    for (size_t len = 0; len < 20; len++) {
        char masked[sizeof text];
        memcpy(masked, text, sizeof text);
        talk_mask(masked, len, mask);
        for (size_t i = 0; i < len; i++)
            assert_int_equal((uint8_t)masked[i], (uint8_t)text[i] ^ mask[i % 4]);
        talk_mask(masked, len, mask);
        assert_string_equal(masked, text);
    }
}

static void test_odd_frames_are_bad(void **state)
{
    struct talk_frame frame;
    assert_int_equal(talk_frame_read(&frame, SLICE("\x01\x00")), TALK_BAD); /* a piece */
    assert_int_equal(talk_frame_read(&frame, SLICE("\xc1\x00")), TALK_BAD); /* an extension */
}

static void test_heads(void **state)
{
    struct slice head =
        SLICE("GET /v1/x?y=1 HTTP/1.1\r\nHost: a\r\nSEC-WebSocket-Key:  k \r\n\r\nrest");
    assert_int_equal(talk_head_len(head), head.len - 4);
    assert_true(slice_is(talk_path(head), "/v1/x?y=1"));
    assert_true(slice_is(talk_header(head, "sec-websocket-key"), "k"));
    assert_int_equal(talk_header(head, "cookie").len, 0);
    assert_int_equal(talk_status(SLICE("HTTP/1.1 101 Switching Protocols\r\n")), 101);
}

/* RFC 6455, section 1.3. */
static void test_accept_key(void **state)
{
    char accept[TALK_KEY_SIZE];
    talk_accept_key(SLICE("dGhlIHNhbXBsZSBub25jZQ=="), accept);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void test_fields(void **state)
{
    struct slice json =
        SLICE("{\"event\": \"media\",\"media\":{\"payload\":\"//79\\\"/A==\"},\"n\":1}");
    assert_true(slice_is(talk_field(json, "event"), "media"));
    assert_true(slice_is(talk_field(json, "payload"), "//79\\\"/A=="));
    assert_int_equal(talk_field(json, "n").len, 0);
    assert_int_equal(talk_field(SLICE("{\"event\":\"me"), "event").len, 0);
}

static struct poller poller;
static unsigned fired[64];
static unsigned fired_count;

static void note(struct alarm *alarm)
{
    fired[fired_count++] = *(unsigned *)alarm->owner;
    poller.is_stopped = fired_count == 40;
}

/* Set in any order, some moved, some taken away: those left fire in the order of their times. */
static void test_alarms_fire_in_order(void **state)
{
    struct alarm alarms[60];
    unsigned numbers[60];
    assert_int_equal(poller_init(&poller), ERR_OK);
    uint64_t base_us = poller.now_us;
    for (unsigned i = 0; i < 60; i++) {
        numbers[i] = i * 37 % 60;
        alarms[i] = (struct alarm){.on_due = note, .owner = &numbers[i]};
        alarm_set(&poller, &alarms[i], base_us + 1000000 - numbers[i]);
    }
    for (unsigned i = 0; i < 60; i++) {
        if (numbers[i] % 3 == 0)
            alarm_clear(&poller, &alarms[i]);
        else
            alarm_set(&poller, &alarms[i], base_us + numbers[i] * 10);
    }
    poller_run(&poller);
    for (unsigned i = 1; i < fired_count; i++)
        assert_true(fired[i - 1] < fired[i]);
    assert_int_equal(fired_count, 40);
    assert_int_equal(poller.count, 0);
    poller_free(&poller);
}

static void test_percentiles(void **state)
{
    struct samples samples = {0};
    for (unsigned i = 100; i >= 1; i--)
        samples_add(&samples, i * 1000);
    assert_int_equal(samples_ms(&samples, 0), 1);
    assert_int_equal(samples_ms(&samples, 0.99), 99);
    assert_int_equal(samples_ms(&samples, 1), 100);
    assert_int_equal(samples_above(&samples, 95000), 5);
    samples_free(&samples);
}

static void test_voice_is_heard(void **state)
{
    static uint8_t ulaw[8000 * 3];
    struct vad vad;
    unsigned voiced = 0;
    voice_make(ulaw, sizeof ulaw);
    assert_int_equal(vad_init(&vad, &vad_defaults), ERR_OK);
    for (unsigned i = 0; i < 150; i++) {
        int16_t pcm[FRAME_SAMPLES];
        g711_to_pcm(pcm, ulaw + i * FRAME_SAMPLES, FRAME_SAMPLES);
        vad_frame(&vad, pcm);
        voiced += vad.is_speech;
    }
    vad_close(&vad);
    assert_true(voiced >= 135);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_come_back),
        cmocka_unit_test(test_mask_is_its_own_inverse),
        cmocka_unit_test(test_odd_frames_are_bad),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_accept_key),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_alarms_fire_in_order),
        cmocka_unit_test(test_percentiles),
        cmocka_unit_test(test_voice_is_heard),
    };
    return cmocka_run_group_tests_name("bench_wire", tests, NULL, NULL);
}

/* Delays, jitter, losses and slow reading over real sockets, alone and together; and what many callers at once
   are heard as. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "media/g711.h"
#include "voice.h"

#define STT "/v1/realtime?intent=transcription"
#define STT_KEY "authorization", "Bearer sk-test"
#define TTS "/v1/text-to-speech/sbxAvaReceptionist01/multi-stream-input?output_format=ulaw_8000"
#define TTS_KEY "xi-api-key", "secret"
#define COMPLETED "conversation.item.input_audio_transcription.completed"

static const char UPDATE[] =
    "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":"
    "{\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{\"model\":"
    "\"gpt-4o-transcribe\"},\"turn_detection\":null}}}}";

static void fault(struct sandbox_story *story, const char *wish)
{
    control(story, "POST", "/faults", wish);
}

static size_t open_session(struct sandbox_story *story, struct client *client)
{
    size_t at = 0;
    client_open(story, client, STT, STT_KEY);
    client_wait(client, &at, "type", "session.created");
    return at;
}

static void append(struct client *client, const uint8_t *ulaw, size_t len)
{
    size_t size = BASE64_SIZE(len) + 100;
    char *base64 = malloc(BASE64_SIZE(len)), *message = malloc(size);
    base64_encode(ulaw, len, base64);
    snprintf(message, size, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"%s\"}", base64);
    client_say(client, message);
    free(base64);
    free(message);
}

static void commit(struct client *client)
{
    client_say(client, "{\"type\":\"input_audio_buffer.commit\"}");
}

/* The text one second of noise is heard as. */
static void expect_heard(struct client *client, size_t *at, const char *expected)
{
    uint8_t ulaw[8000];
    for (size_t i = 0; i < sizeof ulaw; i++)
        ulaw[i] = i % 16 < 8 ? 0x20 : 0xa0;
    append(client, ulaw, sizeof ulaw);
    commit(client);
    json_t *completed = client_wait(client, at, "type", COMPLETED);
    assert_string_equal(text_of(completed, "transcript"), expected);
}

/* ---- delays ---- */

/* How long an answer to session.update takes. */
static uint64_t round_trip_ms(struct sandbox_story *story)
{
    struct client client;
    size_t at = open_session(story, &client);
    uint64_t began_ms = clock_ms();
    client_say(&client, UPDATE);
    client_wait(&client, &at, "type", "session.updated");
    uint64_t took_ms = clock_ms() - began_ms;
    client_close(&client);
    return took_ms;
}

static void what_it_hears_and_says_is_late(void **state)
{
    struct sandbox_story *story = *state;
    fault(story, "{\"service\":\"stt\",\"receive_delay_ms\":120}");
    assert_true(round_trip_ms(story) >= 119);
    fault(story, "{\"service\":\"stt\",\"delay_ms\":130}");
    assert_true(round_trip_ms(story) >= 129);
    fault(story, "{\"service\":\"stt\",\"receive_delay_ms\":120,\"delay_ms\":130}");
    assert_true(round_trip_ms(story) >= 249);
}

static void jitter_keeps_the_order(void **state)
{
    struct sandbox_story *story = *state;
    fault(story, "{\"service\":\"stt\",\"jitter_ms\":40,\"seed\":7}");
    control(story, "POST", "/transcripts", "{\"texts\":[\"one\",\"two\",\"three\"]}");
    struct client client;
    size_t at = open_session(story, &client);
    client_say(&client, UPDATE);
    expect_heard(&client, &at, "one");
    expect_heard(&client, &at, "two");
    expect_heard(&client, &at, "three");
    size_t first = 0, last = 0;
    client_find(&client, &first, "type", "input_audio_buffer.committed");
    client_find(&client, &last, "type", COMPLETED);
    assert_true(first < last);
    client_close(&client);
}

/* ---- losses ---- */

static void what_it_says_is_lost(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    fault(story, "{\"service\":\"stt\",\"drop_percent\":100}");
    client_open(story, &client, STT, STT_KEY);
    story_run_for(&story->net, 60);
    assert_int_equal(json_array_size(client.received), 0);
    assert_true(client.is_open);
    client_close(&client);
}

static void what_it_is_told_is_lost(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    fault(story, "{\"service\":\"stt\",\"drop_received_percent\":100}");
    size_t at = open_session(story, &client);
    client_say(&client, "this would be an error");
    story_run_for(&story->net, 60);
    assert_null(client_find(&client, &at, "type", "error"));
    client_close(&client);
}

/* How many of 100 wrong messages are answered: half of them, the same with the same seed. */
static size_t count_answered(struct sandbox_story *story, const char *wish)
{
    struct client client;
    fault(story, wish);
    size_t at = open_session(story, &client), count = 0;
    for (int i = 0; i < 100; i++)
        client_say(&client, "{\"type\":\"no.such.event\"}");
    story_run_for(&story->net, 150);
    while (client_find(&client, &at, "type", "error"))
        count++;
    client_close(&client);
    return count;
}

static void losses_follow_their_seed(void **state)
{
    struct sandbox_story *story = *state;
    static const char wish[] = "{\"service\":\"stt\",\"drop_received_percent\":50,\"seed\":5}";
    size_t first = count_answered(story, wish);
    assert_true(first > 30 && first < 70);
    assert_int_equal(count_answered(story, wish), first);
}

/* ---- slow reading ---- */

static void a_slow_reader_lets_our_queue_grow(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    fault(story, "{\"service\":\"tts\",\"read_bytes_per_s\":20000}");
    client_open(story, &client, TTS, TTS_KEY);
    /* The kernel keeps some megabytes for two sockets; what comes then must wait at the client. */
    size_t len = 900000;
    char *text = malloc(len + 1);
    memset(text, ' ', len);
    memcpy(text, "{\"text\":\" \"", 11);
    text[len - 1] = '}';
    text[len] = 0;
    for (int i = 0; i < 40 && !ws_queued_bytes(client.ws); i++) {
        client_say(&client, text);
        story_run_for(&story->net, 50);
    }
    story_run_for(&story->net, 100);
    assert_true(ws_queued_bytes(client.ws) > 0);
    assert_true(client.is_open && !client.is_closed);
    free(text);
    client_close(&client);
}

static void a_reader_that_is_only_a_little_slow_hears_everything(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    fault(
        story, "{\"service\":\"stt\",\"read_bytes_per_s\":400000,\"jitter_ms\":5,\"delay_ms\":5}");
    control(story, "POST", "/transcripts", "{\"texts\":[\"all of it\"]}");
    size_t at = open_session(story, &client);
    client_say(&client, UPDATE);
    expect_heard(&client, &at, "all of it");
    client_close(&client);
}

/* ---- many callers ---- */

static void every_session_hears_its_own_script(void **state)
{
    struct sandbox_story *story = *state;
    struct client clients[3];
    size_t at[3];
    control(story, "POST", "/transcripts", "{\"each_session\":[\"hello\",\"bye\"]}");
    for (size_t i = 0; i < 3; i++) {
        at[i] = open_session(story, &clients[i]);
        client_say(&clients[i], UPDATE);
    }
    for (size_t i = 0; i < 3; i++)
        expect_heard(&clients[i], &at[i], "hello");
    for (size_t i = 0; i < 3; i++)
        expect_heard(&clients[2 - i], &at[2 - i], "bye");
    for (size_t i = 0; i < 3; i++)
        client_close(&clients[i]);
}

static void known_lines_are_heard_by_their_sound(void **state)
{
    static const char *const lines[] = {
        "I would like an appointment", "what are your opening hours"};
    struct sandbox_story *story = *state;
    control(story, "POST", "/transcripts",
        "{\"by_audio\":[{\"text\":\"appointment!\",\"say\":\"I would like an appointment\"},"
        "{\"text\":\"what are your opening hours\"}],\"texts\":[\"something else\"]}");
    struct client client;
    size_t at = open_session(story, &client);
    client_say(&client, UPDATE);
    for (size_t i = 2; i--;) {
        struct voice_audio audio;
        assert_int_equal(voice_speak(&audio, "en-us", slice_from(lines[i]), 1.0), ERR_OK);
        uint8_t *ulaw = malloc(audio.count_samples);
        g711_to_ulaw(ulaw, audio.pcm, audio.count_samples);
        append(&client, ulaw, audio.count_samples);
        commit(&client);
        json_t *completed = client_wait(&client, &at, "type", COMPLETED);
        assert_string_equal(text_of(completed, "transcript"), i ? lines[1] : "appointment!");
        free(ulaw);
        voice_free(&audio);
    }
    expect_heard(&client, &at, "something else");
    client_close(&client);
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, sandbox_begin, sandbox_end)
    const struct CMUnitTest tests[] = {
        STORY(what_it_hears_and_says_is_late),
        STORY(jitter_keeps_the_order),
        STORY(what_it_says_is_lost),
        STORY(what_it_is_told_is_lost),
        STORY(losses_follow_their_seed),
        STORY(a_slow_reader_lets_our_queue_grow),
        STORY(a_reader_that_is_only_a_little_slow_hears_everything),
        STORY(every_session_hears_its_own_script),
        STORY(known_lines_are_heard_by_their_sound),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

/* Realtime transcription over real sockets, heard from a script. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"

#define PATH "/v1/realtime?intent=transcription"
#define KEY "authorization", "Bearer sk-test"

static const char LIVE[] =
    "{\"type\":\"session.update\",\"event_id\":\"e1\",\"session\":{\"type\":\"transcription\","
    "\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{\"model\":"
    "\"gpt-realtime-whisper\"},\"turn_detection\":null}}}}";

/* 100 ms of a buzz whose pitch glides, or of silence, as µ-law. */
static void append(struct client *client, bool is_voice)
{
    uint8_t ulaw[800];
    char base64[BASE64_SIZE(800)], message[2000];
    for (size_t i = 0; i < sizeof ulaw; i++)
        ulaw[i] = !is_voice ? 0xff : i * i / 600 % 32 < 16 ? 0x20 : 0xa0;
    base64_encode(ulaw, sizeof ulaw, base64);
    snprintf(message, sizeof message, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"%s\"}",
        base64);
    client_say(client, message);
}

static void commit(struct client *client)
{
    client_say(client, "{\"type\":\"input_audio_buffer.commit\",\"event_id\":\"c1\"}");
}

static void open_session(
    struct sandbox_story *story, struct client *client, size_t *at, const char *update)
{
    client_open(story, client, PATH, KEY);
    json_t *created = client_wait(client, at, "type", "session.created");
    assert_non_null(json_object_get(json_object_get(created, "session"), "expires_at"));
    client_say(client, update);
    client_wait(client, at, "type", "session.updated");
}

/* What the session said, a line an event: tests/golden/openai_realtime is made so, with RECORD_REALTIME=that folder. */
static void record(const struct client *client, const char *name)
{
    const char *folder = getenv("RECORD_REALTIME");
    char path[512];
    size_t i;
    json_t *event;
    if (!folder)
        return;
    snprintf(path, sizeof path, "%.400s/%s.jsonl", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    json_array_foreach(client->received, i, event)
    {
        json_dumpf(event, file, JSON_COMPACT);
        fputc('\n', file);
    }
    fclose(file);
}

static void a_live_model_speaks_while_audio_arrives(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcripts", "{\"texts\":[\"what are your hours\",\"bye\"]}");
    open_session(story, &client, &at, LIVE);
    append(&client, false);
    append(&client, true);
    append(&client, true);
    json_t *delta =
        client_wait(&client, &at, "type", "conversation.item.input_audio_transcription.delta");
    assert_string_equal(text_of(delta, "delta"), "what");
    char item_id[64];
    snprintf(item_id, sizeof item_id, "%s", text_of(delta, "item_id"));
    commit(&client);
    json_t *committed = client_wait(&client, &at, "type", "input_audio_buffer.committed");
    assert_string_equal(text_of(committed, "item_id"), item_id);
    assert_true(json_is_null(json_object_get(committed, "previous_item_id")));
    client_wait(&client, &at, "type", "conversation.item.added");
    json_t *completed =
        client_wait(&client, &at, "type", "conversation.item.input_audio_transcription.completed");
    assert_string_equal(text_of(completed, "transcript"), "what are your hours");
    append(&client, false);
    commit(&client);
    committed = client_wait(&client, &at, "type", "input_audio_buffer.committed");
    assert_string_equal(text_of(committed, "previous_item_id"), item_id);
    completed =
        client_wait(&client, &at, "type", "conversation.item.input_audio_transcription.completed");
    assert_string_equal(text_of(completed, "transcript"), "bye");
    record(&client, "live");
    client_close(&client);
}

static void others_speak_after_the_commit(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0, from = 0;
    control(story, "POST", "/transcripts", "{\"texts\":[\"a cleaning please\"]}");
    open_session(story, &client, &at,
        "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"include\":"
        "[\"item.input_audio_transcription.logprobs\"],\"audio\":{\"input\":{\"format\":{\"type\":"
        "\"audio/pcmu\"},\"transcription\":{\"model\":\"gpt-4o-transcribe\"},"
        "\"turn_detection\":null}}}}");
    for (int i = 0; i < 5; i++)
        append(&client, true);
    commit(&client);
    client_wait(&client, &at, "type", "input_audio_buffer.committed");
    assert_null(
        client_find(&client, &from, "type", "conversation.item.input_audio_transcription.delta"));
    json_t *completed =
        client_wait(&client, &at, "type", "conversation.item.input_audio_transcription.completed");
    assert_int_equal(json_array_size(json_object_get(completed, "logprobs")), 3);
    char text[64] = "";
    json_t *delta;
    while ((delta = client_find(
                &client, &from, "type", "conversation.item.input_audio_transcription.delta")))
        strcat(text, text_of(delta, "delta"));
    assert_string_equal(text, "a cleaning please");
    record(&client, "after_commit");
    client_close(&client);
}

static void the_server_detects_turns_when_asked(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcripts", "{\"texts\":[\"hello\"]}");
    open_session(story, &client, &at,
        "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{\"input\":"
        "{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{\"model\":\"whisper-1\"},"
        "\"turn_detection\":{\"type\":\"server_vad\",\"silence_duration_ms\":300}}}}}");
    for (int i = 0; i < 8; i++)
        append(&client, true);
    for (int i = 0; i < 8; i++)
        append(&client, false);
    client_wait(&client, &at, "type", "input_audio_buffer.speech_started");
    client_wait(&client, &at, "type", "input_audio_buffer.speech_stopped");
    client_wait(&client, &at, "type", "input_audio_buffer.committed");
    json_t *completed =
        client_wait(&client, &at, "type", "conversation.item.input_audio_transcription.completed");
    assert_string_equal(text_of(completed, "transcript"), "hello");
    record(&client, "detecting");
    client_close(&client);
}

static const char *error_code(struct client *client, size_t *at)
{
    return text_of(json_object_get(client_wait(client, at, "type", "error"), "error"), "code");
}

static void mistakes_are_told_and_survived(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    open_session(story, &client, &at, LIVE);
    commit(&client);
    json_t *error = json_object_get(client_wait(&client, &at, "type", "error"), "error");
    assert_string_equal(text_of(error, "code"), "input_audio_buffer_commit_empty");
    assert_string_equal(text_of(error, "event_id"), "c1");
    client_say(&client, "{\"type\":\"input_audio_buffer.append\",\"audio\":\"*\"}");
    assert_string_equal(error_code(&client, &at), "invalid_value");
    client_say(&client, "{\"type\":\"input_audio_buffer.append\",\"sound\":\"\"}");
    assert_string_equal(error_code(&client, &at), "unknown_parameter");
    client_say(&client, "{\"type\":\"response.create\"}");
    assert_string_equal(error_code(&client, &at), "invalid_value");
    client_say(&client, "not json");
    assert_string_equal(error_code(&client, &at), "invalid_json");
    append(&client, true);
    client_say(&client, "{\"type\":\"input_audio_buffer.clear\"}");
    client_wait(&client, &at, "type", "input_audio_buffer.cleared");
    commit(&client);
    assert_string_equal(error_code(&client, &at), "input_audio_buffer_commit_empty");
    client_say(&client, "{\"type\":\"transcription_session.update\",\"session\":{}}");
    assert_string_equal(error_code(&client, &at), "beta_api_shape_disabled");
    client_wait_closed(&client, 4000);
    client_close(&client);
}

static void wrong_doors_stay_shut(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    client_connect(story, &client, PATH, NULL, NULL);
    story_until(&story->net, client.is_closed);
    assert_false(client.is_open);
    assert_non_null(strstr(client.why, "401"));
    client_close(&client);
    client_open(story, &client, PATH "&model=gpt-realtime-whisper", KEY);
    assert_string_equal(error_code(&client, &at), "invalid_model");
    client_wait_closed(&client, 1008);
    client_close(&client);
}

static void faults_break_sessions(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/faults", "{\"service\":\"stt\",\"status\":503,\"count\":1}");
    client_connect(story, &client, PATH, KEY);
    story_until(&story->net, client.is_closed);
    assert_non_null(strstr(client.why, "503"));
    client_close(&client);
    control(story, "POST", "/faults",
        "{\"service\":\"stt\",\"cut_after_events\":1,\"close_code\":1001,\"count\":1}");
    client_open(story, &client, PATH, KEY);
    client_wait(&client, &at, "type", "session.created");
    client_say(&client, LIVE);
    client_wait_closed(&client, 1001);
    client_close(&client);
    control(story, "POST", "/faults", "{\"service\":\"stt\",\"garbage\":true,\"count\":1}");
    client_open(story, &client, PATH, KEY);
    story_until(&story->net, client.bad == 1);
    client_close(&client);
    at = 0;
    open_session(story, &client, &at, LIVE);
    control(story, "POST", "/faults",
        "{\"service\":\"stt\",\"cut_after_events\":0,\"now\":true,\"count\":1}");
    story_until(&story->net, client.is_closed);
    client_close(&client);
}

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

static void a_session_expires_when_it_said(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcription", "{\"session_seconds\":1}");
    client_open(story, &client, PATH, KEY);
    json_t *session =
        json_object_get(client_wait(&client, &at, "type", "session.created"), "session");
    uint64_t expires_at_ms =
        (uint64_t)json_integer_value(json_object_get(session, "expires_at")) * 1000;
    assert_in_range(expires_at_ms, clock_wall_ms(), clock_wall_ms() + 2000);
    client_say(&client, LIVE);
    session = json_object_get(client_wait(&client, &at, "type", "session.updated"), "session");
    assert_non_null(json_object_get(session, "expires_at"));
    append(&client, true);
    assert_string_equal(error_code(&client, &at), "session_expired");
    assert_in_range(clock_wall_ms() + 20, expires_at_ms, expires_at_ms + 5000);
    client_wait_closed(&client, 1001);
    record(&client, "expiring");
    client_close(&client);
}

static void completions_overtake_each_other_on_request(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcripts", "{\"texts\":[\"one\",\"two\",\"three\"]}");
    control(story, "POST", "/transcription", "{\"late_ms\":60}");
    open_session(story, &client, &at, LIVE);
    for (int i = 0; i < 2; i++) {
        append(&client, true);
        commit(&client);
    }
    json_t *completed = client_wait(&client, &at, "type", TRANSCRIPTION "completed");
    assert_string_equal(text_of(completed, "transcript"), "two");
    completed = client_wait(&client, &at, "type", TRANSCRIPTION "completed");
    assert_string_equal(text_of(completed, "transcript"), "one");
    record(&client, "overtaking");
    append(&client, true);
    commit(&client); /* late, and the session ends before */
    client_wait(&client, &at, "type", "conversation.item.done");
    client_close(&client);
}

static void detection_may_be_there_for_good(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcription", "{\"detection_fixed\":true}");
    client_open(story, &client, PATH, KEY);
    client_wait(&client, &at, "type", "session.created");
    client_say(&client, LIVE);
    json_t *updated = client_wait(&client, &at, "type", "session.updated");
    json_t *input =
        json_object_get(json_object_get(json_object_get(updated, "session"), "audio"), "input");
    assert_true(json_is_object(json_object_get(input, "turn_detection")));
    client_close(&client);
    control(story, "DELETE", "/state", "");
    at = 0;
    client_open(story, &client, PATH, KEY);
    client_wait(&client, &at, "type", "session.created");
    client_say(&client, LIVE);
    updated = client_wait(&client, &at, "type", "session.updated");
    input = json_object_get(json_object_get(json_object_get(updated, "session"), "audio"), "input");
    assert_true(json_is_null(json_object_get(input, "turn_detection")));
    client_close(&client);
}

static void the_beta_shape_has_a_path_of_its_own(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/transcripts", "{\"texts\":[\"hello there\"]}");
    client_open(story, &client, "/beta" PATH, KEY);
    client_wait(&client, &at, "type", "transcription_session.created");
    client_say(&client, LIVE); /* the current shape is unknown here */
    assert_string_equal(error_code(&client, &at), "unknown_parameter");
    client_say(&client, "{\"type\":\"transcription_session.update\",\"session\":{"
                        "\"input_audio_format\":\"g711_ulaw\",\"input_audio_transcription\":{"
                        "\"model\":\"gpt-4o-transcribe\"},\"turn_detection\":null}}");
    json_t *session = json_object_get(
        client_wait(&client, &at, "type", "transcription_session.updated"), "session");
    assert_string_equal(text_of(session, "input_audio_format"), "g711_ulaw");
    assert_non_null(json_object_get(session, "expires_at"));
    for (int i = 0; i < 3; i++)
        append(&client, true);
    commit(&client);
    client_wait(&client, &at, "type", TRANSCRIPTION "delta");
    client_wait(&client, &at, "type", TRANSCRIPTION "completed");
    record(&client, "beta");
    client_close(&client);
}

static void speaches_is_spoken_below_its_name(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    client_connect(story, &client, "/speaches/v1/realtime", NULL, NULL);
    story_until(&story->net, client.is_closed);
    assert_non_null(strstr(client.why, "403"));
    client_close(&client);
    client_open(
        story, &client, "/speaches/v1/realtime?model=big%2Fear&intent=transcription", NULL, NULL);
    json_t *session =
        json_object_get(client_wait(&client, &at, "type", "session.created"), "session");
    json_t *transcription = json_object_get(session, "input_audio_transcription");
    assert_string_equal(text_of(transcription, "model"), "big/ear");
    assert_true(json_is_object(json_object_get(session, "turn_detection")));
    client_say(&client,
        "{\"type\":\"session.update\",\"session\":{\"input_audio_format\":\"pcm16\","
        "\"turn_detection\":null}}");
    json_t *error = client_wait(&client, &at, "type", "error"); /* it goes on all the same */
    assert_true(json_is_null(json_object_get(json_object_get(error, "error"), "code")));
    session = json_object_get(client_wait(&client, &at, "type", "session.updated"), "session");
    assert_true(json_is_null(json_object_get(session, "turn_detection")));
    commit(&client);
    error = json_object_get(client_wait(&client, &at, "type", "error"), "error");
    assert_true(json_is_null(json_object_get(error, "code")));
    assert_true(json_is_null(json_object_get(error, "event_id")));
    control(story, "POST", "/transcripts", "{\"texts\":[\"good morning\"]}");
    for (int i = 0; i < 6; i++)
        append(&client, true);
    commit(&client);
    json_t *completed = client_wait(&client, &at, "type", TRANSCRIPTION "completed");
    assert_string_equal(text_of(completed, "transcript"), "good morning");
    at = 0;
    assert_null(client_find(&client, &at, "type", TRANSCRIPTION "delta"));
    record(&client, "speaches");
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_live_model_speaks_while_audio_arrives, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(others_speak_after_the_commit, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            the_server_detects_turns_when_asked, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(mistakes_are_told_and_survived, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(wrong_doors_stay_shut, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(faults_break_sessions, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(a_session_expires_when_it_said, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            completions_overtake_each_other_on_request, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            detection_may_be_there_for_good, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            the_beta_shape_has_a_path_of_its_own, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            speaches_is_spoken_below_its_name, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

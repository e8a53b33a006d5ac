/* What vendors do at their worst, over real sockets: pages instead of answers, floods, drips, cuts, refusals inside a
   socket, speech of nobody, tool arguments that are no JSON. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define BEARER "authorization", "Bearer sk-test"
#define KEY "xi-api-key", "secret"
#define STT "/v1/realtime?intent=transcription"
#define TTS "/v1/text-to-speech/sbxAvaReceptionist01/multi-stream-input?output_format=ulaw_8000"

static struct answer answer; /* large; one request at a time */

static void fault(struct sandbox_story *story, const char *wish)
{
    control(story, "POST", "/faults", wish);
}

static void ask_chat(struct sandbox_story *story)
{
    char url[128];
    snprintf(url, sizeof url, "http://%s/v1/chat/completions", story->address);
    ask(story, &answer, "POST", url, BEARER,
        "{\"model\":\"gpt-4o-mini\",\"stream\":true,"
        "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
}

static void answers_of_the_model(void **state)
{
    struct sandbox_story *story = *state;
    control(story, "POST", "/replies",
        "{\"replies\":[{\"repeat\":true,\"text\":\"one two three four\"}]}");
    fault(story, "{\"service\":\"llm\",\"web_page\":true}");
    ask_chat(story);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "<html>"));
    fault(story, "{\"service\":\"llm\",\"cut_at_percent\":50}");
    ask_chat(story);
    assert_false(answer.is_whole);
    assert_non_null(strstr(answer.body, "one"));
    assert_null(strstr(answer.body, "four"));
    fault(story, "{\"service\":\"llm\",\"cut_after_events\":2,\"flood_bytes\":1}");
    ask_chat(story);
    assert_non_null(strstr(answer.body, "one"));
    assert_non_null(strstr(answer.body, "xxxxxxxx"));
    fault(story, "{\"service\":\"llm\",\"drip_bytes_per_s\":10000}");
    uint64_t began_ms = clock_ms();
    ask_chat(story);
    assert_true(answer.is_whole);
    assert_true(clock_ms() - began_ms >= answer.len * 1000 / 10000);
}

static void arguments_are_sent_as_they_are(void **state)
{
    struct sandbox_story *story = *state;
    control(story, "POST", "/replies",
        "{\"replies\":[{\"tool_calls\":[{\"name\":\"log\",\"arguments_text\":\"{when\"}]}]}");
    ask_chat(story);
    assert_non_null(strstr(answer.body, "\"arguments\":\"{when\""));
}

static void sockets_are_refused_from_within(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    fault(
        story, "{\"service\":\"tts\",\"status\":401,\"code\":\"quota_exceeded\",\"in_band\":true}");
    client_open(story, &client, TTS, KEY);
    assert_string_equal(
        text_of(client_wait(&client, &at, "error", NULL), "error"), "quota_exceeded");
    client_wait_closed(&client, 1008);
    client_close(&client);
    at = 0;
    fault(story,
        "{\"service\":\"stt\",\"status\":429,\"code\":\"insufficient_quota\",\"in_band\":true}");
    client_open(story, &client, STT, BEARER);
    json_t *event = client_wait(&client, &at, "type", "error");
    assert_string_equal(text_of(json_object_get(event, "error"), "code"), "insufficient_quota");
    assert_string_equal(text_of(json_object_get(event, "error"), "type"), "insufficient_quota");
    client_wait_closed(&client, 1008);
    client_close(&client);
}

static void speech_of_nobody(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/speech", "{\"word_ms\":100}");
    fault(story, "{\"service\":\"tts\",\"stray_audio\":true}");
    client_open(story, &client, TTS, KEY);
    client_say(&client, "{\"text\":\" \",\"context_id\":\"t1\"}");
    client_say(&client, "{\"text\":\"Yes it is. \",\"context_id\":\"t1\",\"flush\":true}");
    client_say(&client, "{\"context_id\":\"t1\",\"close_context\":true}");
    json_t *stray = client_wait(&client, &at, "audio", NULL);
    assert_string_equal(text_of(stray, "contextId"), "never-opened");
    assert_string_equal(text_of(client_wait(&client, &at, "audio", NULL), "contextId"), "t1");
    client_wait(&client, &at, "isFinal", NULL);
    assert_string_equal(text_of(client_wait(&client, &at, "audio", NULL), "contextId"), "t1");
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_of_the_model, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(arguments_are_sent_as_they_are, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            sockets_are_refused_from_within, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(speech_of_nobody, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

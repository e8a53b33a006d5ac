/* The sandbox's HTTP side over real sockets: chat, speech, Twilio, control, faults. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEARER "authorization", "Bearer sk-test"
#define ACCOUNT "/2010-04-01/Accounts/AC00000000000000000000000000000001/"
#define CALL ACCOUNT "Calls/CA00000000000000000000000000000001.json"
#define RECORDINGS ACCOUNT "Calls/CA00000000000000000000000000000002/Recordings"
#define CHAT(fields)                                                                               \
    "{\"model\":\"gpt-4o-mini\"," fields "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

static struct answer answer; /* large; one request at a time */

static const char *at(struct sandbox_story *story, const char *path)
{
    static char url[256];
    snprintf(url, sizeof url, "http://%s%s", story->address, path);
    return url;
}

/* Basic AC00000000000000000000000000000001:token */
static void ask_twilio(
    struct sandbox_story *story, const char *method, const char *path, const char *form)
{
    ask(story, &answer, method, at(story, path), "authorization",
        "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTp0b2tlbg==", form);
}

static int code_of(void)
{
    json_t *body = json_loadb(answer.body, answer.len, 0, NULL);
    int code = (int)json_integer_value(json_object_get(body, "code"));
    json_decref(body);
    return code;
}

static void replies_are_scripted_then_streamed(void **state)
{
    struct sandbox_story *story = *state;
    control(story, "POST", "/replies", "{\"replies\":[{\"text\":\"Sure, Tuesday.\"}]}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER,
        CHAT("\"stream\":true,"));
    assert_int_equal(answer.status, 200);
    assert_true(answer.is_whole);
    assert_non_null(strstr(answer.body, "{\"content\":\"Sure,\"}"));
    assert_non_null(strstr(answer.body, "data: [DONE]\n\n"));
    control(story, "POST", "/replies",
        "{\"replies\":[{\"tool_calls\":[{\"name\":\"log\",\"arguments\":{\"a\":1}}]}]}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER, CHAT(""));
    assert_non_null(strstr(answer.body, "\"arguments\":\"{\\\"a\\\":1}\""));
    assert_non_null(strstr(answer.body, "\"finish_reason\":\"tool_calls\""));
    json_t *seen = control_state(story);
    assert_int_equal(json_array_size(json_object_get(seen, "chats")), 2);
    json_decref(seen);
}

static void doors_and_keys(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *header;
        int status;
        const char *text;
    } cases[] = {
        {"POST", "/v1/chat/completions", NULL, 401, "invalid_api_key"},
        {"GET", "/v1/models", NULL, 401, "invalid_api_key"},
        {"GET", "/v1/models", "authorization", 200, "gpt-realtime-whisper"},
        {"GET", "/v1/models", "xi-api-key", 200, "eleven_flash_v2_5"},
        {"GET", "/v1/chat/completions", "authorization", 405, "Unknown request URL"},
        {"GET", "/v1/unknown", "authorization", 404, "unknown_url"},
        {"GET", "/v1/voices", NULL, 401, "\"detail\":{\"type\":\"authentication_error\""},
        {"GET", "/v1/voices", "xi-api-key", 200, "sbxAvaReceptionist01"},
        {"GET", "/v2/voices", "xi-api-key", 200, "\"has_more\":false"},
        {"GET", "/v1/user/subscription", "xi-api-key", 200, "character_limit"},
        {"GET", ACCOUNT "Messages/SM1.json", NULL, 401, "20003"},
    };
    struct sandbox_story *story = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(story, &answer, cases[i].method, at(story, cases[i].path), cases[i].header,
            "Bearer sk-test", NULL);
        assert_int_equal(answer.status, cases[i].status);
        if (!strstr(answer.body, cases[i].text))
            fail_msg("%s: %s", cases[i].path, answer.body);
    }
}

static void speech_streams_and_is_refused(void **state)
{
    struct sandbox_story *story = *state;
    const char *url =
        at(story, "/v1/text-to-speech/sbxAvaReceptionist01/stream?output_format=ulaw_8000");
    ask(story, &answer, "POST", url, "xi-api-key", "k", "{\"text\":\"Yes, of course.\"}");
    assert_int_equal(answer.status, 200);
    assert_in_range(answer.len, 4000, 40000);
    ask(story, &answer, "POST", url, "xi-api-key", "k", "{}");
    assert_int_equal(answer.status, 422);
    ask(story, &answer, "POST", url, "xi-api-key", "k",
        "{\"text\":\"Yes\",\"voice_settings\":{\"stability\":2}}");
    assert_int_equal(answer.status, 400);
    control(story, "POST", "/faults", "{\"service\":\"tts\",\"cut_after_bytes\":2500,\"count\":1}");
    ask(story, &answer, "POST", url, "xi-api-key", "k", "{\"text\":\"Yes, of course.\"}");
    assert_false(answer.is_whole);
    assert_int_equal(answer.len, 2500);
}

/* What is asked of a recorded call, in order. */
static void calls_are_recorded(void **state)
{
    static const struct {
        const char *method, *path, *form;
        int status;
        const char *text;
    } rows[] = {
        {"POST", RECORDINGS ".json", "RecordingChannels=both", 400, "20001"},
        {"POST", RECORDINGS ".json", "Channels=dual", 400, "20001"},
        {"POST", RECORDINGS ".json", "RecordingStatusCallback=here", 400, "20001"},
        {"POST", RECORDINGS ".json", "RecordingStatusCallbackEvent=in-progress+completed", 400,
            "20001"},
        {"POST", RECORDINGS ".json", "RecordingChannels=dual&RecordingStatusCallbackEvent=absent",
            201, "\"status\":\"in-progress\",\"channels\":2"},
        {"POST", RECORDINGS ".json", "RecordingChannels=dual", 400, "21220"},
        {"POST", RECORDINGS "/%s.json", "Status=over", 400, "20001"},
        {"POST", RECORDINGS "/%s.json", "Status=in-progress&PauseBehavior=skip", 400, "20001"},
        {"POST", RECORDINGS "/RE1.json", "Status=paused", 404, "20404"},
        {"POST", RECORDINGS "/%s.json", "Status=paused&PauseBehavior=silence", 200, "\"paused\""},
        {"GET", ACCOUNT "Recordings/%s.wav", NULL, 404, "20404"},
        {"GET", RECORDINGS ".json", NULL, 200, "\"status\":\"paused\""},
        {"POST", RECORDINGS "/%s.json", "Status=stopped", 200, "\"stopped\""},
        {"POST", RECORDINGS "/%s.json", "Status=in-progress", 400, "21220"},
        {"GET", ACCOUNT "Recordings/%s.wav", NULL, 200, "RIFF"},
        {"GET", ACCOUNT "Messages/SM1/Recordings.json", NULL, 404, "20404"},
    };
    struct sandbox_story *story = *state;
    char sid[64] = "", path[200];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *mark = strstr(rows[i].path, "%s");
        int before = mark ? (int)(mark - rows[i].path) : (int)strlen(rows[i].path);
        snprintf(path, sizeof path, "%.*s%s%s", before, rows[i].path, mark ? sid : "",
            mark ? mark + 2 : "");
        ask_twilio(story, rows[i].method, path, rows[i].form);
        if (answer.status != rows[i].status || !strstr(answer.body, rows[i].text))
            fail_msg("row %zu: %d %.200s", i, answer.status, answer.body);
        if (answer.status == 201) {
            json_t *made = json_loadb(answer.body, answer.len, 0, NULL);
            snprintf(sid, sizeof sid, "%s", text_of(made, "sid"));
            json_decref(made);
        }
    }
}

static void texts_and_calls_are_kept(void **state)
{
    struct sandbox_story *story = *state;
    ask_twilio(story, "POST", ACCOUNT "Messages.json",
        "To=%2B15550100001&From=%2B15550100002&Body=See+you");
    assert_int_equal(answer.status, 201);
    json_t *message = json_loadb(answer.body, answer.len, 0, NULL);
    char path[200];
    snprintf(path, sizeof path, ACCOUNT "Messages/%s.json", text_of(message, "sid"));
    json_decref(message);
    ask_twilio(story, "GET", path, NULL);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "\"body\":\"See you\""));
    ask_twilio(story, "POST", ACCOUNT "Messages.json", "To=1&From=%2B15550100002&Body=x");
    assert_int_equal(answer.status, 400);
    assert_int_equal(code_of(), 21211);
    ask_twilio(story, "GET", CALL, NULL);
    assert_int_equal(answer.status, 404);
    ask_twilio(story, "POST", CALL, "Status=completed");
    assert_int_equal(answer.status, 200);
    ask_twilio(story, "POST", CALL, "Status=completed");
    assert_int_equal(code_of(), 21220);
    ask_twilio(story, "GET", CALL, NULL);
    assert_non_null(strstr(answer.body, "\"status\":\"completed\""));
    control(story, "POST", "/faults", "{\"service\":\"twilio\",\"status\":429,\"count\":1}");
    ask_twilio(story, "GET", CALL, NULL);
    assert_int_equal(answer.status, 429);
    assert_int_equal(code_of(), 20429);
    json_t *seen = control_state(story);
    assert_string_equal(
        text_of(json_array_get(json_object_get(seen, "messages"), 0), "body"), "See you");
    assert_string_equal(
        text_of(json_array_get(json_object_get(seen, "calls"), 0), "Status"), "completed");
    json_decref(seen);
}

static void chat_faults(void **state)
{
    struct sandbox_story *story = *state;
    control(story, "POST", "/replies",
        "{\"replies\":[{\"text\":\"one two three\"},{\"text\":\"one\"}]}");
    control(story, "POST", "/faults",
        "{\"service\":\"llm\",\"status\":429,\"retry_after_ms\":250,\"code\":\"insufficient_"
        "quota\","
        "\"count\":1}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER,
        CHAT("\"stream\":true,"));
    assert_int_equal(answer.status, 429);
    assert_int_equal(answer.retry_after_ms, 250);
    assert_non_null(strstr(answer.body, "insufficient_quota"));
    control(story, "POST", "/faults", "{\"service\":\"llm\",\"cut_after_events\":2,\"count\":1}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER,
        CHAT("\"stream\":true,"));
    assert_false(answer.is_whole);
    assert_null(strstr(answer.body, "two"));
    control(story, "POST", "/faults", "{\"service\":\"llm\",\"garbage\":true,\"count\":1}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER,
        CHAT("\"stream\":true,"));
    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.body, "choices"));
    control(story, "POST", "/faults", "{\"service\":\"llm\",\"hang\":true,\"count\":1}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER,
        CHAT("\"stream\":true,"));
    assert_int_equal(answer.status, 0); /* our own deadline ended it */
    control(story, "DELETE", "/faults", NULL);
}

static void keys_can_be_told_apart_and_refused(void **state)
{
    struct sandbox_story *story = *state;
    control(story, "POST", "/keys", "{\"valid\":{\"old\":\"sk-test\",\"voices\":\"secret\"}}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER, CHAT(""));
    assert_int_equal(answer.status, 200);
    ask(story, &answer, "GET", at(story, "/v1/voices"), "xi-api-key", "secret", NULL);
    assert_int_equal(answer.status, 200);
    control(story, "POST", "/keys", "{\"valid\":{\"new\":\"sk-new\"}}");
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER, CHAT(""));
    assert_int_equal(answer.status, 401);
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), "authorization", "Bearer sk-new",
        CHAT(""));
    assert_int_equal(answer.status, 200);
    json_t *seen = control_state(story);
    char *uses = json_dumps(json_object_get(seen, "keys"), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(uses, "{\"new\":{\"llm\":1},\"old\":{\"llm\":1},\"voices\":{\"tts\":1}}");
    free(uses);
    json_decref(seen);
    control(story, "DELETE", "/keys", NULL);
    ask(story, &answer, "POST", at(story, "/v1/chat/completions"), BEARER, CHAT(""));
    assert_int_equal(answer.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            replies_are_scripted_then_streamed, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(doors_and_keys, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            keys_can_be_told_apart_and_refused, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(speech_streams_and_is_refused, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(texts_and_calls_are_kept, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(calls_are_recorded, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(chat_faults, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

/* What the services that take a request a text are asked, and how their answers are read. */
#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/elevenlabs_http_codec.h"
#include "providers/elevenlabs_speech.h"
#include "providers/json_objects.h"
#include "providers/openai_speech_codec.h"

#define UNSET .stability = -1, .similarity = -1, .speed = -1

/* --- requests --- */

static const struct request {
    struct tts_settings settings;
    bool is_openai;
    const char *url, *body;
} requests[] = {
    {{.base_url = "https://a.example", .voice_id = "v/1", .model = "eleven_turbo_v2", UNSET}, false,
        "https://a.example/v1/text-to-speech/v%2F1/stream/with-timestamps?output_format=ulaw_8000",
        "{\"model_id\":\"eleven_turbo_v2\",\"text\":\"Hi.\",\"previous_text\":\"So.\"}"},
    {{.base_url = "https://a.example",
         .voice_id = "v",
         .model = "eleven_v3",
         .stability = 0.6,
         .similarity = -1,
         .speed = -1},
        false,
        "https://a.example/v1/text-to-speech/v/stream/with-timestamps?output_format=ulaw_8000",
        "{\"model_id\":\"eleven_v3\",\"voice_settings\":{\"stability\":0.5},\"text\":\"Hi.\"}"},
    {{.base_url = "http://a.example/v1",
         .voice_id = "v",
         .model = "eleven_flash_v2_5",
         .language = "en",
         .format = TTS_FORMAT_PCM,
         .stability = 0.5,
         .similarity = -1,
         .speed = 2,
         .pitch = 3},
        false,
        "http://a.example/v1/text-to-speech/v/stream/with-timestamps?output_format=pcm_16000",
        "{\"model_id\":\"eleven_flash_v2_5\",\"language_code\":\"en\",\"voice_settings\":"
        "{\"stability\":0.5,\"speed\":1.2},\"text\":\"Hi.\",\"previous_text\":\"So.\"}"},
    {{.base_url = "https://a.example", .voice_id = "coral", .model = "gpt-4o-mini-tts", UNSET},
        true, "https://a.example/v1/audio/speech",
        "{\"model\":\"gpt-4o-mini-tts\",\"voice\":\"coral\",\"response_format\":\"pcm\",\"input\":"
        "\"Hi.\"}"},
    {{.base_url = "https://a.example",
         .voice_id = "coral",
         .model = "gpt-4o-mini-tts",
         .instructions = "Calm.",
         .stability = -1,
         .similarity = -1,
         .speed = 9},
        true, "https://a.example/v1/audio/speech",
        "{\"model\":\"gpt-4o-mini-tts\",\"voice\":\"coral\",\"response_format\":\"pcm\",\"speed\":"
        "4,"
        "\"instructions\":\"Calm.\",\"input\":\"Hi.\"}"},
    {{.base_url = "https://a.example",
         .voice_id = "alloy",
         .model = "tts-1",
         .instructions = "Calm.",
         .stability = -1,
         .similarity = -1,
         .speed = 0.1},
        true, "https://a.example/v1/audio/speech",
        "{\"model\":\"tts-1\",\"voice\":\"alloy\",\"response_format\":\"pcm\",\"speed\":0.25,"
        "\"input\":"
        "\"Hi.\"}"},
};

static void test_requests(void **state)
{
    const struct tts_text text = {.text = SLICE("Hi."), .before = SLICE("So.")};
    const struct tts_text alone = {.text = SLICE("Hi.")};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct request *request = &requests[i];
        struct strbuf url, body;
        strbuf_init(&url, 500);
        strbuf_init(&body, 500);
        if (request->is_openai) {
            assert_int_equal(openai_speech_url(&url, &request->settings), ERR_OK);
            openai_speech_body_begin(&body, &request->settings);
            openai_speech_body_end(&body, &text);
        } else {
            bool is_alone = !elevenlabs_http_takes_neighbours(&request->settings);
            assert_int_equal(elevenlabs_http_url(&url, &request->settings), ERR_OK);
            elevenlabs_http_body_begin(&body, &request->settings);
            elevenlabs_http_body_end(&body, is_alone ? &alone : &text);
        }
        assert_string_equal(url.data, request->url);
        assert_string_equal(body.data, request->body);
        strbuf_free(&url);
        strbuf_free(&body);
    }
}

/* --- errors --- */

static const struct {
    const char *body, *code;
} errors[] = {
    {"{\"detail\":{\"type\":\"t\",\"code\":\"invalid_api_key\",\"status\":\"other\"}}",
        "invalid_api_key"},
    {"{\"detail\":{\"status\":\"quota_exceeded\",\"message\":\"m\"}}", "quota_exceeded"},
    {"{\"detail\":[{\"loc\":[\"body\",\"text\"],\"msg\":\"field required\"}]}", "validation_error"},
    {"{\"detail\":\"Not Found\"}", ""},
    {"{\"detail\":{\"code\":\"a b\\nc\"}}", "abc"},
    {"<html>", ""},
    {"", ""},
};

static void test_error_codes(void **state)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char code[SPEECH_CODE_SIZE];
        elevenlabs_http_error_code(slice_from(errors[i].body), code);
        assert_string_equal(code, errors[i].code);
    }
}

static const struct {
    const char *text;
    enum failure_kind kind;
} failures[] = {
    {"quota_exceeded: You have 0 credits left", FAILURE_QUOTA},
    {"invalid_api_key", FAILURE_KEY},
    {"only_for_creator+", FAILURE_KEY},
    {"voice_not_found", FAILURE_REQUEST},
    {"max_active_conversations: 5", FAILURE_BUSY},
    {"too_many_concurrent_requests", FAILURE_BUSY},
    {"socket closed: code 1008 system_busy", FAILURE_BUSY},
    {"input_timeout_exceeded", FAILURE_CUT},
    {"something else", FAILURE_BROKEN},
    {"", FAILURE_BROKEN},
};

static void test_failures_by_code(void **state)
{
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        assert_int_equal(elevenlabs_failure(failures[i].text), failures[i].kind);
}

/* --- objects in a stream --- */

struct found {
    char text[400];
    enum err err;
    bool is_inside;
};

static struct found split(const char *stream, size_t portion)
{
    struct json_objects objects;
    struct found found = {0};
    struct slice rest = slice_from(stream), object;
    json_objects_init(&objects, 60);
    while (rest.len && !found.err) {
        struct slice data = {rest.data, rest.len < portion ? rest.len : portion};
        rest = (struct slice){rest.data + data.len, rest.len - data.len};
        do {
            found.err = json_objects_next(&objects, &data, &object);
            if (!found.err && object.len)
                snprintf(found.text + strlen(found.text), sizeof found.text - strlen(found.text),
                    "%.*s|", (int)object.len, object.data);
        } while (!found.err && object.len);
    }
    found.is_inside = json_objects_is_inside(&objects);
    json_objects_free(&objects);
    return found;
}

static const struct {
    const char *stream, *objects;
    enum err err;
    bool is_inside;
} streams[] = {
    {"{}", "{}|", ERR_OK, false},
    {"{\"a\":1}{\"b\":{\"c\":[{}]}}", "{\"a\":1}|{\"b\":{\"c\":[{}]}}|", ERR_OK, false},
    {"\r\n {\"a\":1}\n\n{}\n", "{\"a\":1}|{}|", ERR_OK, false},
    {"{\"a\":\"}{\\\"}\\\\\"}{}", "{\"a\":\"}{\\\"}\\\\\"}|{}|", ERR_OK, false},
    {"{}{\"a\":{", "{}|", ERR_OK, true},
    {"{}]", "{}|", ERR_BAD, false},
    {"data: {}", "", ERR_BAD, false},
    {"{\"a\":\"much more than anybody has to say in one object of this size\"}", "", ERR_BAD,
        false},
};

static void test_objects_in_a_stream(void **state)
{
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        for (size_t portion = 1; portion < 100; portion += 7) {
            struct found found = split(streams[i].stream, portion);
            assert_string_equal(found.text, streams[i].objects);
            assert_int_equal(found.err, streams[i].err);
            if (!found.err)
                assert_int_equal(found.is_inside, streams[i].is_inside);
        }
}

/* --- a recorded answer --- */

static struct slice read_golden(const char *name)
{
    char path[500];
    snprintf(path, sizeof path, "%s/%s", GOLDEN_STREAMS, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *data = malloc(100000);
    size_t len = fread(data, 1, 100000, file);
    fclose(file);
    return (struct slice){data, len};
}

static void test_a_recorded_answer(void **state)
{
    struct slice file = read_golden("elevenlabs_timestamps.ndjson"), data = file, object;
    struct json_objects objects;
    char text[100] = "";
    size_t audio_len = 0;
    uint32_t last_ms = 0;
    json_objects_init(&objects, 100000);
    while (!json_objects_next(&objects, &data, &object) && object.len) {
        struct speech_chunk chunk;
        assert_int_equal(elevenlabs_http_decode(&chunk, object), ERR_OK);
        assert_false(chunk.is_error);
        audio_len += chunk.audio_len;
        for (size_t i = 0; i < chunk.timing_count; i++) {
            assert_true(chunk.timings[i].start_ms >= last_ms);
            last_ms = chunk.timings[i].start_ms;
            strncat(text, chunk.timings[i].character.data, chunk.timings[i].character.len);
        }
        speech_chunk_free(&chunk);
    }
    assert_int_equal(audio_len, 480 + 160 + 800);
    assert_string_equal(text, "Olá, \"5\" ✓");
    assert_int_equal(last_ms, 150);
    json_objects_free(&objects);
    free((char *)file.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_error_codes),
        cmocka_unit_test(test_failures_by_code),
        cmocka_unit_test(test_objects_in_a_stream),
        cmocka_unit_test(test_a_recorded_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

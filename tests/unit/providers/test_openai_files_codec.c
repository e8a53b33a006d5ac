#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/openai_files_codec.h"

/* --- requests --- */

static const struct stt_settings whisper = {
    .model = "whisper-1", .language = "en", .prompt = "Acme Dental"};

static void formats_follow_the_model_or_the_setting(void **state)
{
    static const struct {
        const char *model;
        const char *setting;
        enum err err;
        enum files_format format;
    } cases[] = {
        {"whisper-1", NULL, ERR_OK, FILES_VERBOSE},
        {"gpt-4o-transcribe", NULL, ERR_OK, FILES_JSON},
        {"gpt-4o-mini-transcribe-2025-03-20", NULL, ERR_OK, FILES_JSON},
        {"Systran/faster-whisper-small", NULL, ERR_OK, FILES_VERBOSE},
        {"", NULL, ERR_OK, FILES_VERBOSE},
        {NULL, NULL, ERR_OK, FILES_VERBOSE},
        {"whisper-1", "text", ERR_OK, FILES_TEXT},
        {"gpt-4o-transcribe", "stream", ERR_OK, FILES_STREAM},
        {"whisper-1", "srt", ERR_BAD, FILES_JSON},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stt_settings settings = {
            .model = cases[i].model, .response_format = cases[i].setting};
        enum files_format format = FILES_JSON;
        assert_int_equal(files_format_find(&format, &settings), cases[i].err);
        assert_int_equal(format, cases[i].format);
    }
}

static char *request_for(const struct stt_settings *settings, enum files_format format,
    struct slice wav, char boundary[FILES_BOUNDARY_SIZE])
{
    struct strbuf out;
    strbuf_init(&out, 65536);
    assert_int_equal(files_request(&out, boundary, settings, format, wav), ERR_OK);
    return strbuf_take(&out);
}

static void a_request_has_its_parts(void **state)
{
    char boundary[FILES_BOUNDARY_SIZE];
    char *body = request_for(&whisper, FILES_VERBOSE, SLICE("RIFF"), boundary);
    assert_string_equal(boundary, "moonline-part-00000000");
#define PART(name, value)                                                                          \
    "--moonline-part-00000000\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value  \
    "\r\n"
    assert_string_equal(body,
        PART("model", "whisper-1") PART("language", "en") PART("prompt", "Acme Dental") PART(
            "response_format", "verbose_json") PART("temperature",
            "0") PART("timestamp_granularities[]", "word") PART("timestamp_granularities[]",
            "segment") "--moonline-part-00000000\r\nContent-Disposition: form-data; name=\"file\"; "
                       "filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF\r\n"
                       "--moonline-part-00000000--\r\n");
    free(body);
}

static void what_a_model_does_not_take_is_left_out(void **state)
{
    static const struct stt_settings bare = {.model = ""};
    char boundary[FILES_BOUNDARY_SIZE];
    char *body = request_for(&bare, FILES_STREAM, SLICE("RIFF"), boundary);
    assert_null(strstr(body, "name=\"model\""));
    assert_null(strstr(body, "language"));
    assert_null(strstr(body, "prompt"));
    assert_null(strstr(body, "temperature"));
    assert_null(strstr(body, "granularities"));
    assert_non_null(strstr(body, "name=\"stream\"\r\n\r\ntrue"));
    free(body);
}

static void a_boundary_occurs_in_no_part(void **state)
{
    struct stt_settings settings = whisper;
    char boundary[FILES_BOUNDARY_SIZE];
    settings.prompt = "say moonline-part-00000001";
    free(request_for(&settings, FILES_JSON, SLICE("xx moonline-part-00000000 xx"), boundary));
    assert_string_equal(boundary, "moonline-part-00000002");
}

static void a_request_too_long_is_refused(void **state)
{
    struct strbuf out;
    char boundary[FILES_BOUNDARY_SIZE];
    strbuf_init(&out, 100);
    assert_int_equal(files_request(&out, boundary, &whisper, FILES_JSON, SLICE("RIFF")), ERR_FULL);
    strbuf_free(&out);
}

/* --- answers --- */

static struct slice golden(const char *name)
{
    static char data[65536];
    char path[512];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/golden/openai_files/%s", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(data, 1, sizeof data, file);
    fclose(file);
    return (struct slice){data, len};
}

/* "text | word start-end … | dropped" */
static void show(char *out, size_t size, const struct transcript *transcript)
{
    int len = snprintf(out, size, "%.*s |", (int)transcript->text.len, transcript->text.data);
    for (size_t i = 0; i < transcript->count; i++)
        len += snprintf(out + len, size - (size_t)len, " %.*s %u-%u",
            (int)transcript->words[i].text.len, transcript->words[i].text.data,
            transcript->words[i].start_ms, transcript->words[i].end_ms);
    snprintf(out + len, size - (size_t)len, " | %u", transcript->dropped);
}

static void recorded_answers_are_read(void **state)
{
    static const struct {
        const char *file;
        const char *type;
        enum files_format format;
        const char *expected; /* an error's code where it is one */
        enum err err;
    } cases[] = {
        {"whisper-1.verbose.json", "application/json", FILES_VERBOSE,
            "Hi, I need an appointment. | Hi 180-440 I 600-720 need 720-1000 an 1000-1180 "
            "appointment 1180-1860 | 0",
            ERR_OK},
        {"whisper-1.silence.json", "application/json", FILES_VERBOSE,
            "What are your hours? | What 100-300 are 300-400 your 400-600 hours 600-1100 | 1",
            ERR_OK},
        {"whisper-1.repeated.json", "application/json", FILES_VERBOSE, " | | 1", ERR_OK},
        {"gpt-4o-transcribe.json", "application/json", FILES_JSON,
            "Hi, I need an appointment. | | 0", ERR_OK},
        {"gpt-4o-transcribe.sse", "text/event-stream; charset=utf-8", FILES_STREAM,
            "Hi, I need an appointment. | | 0", ERR_OK},
        {"whisper.cpp.verbose.json", "application/json", FILES_VERBOSE,
            "Hi, I need an appointment. | Hi, 100-500 I 500-600 need 600-900 an 900-1100 "
            "appointment. 1100-1900 | 0",
            ERR_OK},
        {"whisper.cpp.txt", "text/html; charset=utf-8", FILES_TEXT,
            "Hi, I need an appointment. | | 0", ERR_OK},
        {"whisper.cpp.error.json", "application/json", FILES_VERBOSE, "error", ERR_REFUSED},
        {"speaches.verbose.json", "application/json", FILES_VERBOSE,
            "Hi, I need an appointment. | | 0", ERR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct transcript transcript;
        char code[CHAT_CODE_SIZE], shown[1024];
        enum err err = files_decode(&transcript, cases[i].format, slice_from(cases[i].type),
            golden(cases[i].file), 0, code);
        assert_int_equal(err, cases[i].err);
        if (!err)
            show(shown, sizeof shown, &transcript);
        assert_string_equal(err ? code : shown, cases[i].expected);
        if (!err)
            transcript_free(&transcript);
    }
}

static void answers_that_are_none(void **state)
{
    static const struct {
        const char *type;
        enum files_format format;
        const char *body;
        enum err err;
    } cases[] = {
        {"application/json", FILES_JSON, "", ERR_BAD},
        {"application/json", FILES_JSON, "{\"text\":", ERR_BAD},
        {"application/json", FILES_JSON, "{\"text\":7}", ERR_BAD},
        {"application/json", FILES_JSON, "[]", ERR_BAD},
        {"text/plain", FILES_JSON, "Bad gateway", ERR_BAD},
        {"text/html", FILES_TEXT, " <html><body>Bad gateway</body></html>", ERR_BAD},
        {"text/plain", FILES_TEXT, "caf\xc3", ERR_BAD},
        {"application/json", FILES_TEXT, "{\"error\":{\"message\":\"x\",\"code\":\"busy\"}}",
            ERR_REFUSED},
        {"text/event-stream", FILES_STREAM,
            "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi\"}\n\n", ERR_CLOSED},
        {"text/event-stream", FILES_STREAM, "data: {\"error\":\"gone\"}\n\n", ERR_REFUSED},
        {"text/event-stream", FILES_STREAM, "data: [DONE]\n\n", ERR_CLOSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct transcript transcript;
        char code[CHAT_CODE_SIZE];
        assert_int_equal(files_decode(&transcript, cases[i].format, slice_from(cases[i].type),
                             slice_from(cases[i].body), 0, code),
            cases[i].err);
    }
}

static void times_that_cannot_be_are_none(void **state)
{
    static const char *const words[] = {
        "{\"word\":\"a\",\"start\":1,\"end\":0.5}",
        "{\"word\":\"a\",\"start\":-1,\"end\":0.5}",
        "{\"word\":\"a\",\"start\":\"1\",\"end\":2}",
        "{\"word\":\"a\",\"start\":1,\"end\":1e300}",
        "{\"word\":\"a\",\"start\":1,\"end\":2},{\"word\":\"b\",\"start\":0.5,\"end\":2}",
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        static struct transcript transcript;
        char code[CHAT_CODE_SIZE], body[256];
        snprintf(body, sizeof body, "{\"text\":\"a b\",\"words\":[%s]}", words[i]);
        assert_int_equal(files_decode(&transcript, FILES_VERBOSE, SLICE("application/json"),
                             slice_from(body), 0, code),
            ERR_OK);
        assert_int_equal(transcript.count, 0);
        transcript_free(&transcript);
    }
}

/* Each word is looked for in the segments that are in doubt: whoever sends a million of both does not keep a call waiting. */
static void what_is_looked_at_has_an_end(void **state)
{
    static const struct {
        unsigned words, segments;
        enum err err;
    } cases[] = {{100000, 250, ERR_OK}, {0, 257, ERR_BAD}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct transcript transcript;
        char code[CHAT_CODE_SIZE];
        struct strbuf body;
        strbuf_init(&body, 8 << 20);
        strbuf_add_text(&body, "{\"text\":\"a\",\"segments\":[");
        for (unsigned n = 0; n < cases[i].segments; n++)
            strbuf_printf(&body, "%s{\"compression_ratio\":9,\"end\":5}", n ? "," : "");
        strbuf_add_text(&body, "],\"words\":[");
        for (unsigned n = 0; n < cases[i].words; n++)
            strbuf_printf(&body, "%s{\"word\":\"a\",\"start\":4,\"end\":6}", n ? "," : "");
        strbuf_add_text(&body, "]}");
        assert_int_equal(files_decode(&transcript, FILES_VERBOSE, SLICE("application/json"),
                             strbuf_slice(&body), 0, code),
            cases[i].err);
        if (!cases[i].err) {
            assert_int_equal(transcript.count, 0);
            assert_int_equal(transcript.seen, FILES_WORDS_MAX);
            transcript_free(&transcript);
        }
        strbuf_free(&body);
    }
}

static void doubts_are_a_matter_of_both_numbers(void **state)
{
    static const struct {
        double no_speech, logprob, compression, most;
        unsigned dropped;
    } cases[] = {
        {0.61, -1.1, 1, 0, 1},
        {0.61, -0.9, 1, 0, 0},   /* sure of its words */
        {0.59, -1.1, 1, 0, 0},   /* sure that it is speech */
        {0.59, -1.1, 1, 0.5, 1}, /* by setting */
        {0, 0, 2.5, 0, 1},
        {0, 0, 2.4, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct transcript transcript;
        char code[CHAT_CODE_SIZE], body[512];
        snprintf(body, sizeof body,
            "{\"text\":\"a\",\"segments\":[{\"text\":\" a\",\"start\":0,\"end\":1,"
            "\"no_speech_prob\":%f,\"avg_logprob\":%f,\"compression_ratio\":%f}]}",
            cases[i].no_speech, cases[i].logprob, cases[i].compression);
        assert_int_equal(files_decode(&transcript, FILES_VERBOSE, SLICE("application/json"),
                             slice_from(body), cases[i].most, code),
            ERR_OK);
        assert_int_equal(transcript.dropped, cases[i].dropped);
        assert_int_equal(transcript.text.len, cases[i].dropped ? 0 : 1);
        transcript_free(&transcript);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_follow_the_model_or_the_setting),
        cmocka_unit_test(a_request_has_its_parts),
        cmocka_unit_test(what_a_model_does_not_take_is_left_out),
        cmocka_unit_test(a_boundary_occurs_in_no_part),
        cmocka_unit_test(a_request_too_long_is_refused),
        cmocka_unit_test(recorded_answers_are_read),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(times_that_cannot_be_are_none),
        cmocka_unit_test(what_is_looked_at_has_an_end),
        cmocka_unit_test(doubts_are_a_matter_of_both_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files that are to be transcribed: multipart, the rules of both doors, the forms of an answer, what is one utterance. */
#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heard_files.h"
#include "media/wav.h"
#include "openai/file_answer.h"
#include "openai/file_request.h"
#include "openai/multipart.h"

#define TYPE "multipart/form-data; boundary=x"
#define FIELD(name, value)                                                                         \
    "--x\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define FILE_NAMED(filename, content)                                                              \
    "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" filename                   \
    "\"\r\nContent-Type: audio/wav\r\n\r\n" content "\r\n"
#define WAV FILE_NAMED("a.wav", "RIFF")
#define END "--x--\r\n"

static void bodies_are_taken_apart(void **state)
{
    static const struct {
        const char *type;
        const char *body;
        enum err err;
        const char *parts; /* "name/filename=value;" each */
    } cases[] = {
        {TYPE, FIELD("a", "1") FIELD("b[]", "") END, ERR_OK, "a/=1;b[]/=;"},
        {TYPE, FILE_NAMED("s.wav", "\r\n--y--\r\n") END, ERR_OK, "file/s.wav=\r\n--y--\r\n;"},
        {"multipart/form-data; charset=utf-8; boundary=\"x\"", FIELD("a", "1") END, ERR_OK,
            "a/=1;"},
        {TYPE, "--x--", ERR_OK, ""},
        {TYPE, FIELD("a", "1"), ERR_BAD, ""}, /* no end */
        {TYPE, "preamble\r\n" FIELD("a", "1") END, ERR_BAD, ""},
        {TYPE, "--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n" END, ERR_BAD, ""},
        {TYPE, "--x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n" END, ERR_BAD, ""},
        {TYPE, "--x\r\nContent-Type: text/plain\r\n\r\n1\r\n" END, ERR_BAD, ""},
        {TYPE, "", ERR_BAD, ""},
        {"multipart/form-data", FIELD("a", "1") END, ERR_BAD, ""},
        {"application/json", "{}", ERR_BAD, ""},
        {TYPE, FIELD("a", "") FIELD("b", "") FIELD("c", "") END, ERR_FULL, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct form_part parts[2];
        char shown[256] = "";
        size_t count = 0, len = 0;
        assert_int_equal(
            multipart_read(parts, 2, &count, slice_from(cases[i].type), slice_from(cases[i].body)),
            cases[i].err);
        for (size_t n = 0; !cases[i].err && n < count; n++)
            len += (size_t)snprintf(shown + len, sizeof shown - len, "%.*s/%.*s=%.*s;",
                (int)parts[n].name.len, parts[n].name.data, (int)parts[n].filename.len,
                parts[n].filename.data, (int)parts[n].value.len, parts[n].value.data);
        assert_string_equal(shown, cases[i].parts);
    }
}

static void openai_is_strict(void **state)
{
    static const struct {
        const char *body;
        int status; /* 0: taken */
        const char *param;
    } cases[] = {
        {WAV FIELD("model", "whisper-1") END, 0, ""},
        {FIELD("model", "whisper-1") END, 400, "file"},
        {WAV END, 400, "model"},
        {WAV FIELD("model", "whisper-9") END, 404, "model"},
        {FILE_NAMED("a.ulaw", "x") FIELD("model", "whisper-1") END, 400, "file"},
        {FILE_NAMED("wav", "x") FIELD("model", "whisper-1") END, 400, "file"},
        {WAV FIELD("model", "gpt-4o-transcribe") FIELD("response_format", "json") END, 0, ""},
        {WAV FIELD("model", "gpt-4o-transcribe") FIELD("response_format", "verbose_json") END, 400,
            "response_format"},
        {WAV FIELD("model", "whisper-1") FIELD("response_format", "xml") END, 400,
            "response_format"},
        {WAV FIELD("model", "whisper-1") FIELD("timestamp_granularities[]", "word") END, 400,
            "timestamp_granularities"},
        {WAV FIELD("model", "whisper-1") FIELD("response_format", "verbose_json")
                FIELD("timestamp_granularities[]", "letter") END,
            400, "timestamp_granularities"},
        {WAV FIELD("model", "whisper-1") FIELD("temperature", "1.5") END, 400, "temperature"},
        {WAV FIELD("model", "whisper-1") FIELD("temperature", "0.2") END, 0, ""},
        {WAV FIELD("model", "whisper-1") FIELD("language", "english") END, 400, "language"},
        {WAV FIELD("model", "whisper-1") FIELD("stream", "yes") END, 400, "stream"},
        {WAV FIELD("model", "whisper-1") FIELD("include[]", "logprobs") END, 400, "include"},
        {WAV FIELD("model", "gpt-4o-transcribe") FIELD("include[]", "logprobs") END, 0, ""},
        {WAV FIELD("model", "whisper-1") FIELD("hotwords", "x") END, 400, "hotwords"},
        {WAV FIELD("model", "whisper-1") FIELD("prompt", "x") END, 0, ""},
        {"rubbish", 400, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file_request request;
        struct api_error error = {0};
        enum err err = file_request_read(&request, SLICE(TYPE), slice_from(cases[i].body), &error);
        assert_int_equal(err, cases[i].status ? ERR_BAD : ERR_OK);
        assert_int_equal(error.status, cases[i].status);
        assert_string_equal(error.param, cases[i].param);
    }
}

static void a_file_may_be_too_large(void **state)
{
    static const char head[] =
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n";
    static const char tail[] = "\r\n" FIELD("model", "whisper-1") END;
    size_t size = sizeof head + sizeof tail - 2 + FILE_MAX_BYTES + 1;
    char *body = calloc(1, size);
    struct file_request request;
    struct api_error error = {0};
    memcpy(body, head, sizeof head - 1);
    memcpy(body + size - (sizeof tail - 1), tail, sizeof tail - 1);
    assert_int_equal(
        file_request_read(&request, SLICE(TYPE), (struct slice){body, size}, &error), ERR_BAD);
    assert_int_equal(error.status, 413);
    free(body);
}

static void whisper_cpp_asks_little(void **state)
{
    struct file_request request;
    struct api_error error = {0};
    assert_int_equal(file_request_read_whisper_cpp(&request, SLICE(TYPE),
                         SLICE(WAV FIELD("response_format", "verbose_json")
                                 FIELD("temperature_inc", "0.2") FIELD("whatever", "x") END),
                         &error),
        ERR_OK);
    assert_int_equal(request.format, FILE_VERBOSE);
    assert_int_equal(file_request_read_whisper_cpp(
                         &request, SLICE(TYPE), SLICE(FIELD("model", "x") END), &error),
        ERR_BAD);
    assert_string_equal(error.message, "no 'file' field in the request");
}

static void audio_is_read(void **state)
{
    static const struct {
        unsigned rate_hz;
        unsigned ms;
        bool is_whisper_cpp;
        enum err err;
        const char *code;
    } cases[] = {
        {16000, 500, false, ERR_OK, ""},
        {24000, 500, false, ERR_OK, ""},
        {8000, 500, false, ERR_OK, ""},
        {16000, 500, true, ERR_OK, ""},
        {8000, 500, true, ERR_BAD, "invalid_value"}, /* it was started without --convert */
        {16000, 80, false, ERR_BAD, "audio_too_short"},
        {4000, 500, false, ERR_BAD, "invalid_value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char file[WAV_HEADER_BYTES + 24000 * 2];
        struct api_error error = {0};
        int16_t *pcm = NULL;
        size_t count = 0;
        uint32_t samples = cases[i].rate_hz * cases[i].ms / 1000;
        wav_header((uint8_t *)file, cases[i].rate_hz, samples);
        struct file_request request = {.file = {file, WAV_HEADER_BYTES + samples * 2},
            .is_whisper_cpp = cases[i].is_whisper_cpp};
        assert_int_equal(file_request_audio(&request, &pcm, &count, &error), cases[i].err);
        assert_string_equal(error.code, cases[i].code);
        if (!cases[i].err)
            assert_in_range(count, 8 * cases[i].ms - 80, 8 * cases[i].ms);
        free(pcm);
    }
}

static void answers_have_their_forms(void **state)
{
    static const struct {
        struct file_request request;
        const char *type;
        const char *contains;
    } cases[] = {
        {{.model = "whisper-1"}, "application/json",
            "{\"text\":\"Hi, there.\",\"usage\":{\"type\":\"duration\",\"seconds\":2}}"},
        {{.model = "gpt-4o-transcribe"}, "application/json", "\"type\":\"tokens\""},
        {{.model = "whisper-1", .format = FILE_TEXT}, "text/plain; charset=utf-8", "Hi, there.\n"},
        {{.format = FILE_TEXT, .is_whisper_cpp = true}, "text/html; charset=utf-8",
            " Hi, there.\n"},
        {{.model = "whisper-1", .format = FILE_SRT}, "text/plain; charset=utf-8",
            "1\n00:00:00,200 --> 00:00:01,200\nHi, there.\n\n"},
        {{.model = "whisper-1", .format = FILE_VTT}, "text/plain; charset=utf-8",
            "WEBVTT\n\n00:00:00.200 --> 00:00:01.200\nHi, there.\n\n"},
        {{.model = "whisper-1", .format = FILE_VERBOSE, .wants_words = true}, "application/json",
            "\"words\":[{\"word\":\"Hi\",\"start\":0.2"},
        {{.model = "whisper-1", .format = FILE_VERBOSE, .wants_segments = true}, "application/json",
            "\"text\":\" Hi, there.\""},
        {{.format = FILE_VERBOSE, .is_whisper_cpp = true, .wants_segments = true},
            "application/json", "\"words\":[{\"word\":\"Hi,\""},
    };
    static const struct file_heard heard = {"Hi, there.", 200, 1200, 1500, false};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strbuf body;
        strbuf_init(&body, 8192);
        file_answer(&body, &cases[i].request, &heard);
        assert_string_equal(file_answer_type(&cases[i].request), cases[i].type);
        if (!strstr(body.data, cases[i].contains))
            fail_msg("%s", body.data);
        strbuf_free(&body);
    }
}

static void join(void *owner, struct slice event, bool is_delta)
{
    strbuf_add_slice(owner, event);
}

static void events_end_with_the_whole_text(void **state)
{
    static const struct file_heard heard = {"Hi, there.", 200, 1200, 1500, false};
    struct strbuf all;
    strbuf_init(&all, 8192);
    file_answer_events(&heard, join, &all);
    assert_non_null(strstr(all.data, "data: {\"type\":\"transcript.text.delta\",\"delta\":\"Hi,\"}"
                                     "\n\ndata: {\"type\":\"transcript.text.delta\",\"delta\":\" "
                                     "there.\"}\n\ndata: "));
    assert_non_null(strstr(all.data, "\"type\":\"transcript.text.done\",\"text\":\"Hi, there.\""));
    strbuf_free(&all);
}

static void an_utterance_that_grows_is_one(void **state)
{
    static struct heard_files files;
    static int16_t one[4000], other[4000];
    for (int i = 0; i < 4000; i++) {
        one[i] = (int16_t)(i * 7);
        other[i] = (int16_t)(i * 11);
    }
    assert_null(heard_files_find(&files, one, 2000));
    heard_files_note(&files, one, 2000, "first");
    assert_string_equal(heard_files_find(&files, one, 2000), "first"); /* tried again */
    assert_string_equal(heard_files_find(&files, one, 3000), "first");
    assert_null(heard_files_find(&files, one, 2500)); /* shorter: said again */
    assert_null(heard_files_find(&files, other, 3000));
    for (int i = 0; i < HEARD_FILES; i++)
        heard_files_note(&files, other, 800, "second");
    assert_null(heard_files_find(&files, one, 4000)); /* long ago */
    heard_files_clear(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_taken_apart),
        cmocka_unit_test(openai_is_strict),
        cmocka_unit_test(a_file_may_be_too_large),
        cmocka_unit_test(whisper_cpp_asks_little),
        cmocka_unit_test(audio_is_read),
        cmocka_unit_test(answers_have_their_forms),
        cmocka_unit_test(events_end_with_the_whole_text),
        cmocka_unit_test(an_utterance_that_grows_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

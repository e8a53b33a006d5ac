/* The client that hears through files against the sandbox, with each of its doors and forms of answer. */
#include "unit/sandbox/hearing.h"

#include <stdio.h>
#include <string.h>

#include "media/g711.h"
#include "providers/stt.h"

struct files_case {
    const char *model;
    const char *path;
    const char *response_format;
    bool has_words; /* with times of the server */
};

struct overhearing {
    struct hearing hearing;
    char partial[256]; /* the newest */
    size_t words;
    uint32_t last_end_ms;
    bool is_estimated;
};

static void on_file_partial(void *owner, uint32_t item, struct slice text)
{
    struct overhearing *overhearing = owner;
    slice_copy(text, overhearing->partial, sizeof overhearing->partial);
    on_partial(&overhearing->hearing, item, text);
}

static void on_file_words(
    void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    struct overhearing *overhearing = owner;
    overhearing->words = count;
    overhearing->last_end_ms = words[count - 1].end_ms;
    overhearing->is_estimated = is_estimated;
}

static void feed(struct stt *stt, unsigned ms, int level)
{
    struct frame frame;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        frame.pcm[i] = (int16_t)(i % 16 < 8 ? level : -level);
    g711_to_ulaw(frame.ulaw, frame.pcm, FRAME_SAMPLES);
    for (unsigned at_ms = 0; at_ms < ms; at_ms += FRAME_MS)
        openai_files_stt.audio(stt, frame.ulaw);
}

static void hear_file(struct sandbox_story *story, const struct files_case *with)
{
    static const struct stt_listener listener = {.on_ready = on_stt_ready,
        .on_partial = on_file_partial,
        .on_words = on_file_words,
        .on_final = on_final,
        .on_failed = on_stt_failed};
    struct stt_settings settings = {.base_url = origin(story),
        .api_key = with->path ? NULL : "sk-test",
        .model = with->model,
        .path = with->path,
        .response_format = with->response_format,
        .language = "en",
        .connect_timeout_ms = 3000};
    struct overhearing overhearing = {0};
    struct hearing *hearing = &overhearing.hearing;
    struct stt *stt;
    control(story, "DELETE", "/state", NULL);
    control(story, "POST", "/transcripts",
        "{\"texts\":[\"what are your hours on saturday and do you take new patients\"]}");
    assert_int_equal(
        openai_files_stt.open(&stt, story->net.loop, &settings, &listener, &overhearing), ERR_OK);
    feed(stt, 900, 5000);
    story_until(&story->net, hearing->partials == 1 || hearing->failed[0]);
    assert_string_equal(
        overhearing.partial, "what are your hours on saturday\xe2\x80\xa6"); /* in 600 ms */
    feed(stt, 300, 5000);
    feed(stt, 200, 0);
    assert_int_equal(openai_files_stt.commit(stt), 1);
    story_until(&story->net, hearing->final_item == 1 || hearing->failed[0]);
    assert_string_equal(hearing->failed, "");
    assert_string_equal(
        hearing->final, "what are your hours on saturday and do you take new patients");
    assert_int_equal(overhearing.words, 12);
    assert_int_equal(overhearing.is_estimated, !with->has_words);
    assert_in_range(overhearing.last_end_ms, 1150, 1250);
    openai_files_stt.close(stt);
}

static void a_call_is_heard_through_files(void **state)
{
    static const struct files_case cases[] = {
        {"whisper-1", NULL, NULL, true},
        {"whisper-1", NULL, "text", false},
        {"whisper-1", NULL, "json", false},
        {"gpt-4o-transcribe", NULL, NULL, false},
        {"gpt-4o-transcribe", NULL, "stream", false},
        {NULL, "/inference", NULL, true},
        {NULL, "/inference", "text", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        hear_file(*state, &cases[i]);
}

/* Words that whisper makes up where nobody spoke: the sandbox's does as the real one. */
static void what_is_heard_in_silence_is_dropped(void **state)
{
    static const struct stt_listener listener = {.on_ready = on_stt_ready,
        .on_partial = on_partial,
        .on_final = on_final,
        .on_failed = on_stt_failed};
    struct sandbox_story *story = *state;
    struct stt_settings settings = {.base_url = origin(story),
        .api_key = "sk-test",
        .model = "whisper-1",
        .connect_timeout_ms = 3000};
    struct hearing hearing = {.final = "?"};
    struct stt *stt;
    assert_int_equal(
        openai_files_stt.open(&stt, story->net.loop, &settings, &listener, &hearing), ERR_OK);
    feed(stt, 60, 5000); /* a click, which passes for voice here */
    feed(stt, 400, 0);
    assert_int_equal(openai_files_stt.commit(stt), 1);
    story_until(&story->net, hearing.final_item == 1 || hearing.failed[0]);
    assert_string_equal(hearing.final, "");
    json_t *seen = control_state(story);
    assert_string_equal(
        text_of(json_array_get(json_object_get(seen, "heard"), 0), "text"), "Thanks for watching!");
    json_decref(seen);
    openai_files_stt.close(stt);
}

static void faults_of_files_are_told_by_kind(void **state)
{
    static const struct {
        const char *fault;
        const char *failed;
    } cases[] = {
        {"{\"service\":\"stt\",\"status\":401}", "http 401 invalid_api_key"},
        {"{\"service\":\"stt\",\"status\":503}", "http 503 server_error"},
        {"{\"service\":\"stt\",\"garbage\":true}", "the answer cannot be read"},
        {"{\"service\":\"stt\",\"cut_after_bytes\":10,\"count\":1}", ""}, /* once more is enough */
    };
    static const struct stt_listener listener = {.on_ready = on_stt_ready,
        .on_partial = on_partial,
        .on_final = on_final,
        .on_failed = on_stt_failed};
    struct sandbox_story *story = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stt_settings settings = {.base_url = origin(story),
            .api_key = "sk-test",
            .model = "gpt-4o-transcribe",
            .connect_timeout_ms = 3000};
        struct hearing hearing = {0};
        struct stt *stt;
        control(story, "DELETE", "/state", NULL);
        control(story, "POST", "/transcripts", "{\"texts\":[\"yes\"]}");
        control(story, "POST", "/faults", cases[i].fault);
        assert_int_equal(
            openai_files_stt.open(&stt, story->net.loop, &settings, &listener, &hearing), ERR_OK);
        feed(stt, 400, 5000);
        assert_int_equal(openai_files_stt.commit(stt), 1);
        story_until(&story->net, hearing.final_item == 1 || hearing.failed[0]);
        assert_string_equal(hearing.failed, cases[i].failed);
        openai_files_stt.close(stt);
        control(story, "DELETE", "/faults", NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_heard_through_files, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            what_is_heard_in_silence_is_dropped, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            faults_of_files_are_told_by_kind, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

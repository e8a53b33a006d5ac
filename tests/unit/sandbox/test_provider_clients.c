/* The runtime's own provider clients against the sandbox: what they send is what the services accept. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <string.h>

#include "media/g711.h"
#include "providers/llm.h"
#include "providers/stt.h"
#include "providers/tts.h"

static const char *origin(struct sandbox_story *story)
{
    static char url[128];
    snprintf(url, sizeof url, "http://%s", story->address);
    return url;
}

/* ---- speech to text ---- */

struct hearing {
    bool is_ready;
    unsigned partials;
    uint32_t final_item;
    char final[256];
    char failed[256];
};

static void on_stt_ready(void *owner)
{
    ((struct hearing *)owner)->is_ready = true;
}

static void on_partial(void *owner, uint32_t item, struct slice text)
{
    struct hearing *hearing = owner;
    assert_true(text.len > 0);
    hearing->partials++;
}

static void on_final(void *owner, uint32_t item, struct slice text)
{
    struct hearing *hearing = owner;
    hearing->final_item = item;
    slice_copy(text, hearing->final, sizeof hearing->final);
}

static void on_stt_failed(void *owner, const struct failure *failure)
{
    struct hearing *hearing = owner;
    snprintf(hearing->failed, sizeof hearing->failed, "%s", failure->why);
}

static void hear(struct sandbox_story *story, const char *model, bool send_ulaw)
{
    static const struct stt_listener listener = {.on_ready = on_stt_ready,
        .on_partial = on_partial,
        .on_final = on_final,
        .on_failed = on_stt_failed};
    struct stt_settings settings = {.base_url = origin(story),
        .api_key = "sk-test",
        .model = model,
        .language = "en",
        .send_ulaw = send_ulaw,
        .connect_timeout_ms = 3000};
    struct hearing hearing = {0};
    struct stt *stt;
    struct frame frame;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        frame.pcm[i] = i % 16 < 8 ? 5000 : -5000;
    g711_to_ulaw(frame.ulaw, frame.pcm, FRAME_SAMPLES);
    control(story, "POST", "/transcripts", "{\"texts\":[\"what are your hours on saturday\"]}");
    assert_int_equal(
        openai_realtime_stt.open(&stt, story->net.loop, &settings, &listener, &hearing), ERR_OK);
    story_until(&story->net, hearing.is_ready || hearing.failed[0]);
    assert_string_equal(hearing.failed, "");
    for (int i = 0; i < 40; i++)
        openai_realtime_stt.audio(stt, frame.ulaw);
    uint32_t item = openai_realtime_stt.commit(stt);
    assert_int_equal(item, 1);
    story_until(&story->net, hearing.final_item == 1 || hearing.failed[0]);
    assert_string_equal(hearing.failed, "");
    assert_string_equal(hearing.final, "what are your hours on saturday");
    assert_true(hearing.partials > 0);
    openai_realtime_stt.close(stt);
}

static void a_call_is_heard(void **state)
{
    hear(*state, "gpt-realtime-whisper", false);
    hear(*state, "gpt-realtime-whisper", true);
    hear(*state, "gpt-4o-transcribe", false);
}

/* ---- speech to text through files ---- */

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
    assert_string_equal(overhearing.partial, "what are your hours on saturday"); /* in 600 ms */
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

/* ---- chat ---- */

struct reading {
    char text[512];
    char tools[512]; /* "name(arguments) " each */
    bool is_done;
    char failed[256];
};

static void on_llm_text(void *owner, struct slice text)
{
    struct reading *reading = owner;
    strncat(reading->text, text.data, text.len);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct reading *reading = owner;
    size_t len = strlen(reading->tools);
    assert_true(id.len > 0);
    snprintf(reading->tools + len, sizeof reading->tools - len, "%.*s(%.*s) ", (int)name.len,
        name.data, (int)arguments.len, arguments.data);
}

static void on_llm_done(void *owner, const struct llm_usage *usage)
{
    struct reading *reading = owner;
    assert_true(usage->prompt_tokens > 0);
    reading->is_done = true;
}

static void on_llm_failed(void *owner, const struct failure *failure)
{
    struct reading *reading = owner;
    snprintf(reading->failed, sizeof reading->failed, "%s", failure->why);
}

static void a_reply_with_tools_is_read(void **state)
{
    static const struct llm_listener listener = {.on_text = on_llm_text,
        .on_tool_call = on_tool_call,
        .on_done = on_llm_done,
        .on_failed = on_llm_failed};
    struct sandbox_story *story = *state;
    struct llm_settings settings = {.base_url = origin(story),
        .api_key = "sk-test",
        .model = "gpt-4o-mini",
        .temperature = 0.3,
        .max_tokens = 300,
        .connect_timeout_ms = 3000,
        .first_token_timeout_ms = 3000,
        .idle_timeout_ms = 3000};
    struct reading reading = {0};
    struct llm *llm;
    control(story, "POST", "/replies",
        "{\"replies\":[{\"text\":\"One moment.\",\"tool_calls\":[{\"name\":\"book\",\"arguments\":"
        "{\"at\":\"nine\"}},{\"name\":\"note\",\"arguments\":{}}]}]}");
    assert_int_equal(openai_chat_llm.start(&llm, story->net.loop, &settings,
                         SLICE("[{\"role\":\"system\",\"content\":\"You are Ava.\"},"
                               "{\"role\":\"user\",\"content\":\"Book me at nine.\"}]"),
                         SLICE("[{\"type\":\"function\",\"function\":{\"name\":\"book\","
                               "\"description\":\"books\",\"parameters\":{\"type\":\"object\","
                               "\"properties\":{\"at\":{\"type\":\"string\"}}}}}]"),
                         &listener, &reading),
        ERR_OK);
    story_until(&story->net, reading.is_done || reading.failed[0]);
    assert_string_equal(reading.failed, "");
    assert_string_equal(reading.text, "One moment.");
    assert_string_equal(reading.tools, "book({\"at\":\"nine\"}) note({}) ");
    openai_chat_llm.cancel(llm);
}

/* ---- text to speech ---- */

struct listening {
    bool is_ready;
    size_t bytes[4];
    char text[4][256];
    uint32_t last_ms[4];
    bool has_ended[4];
    char failed[256];
};

static void on_tts_ready(void *owner)
{
    ((struct listening *)owner)->is_ready = true;
}

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct listening *listening = owner;
    assert_in_range(context, 0, 3);
    listening->bytes[context] += len;
}

static void on_timings(
    void *owner, uint32_t context, const struct tts_timing *timings, size_t count)
{
    struct listening *listening = owner;
    for (size_t i = 0; i < count; i++) {
        strncat(listening->text[context], timings[i].character.data, timings[i].character.len);
        assert_true(timings[i].start_ms >= listening->last_ms[context]);
        listening->last_ms[context] = timings[i].start_ms;
    }
}

static void on_end(void *owner, uint32_t context)
{
    ((struct listening *)owner)->has_ended[context] = true;
}

static void on_tts_failed(void *owner, const struct failure *failure)
{
    struct listening *listening = owner;
    snprintf(listening->failed, sizeof listening->failed, "%s", failure->why);
}

static void replies_are_spoken(void **state)
{
    static const struct tts_listener listener = {.on_ready = on_tts_ready,
        .on_audio = on_audio,
        .on_timings = on_timings,
        .on_end = on_end,
        .on_failed = on_tts_failed};
    struct sandbox_story *story = *state;
    struct tts_settings settings = {.base_url = origin(story),
        .api_key = "k",
        .voice_id = "sbxAvaReceptionist01",
        .model = "eleven_flash_v2_5",
        .stability = 0.5,
        .similarity = 0.75,
        .speed = 1.0,
        .connect_timeout_ms = 3000,
        .inactivity_timeout_s = 180};
    struct listening listening = {0};
    struct tts *tts;
    assert_int_equal(
        elevenlabs_tts.open(&tts, story->net.loop, &settings, &listener, &listening), ERR_OK);
    assert_int_equal(elevenlabs_tts.text(tts, 1, SLICE("Sure, Tuesday at three."), true), ERR_OK);
    assert_int_equal(elevenlabs_tts.text(tts, 1, SLICE("Anything else?"), true), ERR_OK);
    elevenlabs_tts.end(tts, 1);
    assert_int_equal(elevenlabs_tts.text(tts, 2, SLICE("An interrupted one."), true), ERR_OK);
    elevenlabs_tts.cancel(tts, 2);
    assert_int_equal(elevenlabs_tts.text(tts, 3, SLICE("Goodbye!"), true), ERR_OK);
    elevenlabs_tts.end(tts, 3);
    story_until(
        &story->net, (listening.has_ended[1] && listening.has_ended[3]) || listening.failed[0]);
    assert_string_equal(listening.failed, "");
    assert_non_null(strstr(listening.text[1], "Sure, Tuesday at three. Anything else?"));
    assert_true(listening.bytes[1] > 8000 && listening.bytes[3] > 2000);
    assert_in_range(listening.last_ms[1], 1000, listening.bytes[1] / 8);
    assert_false(listening.has_ended[2]);
    elevenlabs_tts.close(tts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_heard, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(a_call_is_heard_through_files, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            what_is_heard_in_silence_is_dropped, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            faults_of_files_are_told_by_kind, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(a_reply_with_tools_is_read, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(replies_are_spoken, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

/* The runtime's own provider clients against the sandbox: what they send is what the services accept. */
#include "unit/sandbox/hearing.h"

#include <stdio.h>
#include <string.h>

#include "media/g711.h"
#include "providers/llm.h"
#include "providers/stt.h"
#include "providers/tts.h"

/* ---- speech to text ---- */

static void on_words(
    void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    struct hearing *hearing = owner;
    assert_true(is_estimated);
    assert_true(words[0].start_ms < words[count - 1].end_ms);
    hearing->words_end_ms = words[count - 1].end_ms;
}

static struct stt *open_ears(
    struct sandbox_story *story, const struct stt_settings *settings, struct hearing *hearing)
{
    static const struct stt_listener listener = {.on_ready = on_stt_ready,
        .on_partial = on_partial,
        .on_words = on_words,
        .on_final = on_final,
        .on_failed = on_stt_failed};
    struct stt *stt;
    *hearing = (struct hearing){0};
    assert_int_equal(
        openai_realtime_stt.open(&stt, story->net.loop, settings, &listener, hearing), ERR_OK);
    story_until(&story->net, hearing->is_ready || hearing->failed[0]);
    assert_string_equal(hearing->failed, "");
    return stt;
}

static struct stt_settings ears_settings(struct sandbox_story *story, const char *model)
{
    return (struct stt_settings){.base_url = origin(story),
        .api_key = "sk-test",
        .model = model,
        .language = "en",
        .connect_timeout_ms = 3000};
}

static void say(struct stt *stt, int amplitude, int frames)
{
    struct frame frame;
    for (int i = 0; i < FRAME_SAMPLES; i++)
        frame.pcm[i] = (int16_t)(i % 16 < 8 ? amplitude : -amplitude);
    g711_to_ulaw(frame.ulaw, frame.pcm, FRAME_SAMPLES);
    while (frames--)
        openai_realtime_stt.audio(stt, frame.ulaw);
}

static void hear(struct sandbox_story *story, const char *model, bool send_ulaw)
{
    struct stt_settings settings = ears_settings(story, model);
    struct hearing hearing;
    settings.send_ulaw = send_ulaw;
    control(story, "POST", "/transcripts", "{\"texts\":[\"what are your hours on saturday\"]}");
    struct stt *stt = open_ears(story, &settings, &hearing);
    say(stt, 5000, 40);
    uint32_t item = openai_realtime_stt.commit(stt);
    assert_int_equal(item, 1);
    story_until(&story->net, hearing.final_item == 1 || hearing.failed[0]);
    assert_string_equal(hearing.failed, "");
    assert_string_equal(hearing.final, "what are your hours on saturday");
    assert_true(hearing.partials > 0);
    assert_in_range(hearing.words_end_ms, 600, 800);
    openai_realtime_stt.close(stt);
}

static void a_call_is_heard(void **state)
{
    hear(*state, "gpt-realtime-whisper", false);
    hear(*state, "gpt-realtime-whisper", true);
    hear(*state, "gpt-live-transcribe", true);
    hear(*state, "gpt-4o-transcribe", false);
    hear(*state, "gpt-4o-transcribe", true);
}

static void prompts_are_for_models_that_take_them(void **state)
{
    struct sandbox_story *story = *state;
    static const char *const models[] = {"gpt-4o-transcribe", "gpt-realtime-whisper"};
    for (size_t i = 0; i < 2; i++) {
        struct stt_settings settings = ears_settings(story, models[i]);
        struct hearing hearing;
        settings.prompt = "Moonline, Ava";
        openai_realtime_stt.close(open_ears(story, &settings, &hearing));
    }
}

/* Finals in the order of items, whatever order they came in. */
static bool has_all(const struct hearing *hearing)
{
    return strstr(hearing->all, "1 one\n") && strstr(hearing->all, "2 two\n") &&
           strstr(hearing->all, "3 three\n") && strstr(hearing->all, "4 four\n") &&
           hearing->finals == 4;
}

static void completions_out_of_order_are_all_heard(void **state)
{
    struct sandbox_story *story = *state;
    struct stt_settings settings = ears_settings(story, "gpt-4o-transcribe");
    struct hearing hearing;
    control(story, "POST", "/transcription", "{\"late_ms\":50}");
    control(story, "POST", "/transcripts", "{\"texts\":[\"one\",\"two\",\"three\",\"four\"]}");
    struct stt *stt = open_ears(story, &settings, &hearing);
    for (uint32_t item = 1; item <= 4; item++) {
        say(stt, 5000, 20);
        assert_int_equal(openai_realtime_stt.commit(stt), item);
    }
    story_until(&story->net, hearing.finals == 4 || hearing.failed[0]);
    assert_true(has_all(&hearing));
    assert_null(strstr(hearing.all, "1 one\n2 two\n"));
    openai_realtime_stt.close(stt);
}

static uint64_t opened_sessions(struct sandbox_story *story)
{
    json_t *state = control_state(story);
    uint64_t count = (uint64_t)json_integer_value(
        json_object_get(json_object_get(state, "counts"), "stt_sessions"));
    json_decref(state);
    return count;
}

/* Utterances as long as a session lives: each is spoken across its end, and transcribed by the next one. */
static void sessions_expire_in_the_middle_of_utterances(void **state)
{
    struct sandbox_story *story = *state;
    struct stt_settings settings = ears_settings(story, "gpt-4o-transcribe");
    struct hearing hearing;
    settings.send_ulaw = true;
    control(story, "POST", "/transcription", "{\"session_seconds\":1}");
    struct stt *stt = open_ears(story, &settings, &hearing);
    /* While a recording is known texts are given out at the commit only, not to the session that is left. */
    control(story, "POST", "/transcripts",
        "{\"texts\":[\"one\",\"two\"],\"by_audio\":[{\"text\":\"never said\"}]}");
    for (uint32_t item = 1; item <= 2; item++) {
        uint64_t before = opened_sessions(story);
        say(stt, 5000, 30);
        story_until(&story->net, opened_sessions(story) > before);
        story_run_for(&story->net, 400); /* the session before is gone by then */
        say(stt, 5000, 10);
        assert_int_equal(openai_realtime_stt.commit(stt), item);
        story_until(&story->net, hearing.finals == item || hearing.failed[0]);
    }
    assert_string_equal(hearing.failed, "");
    assert_string_equal(hearing.all, "1 one\n2 two\n");
    openai_realtime_stt.close(stt);
}

static void older_servers_are_understood(void **state)
{
    static const struct {
        const char *path;
        const char *model;
        bool send_ulaw;
        bool is_detection_fixed;
    } rows[] = {
        {"/beta/v1/realtime?intent=transcription", "gpt-4o-transcribe", true, false},
        {"/speaches/v1/realtime?model={model}&intent=transcription", "big/ear", false, false},
        {"/speaches/v1/realtime?model={model}&intent=transcription", "big/ear", false, true},
    };
    struct sandbox_story *story = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stt_settings settings = ears_settings(story, rows[i].model);
        struct hearing hearing;
        settings.path = rows[i].path;
        settings.send_ulaw = rows[i].send_ulaw;
        settings.is_beta = true;
        control(story, "POST", "/transcription",
            rows[i].is_detection_fixed ? "{\"detection_fixed\":true}"
                                       : "{\"detection_fixed\":false}");
        control(story, "POST", "/transcripts", "{\"texts\":[\"one\",\"two\"]}");
        struct stt *stt = open_ears(story, &settings, &hearing);
        for (uint32_t item = 1; item <= 2; item++) {
            say(stt, 5000, 40);
            story_run_for(&story->net, 30);
            assert_int_equal(openai_realtime_stt.commit(stt), item);
            story_until(&story->net, hearing.finals == item || hearing.failed[0]);
        }
        assert_string_equal(hearing.failed, "");
        assert_string_equal(hearing.all, "1 one\n2 two\n");
        openai_realtime_stt.close(stt);
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

/* All of them, of whatever coding and with or without times. */
static const struct speaker {
    const struct tts_ops *ops;
    const char *voice, *model;
    enum tts_format format;
    bool has_times;
} speakers[] = {
    {&elevenlabs_tts, "sbxAvaReceptionist01", "eleven_flash_v2_5", TTS_FORMAT_ULAW, true},
    {&elevenlabs_tts, "sbxAvaReceptionist01", "eleven_flash_v2_5", TTS_FORMAT_PCM, true},
    {&elevenlabs_http_tts, "sbxAvaReceptionist01", "eleven_v3", TTS_FORMAT_ULAW, true},
    {&elevenlabs_http_tts, "sbxAvaReceptionist01", "eleven_v3", TTS_FORMAT_PCM, true},
    {&openai_speech_tts, "coral", "gpt-4o-mini-tts", TTS_FORMAT_PCM, false},
};

static void expect_spoken(const struct speaker *speaker, const struct listening *listening)
{
    assert_string_equal(listening->failed, "");
    assert_true(listening->bytes[1] > 8000 && listening->bytes[3] > 2000);
    assert_false(listening->has_ended[2]);
    assert_int_equal(listening->text[1][0] != 0, speaker->has_times);
    if (!speaker->has_times)
        return;
    assert_non_null(strstr(listening->text[1], "Sure, Tuesday at three. Anything else?"));
    assert_in_range(listening->last_ms[1], 1000, listening->bytes[1] / 8);
}

static void speak(struct sandbox_story *story, const struct speaker *speaker)
{
    static const struct tts_listener listener = {.on_ready = on_tts_ready,
        .on_audio = on_audio,
        .on_timings = on_timings,
        .on_end = on_end,
        .on_failed = on_tts_failed};
    struct tts_settings settings = {.base_url = origin(story),
        .api_key = "k",
        .voice_id = speaker->voice,
        .model = speaker->model,
        .instructions = "Calm.",
        .format = speaker->format,
        .stability = 0.5,
        .similarity = 0.75,
        .speed = 1.0,
        .connect_timeout_ms = 3000,
        .inactivity_timeout_s = 180};
    const struct tts_ops *ops = speaker->ops;
    struct listening listening = {0};
    struct tts *tts;
    assert_int_equal(ops->open(&tts, story->net.loop, &settings, &listener, &listening), ERR_OK);
    assert_int_equal(ops->text(tts, 1, SLICE("Sure, Tuesday at three."), true), ERR_OK);
    assert_int_equal(ops->text(tts, 1, SLICE("Anything else?"), true), ERR_OK);
    ops->end(tts, 1);
    assert_int_equal(ops->text(tts, 2, SLICE("An interrupted one."), true), ERR_OK);
    ops->cancel(tts, 2);
    assert_int_equal(ops->text(tts, 3, SLICE("Goodbye!"), true), ERR_OK);
    ops->end(tts, 3);
    story_until(
        &story->net, (listening.has_ended[1] && listening.has_ended[3]) || listening.failed[0]);
    expect_spoken(speaker, &listening);
    ops->close(tts);
}

static void replies_are_spoken(void **state)
{
    for (size_t i = 0; i < sizeof speakers / sizeof *speakers; i++)
        speak(*state, &speakers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_is_heard, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            prompts_are_for_models_that_take_them, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            completions_out_of_order_are_all_heard, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            sessions_expire_in_the_middle_of_utterances, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(older_servers_are_understood, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(a_reply_with_tools_is_read, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(replies_are_spoken, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

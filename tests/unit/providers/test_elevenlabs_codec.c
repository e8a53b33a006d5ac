#include <stdio.h>
#include <string.h>

#include "cmocka_head.h"
#include "providers/elevenlabs_codec.h"

#define UNSET .stability = -1, .similarity = -1, .speed = -1

static void the_address_names_voice_model_and_format(void **state)
{
    static const struct {
        struct tts_settings settings;
        const char *url;
    } rows[] = {
        {{.base_url = "https://api.elevenlabs.io",
             .voice_id = "v1",
             .model = "eleven_flash_v2_5",
             .inactivity_timeout_s = 180},
            "wss://api.elevenlabs.io/v1/text-to-speech/v1/"
            "multi-stream-input?model_id=eleven_flash_v2_5"
            "&output_format=ulaw_8000&sync_alignment=true&inactivity_timeout=180"},
        {{.base_url = "http://127.0.0.1:9100/",
             .voice_id = "a/b?",
             .model = "eleven_flash_v2_5",
             .language = "en"},
            "ws://127.0.0.1:9100/v1/text-to-speech/a%2Fb%3F/"
            "multi-stream-input?model_id=eleven_flash_v2_5"
            "&output_format=ulaw_8000&sync_alignment=true&language_code=en"},
        {{.base_url = "http://h",
             .voice_id = "v",
             .model = "eleven_multilingual_v2",
             .language = "en"},
            "ws://h/v1/text-to-speech/v/multi-stream-input?model_id=eleven_multilingual_v2"
            "&output_format=ulaw_8000&sync_alignment=true"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf url;
        strbuf_init(&url, 1000);
        assert_int_equal(elevenlabs_url(&url, &rows[i].settings), ERR_OK);
        assert_string_equal(url.data, rows[i].url);
        strbuf_free(&url);
    }
}

static void a_context_opens_with_the_settings_that_are_set(void **state)
{
#define REST "\"generation_config\":{\"chunk_length_schedule\":[50,120,160,250]}}"
    static const struct {
        struct tts_settings settings;
        const char *message;
    } rows[] = {
        {{UNSET}, "{\"text\":\" \",\"context_id\":\"t7\"," REST},
        {{.stability = 0.5, .similarity = 0.75, .speed = 1.1},
            "{\"text\":\" \",\"context_id\":\"t7\",\"voice_settings\":{\"stability\":0.5,"
            "\"similarity_boost\":0.75,\"speed\":1.1}," REST},
        {{.stability = -1, .similarity = -1, .speed = 0.9},
            "{\"text\":\" \",\"context_id\":\"t7\",\"voice_settings\":{\"speed\":0.9}," REST},
        {{.stability = 0, .similarity = -1, .speed = 1},
            "{\"text\":\" "
            "\",\"context_id\":\"t7\",\"voice_settings\":{\"stability\":0,\"speed\":1}," REST},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        elevenlabs_open(&out, (struct elevenlabs_id){7, 0}, &rows[i].settings);
        assert_string_equal(out.data, rows[i].message);
        strbuf_free(&out);
    }
}

static void text_ends_with_one_blank(void **state)
{
    static const struct {
        const char *text;
        bool flush;
        const char *message;
    } rows[] = {
        {"Sure.", false, "{\"text\":\"Sure. \",\"context_id\":\"t7.2\"}"},
        {" Sure. \n", true, "{\"text\":\"Sure. \",\"context_id\":\"t7.2\",\"flush\":true}"},
        {"\"caf\xc3\xa9\"\\", false,
            "{\"text\":\"\\\"caf\xc3\xa9\\\"\\\\ \",\"context_id\":\"t7.2\"}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        elevenlabs_text(
            &out, (struct elevenlabs_id){7, 2}, slice_from(rows[i].text), rows[i].flush);
        assert_string_equal(out.data, rows[i].message);
        strbuf_free(&out);
    }
}

static void short_messages(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    elevenlabs_flush(&out, (struct elevenlabs_id){7, 0});
    elevenlabs_close(&out, (struct elevenlabs_id){4294967295u, 0});
    elevenlabs_keep_alive(&out, (struct elevenlabs_id){7, 0});
    assert_string_equal(out.data, "{\"context_id\":\"t7\",\"flush\":true}{\"context_id\":"
                                  "\"t4294967295\",\"close_context\":true}"
                                  "{\"text\":\"\",\"context_id\":\"t7\"}");
    strbuf_free(&out);
}

#define CHARS "\"chars\":[\"H\",\"\xc3\xa9\",\" \"],\"charStartTimesMs\":[0,58,116],"
#define HE "H@0+58 \xc3\xa9@58+60  @116+40 "

static const struct {
    const char *message;
    const char *outcome; /* id audio final error timings */
} messages[] = {
    {"{\"audio\":\"f39/fw==\",\"contextId\":\"t7\",\"isFinal\":null,\"alignment\":{" CHARS
     "\"charDurationsMs\":[58,60,40]},\"normalizedAlignment\":{\"chars\":[\"x\"],"
     "\"charStartTimesMs\":[0]}}",
        "7.0 audio=4 " HE},
    {"{\"audio\":\"f39/fw==\",\"context_id\":\"t7\",\"is_final\":false,\"alignment\":{" CHARS
     "\"charsDurationsMs\":[58,60,40]}}",
        "7.0 audio=4 " HE},
    {"{\"contextId\":null,\"context_id\":\"t7.1\",\"isFinal\":null,\"is_final\":true}",
        "7.1 audio=0 final "},
    {"{\"contextId\":\"t7\",\"isFinal\":true}", "7.0 audio=0 final "},
    {"{\"audio\":null,\"alignment\":null,\"isFinal\":true,\"contextId\":\"t7\"}",
        "7.0 audio=0 final "},
    {"{\"audio\":\"\",\"contextId\":\"t7\"}", "7.0 audio=0 "},
    {"{\"audio\":7,\"contextId\":\"t7\"}", "7.0 audio=0 "},
    {"{\"audio\":\"fw==\",\"contextId\":\"t7\",\"isFinal\":true}", "7.0 audio=1 final "},
    {"{\"contextId\":\"t7\",\"alignment\":{" CHARS "\"charDurationsMs\":null}}",
        "7.0 audio=0 H@0+0 \xc3\xa9@58+0  @116+0 "},
    {"{\"contextId\":\"t7\",\"alignment\":{\"chars\":[\"a\",\"b\"],\"charStartTimesMs\":[1.9],"
     "\"charDurationsMs\":[2]}}",
        "7.0 audio=0 a@1+2 "},
    {"{\"contextId\":\"t7\",\"alignment\":{\"chars\":[7,\"\",\"c\"],\"charStartTimesMs\":[-1,1e99,"
     "\"x\"]}}",
        "7.0 audio=0 c@0+0 "},
    {"{\"contextId\":\"t7\",\"alignment\":[]}", "7.0 audio=0 "},
    {"{\"audio\":\"fw==\",\"contextId\":\"t7\",\"alignment\":{\"charStartTimesMs\":[1e400]}}",
        "7.0 audio=1 untimed "},
    {"{\"audio\":\"fw==\",\"contextId\":\"t7\",\"alignment\":{\"charStartTimesMs\":"
     "[99999999999999999999]}}",
        "7.0 audio=1 untimed "},
    {"{\"audio\":\"fw==\",\"contextId\":\"t7\",\"alignment\":{\"chars\":[\"\\ud800\"]}}",
        "7.0 audio=1 untimed "},
    {"{\"audio\":\"fw==\",\"contextId\":\"t7\",\"normalizedAlignment\":{\"chars\":[1e400]}}",
        "7.0 audio=1 "},
    {"{\"audio\":7,\"contextId\":\"t1\",\"audio\":\"fw==\",\"contextId\":\"t7\"}", "7.0 audio=1 "},
    {"{\"contextId\":\"x7\"}", "0.0 audio=0 "},
    {"{\"contextId\":\"t7x\"}", "0.0 audio=0 "},
    {"{\"contextId\":\"t\"}", "0.0 audio=0 "},
    {"{\"contextId\":\"\"}", "0.0 audio=0 "},
    {"{\"contextId\":7}", "0.0 audio=0 "},
    {"{\"contextId\":\"t4294967295\"}", "4294967295.0 audio=0 "},
    {"{\"contextId\":\"t4294967296\"}", "0.0 audio=0 "},
    {"{\"contextId\":\"t99999999999999999999999\"}", "0.0 audio=0 "},
    {"{\"message\":\"Too many\",\"error\":\"max_active_conversations\",\"code\":1008}",
        "0.0 audio=0 error=max_active_conversations: Too many "},
    {"{\"error\":\"x\"}", "0.0 audio=0 error=x "},
    {"{\"message\":\"a\\nb\xc3\xa9\"}", "0.0 audio=0 error=error: a?b?? "},
    {"{\"code\":1008}", "0.0 audio=0 error=error "},
    {"{\"error\":null,\"message\":null,\"contextId\":\"t7\"}", "7.0 audio=0 "},
};

static void describe(const struct elevenlabs_message *message, struct strbuf *out)
{
    strbuf_printf(out, "%u.%u audio=%zu ", message->id.number, message->id.generation,
        message->speech.audio_len);
    if (message->is_final)
        strbuf_add_text(out, "final ");
    if (message->speech.has_bad_timings)
        strbuf_add_text(out, "untimed ");
    if (message->speech.is_error)
        strbuf_printf(out, "error=%s ", message->speech.error);
    for (size_t i = 0; i < message->speech.timing_count; i++) {
        struct tts_timing timing = message->speech.timings[i];
        strbuf_printf(out, "%.*s@%u+%u ", (int)timing.character.len, timing.character.data,
            timing.start_ms, timing.duration_ms);
    }
}

static void messages_are_understood_in_both_spellings(void **state)
{
    for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
        struct elevenlabs_message message;
        struct strbuf out;
        strbuf_init(&out, 1000);
        print_message("%s\n", messages[i].message);
        assert_int_equal(elevenlabs_decode(&message, slice_from(messages[i].message)), ERR_OK);
        describe(&message, &out);
        assert_string_equal(out.data, messages[i].outcome);
        elevenlabs_message_free(&message);
        strbuf_free(&out);
    }
}

static void audio_is_decoded(void **state)
{
    struct elevenlabs_message message;
    assert_int_equal(
        elevenlabs_decode(&message, SLICE("{\"audio\":\"AH//\",\"contextId\":\"t1\"}")), ERR_OK);
    assert_int_equal(message.speech.audio_len, 3);
    assert_memory_equal(message.speech.audio, "\x00\x7f\xff", 3);
    elevenlabs_message_free(&message);
}

static void a_stream_of_messages_is_understood(void **state)
{
    char line[16 * 1024];
    struct strbuf events;
    FILE *file = fopen(GOLDEN_STREAMS "/elevenlabs_socket.jsonl", "rb");
    assert_non_null(file);
    strbuf_init(&events, 16 * 1024);
    while (fgets(line, sizeof line, file)) {
        struct elevenlabs_message message;
        assert_int_equal(elevenlabs_decode(&message, slice_trim(slice_from(line))), ERR_OK);
        describe(&message, &events);
        strbuf_add_char(&events, '\n');
        elevenlabs_message_free(&message);
    }
    fclose(file);
    assert_string_equal(events.data,
        "7.0 audio=1920 S@0+60 u@60+60 r@120+60 e@180+60 \n"
        "7.0 audio=801 ,@0+20  @20+20 \xc3\xa9@40+30 \xe2\x9c\x93@70+30 \n"
        "7.0 audio=0 \n"
        "8.0 audio=160  @0+10 .@10+10 \n"
        "6.0 audio=80 \n"
        "7.0 audio=0 final \n"
        "8.1 audio=0 final \n"
        "0.0 audio=0 error=max_active_conversations: Maximum simultaneous contexts exceeded: 5 \n");
    strbuf_free(&events);
}

/* No text has that many characters; its tree would be fifty times as large. */
static void an_alignment_without_end_is_none(void **state)
{
    struct elevenlabs_message message;
    struct strbuf text;
    strbuf_init(&text, 8 << 20);
    strbuf_add_text(
        &text, "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"alignment\":{\"chars\":[\"a\"");
    while (text.len < 2 << 20)
        strbuf_add_text(&text, ",[]");
    strbuf_add_text(&text, "],\"charStartTimesMs\":[0]}}");
    assert_int_equal(elevenlabs_decode(&message, strbuf_slice(&text)), ERR_OK);
    assert_int_equal(message.speech.audio_len, 3);
    assert_true(message.speech.has_bad_timings && !message.speech.timing_count);
    elevenlabs_message_free(&message);
    strbuf_free(&text);
}

static void other_messages_are_refused(void **state)
{
    static const char *const rows[] = {"", "{", "[]", "7", "{\"audio\":\"f39/f\"}",
        "{\"audio\":\"f39?\"}", "{\"audio\":\"f39/\",\"alignment\":"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct elevenlabs_message message;
        assert_int_equal(elevenlabs_decode(&message, slice_from(rows[i])), ERR_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_address_names_voice_model_and_format),
        cmocka_unit_test(a_context_opens_with_the_settings_that_are_set),
        cmocka_unit_test(text_ends_with_one_blank),
        cmocka_unit_test(short_messages),
        cmocka_unit_test(messages_are_understood_in_both_spellings),
        cmocka_unit_test(audio_is_decoded),
        cmocka_unit_test(a_stream_of_messages_is_understood),
        cmocka_unit_test(an_alignment_without_end_is_none),
        cmocka_unit_test(other_messages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "cmocka_head.h"
#include "providers/openai_realtime_codec.h"

static void the_session_is_set_up_in_the_current_shape(void **state)
{
    static const struct {
        struct stt_settings settings;
        const char *message;
        enum realtime_shape shape;
    } rows[] = {
        {{.model = "gpt-live", .language = "en"},
            "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{"
            "\"input\":{"
            "\"format\":{\"type\":\"audio/pcm\",\"rate\":24000},"
            "\"transcription\":{\"model\":\"gpt-live\",\"language\":\"en\"},\"turn_detection\":"
            "null}}}}"},
        {{.model = "m", .language = "", .send_ulaw = true},
            "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{"
            "\"input\":{"
            "\"format\":{\"type\":\"audio/pcmu\"},"
            "\"transcription\":{\"model\":\"m\"},\"turn_detection\":null}}}}"},
        {{.model = "m", .prompt = "Moonline, \"Ava\"", .send_ulaw = true},
            "{\"type\":\"session.update\",\"session\":{\"type\":\"transcription\",\"audio\":{"
            "\"input\":{\"format\":{\"type\":\"audio/pcmu\"},\"transcription\":{\"model\":\"m\","
            "\"prompt\":\"Moonline, \\\"Ava\\\"\"},\"turn_detection\":null}}}}"},
        {{.model = "m", .language = "de", .prompt = "p"},
            "{\"type\":\"session.update\",\"session\":{\"input_audio_transcription\":{\"model\":"
            "\"m\",\"language\":\"de\",\"prompt\":\"p\"},\"turn_detection\":null}}",
            REALTIME_FLAT},
        {{.model = "m", .send_ulaw = true},
            "{\"type\":\"transcription_session.update\",\"session\":{\"input_audio_format\":"
            "\"g711_ulaw\",\"input_audio_transcription\":{\"model\":\"m\"},\"turn_detection\":null}"
            "}",
            REALTIME_FLAT_SESSION},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 1000);
        realtime_session_update(&out, &rows[i].settings, rows[i].shape, true);
        assert_string_equal(out.data, rows[i].message);
        strbuf_free(&out);
    }
}

static void audio_of_any_length_is_encoded_whole(void **state)
{
    static const char head[] = "{\"type\":\"input_audio_buffer.append\",\"audio\":\"";
    uint8_t audio[2000], decoded[2003];
    for (size_t i = 0; i < sizeof(audio); i++)
        audio[i] = (uint8_t)(i * 7);
    for (size_t len = 1; len < sizeof(audio); len += 97) {
        struct strbuf out;
        size_t decoded_len;
        strbuf_init(&out, 10000);
        realtime_append(&out, audio, len);
        struct slice text = strbuf_slice(&out);
        assert_true(slice_starts(text, head));
        text = (struct slice){text.data + sizeof(head) - 1, text.len - (sizeof(head) - 1)};
        text = slice_split(&text, '"');
        assert_int_equal(base64_decode(&decoded_len, decoded, sizeof(decoded), text), ERR_OK);
        assert_int_equal(decoded_len, len);
        assert_memory_equal(decoded, audio, len);
        strbuf_free(&out);
    }
}

static void a_commit_names_its_item(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    realtime_commit(&out, 7);
    assert_string_equal(
        out.data, "{\"type\":\"input_audio_buffer.commit\",\"event_id\":\"commit_7\"}");
    strbuf_free(&out);
}

#define ERROR(json) "{\"type\":\"error\",\"event_id\":\"e\",\"error\":" json "}"

static const struct {
    const char *message;
    enum realtime_kind kind;
    const char *item_id;
    const char *text;
    enum realtime_severity severity;
    const char *code;
    uint32_t commit;
} events[] = {
    {"{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":{}}", REALTIME_CREATED, "", ""},
    {"{\"type\":\"session.updated\"}", REALTIME_UPDATED, "", ""},
    {"{\"type\":\"transcription_session.created\"}", REALTIME_CREATED, "", ""},
    {"{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"i\",\"audio_start_ms\":7}",
        REALTIME_SPEECH_STARTED, "i", ""},
    {"{\"type\":\"input_audio_buffer.speech_stopped\",\"item_id\":\"i\",\"audio_end_ms\":9}",
        REALTIME_SPEECH_STOPPED, "i", ""},
    {"{\"type\":\"input_audio_buffer.partial_transcription\",\"item_id\":\"i\",\"transcript\":"
     "\"so far\"}",
        REALTIME_GUESS, "i", "so far"},
    {"{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"item_9\",\"previous_item_id\":null}",
        REALTIME_COMMITTED, "item_9", ""},
    {"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"i\",\"delta\":"
     "\" H\\u00e9\"}",
        REALTIME_DELTA, "i", " H\xc3\xa9"},
    {"{\"type\":\"conversation.item.input_audio_transcription.delta\",\"item_id\":\"i\"}",
        REALTIME_DELTA, "i", ""},
    {"{\"type\":\"conversation.item.input_audio_transcription.completed\",\"item_id\":\"i\","
     "\"transcript\":\"Hi.\","
     "\"delta\":\"no\",\"usage\":{\"type\":\"duration\",\"seconds\":2.5}}",
        REALTIME_COMPLETED, "i", "Hi."},
    {"{\"type\":\"conversation.item.input_audio_transcription.failed\",\"item_id\":\"i\",\"error\":"
     "{\"type\":"
     "\"server_error\",\"code\":\"audio_unintelligible\"}}",
        REALTIME_FAILED, "i", "", REALTIME_USABLE, "audio_unintelligible"},
    {"{\"type\":\"conversation.item.added\",\"item\":{}}", REALTIME_OTHER, "", ""},
    {"{\"type\":\"rate_limits.updated\",\"item_id\":7,\"delta\":[]}", REALTIME_OTHER, "", ""},
    {ERROR("{\"type\":\"invalid_request_error\",\"code\":\"x\",\"message\":\"m\"}"), REALTIME_ERROR,
        "", "", REALTIME_USABLE, "x"},
    {ERROR("{\"type\":\"invalid_request_error\",\"code\":null}"), REALTIME_ERROR, "", "",
        REALTIME_USABLE, "invalid_request_error"},
    {ERROR("{\"code\":\"input_audio_buffer_commit_empty\",\"event_id\":\"commit_12\"}"),
        REALTIME_ERROR, "", "", REALTIME_EMPTY, "input_audio_buffer_commit_empty", 12},
    {ERROR("{\"code\":\"input_audio_buffer_commit_empty\",\"event_id\":\"commit_1x\"}"),
        REALTIME_ERROR, "", "", REALTIME_EMPTY, "input_audio_buffer_commit_empty", 0},
    {ERROR("{\"code\":\"x\",\"event_id\":\"commit_99999999999\"}"), REALTIME_ERROR, "", "",
        REALTIME_USABLE, "x"},
    {ERROR("{\"code\":\"x\",\"event_id\":\"commit_4294967296\"}"), REALTIME_ERROR, "", "",
        REALTIME_USABLE, "x"},
    {ERROR("{\"code\":\"x\",\"event_id\":\"mine\"}"), REALTIME_ERROR, "", "", REALTIME_USABLE, "x"},
    {ERROR("{\"type\":\"invalid_request_error\",\"code\":\"session_expired\"}"), REALTIME_ERROR, "",
        "", REALTIME_EXPIRED, "session_expired"},
    {ERROR("{\"code\":\"beta_api_shape_disabled\"}"), REALTIME_ERROR, "", "", REALTIME_FATAL,
        "beta_api_shape_disabled"},
    {ERROR("{\"code\":\"invalid_model\"}"), REALTIME_ERROR, "", "", REALTIME_FATAL,
        "invalid_model"},
    {ERROR("{\"code\":\"insufficient_quota\"}"), REALTIME_ERROR, "", "", REALTIME_FATAL,
        "insufficient_quota"},
    {ERROR("{\"code\":\"invalid_api_key\"}"), REALTIME_ERROR, "", "", REALTIME_FATAL,
        "invalid_api_key"},
    {ERROR("{\"type\":\"authentication_error\",\"code\":\"y\"}"), REALTIME_ERROR, "", "",
        REALTIME_FATAL, "y"},
    {ERROR("{\"type\":\"requests\",\"code\":\"rate_limit_exceeded\"}"), REALTIME_ERROR, "", "",
        REALTIME_LATER, "rate_limit_exceeded"},
    {ERROR("\"text\""), REALTIME_ERROR, "", "", REALTIME_USABLE, ""},
    {"{\"type\":\"error\"}", REALTIME_ERROR, "", "", REALTIME_USABLE, ""},
};

static void events_are_understood(void **state)
{
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        struct realtime_event event;
        print_message("%s\n", events[i].message);
        assert_int_equal(realtime_decode(&event, slice_from(events[i].message)), ERR_OK);
        assert_int_equal(event.kind, events[i].kind);
        assert_true(slice_is(event.item_id, events[i].item_id));
        assert_true(slice_is(event.text, events[i].text));
        assert_int_equal(event.severity, events[i].severity);
        assert_string_equal(event.code, events[i].code ? events[i].code : "");
        assert_int_equal(event.commit, events[i].commit);
        realtime_event_free(&event);
    }
}

static void errors_say_what_they_are_to_the_call(void **state)
{
    static const struct {
        const char *code;
        enum failure_kind failure;
    } rows[] = {
        {"insufficient_quota", FAILURE_QUOTA},
        {"invalid_api_key", FAILURE_KEY},
        {"invalid_model", FAILURE_REQUEST},
        {"beta_api_shape_disabled", FAILURE_REQUEST},
        {"rate_limit_exceeded", FAILURE_BUSY},
        {"server_error", FAILURE_BROKEN},
        {"session_expired", FAILURE_CUT},
        {"anything_else", FAILURE_REQUEST},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct realtime_event event;
        char message[200];
        snprintf(message, sizeof(message), ERROR("{\"code\":\"%s\"}"), rows[i].code);
        assert_int_equal(realtime_decode(&event, slice_from(message)), ERR_OK);
        assert_int_equal(event.failure, rows[i].failure);
        assert_true(event.has_code);
        assert_false(event.is_about_prompt);
        realtime_event_free(&event);
    }
}

static void a_refused_prompt_is_known_by_its_parameter(void **state)
{
    struct realtime_event event;
    assert_int_equal(
        realtime_decode(&event, SLICE(ERROR("{\"code\":\"invalid_value\",\"param\":"
                                            "\"session.audio.input.transcription.prompt\"}"))),
        ERR_OK);
    assert_true(event.is_about_prompt);
    realtime_event_free(&event);
}

static void sessions_tell_their_end_and_who_ends_items(void **state)
{
    static const struct {
        const char *session;
        uint64_t expires_at_s;
        bool is_detecting;
        unsigned silence_ms;
    } rows[] = {
        {"{}", 0, false, REALTIME_USUAL_SILENCE_MS},
        {"7", 0, false, REALTIME_USUAL_SILENCE_MS},
        {"{\"expires_at\":1790000000,\"audio\":{\"input\":{\"turn_detection\":null}}}", 1790000000,
            false, REALTIME_USUAL_SILENCE_MS},
        {"{\"expires_at\":-1,\"audio\":{\"input\":{\"turn_detection\":{\"type\":\"server_vad\","
         "\"silence_duration_ms\":350}}}}",
            0, true, 350},
        {"{\"expires_at\":\"soon\",\"turn_detection\":{\"silence_duration_ms\":99999999}}", 0, true,
            REALTIME_USUAL_SILENCE_MS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct realtime_event event;
        char message[300];
        snprintf(message, sizeof(message), "{\"type\":\"session.updated\",\"session\":%s}",
            rows[i].session);
        assert_int_equal(realtime_decode(&event, slice_from(message)), ERR_OK);
        assert_int_equal(event.session.expires_at_s, rows[i].expires_at_s);
        assert_int_equal(event.session.is_detecting, rows[i].is_detecting);
        assert_int_equal(event.session.silence_ms, rows[i].silence_ms);
        assert_false(event.session.is_flat);
        realtime_event_free(&event);
    }
}

static void other_messages_are_refused(void **state)
{
    static const char *const rows[] = {
        "", "{", "[]", "7", "{}", "{\"type\":7}", "{\"type\":null}", "{\"type\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct realtime_event event;
        assert_int_equal(realtime_decode(&event, slice_from(rows[i])), ERR_BAD);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_is_set_up_in_the_current_shape),
        cmocka_unit_test(audio_of_any_length_is_encoded_whole),
        cmocka_unit_test(a_commit_names_its_item),
        cmocka_unit_test(events_are_understood),
        cmocka_unit_test(errors_say_what_they_are_to_the_call),
        cmocka_unit_test(a_refused_prompt_is_known_by_its_parameter),
        cmocka_unit_test(sessions_tell_their_end_and_who_ends_items),
        cmocka_unit_test(other_messages_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

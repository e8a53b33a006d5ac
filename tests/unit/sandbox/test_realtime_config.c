/* session.update by the letter: what is merged, what is refused and with which parameter. */
#include "unit/sandbox/cmocka_head.h"

#include <string.h>

#include "openai/realtime_config.h"

static enum err update(json_t *config, const char *text, struct api_error *error)
{
    json_t *session = json_loads(text, 0, NULL);
    assert_non_null(session);
    enum err err = realtime_config_update(config, session, error);
    json_decref(session);
    return err;
}

static const char WHISPER[] =
    "{\"type\":\"transcription\",\"audio\":{\"input\":{\"transcription\":"
    "{\"model\":\"gpt-realtime-whisper\",\"language\":\"en\"},\"turn_detection\":null}}}";

static void a_live_model_is_accepted_without_detection(void **state)
{
    struct api_error error;
    json_t *config = realtime_config_create("sess_1", 100);
    assert_int_equal(realtime_config_plan(config).mode, STT_NONE);
    assert_int_equal(realtime_config_plan(config).detection, DETECT_SERVER);
    assert_int_equal(update(config, WHISPER, &error), ERR_OK);
    struct stt_plan plan = realtime_config_plan(config);
    assert_int_equal(plan.mode, STT_LIVE);
    assert_int_equal(plan.detection, DETECT_NONE);
    assert_int_equal(plan.format, STT_PCM_24K);
    json_decref(config);
}

static void omitted_fields_keep_their_value(void **state)
{
    struct api_error error;
    json_t *config = realtime_config_create("sess_1", 100);
    assert_int_equal(update(config, WHISPER, &error), ERR_OK);
    assert_int_equal(update(config,
                         "{\"type\":\"transcription\",\"audio\":{\"input\":{\"format\":{\"type\":"
                         "\"audio/pcmu\"},\"noise_reduction\":{\"type\":\"near_field\"}}}}",
                         &error),
        ERR_OK);
    struct stt_plan plan = realtime_config_plan(config);
    assert_int_equal(plan.mode, STT_LIVE);
    assert_int_equal(plan.format, STT_PCMU);
    const json_t *input = json_object_get(json_object_get(config, "audio"), "input");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(input, "transcription"), "language")),
        "en");
    assert_null(json_object_get(json_object_get(input, "format"), "rate"));
    assert_int_equal(update(config,
                         "{\"type\":\"transcription\",\"audio\":{\"input\":"
                         "{\"noise_reduction\":null,\"format\":{\"type\":\"audio/pcm\"}}}}",
                         &error),
        ERR_OK);
    input = json_object_get(json_object_get(config, "audio"), "input");
    assert_true(json_is_null(json_object_get(input, "noise_reduction")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(input, "format"), "rate")), 24000);
    json_decref(config);
}

static void detection_of_a_type_starts_from_its_defaults(void **state)
{
    struct api_error error;
    json_t *config = realtime_config_create("sess_1", 100);
    const char *start = "{\"type\":\"transcription\",\"audio\":{\"input\":{\"transcription\":"
                        "{\"model\":\"gpt-4o-transcribe\"},\"turn_detection\":{\"type\":"
                        "\"server_vad\",\"silence_duration_ms\":200}}}}";
    assert_int_equal(update(config, start, &error), ERR_OK);
    assert_int_equal(realtime_config_plan(config).mode, STT_AFTER_COMMIT);
    assert_int_equal(realtime_config_plan(config).silence_ms, 200);
    assert_int_equal(update(config,
                         "{\"type\":\"transcription\",\"audio\":{\"input\":{\"turn_detection\":"
                         "{\"type\":\"semantic_vad\",\"eagerness\":\"high\"}}}}",
                         &error),
        ERR_OK);
    assert_int_equal(realtime_config_plan(config).detection, DETECT_SEMANTIC);
    assert_int_equal(realtime_config_plan(config).silence_ms, 2000);
    json_decref(config);
}

#define INPUT(fields) "{\"type\":\"transcription\",\"audio\":{\"input\":{" fields "}}}"

static const struct {
    const char *update;
    const char *code;
    const char *param;
} refusals[] = {
    {"{}", "missing_required_parameter", "session.type"},
    {"{\"type\":\"realtime\"}", "invalid_value", "session.type"},
    {"{\"type\":\"transcription\",\"model\":\"x\"}", "unknown_parameter", "session.model"},
    {"{\"type\":\"transcription\",\"input_audio_format\":\"pcm16\"}", "unknown_parameter",
        "session.input_audio_format"},
    {"{\"type\":\"transcription\",\"audio\":{\"output\":{}}}", "unknown_parameter",
        "session.audio.output"},
    {"{\"type\":\"transcription\",\"audio\":[]}", "invalid_type", "session.audio"},
    {"{\"type\":\"transcription\",\"include\":[\"x\"]}", "invalid_value", "session.include[]"},
    {INPUT("\"formats\":1"), "unknown_parameter", "session.audio.input.formats"},
    {INPUT("\"format\":{\"type\":\"audio/pcm\",\"rate\":8000}"), "invalid_value",
        "session.audio.input.format.rate"},
    {INPUT("\"format\":{\"type\":\"audio/pcmu\",\"rate\":8000}"), "unknown_parameter",
        "session.audio.input.format.rate"},
    {INPUT("\"format\":{\"type\":\"g711_ulaw\"}"), "invalid_value",
        "session.audio.input.format.type"},
    {INPUT("\"format\":\"pcm16\""), "invalid_type", "session.audio.input.format"},
    {INPUT("\"noise_reduction\":{\"type\":\"loud\"}"), "invalid_value",
        "session.audio.input.noise_reduction.type"},
    {INPUT("\"transcription\":{\"model\":\"gpt-4o\"}"), "invalid_model",
        "session.audio.input.transcription.model"},
    {INPUT("\"transcription\":{\"model\":\"whisper-1\",\"languge\":\"en\"}"), "unknown_parameter",
        "session.audio.input.transcription.languge"},
    {INPUT("\"transcription\":{\"model\":\"whisper-1\",\"language\":\"english\"}"), "invalid_value",
        "session.audio.input.transcription.language"},
    {INPUT("\"transcription\":{\"model\":\"whisper-1\",\"keywords\":[\"a\"]}"), "invalid_value",
        "session.audio.input.transcription.keywords"},
    {INPUT("\"transcription\":{\"model\":\"whisper-1\",\"delay\":\"low\"}"), "invalid_value",
        "session.audio.input.transcription.delay"},
    {INPUT("\"turn_detection\":null,\"transcription\":{\"model\":\"gpt-realtime-whisper\","
           "\"prompt\":\"x\"}"),
        "invalid_value", "session.audio.input.transcription.prompt"},
    {INPUT("\"transcription\":{\"model\":\"gpt-realtime-whisper\"}"), "invalid_value",
        "session.audio.input.turn_detection"},
    {INPUT("\"turn_detection\":{\"type\":\"magic\"}"), "invalid_value",
        "session.audio.input.turn_detection.type"},
    {INPUT("\"turn_detection\":{\"type\":\"server_vad\",\"threshold\":2}"), "invalid_value",
        "session.audio.input.turn_detection.threshold"},
    {INPUT("\"turn_detection\":{\"type\":\"server_vad\",\"create_response\":true}"),
        "unknown_parameter", "session.audio.input.turn_detection.create_response"},
    {INPUT("\"turn_detection\":{\"type\":\"semantic_vad\",\"eagerness\":\"wild\"}"),
        "invalid_value", "session.audio.input.turn_detection.eagerness"},
};

static void what_is_wrong_is_named_and_changes_nothing(void **state)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct api_error error = {0};
        json_t *config = realtime_config_create("sess_1", 100);
        json_t *before = json_deep_copy(config);
        assert_int_equal(update(config, refusals[i].update, &error), ERR_BAD);
        assert_string_equal(error.code, refusals[i].code);
        assert_string_equal(error.param, refusals[i].param);
        assert_true(json_equal(config, before));
        json_decref(before);
        json_decref(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_model_is_accepted_without_detection),
        cmocka_unit_test(omitted_fields_keep_their_value),
        cmocka_unit_test(detection_of_a_type_starts_from_its_defaults),
        cmocka_unit_test(what_is_wrong_is_named_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

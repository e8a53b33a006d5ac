/* What a call puts into its capture: records that are whole whatever was said, with the times that the parts were given. */
#include "call_double.h"

#include <ftw.h>
#include <jansson.h>
#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/varint.h"
#include "callflow/turn_codec.h"
#include "observe/capture_reader.h"
#include "script/port.h"

static char top[64];
static struct captures *captures;
static struct call *call;

static int remove_one(const char *name, const struct stat *info, int kind, struct FTW *at)
{
    return remove(name);
}

static int begin(void **state)
{
    char why[256];
    struct captures_options options = {.path = top, .max_bytes = 1u << 30, .max_days = 30};
    struct ear_settings ear = {.vad = vad_defaults, .jitter_min_ms = 40, .jitter_max_ms = 200};
    strcpy(top, "/tmp/moonline-captured-XXXXXX");
    assert_non_null(mkdtemp(top));
    assert_int_equal(captures_open(&captures, &options, why), ERR_OK);
    assert_int_equal(captures_start(captures), ERR_OK);
    live.options.captures = captures;
    strbuf_init(&worker.captured, CAPTURE_CONTENT_MAX_BYTES);
    agent = (struct agent){.capture = AGENT_CAPTURE_ON, .version = "0123456789abcdef"};
    call = make_call();
    strcpy(call->facts.call_id, "call1");
    strcpy(call->facts.tenant_id, "acme");
    call->started_ms = clock_ms();
    ear_init(&call->ear, &ear, call->started_ms);
    captured_begin(call, &ear);
    return 0;
}

/* Also a test that failed in the middle. */
static int end(void **state)
{
    captured_end(call);
    ear_close(&call->ear);
    free_call(call);
    captures_close(captures);
    strbuf_free(&worker.captured);
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- what is in the file ---- */

static char file[1u << 20];
static struct capture_reader reader;

static void read_back(void)
{
    char path[128];
    captured_end(call);
    captures_settle(captures);
    snprintf(path, sizeof path, "%s/acme/call1.mooncap", top);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t len = fread(file, 1, sizeof file, in);
    fclose(in);
    capture_reader_init(&reader, (struct slice){file, len}, NULL);
}

static struct capture_record next(enum capture_kind kind)
{
    struct capture_record record;
    assert_int_equal(capture_read(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, kind);
    return record;
}

static json_t *next_json(enum capture_kind kind)
{
    struct slice content = next(kind).content;
    json_error_t error;
    json_t *json = json_loadb(content.data, content.len, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("no JSON: %.*s (%s)", (int)content.len, content.data, error.text);
    return json;
}

static void expect_text(
    enum capture_kind kind, const char *event, const char *name, const char *text)
{
    json_t *json = next_json(kind);
    assert_string_equal(json_string_value(json_object_get(json, "event")), event);
    assert_string_equal(json_string_value(json_object_get(json, name)), text);
    json_decref(json);
}

static void stop_reading(void)
{
    capture_reader_free(&reader);
}

/* ---- tests ---- */

static void test_the_head_says_what_the_parts_went_by(void **state)
{
    read_back();
    json_t *head = next_json(CAPTURE_HEADER);
    assert_int_equal(json_integer_value(json_object_get(head, "format")), 1);
    assert_string_equal(json_string_value(json_object_get(head, "call_id")), "call1");
    assert_string_equal(
        json_string_value(json_object_get(head, "agent_version")), "0123456789abcdef");
    json_t *settings = json_object_get(head, "settings");
    assert_int_equal(json_object_size(settings), turn_settings_count());
    assert_int_equal(
        json_integer_value(json_object_get(settings, "silence_ms")), turn_defaults.silence_ms);
    assert_int_equal(json_object_size(json_object_get(head, "names")), TURN_LISTS);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(head, "jitter"), "max_ms")), 200);
    json_decref(head);
    stop_reading();
}

static void test_what_anybody_says_is_valid_json(void **state)
{
    captured_stt(call, "final", 3, SLICE("\"quoted\" \\ \xff\n"));
    captured_llm(call, "text", SLICE("a\tb"));
    captured_llm_ask(call, SLICE("[{\"role\":\"system\"}]"), SLICE(""));
    captured_tts_timings(
        call, 1, (const struct tts_timing[]){{.character = SLICE("\""), .start_ms = 7}}, 1);
    captured_failed(call, CAPTURE_TTS,
        &(struct failure){.kind = FAILURE_OURS, .err = ERR_CLOSED, .why = "\x01"});
    captured_note(call, "phase", "phase", "close\"");
    read_back();
    json_decref(next_json(CAPTURE_HEADER));
    expect_text(CAPTURE_STT, "final", "text", "\"quoted\" \\ \xef\xbf\xbd\n");
    expect_text(CAPTURE_LLM, "text", "text", "a\tb");
    json_t *ask = next_json(CAPTURE_LLM);
    assert_int_equal(json_array_size(json_object_get(ask, "messages")), 1);
    assert_int_equal(json_array_size(json_object_get(ask, "tools")), 0);
    json_decref(ask);
    json_decref(next_json(CAPTURE_TTS));
    expect_text(CAPTURE_TTS, "failed", "why", "\x01");
    expect_text(CAPTURE_NOTE, "phase", "phase", "close\"");
    stop_reading();
}

static void test_what_scripts_are_asked_and_answer(void **state)
{
    struct script_job job = {.kind = SCRIPT_TOOL,
        .tool_name = "book",
        .tool_call_id = "id1",
        .arguments = "{x}", /* the model's text, no JSON */
        .epoch = 4};
    struct script_result result = {.kind = SCRIPT_PROMPT, .text = "You are \"it\".", .epoch = 4};
    captured_asked(call, &job);
    captured_answered(call, &result);
    result = (struct script_result){
        .kind = SCRIPT_TOOL, .text = "{\"ok\":true}", .tool_name = "book", .state_json = "{}"};
    captured_answered(call, &result);
    read_back();
    json_decref(next_json(CAPTURE_HEADER));
    expect_text(CAPTURE_SCRIPT_ASKED, "asked", "arguments", "{x}");
    expect_text(CAPTURE_SCRIPT_ANSWERED, "answered", "answer", "You are \"it\".");
    json_t *answer = next_json(CAPTURE_SCRIPT_ANSWERED);
    assert_true(json_is_true(json_object_get(json_object_get(answer, "answer"), "ok")));
    json_decref(answer);
    stop_reading();
}

/* A record has the time that its part was given, even if others were noted meanwhile; a frame that is late is audible when it
   was to be. */
static void test_times_are_those_that_the_parts_were_given(void **state)
{
    uint64_t now_ms = call->started_ms + 1000;
    uint8_t ulaw[FRAME_BYTES] = {0};
    struct turn_actions actions = {.count = 0};
    struct turn_event event = {.kind = TURN_EVENT_TIME};
    struct ear_heard heard = {.activity = VAD_SPEECH_START, .level_dbov = -31.6, .key = '5'};
    captured_message(call, 980, (struct slice){(const char *)ulaw, 160}, now_ms);
    captured_step(call, &event, &actions, now_ms + 3);
    captured_heard(call, &heard, now_ms);
    captured_frame(call, ulaw, call->started_ms);
    read_back();
    json_decref(next_json(CAPTURE_HEADER));
    struct capture_record record = next(CAPTURE_MEDIA_IN);
    uint64_t number;
    assert_int_equal(record.at_ms, 1000);
    assert_true(varint_take(&record.content, &number));
    assert_int_equal(number, 980);
    assert_int_equal(record.content.len, 160);
    assert_int_equal(next(CAPTURE_STEP).at_ms, 1003);
    record = next(CAPTURE_VAD);
    assert_int_equal(record.at_ms, 1000);
    assert_memory_equal(record.content.data,
        "\x03\x20\x01"
        "5",
        4);
    record = next(CAPTURE_VAD);
    assert_memory_equal(record.content.data, "\x01\x20", 2);
    record = next(CAPTURE_MEDIA_OUT);
    assert_int_equal(record.at_ms, 0);
    assert_true(varint_take(&record.content, &number));
    assert_int_equal(number, 0);
    stop_reading();
}

static void test_a_record_that_is_too_large_is_counted(void **state)
{
    char *much = malloc(CAPTURE_CONTENT_MAX_BYTES);
    assert_non_null(much);
    memset(much, 'x', CAPTURE_CONTENT_MAX_BYTES);
    captured_llm(call, "text", (struct slice){much, CAPTURE_CONTENT_MAX_BYTES});
    free(much);
    read_back();
    json_decref(next_json(CAPTURE_HEADER));
    assert_memory_equal(next(CAPTURE_LOST).content.data, "\x01", 1);
    json_t *told = next_json(CAPTURE_END);
    assert_true(json_is_false(json_object_get(told, "is_complete")));
    json_decref(told);
    stop_reading();
}

static void test_an_uncaptured_call_puts_nothing(void **state)
{
    struct call *other = make_call();
    struct ear_settings ear = {.vad = vad_defaults};
    agent.capture = AGENT_CAPTURE_OFF;
    captured_begin(other, &ear);
    assert_null(other->captured.file);
    captured_stt(other, "open", 0, (struct slice){0});
    captured_mark(other, CAPTURE_MARK_IN, "e1-1");
    captured_end(other);
    free_call(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_head_says_what_the_parts_went_by),
        TEST(test_what_anybody_says_is_valid_json),
        TEST(test_what_scripts_are_asked_and_answer),
        TEST(test_times_are_those_that_the_parts_were_given),
        TEST(test_a_record_that_is_too_large_is_counted),
        TEST(test_an_uncaptured_call_puts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

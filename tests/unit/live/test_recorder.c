/* The recording of a call against a carrier on loopback: what is asked of it, in which order, and what a refusal leads to. */
#include "unit/net/net_story.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "call_double.h"
#include "live/wishes.h"
#include "live/worker.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "telephony/form.h"

#define NOTICE "This call is recorded."

static struct story *story;
static struct server *carrier;
static char base_url[64];
static char asked[256];     /* a word a request, with ";" behind each */
static const char *refused; /* that word, with this status */
static int refused_status;
static const char *list; /* of the call's recordings */

static void word_of(const struct http_request *request, char word[32])
{
    struct form form;
    assert_int_equal(form_parse(&form, request->body), ERR_OK);
    struct slice status = form_get(&form, "Status");
    bool is_list = slice_is(request->method, "GET");
    slice_copy(is_list ? SLICE("list") : status.len ? status : SLICE("start"), word, 32);
    if (strcmp(word, "start") == 0) {
        assert_true(slice_is(form_get(&form, "RecordingChannels"), "dual"));
        assert_true(slice_is(form_get(&form, "RecordingStatusCallback"),
            "https://voice.example.com/twilio/recording?tenant=acme&call=c1&kind=call"));
    }
    form_free(&form);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    char word[32];
    word_of(request, word);
    strncat(asked, word, sizeof asked - strlen(asked) - 1);
    strncat(asked, ";", sizeof asked - strlen(asked) - 1);
    if (refused && strcmp(refused, word) == 0)
        exchange_answer(exchange, refused_status, "application/json",
            SLICE("{\"code\":21220,\"message\":\"no\"}"));
    else if (strcmp(word, "list") == 0)
        exchange_answer(exchange, 200, "application/json", slice_from(list));
    else
        exchange_answer(exchange, 200, "application/json", SLICE("{\"sid\":\"RE1\"}"));
}

static int setup(void **state)
{
    static const struct server_handlers handlers = {.on_request = on_request};
    static const struct server_options options = {.listen = "127.0.0.1:0",
        .max_body_bytes = 4096,
        .request_timeout_ms = 5000,
        .max_connections = 10};
    struct script_host_options host = {.scripts_path = "/nowhere"};
    char why[200];
    story_begin(state);
    story = *state;
    assert_int_equal(server_start(&carrier, story->loop, &options, &handlers, NULL, why), ERR_OK);
    snprintf(base_url, sizeof base_url, "http://127.0.0.1:%d", server_port(carrier));
    assert_int_equal(
        records_open(&live.options.records, story->loop, "postgresql://127.0.0.1:1/none", 0),
        ERR_OK);
    assert_int_equal(script_host_create(&live.script, story->loop, &host), ERR_OK);
    worker.loop = story->loop;
    live.options.settings.rest = (struct rest_settings){base_url, "AC1", "token"};
    live.options.settings.recording_url = "https://voice.example.com/twilio/recording";
    agent = (struct agent){.tools_json = "[]",
        .tenant_id = "acme",
        .greeting = "Hello.",
        .recording_notice = NOTICE,
        .recording = RECORDING_WITH_CONSENT};
    asked[0] = 0;
    refused = NULL;
    list = "{\"recordings\":[]}";
    wishes_clear();
    return 0;
}

static int teardown(void **state)
{
    script_host_destroy(live.script);
    live.script = NULL;
    records_close(live.options.records);
    server_destroy(carrier);
    live.options.settings.rest = (struct rest_settings){0};
    return story_end(state);
}

static struct call *make(unsigned attempt)
{
    struct call *call = make_call();
    assert_int_equal(conversation_init(&call->conversation), ERR_OK);
    utterances_init(&call->utterances);
    speech_open(call);
    call->turn.state = TURN_LISTENING;
    call->turn.listening_ms = clock_ms();
    call->attempt = attempt;
    call->is_resumed = attempt > 0;
    slice_copy(SLICE("acme"), call->facts.tenant_id, sizeof call->facts.tenant_id);
    slice_copy(SLICE("c1"), call->facts.call_id, sizeof call->facts.call_id);
    slice_copy(SLICE("CA1"), call->facts.call_sid, sizeof call->facts.call_sid);
    return call;
}

static void end(struct call *call)
{
    recorder_drop(call);
    conversation_close(&call->conversation);
    utterances_clear(&call->utterances);
    asides_clear(&call->asides);
    free_call(call);
}

/* Of a tool whose reply is gone: what callers said of it holds. */
static void want(struct call *call, enum call_recording what)
{
    struct call_command command = {.kind = CALL_RECORD,
        .from = {SCRIPT_TOOL, SCRIPT_HOOKS, 99},
        .recording = what,
        .text = "Yes."};
    commands_do(call, &command);
}

static void settle(struct call *call)
{
    story_until(story, !call->recorder.asked);
}

static void expect_asked(struct call *call, const char *words)
{
    settle(call);
    assert_string_equal(asked, words);
    asked[0] = 0;
}

static void nothing_is_recorded_before_a_yes(void **state)
{
    struct call *call = make(0);
    recorder_open(call);
    recorder_tell(call);
    want(call, CALL_RECORDING_PAUSE);
    want(call, CALL_RECORDING_RESUME);
    want(call, CALL_RECORDING_STOP);
    expect_asked(call, "");
    assert_null(voice.said.data);
    want(call, CALL_RECORDING_AGREED);
    want(call, CALL_RECORDING_AGREED);
    expect_asked(call, "start;");
    want(call, CALL_RECORDING_PAUSE);
    expect_asked(call, "paused;");
    want(call, CALL_RECORDING_RESUME);
    expect_asked(call, "in-progress;");
    want(call, CALL_RECORDING_REFUSED);
    want(call, CALL_RECORDING_RESUME);
    expect_asked(call, "stopped;");
    want(call, CALL_RECORDING_AGREED);
    expect_asked(call, "start;");
    end(call);
}

/* One request at a time, and what was wanted last. */
static void what_is_wanted_meanwhile_follows(void **state)
{
    struct call *call = make(0);
    recorder_open(call);
    want(call, CALL_RECORDING_AGREED);
    want(call, CALL_RECORDING_PAUSE);
    want(call, CALL_RECORDING_RESUME);
    want(call, CALL_RECORDING_PAUSE);
    expect_asked(call, "start;paused;");
    assert_int_equal(call->recorder.is, RECORDER_PAUSED);
    end(call);
}

static void what_the_console_says_comes_first(void **state)
{
    static const struct {
        enum wish_record wish;
        enum agent_recording by_agent, rule;
    } rows[] = {
        {WISH_RECORD_UNSAID, RECORDING_ALWAYS, RECORDING_ALWAYS},
        {WISH_RECORD_NEVER, RECORDING_ALWAYS, RECORDING_NEVER},
        {WISH_RECORD_ALWAYS, RECORDING_NEVER, RECORDING_ALWAYS},
        {WISH_RECORD_WITH_CONSENT, RECORDING_ALWAYS, RECORDING_WITH_CONSENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wishes wishes = {.tenant_id = "acme", .record_calls = rows[i].wish};
        wishes_publish(&wishes, 1);
        assert_int_equal(recorder_rule("acme", rows[i].by_agent), rows[i].rule);
    }
    wishes_clear();
    struct call *call = make(0);
    agent.recording = RECORDING_NEVER;
    recorder_open(call);
    expect_asked(call, "");
    end(call);
}

static void who_is_always_recorded_hears_so_first(void **state)
{
    struct call *call = make(0);
    agent.recording = RECORDING_ALWAYS;
    recorder_open(call);
    expect_asked(call, "start;");
    reply_begin(call, 1);
    recorder_greet(call);
    reply_say(call, SLICE("Hello."));
    assert_string_equal(voice.said.data, NOTICE "|Hello.|");
    assert_true(call->reply.segments[0].is_protected);
    assert_false(call->reply.segments[1].is_protected);
    recorder_tell(call); /* once */
    assert_string_equal(voice.said.data, NOTICE "|Hello.|");
    end(call);
}

/* Where on_call_start gives the caller the first word. */
static void who_is_not_greeted_hears_it_too(void **state)
{
    struct call *call = make(0);
    agent.recording = RECORDING_ALWAYS;
    call->is_mute = true;
    recorder_open(call);
    recorder_tell(call);
    assert_string_equal(voice.said.data, NOTICE "|");
    settle(call);
    end(call);
}

/* The carrier's recording outlives a stream: who is back has none begun beside it. */
static void who_comes_back_is_not_recorded_twice(void **state)
{
    static const struct {
        enum agent_recording rule;
        const char *list;
        const char *asked;
        enum recorder_state is;
        bool is_told;
    } rows[] = {
        {RECORDING_ALWAYS, "[{\"sid\":\"RE9\",\"status\":\"in-progress\"}]", "list;", RECORDER_ON,
            false},
        {RECORDING_ALWAYS, "[{\"sid\":\"RE9\",\"status\":\"paused\"}]", "list;", RECORDER_PAUSED,
            false},
        {RECORDING_ALWAYS, "[{\"sid\":\"RE9\",\"status\":\"completed\"}]", "list;", RECORDER_OFF,
            false},
        {RECORDING_ALWAYS, "[]", "list;start;", RECORDER_ON, true},
        {RECORDING_WITH_CONSENT, "[]", "list;", RECORDER_OFF, false},
        {RECORDING_WITH_CONSENT, "[{\"sid\":\"RE9\",\"status\":\"in-progress\"}]", "list;",
            RECORDER_ON, false},
    };
    char body[128];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call *call = make(1);
        agent.recording = rows[i].rule;
        snprintf(body, sizeof body, "{\"recordings\":%s}", rows[i].list);
        list = body;
        recorder_open(call);
        expect_asked(call, rows[i].asked);
        assert_int_equal(call->recorder.is, rows[i].is);
        assert_int_equal(voice.said.data != NULL, rows[i].is_told);
        end(call);
    }
}

static void a_no_of_who_comes_back_finds_the_recording(void **state)
{
    struct call *call = make(1);
    list = "{\"recordings\":[{\"sid\":\"RE9\",\"status\":\"in-progress\"}]}";
    refused = "list";
    refused_status = 400;
    recorder_open(call);
    expect_asked(call, "list;"); /* nothing is known */
    refused = NULL;
    want(call, CALL_RECORDING_REFUSED);
    expect_asked(call, "list;stopped;");
    assert_string_equal(call->recorder.sid, "RE9");
    end(call);
}

static void what_the_carrier_refuses_ends_there(void **state)
{
    static const struct {
        const char *refused;
        int status;
        const char *asked;
        enum recorder_state is;
    } rows[] = {
        {"start", 400, "start;", RECORDER_OFF},
        {"start", 500, "start;list;", RECORDER_OFF}, /* it may have been done */
        {"paused", 400, "start;paused;stopped;", RECORDER_OFF},
        {"paused", 500, "start;paused;paused;paused;stopped;", RECORDER_OFF},
        {"stopped", 400, "start;paused;stopped;", RECORDER_PAUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call *call = make(0);
        int64_t failed = metric_get(METRIC_CALL_RECORDINGS_FAILED);
        refused = rows[i].refused;
        refused_status = rows[i].status;
        recorder_open(call);
        want(call, CALL_RECORDING_AGREED);
        settle(call);
        want(call, CALL_RECORDING_PAUSE);
        settle(call);
        if (strcmp(refused, "stopped") == 0)
            want(call, CALL_RECORDING_STOP);
        expect_asked(call, rows[i].asked);
        assert_int_equal(call->recorder.is, rows[i].is);
        assert_int_equal(metric_get(METRIC_CALL_RECORDINGS_FAILED), failed + 1);
        end(call);
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_recorded_before_a_yes, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wanted_meanwhile_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_console_says_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_always_recorded_hears_so_first, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_not_greeted_hears_it_too, setup, teardown),
        cmocka_unit_test_setup_teardown(who_comes_back_is_not_recorded_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_no_of_who_comes_back_finds_the_recording, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_carrier_refuses_ends_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

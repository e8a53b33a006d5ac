/* A voice webhook that waits for on_incoming: a real script host, media worker and port on one loop. */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/incoming.h"
#include "api/ringing.h"
#include "api/voice.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "script/agent_table.h"
#include "script/sandbox.h"
#include "script/wait.h"
#include "unit/net/net_story.h"
#include "unit/script/scripts_folder.h"

struct port {
    struct story story; /* first: the stories' own verbs take it */
    struct scripts_folder folder;
    struct script_host *script;
    struct records *records;
    struct live *live;
    struct live_worker *worker;
    struct voice *voice;
    struct server *server;
    unsigned asked;   /* of forever() */
    unsigned waiting; /* in it */
};

/* ---- forever(), which waits until its run is gone ---- */

static void forever_end(void *operation)
{
    ((struct port *)operation)->waiting--;
}

static int forever(lua_State *lua)
{
    struct port *port = lua_touserdata(lua, lua_upvalueindex(1));
    script_wait_check(lua, "forever");
    script_wait_begin(script_run_of(lua), forever_end, port);
    port->asked++;
    port->waiting++;
    return lua_yield(lua, 0);
}

static void install(lua_State *lua, void *owner)
{
    lua_pushlightuserdata(lua, owner);
    lua_pushcclosure(lua, forever, 1);
    sandbox_give(lua, "forever");
}

/* ---- the port ---- */

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct port *port = owner;
    struct form form;
    assert_int_equal(form_parse(&form, request->body), ERR_OK);
    voice_answer(port->voice, exchange, request, &form);
    form_free(&form);
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    voice_cancelled(((struct port *)owner)->voice, exchange);
}

static void open_script(struct port *port)
{
    folder_make(&port->folder);
    struct script_host_options options = {
        .scripts_path = port->folder.path, .lua_library = {install, port}};
    assert_int_equal(script_host_create(&port->script, port->story.loop, &options), ERR_OK);
}

static void open_live(struct port *port)
{
    assert_int_equal(records_open(&port->records, port->story.loop,
                         "postgresql://moonline@/x?host=/nonexistent", 1000),
        ERR_OK);
    struct live_options options = {.settings = live_defaults, .records = port->records};
    assert_int_equal(live_create(&port->live, &options), ERR_OK);
    live_set_script(port->live, port->script);
    assert_int_equal(live_worker_create(&port->worker, port->live, port->story.loop, 0), ERR_OK);
}

static int setup(void **state)
{
    static const struct server_handlers handlers = {
        .on_request = on_request, .on_cancelled = on_cancelled};
    static const struct server_options options = {.listen = "127.0.0.1:0",
        .max_body_bytes = 4096,
        .request_timeout_ms = 5000,
        .max_connections = 100};
    struct port *port = calloc(1, sizeof *port);
    char why[200];
    story_plain_setup(&port->story, NULL);
    open_script(port);
    open_live(port);
    struct public_settings settings = {.public_url = "https://voice.example.com",
        .token_key = "key",
        .records = port->records,
        .script = port->script};
    assert_int_equal(voice_create(&port->voice, port->story.loop, port->worker, &settings), ERR_OK);
    assert_int_equal(
        server_start(&port->server, port->story.loop, &options, &handlers, port, why), ERR_OK);
    *state = port;
    return 0;
}

static int teardown(void **state)
{
    struct port *port = *state;
    voice_destroy(port->voice);
    server_destroy(port->server);
    live_worker_destroy(port->worker);
    live_destroy(port->live);
    records_close(port->records);
    script_host_destroy(port->script);
    assert_int_equal(port->waiting, 0);
    agent_table_clear();
    folder_remove(&port->folder);
    return story_end(state);
}

static void hook_is(struct port *port, const char *body)
{
    char text[1000];
    snprintf(text, sizeof text,
        "return { name = 'A', numbers = { '+15550100002' }, prompt = function() return 'p' end,\n"
        "on_incoming = function(call) %s end }",
        body);
    folder_write(&port->folder, "tenants/acme/agent.lua", text);
    assert_int_equal(script_host_load(port->script), 1);
}

static void ring(struct port *port, struct raw *raw, const char *call_sid, const char *query)
{
    char body[300], text[600];
    snprintf(body, sizeof body,
        "CallSid=%s&From=%%2B15550100001&To=%%2B15550100002&CallerName=Ann&FromCity=&"
        "StirVerstat=TN-Validation-Passed-A",
        call_sid);
    snprintf(text, sizeof text,
        "POST /twilio/voice%s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", query,
        strlen(body), body);
    raw_connect(raw, server_port(port->server));
    raw_say(raw, text);
}

static void expect(struct port *port, const char *call_sid, const char *query, const char *answer)
{
    static struct raw raw;
    ring(port, &raw, call_sid, query);
    story_until(&port->story, raw_has(&raw, "</Response>"));
    if (!raw_has(&raw, answer))
        fail_msg("no %s in %s", answer, raw.data);
    raw_close(&raw);
}

/* ---- stories ---- */

static void each_answer_has_its_document(void **state)
{
    static const struct {
        const char *body;
        const char *call_sid;
        const char *answer;
    } rows[] = {
        {"", "CA10", "<Parameter name=\"incoming\" value=\"{&quot;name&quot;:&quot;Ann&quot;"},
        {"return true", "CA11", "<Connect><Stream"},
        {"return { reject = 'busy' }", "CA12", "<Response><Reject reason=\"busy\"/></Response>"},
        {"return { say = call.incoming.name .. call.incoming.verification }", "CA13",
            "<Say>AnnTN-Validation-Passed-A</Say><Hangup/>"},
        {"return { voicemail = 'Speak' }", "CA14",
            "recording?tenant=acme&amp;reason=to_voicemail\""},
        {"return { redirect = '+15550100099' }", "CA15",
            "<Response><Dial action=\"https://voice.example.com/twilio/dial-done?tenant=acme&amp;"
            "reason=redirected\" answerOnBridge=\"true\"><Number>+15550100099</Number></Dial>"},
        {"error('no')", "CA16", "<Connect><Stream"},
        {"while true do end", "CA17", "<Connect><Stream"},
        {"return { say = tostring(call.incoming.city) }", "CA18", "<Say>nil</Say>"},
    };
    struct port *port = *state;
    int64_t lost = metric_get(METRIC_INCOMING_UNANSWERED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hook_is(port, rows[i].body);
        expect(port, rows[i].call_sid, "", rows[i].answer);
    }
    assert_int_equal(metric_get(METRIC_INCOMING_UNANSWERED), lost + 2);
}

static void facts_are_those_that_fit(void **state)
{
    char form_text[1500], long_city[400], facts[INCOMING_FACTS_SIZE];
    static const struct {
        const char *text;
        const char *facts;
    } rows[] = {
        {"CallSid=CA1&CallerName=&FromCity=", ""},
        {"CallerName=Ann+%22A%22&FromCountry=US&ForwardedFrom=%2B15550100003",
            "{\"name\":\"Ann \\\"A\\\"\",\"country\":\"US\",\"forwarded_from\":"
            "\"+15550100003\"}"},
        {"CallerName=%FF%FE&FromState=CA&FromZip=94105", "{\"state\":\"CA\",\"zip\":\"94105\"}"},
    };
    struct form form;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(form_parse(&form, slice_from(rows[i].text)), ERR_OK);
        incoming_facts(&form, facts);
        assert_string_equal(facts, rows[i].facts);
        form_free(&form);
    }
    memset(long_city, 'c', sizeof long_city - 1);
    long_city[sizeof long_city - 1] = 0;
    snprintf(form_text, sizeof form_text, "CallerName=%.100s&FromCity=%s&FromZip=94105", long_city,
        long_city);
    assert_int_equal(form_parse(&form, slice_from(form_text)), ERR_OK);
    incoming_facts(&form, facts);
    form_free(&form);
    assert_null(strstr(facts, "city"));
    assert_non_null(strstr(facts, "94105"));
}

static void the_carrier_gets_the_same_answer_again(void **state)
{
    struct port *port = *state;
    hook_is(port, "return { say = 'first' }");
    expect(port, "CA20", "", "<Say>first</Say>");
    hook_is(port, "return { say = 'second' }");
    expect(port, "CA20", "", "<Say>first</Say>");
    expect(port, "CA21", "", "<Say>second</Say>");
    expect(port, "CA20", "?attempt=1", "<Connect><Stream"); /* whoever comes back was let in */
    hook_is(port, "");
    expect(port, "CA22", "", "<Connect><Stream");
    hook_is(port, "return { reject = 'busy' }");
    expect(port, "CA22", "", "<Connect><Stream");
}

static void a_hook_that_never_ends_lets_the_caller_in(void **state)
{
    static struct raw raw;
    struct port *port = *state;
    hook_is(port, "forever()");
    ring(port, &raw, "CA30", "");
    story_until(&port->story, port->waiting == 1);
    assert_false(raw_has(&raw, "HTTP/1.1"));
    story_until(&port->story, raw_has(&raw, "<Connect><Stream"));
    raw_close(&raw);
    story_until(&port->story, port->waiting == 0);
}

static void who_hangs_up_meanwhile_is_forgotten(void **state)
{
    static struct raw raw;
    struct port *port = *state;
    hook_is(port, "forever()");
    ring(port, &raw, "CA40", "");
    story_until(&port->story, port->waiting == 1);
    raw_close(&raw);
    story_until(&port->story, port->waiting == 0);
}

static void who_is_let_in_too_late_hears_so(void **state)
{
    static struct raw raw;
    struct port *port = *state;
    hook_is(port, "forever()");
    ring(port, &raw, "CA45", "");
    story_until(&port->story, port->waiting == 1);
    voice_drain(port->voice, clock_ms() + 60000);
    story_until(&port->story, raw_has(&raw, "</Response>"));
    assert_true(raw_has(&raw, "all our lines are busy"));
    raw_close(&raw);
    story_until(&port->story, port->waiting == 0);
}

static void no_more_wait_than_fit(void **state)
{
    static struct raw raw;
    struct port *port = *state;
    hook_is(port, "forever()");
    port->voice->asked_count = INCOMING_WAITING_MAX - 1; /* all but one wait */
    ring(port, &raw, "CA50", "");
    story_until(&port->story, port->waiting == 1);
    expect(port, "CA51", "", "<Connect><Stream");
    assert_int_equal(port->asked, 1);
    raw_close(&raw);
    story_until(&port->story, port->waiting == 0);
    assert_int_equal(port->voice->asked_count, INCOMING_WAITING_MAX - 1);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_answer_has_its_document, setup, teardown),
        cmocka_unit_test(facts_are_those_that_fit),
        cmocka_unit_test_setup_teardown(the_carrier_gets_the_same_answer_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hook_that_never_ends_lets_the_caller_in, setup, teardown),
        cmocka_unit_test_setup_teardown(who_hangs_up_meanwhile_is_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_let_in_too_late_hears_so, setup, teardown),
        cmocka_unit_test_setup_teardown(no_more_wait_than_fit, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

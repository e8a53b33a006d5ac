#include "unit/telephony/cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/server.h"
#include "telephony/form.h"
#include "telephony/rest.h"

/* Requests on loopback: a server that answers what the story says, in order, and keeps what it saw. */

#define ACCOUNT "AC00000000000000000000000000000001"
#define CALL "CA00000000000000000000000000000001"
#define ACCOUNT_PATH "/2010-04-01/Accounts/" ACCOUNT

struct planned {
    int status;
    const char *body;
};

static struct net_loop *loop;
static struct server *server;
static const struct planned *plan;
static unsigned requests;
static char path[200];
static char authorization[200];
static char body[400];
static unsigned dones;
static enum err done_err;
static int done_code;
static char done_sid[60];
static char done_why[200];

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    slice_copy(request->path, path, sizeof path);
    slice_copy(request->authorization, authorization, sizeof authorization);
    slice_copy(request->body, body, sizeof body);
    const struct planned *answer = &plan[requests++];
    exchange_answer(exchange, answer->status, "application/json", slice_from(answer->body));
}

static void on_done(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    dones++;
    done_err = err;
    done_code = code;
    slice_copy(sid, done_sid, sizeof done_sid);
    slice_copy(slice_from(why), done_why, sizeof done_why);
    server_destroy(server);
    net_loop_stop(loop);
}

static const struct rest_listener listener = {on_done};

static struct rest_settings open_story(const struct planned *answers)
{
    static const struct server_handlers handlers = {.on_request = on_request};
    static const struct server_options options = {
        .listen = "127.0.0.1:0",
        .max_body_bytes = 65536,
        .max_message_bytes = 1024,
        .max_queue_bytes = 65536,
        .request_timeout_ms = 5000,
        .max_connections = 16,
    };
    static char url[60];
    char why[200];
    plan = answers;
    requests = dones = 0;
    assert_int_equal(net_loop_create(&loop, "test", NULL), ERR_OK);
    assert_int_equal(server_start(&server, loop, &options, &handlers, NULL, why), ERR_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server_port(server));
    return (struct rest_settings){url, ACCOUNT, "secret"};
}

static enum err create_message(struct rest_call **call, const struct rest_settings *settings,
    const char *from, const char *to, struct slice text)
{
    struct strbuf form;
    strbuf_init(&form, 1000);
    form_encode(&form, SLICE("From"), slice_from(from));
    form_encode(&form, SLICE("To"), slice_from(to));
    form_encode(&form, SLICE("Body"), text);
    enum err err =
        rest_create(call, loop, settings, "Messages", strbuf_slice(&form), 0, &listener, NULL);
    strbuf_free(&form);
    return err;
}

static void run_story(void)
{
    net_loop_run(loop);
    net_loop_destroy(loop);
    assert_int_equal(dones, 1);
}

static void expect_done(enum err err, int code, const char *sid, const char *why)
{
    assert_int_equal(done_err, err);
    assert_int_equal(done_code, code);
    assert_string_equal(done_sid, sid);
    assert_string_equal(done_why, why);
}

static void a_message_is_sent(void **state)
{
    static const struct planned answers[] = {{201, "{\"sid\":\"SM1\"}"}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(
        create_message(&call, &settings, "+15550100002", "+15550100001", SLICE("Hi & bye é")),
        ERR_OK);
    run_story();
    expect_done(ERR_OK, 0, "SM1", "");
    assert_string_equal(path, ACCOUNT_PATH "/Messages.json");
    assert_string_equal(
        authorization, "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzZWNyZXQ=");
    assert_string_equal(body, "From=%2B15550100002&To=%2B15550100001&Body=Hi+%26+bye+%C3%A9");
}

static void a_refused_message_is_never_repeated(void **state)
{
    static const struct planned answers[] = {
        {429, "{\"code\":20429,\"message\":\"slow down\"}"}, {201, "{\"sid\":\"SM2\"}"}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(create_message(&call, &settings, "+1", "+2", SLICE("x")), ERR_OK);
    run_story();
    expect_done(ERR_REFUSED, 20429, "", "HTTP 429: slow down");
    assert_int_equal(requests, 1);
}

static void a_call_is_redirected_when_twilio_has_time(void **state)
{
    static const struct planned answers[] = {
        {429, "{\"code\":20429}"}, {200, "{\"sid\":\"" CALL "\"}"}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(
        rest_update_call(&call, loop, &settings, CALL, SLICE("<Response/>"), &listener, NULL),
        ERR_OK);
    run_story();
    expect_done(ERR_OK, 0, CALL, "");
    assert_int_equal(requests, 2);
    assert_string_equal(path, ACCOUNT_PATH "/Calls/" CALL ".json");
    assert_string_equal(body, "Twiml=%3CResponse%2F%3E");
}

static void a_redirect_that_may_have_happened_is_not_repeated(void **state)
{
    static const struct planned answers[] = {{500, ""}, {200, "{\"sid\":\"" CALL "\"}"}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(
        rest_update_call(&call, loop, &settings, CALL, SLICE("<Response/>"), &listener, NULL),
        ERR_OK);
    run_story();
    expect_done(ERR_REFUSED, 0, "", "HTTP 500");
    assert_int_equal(requests, 1);
}

static void a_hang_up_is_repeated_three_times(void **state)
{
    static const struct planned answers[] = {{500, ""}, {503, ""}, {500, ""}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(
        rest_update_call(&call, loop, &settings, CALL, SLICE(""), &listener, NULL), ERR_OK);
    run_story();
    expect_done(ERR_REFUSED, 0, "", "HTTP 500");
    assert_int_equal(requests, 3);
    assert_string_equal(body, "Status=completed");
}

static void an_unknown_call_is_told_apart(void **state)
{
    static const struct planned answers[] = {{404, "{\"code\":20404,\"message\":\"gone\"}"}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    assert_int_equal(
        rest_update_call(&call, loop, &settings, CALL, SLICE(""), &listener, NULL), ERR_OK);
    run_story();
    expect_done(ERR_NOT_FOUND, 20404, "", "HTTP 404: gone");
}

static void wrong_arguments_ask_nobody(void **state)
{
    struct rest_settings settings = open_story(NULL);
    struct rest_call *call;
    static char long_twiml[4001];
    memset(long_twiml, ' ', sizeof long_twiml);
    assert_int_equal(
        rest_update_call(&call, loop, &settings, "../x", SLICE(""), &listener, NULL), ERR_BAD);
    assert_int_equal(rest_update_call(&call, loop, &settings, CALL,
                         (struct slice){long_twiml, sizeof long_twiml}, &listener, NULL),
        ERR_BAD);
    settings.account_sid = "";
    assert_int_equal(create_message(&call, &settings, "+1", "+2", SLICE("x")), ERR_BAD);
    server_destroy(server);
    net_loop_destroy(loop);
}

static void cancel(void *owner)
{
    struct rest_call **call = owner;
    rest_cancel(*call);
    server_destroy(server);
    net_loop_stop(loop);
}

/* Between two attempts, when only a timer is left of it. */
static void a_cancelled_request_calls_nobody(void **state)
{
    static const struct planned answers[] = {{500, ""}, {500, ""}};
    struct rest_settings settings = open_story(answers);
    struct rest_call *call;
    struct net_timer *timer;
    assert_int_equal(
        rest_update_call(&call, loop, &settings, CALL, SLICE(""), &listener, NULL), ERR_OK);
    assert_int_equal(net_timer_create(&timer, loop, cancel, &call), ERR_OK);
    net_timer_set(timer, net_loop_now_ms(loop) + 150);
    net_loop_run(loop);
    net_timer_destroy(timer);
    net_loop_destroy(loop);
    assert_int_equal(dones, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_sent),
        cmocka_unit_test(a_refused_message_is_never_repeated),
        cmocka_unit_test(a_call_is_redirected_when_twilio_has_time),
        cmocka_unit_test(a_redirect_that_may_have_happened_is_not_repeated),
        cmocka_unit_test(a_hang_up_is_repeated_three_times),
        cmocka_unit_test(an_unknown_call_is_told_apart),
        cmocka_unit_test(wrong_arguments_ask_nobody),
        cmocka_unit_test(a_cancelled_request_calls_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

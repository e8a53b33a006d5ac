#include <stdio.h>
#include <string.h>

#include "providers/llm.h"
#include "service.h"

static struct llm *client;
static int cancel_after = -1; /* texts until the listener cancels by itself */

static void maybe_cancel(void)
{
    if (cancel_after >= 0 && --cancel_after < 0) {
        openai_chat_llm.cancel(client);
        client = NULL;
    }
}

static void on_text(void *owner, struct slice text)
{
    struct service *service = owner;
    assert_true(text.len > 0);
    strbuf_printf(&service->heard, "text %.*s\n", (int)text.len, text.data);
    maybe_cancel();
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "call %.*s %.*s %.*s\n", (int)id.len, id.data, (int)name.len,
        name.data, (int)arguments.len, arguments.data);
    maybe_cancel();
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "done %u+%u\n", usage->prompt_tokens, usage->completion_tokens);
    openai_chat_llm.cancel(client);
    client = NULL;
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "failed %s %s\n", err_name(failure->err), failure->why);
    openai_chat_llm.cancel(client);
    client = NULL;
}

static const struct llm_listener listener = {
    .on_text = on_text, .on_tool_call = on_tool_call, .on_done = on_done, .on_failed = on_failed};

static struct llm_settings settings_for(struct service *service)
{
    return (struct llm_settings){.base_url = service->origin,
        .api_key = "sk-secret",
        .model = "m",
        .temperature = -1,
        .max_tokens = 200,
        .connect_timeout_ms = 3000,
        .first_token_timeout_ms = 5000,
        .idle_timeout_ms = 5000};
}

static void ask_with(struct service *service, const struct llm_settings *settings)
{
    cancel_after = -1;
    assert_int_equal(openai_chat_llm.start(&client, service->loop, settings,
                         SLICE("[{\"role\":\"user\"}]"), SLICE(""), &listener, service),
        ERR_OK);
    assert_string_equal(service->heard.data, ""); /* nothing during the start */
}

static void ask(struct service *service)
{
    struct llm_settings settings = settings_for(service);
    ask_with(service, &settings);
}

/* The request has come; its answer begins. */
static struct exchange *begin_answer(struct service *service)
{
    service_until(service, service->exchange);
    struct exchange *exchange = service->exchange;
    exchange_begin(exchange, 200, "text/event-stream");
    return exchange;
}

static void write_text(struct exchange *exchange, const char *text)
{
    assert_int_equal(exchange_write(exchange, slice_from(text)), ERR_OK);
}

static void end_answer(struct service *service)
{
    exchange_end(service->exchange);
    service->exchange = NULL;
}

/* The client has closed the connection of an answer that had begun. */
static void expect_left(struct service *service)
{
    service_until(service, exchange_write(service->exchange, SLICE(": x\n")) == ERR_CLOSED);
    end_answer(service);
}

#define CHUNK(delta, finish)                                                                       \
    "data: {\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" finish "}]}\n\n"
#define SAYS(text) CHUNK("{\"content\":\"" text "\"}", "null")
#define CALLS(json) CHUNK("{\"tool_calls\":[" json "]}", "null")
#define STOPS CHUNK("{}", "\"stop\"")
#define ENDS "data: [DONE]\n\n"

static void a_streamed_answer(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    assert_string_equal(service->requests.data, "POST /v1/chat/completions Bearer sk-secret\n");
    assert_true(service_saw(service, "\"messages\":[{\"role\":\"user\"}]}"));
    assert_true(service_saw(service, "\"max_completion_tokens\":200"));
    write_text(exchange, SAYS("Sure"));
    service_until_heard(service, "Sure");
    write_text(exchange, SAYS(", \\u00e9") STOPS);
    write_text(exchange,
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":2}}\n\n" ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "text Sure\ntext , \xc3\xa9\ndone 40+2\n");
}

static void an_answer_byte_by_byte(void **state)
{
    static const char answer[] =
        ": hello\r\n\r\n" CHUNK("{\"content\":\"caf\xc3\xa9\"}", "null") STOPS ENDS;
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    for (size_t i = 0; i < sizeof(answer) - 1; i++) {
        assert_int_equal(exchange_write(exchange, (struct slice){answer + i, 1}), ERR_OK);
        if (i % 8 == 0)
            service_turn(service);
    }
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "text caf\xc3\xa9\ndone 0+0\n");
}

static void tool_calls_come_after_the_text_in_order(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("One moment."));
    write_text(exchange, CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
                               "\"arguments\":\"{\\\"x\\\"\"}}"));
    write_text(exchange,
        CALLS("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"\"}}"));
    write_text(exchange, CALLS("{\"index\":0,\"function\":{\"arguments\":\":1}\"}}"));
    write_text(exchange, CHUNK("{}", "\"tool_calls\"") ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "text One moment.\ncall a f {\"x\":1}\ncall b g {}\ndone 0+0\n");
}

static void the_connection_is_used_again(void **state)
{
    struct service *service = *state;
    for (unsigned i = 1; i <= 3; i++) {
        strbuf_clear(&service->heard);
        ask(service);
        struct exchange *exchange = begin_answer(service);
        write_text(exchange, SAYS("a") STOPS ENDS);
        end_answer(service);
        service_until(service, !client);
        service_expect_heard(service, "text a\ndone 0+0\n");
        assert_int_equal(service->request_count, i);
    }
}

static void an_answer_left_open_behind_done_is_finished(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a") STOPS ENDS);
    service_until(service, !client);
    service_expect_heard(service, "text a\ndone 0+0\n");
    end_answer(service);
}

static void an_answer_without_done_or_last_blank_line(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a"));
    write_text(exchange,
        "data: {\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}");
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "text a\ntext b\ndone 0+0\n");
}

static void a_plain_json_answer(void **state)
{
    struct service *service = *state;
    ask(service);
    service_until(service, service->exchange);
    exchange_answer(service->exchange, 200, "application/json",
        SLICE("{\"choices\":[{\"message\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}"));
    service_until(service, !client);
    service_expect_heard(service, "text Hi\ndone 0+0\n");
}

static void an_answer_that_ends_too_early(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a"));
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "text a\nfailed closed the stream was cut off\n");
}

static void a_connection_that_breaks(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a"));
    service_until_heard(service, "text a");
    exchange_abort(exchange);
    service->exchange = NULL;
    service_until(service, !client);
    assert_true(strstr(service->heard.data, "text a\nfailed closed "));
}

static void an_error_inside_the_stream(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange,
        SAYS("a") "data: "
                  "{\"error\":{\"message\":\"sk-secret\",\"code\":\"server_error\"}}\n\n" SAYS(
                      "b"));
    service_until(service, !client);
    service_expect_heard(service, "text a\nfailed refused error in the stream: server_error\n");
    expect_left(service);
}

static void an_error_event(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, "event: error\ndata: {\"message\":\"m\"}\n\n");
    service_until(service, !client);
    service_expect_heard(service, "failed refused error in the stream: \n");
    expect_left(service);
}

static void an_event_that_is_no_json(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, "data: <html>\n\n");
    service_until(service, !client);
    service_expect_heard(service, "failed bad the answer cannot be read\n");
    expect_left(service);
}

static void refusals_tell_status_and_code(void **state)
{
    static const struct {
        int status;
        const char *body;
        const char *heard;
    } rows[] = {
        {429,
            "{\"error\":{\"message\":\"sk-secret\",\"type\":\"requests\",\"code\":\"rate_limit_"
            "exceeded\"}}",
            "failed refused http 429 rate_limit_exceeded\n"},
        {429, "{\"error\":{\"message\":\"m\",\"code\":\"insufficient_quota\"}}",
            "failed refused http 429 insufficient_quota\n"},
        {401,
            "{\"error\":{\"message\":\"Incorrect key "
            "sk-secret\",\"type\":\"invalid_request_error\",\"code\":"
            "\"invalid_api_key\"}}",
            "failed refused http 401 invalid_api_key\n"},
        {503, "<html>sk-secret</html>", "failed refused http 503\n"},
        {500, "", "failed refused http 500\n"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        strbuf_clear(&service->heard);
        ask(service);
        service_until(service, service->exchange);
        exchange_answer(
            service->exchange, rows[i].status, "application/json", slice_from(rows[i].body));
        service->exchange = NULL;
        service_until(service, !client);
        service_expect_heard(service, rows[i].heard);
    }
}

static void silence_behind_the_head(void **state)
{
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.first_token_timeout_ms = 200;
    ask_with(service, &settings);
    struct exchange *exchange = begin_answer(service);
    write_text(
        exchange, ": keep-alive\n\n" CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
    service_until(service, !client);
    service_expect_heard(service, "failed timeout no first token in time\n");
    expect_left(service);
}

static void silence_in_the_middle(void **state)
{
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.idle_timeout_ms = 100;
    ask_with(service, &settings);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a"));
    service_until(service, !client);
    service_expect_heard(service, "text a\nfailed timeout the stream stalled\n");
    expect_left(service);
}

static void nobody_listens(void **state)
{
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.base_url = "http://127.0.0.1:1";
    ask_with(service, &settings);
    service_until(service, !client);
    assert_true(strstr(service->heard.data, "failed unreachable "));
}

static void a_bad_origin_is_refused_at_once(void **state)
{
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.base_url = "gopher://x";
    assert_int_equal(openai_chat_llm.start(&client, service->loop, &settings, SLICE("[]"),
                         SLICE(""), &listener, service),
        ERR_BAD);
}

static void nothing_comes_after_a_cancel(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a"));
    service_until_heard(service, "text a");
    openai_chat_llm.cancel(client);
    client = NULL;
    expect_left(service);
    service_expect_heard(service, "text a\n");
}

static void cancelling_before_anything_came(void **state)
{
    struct service *service = *state;
    ask(service);
    openai_chat_llm.cancel(client);
    client = NULL;
    service_run_for(service, 5);
    service_expect_heard(service, "");
}

static void cancelling_inside_a_callback(void **state)
{
    struct service *service = *state;
    ask(service);
    cancel_after = 1;
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, SAYS("a") SAYS("b") SAYS("c") STOPS ENDS);
    service_until(service, !client);
    service_expect_heard(service, "text a\ntext b\n");
    expect_left(service);
}

static void cancelling_between_tool_calls(void **state)
{
    struct service *service = *state;
    ask(service);
    cancel_after = 0;
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}"));
    write_text(
        exchange, CALLS("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\"}}") STOPS ENDS);
    end_answer(service);
    service_until(service, !client);
    service_run_for(service, 5);
    service_expect_heard(service, "call a f {}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, service_begin, service_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_streamed_answer),
        TEST(an_answer_byte_by_byte),
        TEST(tool_calls_come_after_the_text_in_order),
        TEST(the_connection_is_used_again),
        TEST(an_answer_left_open_behind_done_is_finished),
        TEST(an_answer_without_done_or_last_blank_line),
        TEST(a_plain_json_answer),
        TEST(an_answer_that_ends_too_early),
        TEST(a_connection_that_breaks),
        TEST(an_error_inside_the_stream),
        TEST(an_error_event),
        TEST(an_event_that_is_no_json),
        TEST(refusals_tell_status_and_code),
        TEST(silence_behind_the_head),
        TEST(silence_in_the_middle),
        TEST(nobody_listens),
        TEST(a_bad_origin_is_refused_at_once),
        TEST(nothing_comes_after_a_cancel),
        TEST(cancelling_before_anything_came),
        TEST(cancelling_inside_a_callback),
        TEST(cancelling_between_tool_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

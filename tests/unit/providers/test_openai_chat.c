#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/llm.h"
#include "service.h"

static struct llm *client;
static int cancel_after = -1; /* texts until the listener cancels by itself */
static struct failure failed; /* the newest; without its words */

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
    failed = *failure;
    failed.why = NULL;
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

/* ---- what is no answer, and what does not end ---- */

static void a_page_fails_at_its_first_byte(void **state)
{
    struct service *service = *state;
    ask(service);
    service_until(service, service->exchange);
    exchange_begin(service->exchange, 200, "text/html");
    write_text(service->exchange, "\n <!doctype html>");
    service_until(service, !client);
    service_expect_heard(service, "failed bad the answer is a page, not a model's\n");
    assert_int_equal(failed.kind, FAILURE_GARBLED);
    expect_left(service);
}

static void text_without_events_is_no_answer(void **state)
{
    struct service *service = *state;
    ask(service);
    service_until(service, service->exchange);
    exchange_answer(service->exchange, 200, "text/plain", SLICE("It works!\n\n"));
    service_until(service, !client);
    service_expect_heard(service, "failed bad the answer holds no events\n");
}

/* Proxies and old servers name them as they like. */
static void the_content_type_does_not_matter(void **state)
{
    static const char *const types[] = {
        "application/json", "text/html", "text/event-stream; charset=utf-8", ""};
    static const char *const answers[] = {
        SAYS("Hi") STOPS ENDS, "\n{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}"};
    struct service *service = *state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        for (size_t k = 0; k < sizeof answers / sizeof *answers; k++) {
            strbuf_clear(&service->heard);
            ask(service);
            service_until(service, service->exchange);
            exchange_answer(service->exchange, 200, types[i], slice_from(answers[k]));
            service->exchange = NULL;
            service_until(service, !client);
            service_expect_heard(service, "text Hi\ndone 0+0\n");
        }
    }
}

/* Writes the same for as long as it is read. */
static void pour(struct service *service, struct exchange *exchange, struct slice portion)
{
    while (client) {
        enum err err = exchange_write(exchange, portion);
        if (err)
            service_turn(service);
    }
    service_until(service, exchange_write(exchange, SLICE(" ")) == ERR_CLOSED);
    end_answer(service);
}

static void an_answer_without_end_is_cut_at_its_bound(void **state)
{
    static const struct {
        const char *first;
        char fill;
        const char *heard;
    } rows[] = {
        {"{", ' ', "failed bad the answer is too long\n"},
        {"data: ", 'x', "failed bad an event of the stream is too long\n"},
        {"", ':', "failed bad the answer is too large\n"}, /* comments, a line each */
    };
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.first_token_timeout_ms = 30000;
    char *portion = malloc(64 * 1024);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strbuf_clear(&service->heard);
        ask_with(service, &settings);
        struct exchange *exchange = begin_answer(service);
        write_text(exchange, rows[i].first);
        memset(portion, rows[i].fill, 64 * 1024);
        for (size_t k = 1023; k < 64 * 1024 && rows[i].fill == ':'; k += 1024)
            portion[k] = '\n';
        pour(service, exchange, (struct slice){portion, 64 * 1024});
        service_expect_heard(service, rows[i].heard);
        assert_int_equal(failed.kind, FAILURE_GARBLED);
    }
    free(portion);
}

/* Bytes that tell nothing put no deadline off. */
static void a_drip_of_nothing_is_a_silence(void **state)
{
    static const char *const drips[] = {
        ": still here\n\n", CHUNK("{}", "null"), CHUNK("{\"content\":\"\"}", "\"\""), "x"};
    struct service *service = *state;
    struct llm_settings settings = settings_for(service);
    settings.idle_timeout_ms = 100;
    for (size_t i = 0; i < sizeof drips / sizeof *drips; i++) {
        strbuf_clear(&service->heard);
        ask_with(service, &settings);
        struct exchange *exchange = begin_answer(service);
        write_text(exchange, SAYS("a"));
        for (unsigned n = 0; client && n < 8000; n++) {
            (void)exchange_write(exchange, slice_from(drips[i]));
            service_turn(service);
        }
        service_expect_heard(service, "text a\nfailed timeout the stream stalled\n");
        assert_int_equal(failed.kind, FAILURE_LATE);
        expect_left(service);
    }
}

/* ---- kinds of failures ---- */

static void failures_have_their_kind(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum failure_kind kind;
        enum err err;
    } rows[] = {
        {400, "{\"error\":{\"code\":\"context_length_exceeded\"}}", FAILURE_REQUEST, ERR_FULL},
        {400, "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\"}}", FAILURE_REQUEST,
            ERR_FULL},
        {400, "{\"error\":\"no\"}", FAILURE_REQUEST, ERR_REFUSED},
        {401, "", FAILURE_KEY, ERR_REFUSED},
        {403, "", FAILURE_KEY, ERR_REFUSED},
        {404, "{\"error\":{\"code\":\"model_not_found\"}}", FAILURE_REQUEST, ERR_REFUSED},
        {408, "", FAILURE_BUSY, ERR_REFUSED},
        {429, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", FAILURE_BUSY, ERR_REFUSED},
        {429, "{\"error\":{\"code\":\"insufficient_quota\"}}", FAILURE_QUOTA, ERR_REFUSED},
        {503, "{\"error\":{\"code\":503}}", FAILURE_BROKEN, ERR_REFUSED},
        {200, "{\"error\":{\"code\":503}}", FAILURE_BROKEN, ERR_REFUSED},
        {200, "data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n", FAILURE_BUSY,
            ERR_REFUSED},
        {200, "data: {\"object\":\"error\",\"code\":401}\n\n", FAILURE_KEY, ERR_REFUSED},
        {200, "data: {\"error\":{\"code\":\"insufficient_quota\"}}\n\n", FAILURE_QUOTA,
            ERR_REFUSED},
        {200, "data: {\"error\":{\"message\":\"maximum context length\"}}\n\n", FAILURE_REQUEST,
            ERR_FULL},
        {200, CHUNK("{}", "\"content_filter\"") ENDS, FAILURE_REQUEST, ERR_REFUSED},
        {200, "data: {x}\n\n", FAILURE_GARBLED, ERR_BAD},
        {200, "", FAILURE_CUT, ERR_CLOSED},
        {200, SAYS("a"), FAILURE_CUT, ERR_CLOSED},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ask(service);
        service_until(service, service->exchange);
        exchange_answer(
            service->exchange, rows[i].status, "application/json", slice_from(rows[i].body));
        service->exchange = NULL;
        service_until(service, !client);
        if (failed.kind != rows[i].kind || failed.err != rows[i].err)
            fail_msg("%d %s: %s %s", rows[i].status, rows[i].body, failure_rule(failed.kind)->name,
                err_name(failed.err));
        assert_int_equal(failed.status, rows[i].status);
        strbuf_clear(&service->heard);
    }
}

static void an_error_is_known_without_the_rest_of_its_body(void **state)
{
    struct service *service = *state;
    ask(service);
    service_until(service, service->exchange);
    exchange_begin(service->exchange, 429, "application/json");
    write_text(service->exchange, "{\"error\":");
    service_run_for(service, 5);
    exchange_abort(service->exchange);
    service->exchange = NULL;
    service_until(service, !client);
    service_expect_heard(service, "failed refused http 429\n");
    assert_int_equal(failed.kind, FAILURE_BUSY);
}

static void unreadable_arguments_are_told(void **state)
{
    struct service *service = *state;
    ask(service);
    struct exchange *exchange = begin_answer(service);
    write_text(exchange, CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\","
                               "\"arguments\":\"{x\"}}") STOPS ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "call a f {x\ndone 0+0\n");
}

/* An id of ours is one that no other reply has. */
static void ids_that_are_made_up_differ(void **state)
{
    struct service *service = *state;
    char *first = NULL;
    for (int i = 0; i < 2; i++) {
        strbuf_clear(&service->heard);
        ask(service);
        struct exchange *exchange = begin_answer(service);
        write_text(exchange, CALLS("{\"function\":{\"name\":\"f\"}}") STOPS ENDS);
        end_answer(service);
        service_until(service, !client);
        assert_non_null(strstr(service->heard.data, "_1 f {}\n"));
        if (!first)
            first = strdup(service->heard.data);
    }
    assert_string_not_equal(first, service->heard.data);
    free(first);
}

/* ---- where and with which key ---- */

static void the_path_and_the_key_by_setting(void **state)
{
    static const struct {
        struct llm_quirks quirks;
        const char *base_path, *key, *request;
    } rows[] = {
        {{0}, "/v1/", "sk", "POST /v1/chat/completions Bearer sk\n"},
        {{.path = "/openai/chat"}, "", "sk", "POST /openai/chat Bearer sk\n"},
        {{.key_header = "xi-api-key"}, "", "sk", "POST /v1/chat/completions sk\n"},
        {{0}, "", "", "POST /v1/chat/completions \n"},
        {{0}, "", NULL, "POST /v1/chat/completions \n"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char url[128];
        snprintf(url, sizeof url, "%s%s", service->origin, rows[i].base_path);
        struct llm_settings settings = settings_for(service);
        settings.base_url = url;
        settings.quirks = rows[i].quirks;
        settings.api_key = rows[i].key;
        strbuf_clear(&service->heard);
        strbuf_clear(&service->requests);
        ask_with(service, &settings);
        write_text(begin_answer(service), SAYS("a") STOPS ENDS);
        end_answer(service);
        service_until(service, !client);
        assert_string_equal(service->requests.data, rows[i].request);
    }
}

static void cancelling_a_request_that_waits_closes_it(void **state)
{
    struct service *service = *state;
    ask(service);
    service_until(service, service->exchange);
    openai_chat_llm.cancel(client);
    client = NULL;
    service_until(service, service_saw(service, "(cancelled)"));
    service_expect_heard(service, "");
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
        TEST(cancelling_a_request_that_waits_closes_it),
        TEST(a_page_fails_at_its_first_byte),
        TEST(text_without_events_is_no_answer),
        TEST(the_content_type_does_not_matter),
        TEST(an_answer_without_end_is_cut_at_its_bound),
        TEST(a_drip_of_nothing_is_a_silence),
        TEST(failures_have_their_kind),
        TEST(an_error_is_known_without_the_rest_of_its_body),
        TEST(unreadable_arguments_are_told),
        TEST(ids_that_are_made_up_differ),
        TEST(the_path_and_the_key_by_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Through the real client and real sockets: what the stories with models on a stage cannot show. */
#include "unit/providers/service.h"

#include <stdio.h>
#include <string.h>

#include "routing/desk.h"
#include "routing/routed.h"

static struct llm *client;
static struct desk *desk;
static struct route route;

static void stop(void)
{
    routed_llm.cancel(client);
    client = NULL;
}

static void on_source(void *owner, const char *provider, const char *model)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "source %s\n", provider);
}

static void on_text(void *owner, struct slice text)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "text %.*s\n", (int)text.len, text.data);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    fail();
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct service *service = owner;
    strbuf_add_text(&service->heard, "done\n");
    stop();
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "failed %s\n", failure_rule(failure->kind)->name);
    stop();
}

static const struct llm_listener listener = {.on_source = on_source,
    .on_text = on_text,
    .on_tool_call = on_tool_call,
    .on_done = on_done,
    .on_failed = on_failed};

/* The first provider is at `origin`, the second is the service. */
static void ask(struct service *service, const char *origin)
{
    struct provider provider = {.name = "first",
        .driver = driver_find("openai_chat"),
        .llm = {.base_url = origin,
            .api_key = "sk-first",
            .model = "m",
            .temperature = -1,
            .connect_timeout_ms = 3000,
            .first_token_timeout_ms = 5000,
            .idle_timeout_ms = 5000}};
    struct provider providers[] = {provider, provider};
    snprintf(providers[1].name, sizeof providers[1].name, "second");
    providers[1].llm.base_url = service->origin;
    providers[1].llm.api_key = "sk-second";
    catalog_publish(catalog_make(providers, 2, NULL, 0));
    assert_int_equal(desk_create(&desk, service->loop), ERR_OK);
    route_make(&route, desk, SLOT_THINK, "tenant", NULL, 0);
    struct llm_settings settings = {.route = &route, .answer_within_ms = 60000};
    assert_int_equal(routed_llm.start(&client, service->loop, &settings,
                         SLICE("[{\"role\":\"user\"}]"), SLICE(""), &listener, service),
        ERR_OK);
}

static int end(void **state)
{
    route_clear(&route);
    desk_destroy(desk);
    catalog_publish(NULL);
    return service_end(state);
}

#define SAYS(text)                                                                                 \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text                              \
    "\"},\"finish_reason\":null}]}\n\n"
#define ENDS                                                                                       \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "        \
    "[DONE]\n\n"

static void answer(struct service *service, const char *events)
{
    service_until(service, service->exchange);
    exchange_begin(service->exchange, 200, "text/event-stream");
    assert_int_equal(exchange_write(service->exchange, slice_from(events)), ERR_OK);
}

static void refuse(struct service *service, int status)
{
    service_until(service, service->exchange);
    exchange_answer(service->exchange, status, "application/json", SLICE("{}"));
    service->exchange = NULL;
}

static void end_answer(struct service *service)
{
    exchange_end(service->exchange);
    service->exchange = NULL;
}

static void nobody_listens_at_the_first(void **state)
{
    struct service *service = *state;
    ask(service, "http://127.0.0.1:1");
    answer(service, SAYS("hello") ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "source second\ntext hello\ndone\n");
    assert_string_equal(service->requests.data, "POST /v1/chat/completions Bearer sk-second\n");
}

static void a_wrong_key_is_not_tried_again(void **state)
{
    struct service *service = *state;
    ask(service, service->origin);
    refuse(service, 401);
    answer(service, SAYS("hello") ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "source second\ntext hello\ndone\n");
    assert_string_equal(service->requests.data, "POST /v1/chat/completions Bearer sk-first\n"
                                                "POST /v1/chat/completions Bearer sk-second\n");
    assert_true(desk_is_open(desk, &route, 0));
}

static void a_stream_cut_before_its_first_token(void **state)
{
    struct service *service = *state;
    ask(service, service->origin);
    answer(service, ": hello\n\n");
    exchange_abort(service->exchange);
    service->exchange = NULL;
    answer(service, SAYS("hello") ENDS);
    end_answer(service);
    service_until(service, !client);
    service_expect_heard(service, "source first\ntext hello\ndone\n");
    assert_int_equal(service->request_count, 2);
}

static void a_stream_cut_behind_it(void **state)
{
    struct service *service = *state;
    ask(service, service->origin);
    answer(service, SAYS("hel"));
    service_until_heard(service, "text hel");
    exchange_abort(service->exchange);
    service->exchange = NULL;
    service_until(service, !client);
    service_expect_heard(service, "source first\ntext hel\nfailed cut\n");
    assert_int_equal(service->request_count, 1);
}

/* The connection of a stream that is cancelled is closed; another one is there for the next request. */
static void cancelling_closes_the_stream_and_leaves_a_warm_connection(void **state)
{
    struct service *service = *state;
    ask(service, service->origin);
    answer(service, SAYS("hello"));
    service_until_heard(service, "text hello");
    struct exchange *stream = service->exchange;
    service->exchange = NULL;
    stop();
    service_until(service, exchange_write(stream, SLICE(": x\n")) == ERR_CLOSED);
    exchange_end(stream);
    service_until(service, strstr(service->requests.data, "HEAD / "));
    refuse(service, 404);
}

static void warming_asks_for_nothing(void **state)
{
    struct service *service = *state;
    ask(service, "http://127.0.0.1:1");
    stop();
    struct route_wish wish = {.provider = "second"};
    struct route to_service;
    route_make(&to_service, desk, SLOT_THINK, "tenant", &wish, 1);
    routed_llm.warm(service->loop, &(struct llm_settings){.route = &to_service});
    route_clear(&to_service);
    service_until(service, service->request_count);
    assert_string_equal(service->requests.data, "HEAD / \n"); /* no key */
    refuse(service, 404);
    service_run_for(service, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, service_begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_listens_at_the_first),
        TEST(a_wrong_key_is_not_tried_again),
        TEST(a_stream_cut_before_its_first_token),
        TEST(a_stream_cut_behind_it),
        TEST(cancelling_closes_the_stream_and_leaves_a_warm_connection),
        TEST(warming_asks_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static void write_down(struct service *service, const struct http_request *request)
{
    strbuf_add_slice(&service->requests, request->method);
    strbuf_add_char(&service->requests, ' ');
    strbuf_add_slice(&service->requests, request->path);
    if (request->query.len)
        strbuf_add_char(&service->requests, '?');
    strbuf_add_slice(&service->requests, request->query);
    strbuf_add_char(&service->requests, ' ');
    strbuf_add_slice(&service->requests, request->authorization);
    strbuf_add_slice(&service->requests, request->api_key);
    strbuf_add_char(&service->requests, '\n');
    service->request_count++;
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct service *service = owner;
    write_down(service, request);
    strbuf_add_slice(&service->seen, request->body);
    strbuf_add_char(&service->seen, '\n');
    service->exchange = exchange;
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    struct service *service = owner;
    strbuf_add_text(&service->seen, "(cancelled)\n");
    if (service->exchange == exchange)
        service->exchange = NULL;
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    struct service *service = owner;
    write_down(service, request);
    return service->refuse_with ? service->refuse_with : 101;
}

static void on_text(void *owner, struct slice message)
{
    struct service *service = owner;
    strbuf_add_slice(&service->seen, message);
    strbuf_add_char(&service->seen, '\n');
    service->message_count++;
    if (service->on_message)
        service->on_message(service, message);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct service *service = owner;
    strbuf_add_text(&service->seen, "(closed)\n");
    service->socket = NULL;
}

static const struct ws_listener socket_listener = {.on_text = on_text, .on_closed = on_closed};

static void on_older_closed(void *owner, enum err err, int code, const char *why)
{
    struct service *service = owner;
    strbuf_add_text(&service->seen, "(older closed)\n");
    service->older = NULL;
}

static const struct ws_listener older_listener = {.on_text = on_text, .on_closed = on_older_closed};

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    struct service *service = owner;
    assert_null(
        service->older); /* a client of ours has two at most, where one takes over from another */
    service->older = service->socket;
    if (service->older)
        ws_set_listener(service->older, &older_listener, service);
    service->socket = ws;
    ws_set_listener(ws, &socket_listener, service);
}

static const struct server_handlers handlers = {.on_request = on_request,
    .on_cancelled = on_cancelled,
    .on_upgrade = on_upgrade,
    .on_socket = on_socket};

static void stop(void *owner)
{
    struct service *service = owner;
    net_loop_stop(service->loop);
}

static void init_journal(struct strbuf *journal)
{
    strbuf_init(journal, 8 << 20);
    strbuf_add_text(journal, "");
}

void service_turn(struct service *service)
{
    net_timer_set(service->tick, clock_ms() + 1);
    net_loop_run(service->loop);
}

int service_begin(void **state)
{
    static const struct server_options options = {
        .listen = "127.0.0.1:0",
        .max_body_bytes = 1 << 20,
        .max_message_bytes = 1 << 20,
        .max_queue_bytes = 4 << 20,
        .request_timeout_ms = 5000,
        .max_connections = 16,
    };
    char why[200];
    struct service *service = calloc(1, sizeof(*service));
    *state = service;
    init_journal(&service->requests);
    init_journal(&service->seen);
    init_journal(&service->heard);
    assert_int_equal(net_loop_create(&service->loop, "service", NULL), ERR_OK);
    assert_int_equal(net_timer_create(&service->tick, service->loop, stop, service), ERR_OK);
    assert_int_equal(
        server_start(&service->server, service->loop, &options, &handlers, service, why), ERR_OK);
    snprintf(service->origin, sizeof(service->origin), "http://127.0.0.1:%d",
        server_port(service->server));
    service_turn(service); /* making a loop takes a while: its clock moves on */
    return 0;
}

int service_end(void **state)
{
    struct service *service = *state;
    server_destroy(service->server);
    net_timer_destroy(service->tick);
    net_loop_destroy(service->loop);
    strbuf_free(&service->requests);
    strbuf_free(&service->seen);
    strbuf_free(&service->heard);
    free(service);
    return 0;
}

void service_run_for(struct service *service, unsigned ms)
{
    uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms)
        service_turn(service);
}

void service_say(struct service *service, const char *message)
{
    assert_non_null(service->socket);
    assert_int_equal(ws_send(service->socket, slice_from(message)), ERR_OK);
}

void service_say_older(struct service *service, const char *message)
{
    assert_non_null(service->older);
    assert_int_equal(ws_send(service->older, slice_from(message)), ERR_OK);
}

void service_cut(struct service *service)
{
    assert_non_null(service->socket);
    ws_close_now(service->socket);
    service->socket = NULL;
}

bool service_saw(const struct service *service, const char *text)
{
    return strstr(service->seen.data, text);
}

size_t service_count(const struct service *service, const char *text)
{
    size_t count = 0;
    for (const char *at = service->seen.data; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

void service_expect_heard(struct service *service, const char *journal)
{
    assert_string_equal(service->heard.data, journal);
}

void service_hear_timings(
    struct service *service, uint32_t context, const struct tts_timing *timings, size_t count)
{
    strbuf_printf(&service->heard, "timings %u", context);
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&service->heard, " %.*s@%u+%u", (int)timings[i].character.len,
            timings[i].character.data, timings[i].start_ms, timings[i].duration_ms);
    strbuf_add_char(&service->heard, '\n');
}

void service_hear_words(struct service *service, uint32_t item, const struct stt_word *words,
    size_t count, bool is_estimated)
{
    strbuf_printf(&service->heard, "words %u%s", item, is_estimated ? " about" : "");
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&service->heard, " %.*s %u-%u", (int)words[i].text.len, words[i].text.data,
            words[i].start_ms, words[i].end_ms);
    strbuf_add_char(&service->heard, '\n');
}

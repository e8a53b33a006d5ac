#include "outgoing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "base/strbuf.h"

#define MAX_BODY_BYTES (16u << 20)
#define DRIPS_PER_S 10
#define WEB_PAGE "<!DOCTYPE html><html><body>Please accept our terms to go on.</body></html>"

struct outgoing {
    UT_hash_handle hh;
    struct exchange *exchange; /* the key */
    struct world *world;
    struct gate gate;
    struct paced paced;
    enum service service;
    int status;
    const char *content_type;
    bool is_stream;
    bool has_begun;
    bool is_gone; /* the client left while we streamed */
    bool is_lost; /* a put failed: the answer ends cut */
    size_t len_bytes;
    struct strbuf body;
};

static void release(struct outgoing *outgoing)
{
    HASH_DEL(outgoing->world->outgoing, outgoing);
    paced_close(&outgoing->paced);
    strbuf_free(&outgoing->body);
    free(outgoing);
}

static void begin(struct outgoing *outgoing)
{
    if (!outgoing->has_begun)
        exchange_begin(outgoing->exchange, outgoing->status, outgoing->content_type);
    outgoing->has_begun = true;
}

static enum err on_send(void *owner, struct slice data)
{
    struct outgoing *outgoing = owner;
    if (!outgoing->is_stream) {
        strbuf_add_slice(&outgoing->body, data);
        return outgoing->body.failed ? ERR_NOMEM : ERR_OK;
    }
    begin(outgoing);
    enum err err = exchange_write(outgoing->exchange, data);
    outgoing->is_gone = err == ERR_CLOSED;
    return err;
}

static void on_cut(void *owner)
{
    struct outgoing *outgoing = owner;
    if (outgoing->is_gone) {
        if (outgoing->service == SERVICE_LLM)
            ledger_count(&outgoing->world->ledger, TALLY_CHATS_CANCELLED, 1);
        exchange_end(outgoing->exchange);
    } else {
        if (!outgoing->is_stream && outgoing->body.len) {
            begin(outgoing);
            (void)!exchange_write(outgoing->exchange, strbuf_slice(&outgoing->body));
        }
        exchange_abort(outgoing->exchange);
    }
    release(outgoing);
}

static void on_finish(void *owner)
{
    struct outgoing *outgoing = owner;
    if (outgoing->is_lost) {
        on_cut(outgoing);
        return;
    }
    if (outgoing->is_stream) {
        begin(outgoing);
        exchange_end(outgoing->exchange);
    } else {
        exchange_answer(outgoing->exchange, outgoing->status, outgoing->content_type,
            strbuf_slice(&outgoing->body));
    }
    release(outgoing);
}

static const struct paced_sink sink = {.send = on_send, .finish = on_finish, .cut = on_cut};

struct outgoing *outgoing_open(
    struct world *world, struct exchange *exchange, const struct outgoing_start *start)
{
    struct outgoing *outgoing = calloc(1, sizeof *outgoing);
    if (outgoing) {
        outgoing->exchange = exchange;
        outgoing->world = world;
        outgoing->service = start->service;
        outgoing->status = start->status;
        outgoing->content_type = start->content_type;
        outgoing->is_stream =
            start->is_stream || start->fault->drip_bytes_per_s || start->fault->flood_bytes;
        strbuf_init(&outgoing->body, MAX_BODY_BYTES);
        gate_init(&outgoing->gate, start->fault);
        outgoing->gate.fault.delay_ms += start->fault->receive_delay_ms; /* all the same here */
        if (!start->is_stream)
            outgoing->gate.fault.drop_percent =
                0; /* half a body is what `cut_after_bytes` is for */
    }
    if (!outgoing || paced_init(&outgoing->paced, world->loop, &outgoing->gate, &sink, outgoing)) {
        free(outgoing);
        exchange_answer(exchange, 500, NULL, (struct slice){"", 0});
        return NULL;
    }
    HASH_ADD_PTR(world->outgoing, exchange, outgoing);
    return outgoing;
}

void outgoing_put(struct outgoing *outgoing, uint64_t due_ms, struct slice data)
{
    unsigned drip_bytes_per_s = outgoing->gate.fault.drip_bytes_per_s;
    size_t most = drip_bytes_per_s ? 1 + drip_bytes_per_s / DRIPS_PER_S : data.len;
    outgoing->len_bytes += data.len;
    while (data.len) {
        size_t len = data.len < most ? data.len : most;
        if (paced_put(&outgoing->paced, due_ms, (struct slice){data.data, len}))
            outgoing->is_lost = true;
        data = (struct slice){data.data + len, data.len - len};
    }
}

/* All of the answer is known now, and nothing has left: that is the timer's. */
static void set_breaking_point(struct outgoing *outgoing)
{
    struct fault *fault = &outgoing->gate.fault;
    if (fault->cut_at_percent)
        fault->cut_after_bytes = (int64_t)(outgoing->len_bytes * fault->cut_at_percent / 100);
}

void outgoing_finish(struct outgoing *outgoing)
{
    set_breaking_point(outgoing);
    if (paced_finish(&outgoing->paced)) {
        exchange_abort(outgoing->exchange);
        release(outgoing);
    }
}

void outgoing_cancel(struct world *world, struct exchange *exchange)
{
    struct outgoing *outgoing = NULL;
    HASH_FIND_PTR(world->outgoing, &exchange, outgoing);
    if (!outgoing)
        return;
    if (outgoing->service == SERVICE_LLM)
        ledger_count(&world->ledger, TALLY_CHATS_CANCELLED, 1);
    release(outgoing);
}

void outgoing_cancel_all(struct world *world)
{
    struct outgoing *outgoing, *next;
    HASH_ITER(hh, world->outgoing, outgoing, next)
    {
        exchange_abort(outgoing->exchange);
        release(outgoing);
    }
}

/* Takes the text. */
static void whole(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault, int status, const char *content_type, char *text)
{
    struct outgoing *outgoing = NULL;
    if (text)
        outgoing = outgoing_open(world, exchange,
            &(struct outgoing_start){.service = service,
                .fault = fault ? fault : &fault_none,
                .status = status,
                .content_type = content_type});
    else
        exchange_answer(exchange, 500, NULL, (struct slice){"", 0});
    if (outgoing) {
        outgoing_put(outgoing, clock_ms(), slice_from(text));
        outgoing_finish(outgoing);
    }
    free(text);
}

void outgoing_json_take(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault, int status, json_t *body)
{
    whole(world, exchange, service, fault, status, "application/json",
        body ? json_dumps(body, JSON_COMPACT) : NULL);
    json_decref(body);
}

void outgoing_error(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault, const struct api_error *error)
{
    whole(world, exchange, service, fault, error->status, "application/json",
        error_body(service, error));
}

static void say_retry_after(
    struct exchange *exchange, enum service service, const struct fault *fault)
{
    char text[32];
    if (service == SERVICE_STT || service == SERVICE_LLM) {
        snprintf(text, sizeof text, "%u", fault->retry_after_ms);
        exchange_set_header(exchange, "retry-after-ms", text);
    }
    snprintf(text, sizeof text, "%u", (fault->retry_after_ms + 999) / 1000);
    exchange_set_header(exchange, "retry-after", text);
}

bool outgoing_faulty(
    struct world *world, struct exchange *exchange, enum service service, const struct fault *fault)
{
    if (fault->web_page) {
        whole(world, exchange, service, fault, 200, "text/html; charset=utf-8", strdup(WEB_PAGE));
        return true;
    }
    if (!fault->status)
        return false;
    struct api_error error;
    api_error_from_fault(&error, service, fault);
    if (fault->retry_after_ms)
        say_retry_after(exchange, service, fault);
    outgoing_error(world, exchange, service, fault, &error);
    return true;
}

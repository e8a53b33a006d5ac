#include "api/call_traces.h"

#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "base/crypto.h"

#define CALLS_MAX 64
#define SPANS_MAX_BYTES (256u << 10) /* a call */

struct part {
    struct part *next;
    size_t len;
    char text[];
};

struct traced_call {
    UT_hash_handle hh; /* uthash keeps insertion order: the first is the oldest */
    char call_sid[40];
    char call_id[ID_SIZE]; /* the newest row's: a call that broke has several */
    uint8_t trace_id[TRACE_ID_BYTES];
    struct part *first, *last;
    size_t bytes;
    unsigned forgotten;
    bool is_ended;
};

struct call_traces {
    struct traced_call *calls;
};

struct call_traces *call_traces_create(void)
{
    return calloc(1, sizeof(struct call_traces));
}

static void drop_first(struct traced_call *call)
{
    struct part *part = call->first;
    call->first = part->next;
    if (!call->first)
        call->last = NULL;
    call->bytes -= part->len;
    free(part);
}

static void forget(struct call_traces *traces, struct traced_call *call)
{
    HASH_DELETE(hh, traces->calls, call);
    while (call->first)
        drop_first(call);
    free(call);
}

static struct traced_call *find(const struct call_traces *traces, struct slice call_sid)
{
    struct traced_call *call;
    HASH_FIND(hh, traces->calls, call_sid.data, call_sid.len, call);
    return call;
}

static struct traced_call *find_or_add(struct call_traces *traces, const char *call_sid)
{
    struct traced_call *call = find(traces, slice_from(call_sid));
    if (call)
        return call;
    if (HASH_COUNT(traces->calls) >= CALLS_MAX)
        forget(traces, traces->calls);
    call = calloc(1, sizeof *call);
    if (!call)
        return NULL;
    slice_copy(slice_from(call_sid), call->call_sid, sizeof call->call_sid);
    HASH_ADD_STR(traces->calls, call_sid, call);
    if (!call->hh.tbl) {
        free(call);
        return NULL;
    }
    return call;
}

static void add_part(struct traced_call *call, struct slice spans)
{
    struct part *part = malloc(sizeof *part + spans.len);
    if (!part)
        return;
    *part = (struct part){.len = spans.len};
    memcpy(part->text, spans.data, spans.len);
    if (call->last)
        call->last->next = part;
    else
        call->first = part;
    call->last = part;
    call->bytes += spans.len;
    for (; call->bytes > SPANS_MAX_BYTES && call->first != part; call->forgotten++)
        drop_first(call);
}

void call_traces_add(
    struct call_traces *traces, const struct trace_batch *batch, struct slice spans)
{
    struct traced_call *call = find_or_add(traces, batch->facts.call_sid);
    if (!call || !spans.len)
        return;
    memcpy(call->call_id, batch->facts.call_id, sizeof call->call_id);
    memcpy(call->trace_id, batch->facts.trace_id, sizeof call->trace_id);
    call->is_ended = batch->is_last;
    add_part(call, spans);
}

bool call_traces_write(const struct call_traces *traces, struct slice call_sid, struct strbuf *out)
{
    const struct traced_call *call = find(traces, call_sid);
    if (!call)
        return false;
    char trace_id[2 * TRACE_ID_BYTES + 1];
    crypto_hex(call->trace_id, TRACE_ID_BYTES, trace_id);
    strbuf_printf(out,
        "{\"trace_id\":\"%s\",\"call_id\":\"%s\",\"ended\":%s,\"forgotten\":%u,\"spans\":[",
        trace_id, call->call_id, call->is_ended ? "true" : "false", call->forgotten);
    for (const struct part *part = call->first; part; part = part->next) {
        strbuf_add_slice(out, (struct slice){part->text, part->len});
        if (part->next)
            strbuf_add_char(out, ',');
    }
    strbuf_add_text(out, "]}");
    return true;
}

void call_traces_destroy(struct call_traces *traces)
{
    if (!traces)
        return;
    struct traced_call *call, *next;
    HASH_ITER(hh, traces->calls, call, next)
    forget(traces, call);
    free(traces);
}

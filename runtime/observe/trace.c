#include "observe/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

struct trace {
    struct trace_facts facts;
    struct trace_batch *batch; /* NULL: nothing since the last was taken */
    uint64_t seed;             /* of span ids: another for each attempt of the call */
    uint64_t made;
    uint32_t parts;
};

/* ---- ids ---- */

void trace_id_of(struct slice call_sid, uint8_t out[TRACE_ID_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    crypto_sha256(call_sid, hash);
    memcpy(out, hash, TRACE_ID_BYTES);
    out[0] |= !out[0]; /* all zero is none */
}

/* Bits that are as good as random, of numbers that are not (the finish of splitmix64). */
static uint64_t mixed(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

static uint64_t eight_bytes(const uint8_t *bytes)
{
    uint64_t bits;
    memcpy(&bits, bytes, sizeof bits);
    return bits;
}

uint64_t trace_root_of(const uint8_t trace_id[TRACE_ID_BYTES])
{
    uint64_t id = mixed(eight_bytes(trace_id) ^ ~eight_bytes(trace_id + 8));
    return id ? id : 1;
}

bool trace_is_sampled(const uint8_t trace_id[TRACE_ID_BYTES], double share)
{
    double place = (double)(eight_bytes(trace_id + 8) >> 11) / (double)(1ull << 53);
    return place < share;
}

static uint64_t next_id(struct trace *trace)
{
    uint64_t id = mixed(trace->seed + 0x9e3779b97f4a7c15u * ++trace->made);
    return id ? id : next_id(trace);
}

/* ---- life ---- */

void trace_batch_free(struct trace_batch *batch)
{
    if (!batch)
        return;
    free(batch->spans);
    free(batch->events);
    free(batch->attributes);
    strbuf_free(&batch->texts);
    free(batch);
}

static struct trace_batch *make_batch(const struct trace *trace)
{
    struct trace_batch *batch = calloc(1, sizeof *batch);
    if (!batch)
        return NULL;
    batch->facts = trace->facts;
    strbuf_init(&batch->texts, TRACE_TEXT_MAX_BYTES);
    return batch;
}

struct trace *trace_create(const struct trace_facts *facts)
{
    struct trace *trace = calloc(1, sizeof *trace);
    uint8_t hash[SHA256_BYTES];
    if (!trace)
        return NULL;
    trace->facts = *facts;
    crypto_sha256(slice_from(facts->call_id), hash);
    trace->seed = eight_bytes(hash);
    return trace;
}

void trace_destroy(struct trace *trace)
{
    if (trace)
        trace_batch_free(trace->batch);
    free(trace);
}

/* ---- what a batch holds ---- */

/* Room for one more, or NULL. */
static void *add(void *list, size_t *count, size_t *room, size_t most, size_t size)
{
    char **items = list;
    if (*count == *room) {
        size_t wanted = *room ? *room * 2 : 16;
        size_t fresh = wanted < most ? wanted : most;
        char *grown = *count < fresh ? realloc(*items, fresh * size) : NULL;
        if (!grown)
            return NULL;
        *items = grown;
        *room = fresh;
    }
    return *items + (*count)++ * size;
}

static struct trace_span *add_span(struct trace_batch *batch)
{
    struct trace_span *span =
        add(&batch->spans, &batch->span_count, &batch->span_room, TRACE_SPANS_MAX, sizeof *span);
    batch->dropped_spans += !span;
    return span;
}

static struct trace_event *add_event(struct trace_batch *batch)
{
    struct trace_event *event = add(
        &batch->events, &batch->event_count, &batch->event_room, TRACE_EVENTS_MAX, sizeof *event);
    batch->dropped += !event;
    return event;
}

static struct trace_attribute *add_attribute(struct trace_batch *batch)
{
    struct trace_attribute *attribute = add(&batch->attributes, &batch->attribute_count,
        &batch->attribute_room, TRACE_ATTRIBUTES_MAX, sizeof *attribute);
    batch->dropped += !attribute;
    return attribute;
}

static struct trace_span *find(const struct trace *trace, uint64_t id)
{
    struct trace_batch *batch = trace && id ? trace->batch : NULL;
    for (size_t i = batch ? batch->span_count : 0; i-- > 0;)
        if (batch->spans[i].id == id)
            return &batch->spans[i];
    return NULL;
}

static uint16_t place_of(const struct trace *trace, const struct trace_span *span)
{
    return (uint16_t)(span - trace->batch->spans);
}

/* ---- spans ---- */

static uint64_t begin(struct trace *trace, struct trace_span as)
{
    if (!trace)
        return 0;
    if (!trace->batch)
        trace->batch = make_batch(trace);
    struct trace_span *span = trace->batch ? add_span(trace->batch) : NULL;
    if (!span)
        return 0;
    *span = as;
    span->is_open = true;
    return span->id;
}

uint64_t trace_begin_root(struct trace *trace, const char *name, uint64_t at_ms)
{
    return begin(trace, (struct trace_span){.name = name,
                            .id = trace ? trace_root_of(trace->facts.trace_id) : 0,
                            .kind = TRACE_SERVER,
                            .start_ms = at_ms});
}

uint64_t trace_begin(
    struct trace *trace, const char *name, enum trace_kind kind, uint64_t parent_id, uint64_t at_ms)
{
    if (!trace)
        return 0;
    return begin(
        trace, (struct trace_span){.name = name,
                   .id = next_id(trace),
                   .parent_id = parent_id ? parent_id : trace_root_of(trace->facts.trace_id),
                   .kind = kind,
                   .start_ms = at_ms});
}

static void end(struct trace_span *span, uint64_t at_ms)
{
    span->end_ms = at_ms > span->start_ms ? at_ms : span->start_ms;
    span->is_open = false;
}

void trace_end(struct trace *trace, uint64_t id, uint64_t at_ms)
{
    struct trace_span *span = find(trace, id);
    if (span && span->is_open)
        end(span, at_ms);
}

void trace_end_under(struct trace *trace, uint64_t parent_id, const char *but_not, uint64_t at_ms)
{
    struct trace_batch *batch = trace && parent_id ? trace->batch : NULL;
    for (size_t i = 0; batch && i < batch->span_count; i++) {
        struct trace_span *span = &batch->spans[i];
        if (span->is_open && span->parent_id == parent_id && strcmp(span->name, but_not) != 0)
            end(span, at_ms);
    }
}

bool trace_is_open(const struct trace *trace, uint64_t id)
{
    const struct trace_span *span = find(trace, id);
    return span && span->is_open;
}

void trace_fail(struct trace *trace, uint64_t id)
{
    struct trace_span *span = find(trace, id);
    if (span)
        span->is_failed = true;
}

void trace_recover(struct trace *trace, uint64_t id)
{
    struct trace_span *span = find(trace, id);
    if (span)
        span->is_failed = false;
}

uint16_t trace_event(struct trace *trace, uint64_t id, const char *name, uint64_t at_ms)
{
    const struct trace_span *span = find(trace, id);
    struct trace_event *event = span ? add_event(trace->batch) : NULL;
    if (!event)
        return 0;
    *event = (struct trace_event){.name = name, .at_ms = at_ms, .span = place_of(trace, span)};
    return (uint16_t)trace->batch->event_count;
}

/* ---- attributes ---- */

static struct trace_attribute *attribute_of(
    struct trace_batch *batch, uint16_t span, uint16_t event, const char *key)
{
    for (size_t i = 0; i < batch->attribute_count; i++) {
        struct trace_attribute *attribute = &batch->attributes[i];
        if (attribute->span == span && attribute->event == event &&
            strcmp(attribute->key, key) == 0)
            return attribute;
    }
    return add_attribute(batch);
}

static void set(struct trace *trace, const struct trace_span *span, struct trace_attribute as)
{
    struct trace_attribute *attribute =
        span ? attribute_of(trace->batch, place_of(trace, span), as.event, as.key) : NULL;
    if (!attribute)
        return;
    as.span = place_of(trace, span);
    *attribute = as;
}

void trace_number(struct trace *trace, uint64_t id, const char *key, int64_t value)
{
    set(trace, find(trace, id),
        (struct trace_attribute){.key = key, .kind = TRACE_NUMBER, .number = value});
}

void trace_truth(struct trace *trace, uint64_t id, const char *key, bool value)
{
    set(trace, find(trace, id),
        (struct trace_attribute){.key = key, .kind = TRACE_TRUTH, .number = value});
}

/* All of it or nothing: half a text may be half a number. */
static bool keep_text(struct strbuf *texts, struct slice text)
{
    if (text.len > TRACE_TEXT_ONE_MAX_BYTES || texts->len + text.len >= texts->limit)
        return false;
    strbuf_add_slice(texts, text);
    return !texts->failed;
}

static void set_text(struct trace *trace, const struct trace_span *span, struct trace_attribute as,
    struct slice text)
{
    if (!span || !text.len)
        return;
    as.number = (int64_t)trace->batch->texts.len;
    as.len = (uint16_t)text.len;
    if (keep_text(&trace->batch->texts, text))
        set(trace, span, as);
    else
        trace->batch->dropped++;
}

void trace_word(struct trace *trace, uint64_t id, const char *key, struct slice value)
{
    set_text(
        trace, find(trace, id), (struct trace_attribute){.key = key, .kind = TRACE_WORD}, value);
}

void trace_free_text(struct trace *trace, uint64_t id, const char *key, struct slice value)
{
    set_text(
        trace, find(trace, id), (struct trace_attribute){.key = key, .kind = TRACE_FREE}, value);
}

static void set_event_text(
    struct trace *trace, uint64_t id, struct trace_attribute as, struct slice value)
{
    if (as.event)
        set_text(trace, find(trace, id), as, value);
}

void trace_event_name(
    struct trace *trace, uint64_t id, uint16_t event, const char *key, struct slice value)
{
    set_event_text(
        trace, id, (struct trace_attribute){.key = key, .event = event, .kind = TRACE_WORD}, value);
}

void trace_event_text(
    struct trace *trace, uint64_t id, uint16_t event, const char *key, struct slice value)
{
    set_event_text(
        trace, id, (struct trace_attribute){.key = key, .event = event, .kind = TRACE_FREE}, value);
}

void trace_event_word(
    struct trace *trace, uint64_t id, const char *name, uint64_t at_ms, const char *word)
{
    uint16_t event = trace_event(trace, id, name, at_ms);
    trace_event_text(trace, id, event, "detail", slice_from(word));
}

/* ---- handing over ---- */

/* False: there is no memory for its text. */
static bool move_text(
    struct trace_batch *to, const struct trace_batch *from, struct trace_attribute *attribute)
{
    if (attribute->kind != TRACE_WORD && attribute->kind != TRACE_FREE)
        return true;
    struct slice text = {from->texts.data + attribute->number, attribute->len};
    attribute->number = (int64_t)to->texts.len;
    return keep_text(&to->texts, text);
}

/* What span number `place` of the one has besides itself. */
static void move_rest(
    struct trace_batch *to, const struct trace_batch *from, size_t place, uint16_t new_place)
{
    uint16_t moved[TRACE_EVENTS_MAX + 1] = {0};
    for (size_t i = 0; i < from->event_count; i++) {
        struct trace_event *event = from->events[i].span == place ? add_event(to) : NULL;
        if (!event)
            continue;
        *event = from->events[i];
        event->span = new_place;
        moved[i + 1] = (uint16_t)to->event_count;
    }
    for (size_t i = 0; i < from->attribute_count; i++) {
        const struct trace_attribute *old = &from->attributes[i];
        bool is_lost = old->event && !moved[old->event];
        struct trace_attribute *fresh = old->span == place && !is_lost ? add_attribute(to) : NULL;
        if (!fresh)
            continue;
        *fresh = *old;
        fresh->span = new_place;
        fresh->event = moved[old->event];
        if (!move_text(to, from, fresh))
            to->attribute_count--;
    }
}

static void move_spans(struct trace_batch *to, const struct trace_batch *from, bool open_ones)
{
    for (size_t i = 0; i < from->span_count; i++) {
        struct trace_span *span = from->spans[i].is_open == open_ones ? add_span(to) : NULL;
        if (!span)
            continue;
        *span = from->spans[i];
        move_rest(to, from, i, (uint16_t)(to->span_count - 1));
    }
}

static size_t count_open(const struct trace_batch *batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->span_count; i++)
        count += batch->spans[i].is_open;
    return count;
}

static struct trace_batch *name_part(struct trace *trace, struct trace_batch *batch, bool is_last)
{
    batch->part = trace->parts++;
    batch->is_last = is_last;
    return batch;
}

/* Without memory for two nothing is taken yet. */
static struct trace_batch *split(struct trace *trace)
{
    struct trace_batch *all = trace->batch;
    struct trace_batch *ended = make_batch(trace), *open = make_batch(trace);
    if (!ended || !open) {
        trace_batch_free(ended);
        trace_batch_free(open);
        return NULL;
    }
    move_spans(ended, all, false);
    move_spans(open, all, true);
    ended->dropped_spans += all->dropped_spans;
    ended->dropped += all->dropped;
    trace_batch_free(all);
    trace->batch = open;
    return name_part(trace, ended, false);
}

bool trace_is_filling(const struct trace *trace)
{
    return trace && trace->batch && trace->batch->span_count >= TRACE_SPANS_MAX / 2;
}

struct trace_batch *trace_take(struct trace *trace, bool is_last, uint64_t at_ms)
{
    struct trace_batch *batch = trace ? trace->batch : NULL;
    if (!batch)
        return NULL;
    for (size_t i = 0; is_last && i < batch->span_count; i++)
        if (batch->spans[i].is_open)
            end(&batch->spans[i], at_ms);
    size_t open = count_open(batch);
    if (open == batch->span_count)
        return NULL;
    if (open)
        return split(trace);
    trace->batch = NULL;
    return name_part(trace, batch, is_last);
}

/* ---- to others ---- */

void trace_parent_text(const struct trace *trace, uint64_t id, char out[TRACEPARENT_SIZE])
{
    out[0] = 0;
    if (!trace || !id)
        return;
    char trace_id[2 * TRACE_ID_BYTES + 1];
    crypto_hex(trace->facts.trace_id, TRACE_ID_BYTES, trace_id);
    snprintf(out, TRACEPARENT_SIZE, "00-%s-%016llx-01", trace_id, (unsigned long long)id);
}

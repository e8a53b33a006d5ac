/* The spans of one call, gathered where it is driven, and handed over turn by turn as batches that another thread sends or
   stores. Time is an argument, in the driver's milliseconds; nothing here waits, and a trace that is NULL (not sampled, or no
   memory) takes everything and keeps nothing.

     call ─► trace_begin, _end, _event, attributes ─► batch ─(trace_take)─► letter to the thread that exports

   Bounded: past a batch's limits spans, events and attributes are dropped and counted in it. Names and keys are literals:
   they are pointed at. Texts are copied. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/mailbox.h"
#include "base/slice.h"
#include "base/strbuf.h"

#define TRACE_ID_BYTES 16
#define TRACE_SPANS_MAX 192 /* in a batch, here and below */
#define TRACE_EVENTS_MAX 384
#define TRACE_ATTRIBUTES_MAX 2048
#define TRACE_TEXT_MAX_BYTES 16384
#define TRACE_TEXT_ONE_MAX_BYTES 256
#define TRACEPARENT_SIZE 56 /* 55 characters and the terminator */

struct trace_facts {
    uint8_t trace_id[TRACE_ID_BYTES];
    char tenant_id[64];
    char call_id[ID_SIZE];
    char call_sid[40];
    uint64_t wall_offset_ms; /* to be added to the driver's milliseconds for those since 1970 */
};

enum trace_value { TRACE_NUMBER, TRACE_TRUTH, TRACE_WORD, TRACE_FREE };

struct trace_attribute {
    const char *key;
    uint16_t span;  /* by its place in the batch */
    uint16_t event; /* of it, by its place, from 1; 0: the span's own */
    uint16_t len;
    enum trace_value
        kind; /* WORD: ours, or a name that a list gives; FREE: text that may tell of people */
    int64_t number; /* of texts their place among the batch's */
};

struct trace_event {
    const char *name;
    uint64_t at_ms;
    uint16_t span;
};

enum trace_kind {
    TRACE_INTERNAL = 1,
    TRACE_SERVER = 2,
    TRACE_CLIENT = 3
}; /* as OTLP numbers them */

struct trace_span {
    const char *name;
    uint64_t id;
    uint64_t parent_id; /* 0: none, it is the root */
    uint64_t start_ms;
    uint64_t end_ms;
    enum trace_kind kind;
    bool is_open;
    bool is_failed;
};

struct trace_batch {
    struct letter letter;
    struct trace_facts facts;
    uint32_t part; /* of the call, from 0; each is whole by itself */
    bool is_last;
    struct trace_span *spans;
    struct trace_event *events;
    struct trace_attribute *attributes;
    size_t span_count, span_room;
    size_t event_count, event_room;
    size_t attribute_count, attribute_room;
    struct strbuf texts;
    unsigned dropped_spans; /* past the limits, here and below */
    unsigned dropped;       /* events and attributes */
};
void trace_batch_free(struct trace_batch *batch);

/* The same wherever the call is taken up, after a crash too: of the carrier's name for it. */
void trace_id_of(struct slice call_sid, uint8_t out[TRACE_ID_BYTES]);
uint64_t trace_root_of(const uint8_t trace_id[TRACE_ID_BYTES]); /* its root's span id, likewise */
/* `share` of all traces, from 0 to 1: decided by the id alone. */
bool trace_is_sampled(const uint8_t trace_id[TRACE_ID_BYTES], double share);

struct trace;
struct trace *trace_create(const struct trace_facts *facts); /* NULL: no memory */
void trace_destroy(struct trace *trace);                     /* what was not taken is lost */

/* A span's id; 0: it is not kept. Parent 0: the root's child; the root itself is begun by trace_begin_root. */
uint64_t trace_begin_root(struct trace *trace, const char *name, uint64_t at_ms);
uint64_t trace_begin(struct trace *trace, const char *name, enum trace_kind kind,
    uint64_t parent_id, uint64_t at_ms);
/* Spans that ended, and were taken, hear nothing any more: what is told about them is dropped. */
void trace_end(struct trace *trace, uint64_t id, uint64_t at_ms);
void trace_end_under(struct trace *trace, uint64_t parent_id, const char *but_not, uint64_t at_ms);
bool trace_is_open(const struct trace *trace, uint64_t id);
void trace_fail(struct trace *trace, uint64_t id);
void trace_recover(struct trace *trace, uint64_t id); /* it did not fail after all */
/* Its place, for what is to be told of it at once; 0: it is not kept. */
uint16_t trace_event(struct trace *trace, uint64_t id, const char *name, uint64_t at_ms);
void trace_event_name(
    struct trace *trace, uint64_t id, uint16_t event, const char *key, struct slice value);
void trace_event_text(
    struct trace *trace, uint64_t id, uint16_t event, const char *key, struct slice value);
/* With a word about it, when there is one. */
void trace_event_word(
    struct trace *trace, uint64_t id, const char *name, uint64_t at_ms, const char *word);
/* The attribute that is there under that key is replaced. */
void trace_number(struct trace *trace, uint64_t id, const char *key, int64_t value);
void trace_truth(struct trace *trace, uint64_t id, const char *key, bool value);
void trace_word(struct trace *trace, uint64_t id, const char *key, struct slice value);
void trace_free_text(struct trace *trace, uint64_t id, const char *key, struct slice value);

bool trace_is_filling(const struct trace *trace); /* with spans: what ended should be taken */
/* All spans that ended; those that are open stay. NULL: none did. `is_last`: open ones are ended, and go as well. */
struct trace_batch *trace_take(struct trace *trace, bool is_last, uint64_t at_ms);

/* W3C: "00-<trace id>-<span id>-01"; empty where there is no trace or span. */
void trace_parent_text(const struct trace *trace, uint64_t id, char out[TRACEPARENT_SIZE]);

/* Sends spans to an OpenTelemetry collector: POST <endpoint>/v1/traces, OTLP/HTTP with JSON. On one loop (the control
   thread's); one request at a time, each of up to a mebibyte of what waits.

     exporter_add ─► queue ─(full enough, or a second)─► request ─► taken │ refused: dropped │ later: the same again

   Bounded: past EXPORTER_QUEUE_MAX_BYTES the newest are dropped and counted. A collector that is away, slow or overloaded is
   asked again after a pause that doubles up to half a minute, with jitter, or when it says; what it did not take in five
   minutes is dropped. Nobody waits for it. */
#pragma once

#include "net/loop.h"
#include "telemetry/otlp.h"

#define EXPORTER_QUEUE_MAX_BYTES (16u << 20)

struct exporter_options {
    const char *endpoint; /* http or https; "/v1/traces" is added */
    const char *headers;  /* "name=value,…"; "": none. Secrets: never logged */
    struct otlp_resource resource;
    unsigned timeout_ms; /* of a request; here and below 0: as usual */
    unsigned pause_ms;   /* before the first repeat */
    unsigned gather_ms;  /* how long spans wait for others */
};

struct exporter;
/* ERR_BAD: the endpoint or the headers cannot be read. Strings must outlive it. */
must_use enum err exporter_create(
    struct exporter **out, struct net_loop *loop, const struct exporter_options *options);
void exporter_add(struct exporter *exporter, struct slice spans, size_t count);
/* Calls `fn` once nothing waits any more, or at the deadline; then what is left is dropped and counted. */
void exporter_drain(
    struct exporter *exporter, uint64_t deadline_ms, void (*fn)(void *owner), void *owner);
void exporter_destroy(struct exporter *exporter); /* NULL is fine */

/* An answer to an HTTP request on its way out: whole or streamed, at its pace, through the fault of its
   service. Frees itself when it is sent, cut, or the client goes away. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error_body.h"
#include "fault.h"
#include "world.h"

struct outgoing_start {
    enum service service;
    const struct fault *fault;
    int status;
    const char *content_type; /* a literal */
    bool is_stream;           /* every put is sent when due; else one body at the end */
};

/* NULL: no memory; the exchange was answered with 500. */
struct outgoing *outgoing_open(
    struct world *world, struct exchange *exchange, const struct outgoing_start *start);
/* Failures end the answer by themselves at its pace; nothing to check. */
void outgoing_put(struct outgoing *outgoing, uint64_t due_ms, struct slice data);
void outgoing_finish(struct outgoing *outgoing); /* no put after it */
/* The client left: forgets the answer of this exchange, if there is one. */
void outgoing_cancel(struct world *world, struct exchange *exchange);
void outgoing_cancel_all(struct world *world); /* at the end */

/* One JSON body, through `fault` (NULL: none). Takes the reference. */
void outgoing_json_take(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault, int status, json_t *body);
void outgoing_error(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault, const struct api_error *error);
/* Answers when the fault asks for a status of its own. */
bool outgoing_faulty(struct world *world, struct exchange *exchange, enum service service,
    const struct fault *fault);

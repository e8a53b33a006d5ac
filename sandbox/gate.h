/* What a fault does to the messages of one connection, one after the other. Pure.

   A fault without a breaking point (`cut_after_…`) and with `hang`, `garbage` or `flood_bytes` applies from the
   first message on; with a breaking point everything before it is sent unharmed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

enum gate_verdict {
    GATE_PASS,    /* send it */
    GATE_GARBAGE, /* send rubbish instead */
    GATE_FLOOD,   /* send padding before it: tell with gate_flooded, and ask again */
    GATE_SWALLOW, /* say nothing */
    GATE_CUT,     /* send `allowed` bytes of it where that is possible, then cut */
};

struct gate {
    struct fault fault;
    int64_t messages; /* passed so far */
    int64_t bytes;
    uint64_t flooded_bytes; /* of padding sent so far */
    uint32_t random;        /* state; never 0 */
};

void gate_init(struct gate *gate, const struct fault *fault);
enum gate_verdict gate_next(struct gate *gate, size_t len_bytes, size_t *allowed);
void gate_flooded(struct gate *gate, size_t len_bytes);
/* Lateness of one message and whether it is lost: each call goes on in the gate's random row. */
unsigned gate_delay_ms(struct gate *gate, unsigned fixed_ms);
bool gate_loses(struct gate *gate, unsigned percent);

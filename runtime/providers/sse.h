/* Server-sent events: bytes in any portions in, whole events out. Line ends are \n, \r\n or \r; a byte
   order mark, comments (keep-alives), `id` and `retry` are skipped; several data lines join with \n.
   Pure; memory is bounded by the limit given.

       while (!sse_next(&sse, &bytes, &event) && event.is_whole) … */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

struct sse {
    struct strbuf line; /* the line that is not whole yet */
    struct strbuf data; /* data lines of the event that is not whole yet */
    struct strbuf kind; /* its `event` field */
    bool has_data;
    bool was_return;    /* the last byte was \r: a \n that follows belongs to it */
    bool is_started;    /* past the place of a byte order mark */
    bool is_handed_out; /* the last call gave the event out: forget it first */
};

struct sse_event {
    bool is_whole;
    struct slice kind; /* empty when none was given */
    struct slice data; /* both valid until the next call */
};

void sse_init(struct sse *sse, size_t limit_bytes); /* of one line and of one event's data */
void sse_free(struct sse *sse);
/* Takes from `*bytes` (advancing it) until an event is whole or nothing is left. ERR_FULL: an event
   longer than the limit, the stream cannot be used further. */
must_use enum err sse_next(struct sse *sse, struct slice *bytes, struct sse_event *out);
/* At the end of the body: an event that lacks its last blank line. */
must_use enum err sse_finish(struct sse *sse, struct sse_event *out);

/* The newest spans of live and recent calls, for people who look at one: the control thread's table. Keeps 64 calls and 256 KiB
   of spans each; older ones go. What is older is in Postgres. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"
#include "observe/trace.h"

struct call_traces;
struct call_traces *call_traces_create(void); /* NULL: no memory */
/* `spans`: the batch's, as JSON objects with commas between. */
void call_traces_add(
    struct call_traces *traces, const struct trace_batch *batch, struct slice spans);
/* {"trace_id","call_id","ended","forgotten","spans":[…]}: spans in OTLP's JSON, turn by turn; `forgotten` counts the turns before
   them that went. False: no such call. */
bool call_traces_write(const struct call_traces *traces, struct slice call_sid, struct strbuf *out);
void call_traces_destroy(struct call_traces *traces); /* NULL is fine */

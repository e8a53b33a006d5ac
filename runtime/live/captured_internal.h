/* JSON of a captured call's records, in its thread's scratch memory: one at a time. Private to captured*.c. */
#pragma once

#include "live/call.h"

/* {"event": … NULL: not captured; nothing is to be made. */
struct strbuf *captured_event(const struct call *call, const char *event);
void captured_add_text(struct strbuf *json, const char *name, struct slice text);
void captured_add_number(struct strbuf *json, const char *name, uint64_t number);
void captured_add_bool(struct strbuf *json, const char *name, bool is_so);
/* What is JSON already; empty: null. */
void captured_add_json(struct strbuf *json, const char *name, struct slice value);
void captured_put(const struct call *call, enum capture_kind kind); /* with its last brace */
/* What words and pieces go by: "agent": {…}. */
void captured_add_agent(struct strbuf *json, const struct agent *agent);

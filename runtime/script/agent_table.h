/* The tenants that answer now: called number → agent. Readers on any thread get a counted snapshot; the script
   thread swaps entries when a version goes live. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"
#include "script/agent.h"

struct agent *agent_table_find_number(struct slice number); /* held; NULL: unknown */
struct agent *agent_table_find(struct slice tenant_id);     /* held; NULL: unknown */
/* Likewise, but the one that this call begins with: a tenant's canary for some. `call_sid` decides, so that the same call is
   answered by the same one at the webhook, at its stream's start and when it comes back. */
struct agent *agent_table_choose_number(struct slice number, const char *call_sid);
struct agent *agent_table_choose(struct slice tenant_id, const char *call_sid);
/* Whether a call is among those that so many percent are. Pure. */
bool agent_is_for_canary(const char *call_sid, unsigned percent);
/* A good version: becomes current for its tenant, which has no canary then. `why` (may be NULL) explains a refusal: a number
   that another tenant has. */
bool agent_table_publish(struct agent *agent, char why[256]);
/* Beside the current one, for so many percent of new calls. Its numbers are not called before it is current. */
bool agent_table_publish_canary(struct agent *agent, unsigned percent, char why[256]);
/* The newest file change did not load; the last good version (if any) keeps answering. */
void agent_table_note_failure(const char *tenant_id, const char *message);
/* The tenant is no more: its numbers are nobody's. Who has its agent keeps it. */
void agent_table_withdraw(const char *tenant_id);
size_t agent_table_count(void); /* tenants with a good version */
/* GET /api/tenants: [{"id","name","version","canary":{"version","percent"},"numbers":[],"status":"live"|"failed",
   "error":"file:line: …"|null}]; no canary, no such member. */
void agent_table_json(struct strbuf *out);
void agent_table_clear(void); /* at the end of the process */

/* The tenants that answer now: called number → agent. Readers on any thread get a counted snapshot; the script
   thread swaps entries when a version goes live. */
#pragma once

#include "base/slice.h"
#include "base/strbuf.h"
#include "script/agent.h"

struct agent *agent_table_find_number(struct slice number); /* held; NULL: unknown */
struct agent *agent_table_find(struct slice tenant_id);     /* held; NULL: unknown */
/* A good version: becomes current for its tenant. `why` (may be NULL) explains a refusal: a number that another tenant has. */
bool agent_table_publish(struct agent *agent, char why[256]);
/* The newest file change did not load; the last good version (if any) keeps answering. */
void agent_table_note_failure(const char *tenant_id, const char *message);
size_t agent_table_count(void); /* tenants with a good version */
/* GET /api/tenants: [{"id","name","version","numbers":[],"status":"live"|"failed","error":"file:line: …"|null}] */
void agent_table_json(struct strbuf *out);
void agent_table_clear(void); /* at the end of the process */

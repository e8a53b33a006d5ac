/* GET /api/providers: whom this process asks, in order, and why a newer list of them was refused. Keys are never in it. */
#pragma once

#include "base/strbuf.h"

void admin_providers_json(struct strbuf *out);
/* For GET /metrics: what is counted by provider, whose names are the operator's. */
void admin_providers_metrics(struct strbuf *out);

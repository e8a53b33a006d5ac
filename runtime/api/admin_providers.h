/* GET /api/providers: whom this process asks, in order, and why a newer list of them was refused. Keys are never in it. */
#pragma once

#include "base/strbuf.h"

void admin_providers_json(struct strbuf *out);

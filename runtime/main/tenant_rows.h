/* The rows of a tenant that follow its script: `tenants` and `agents`. */
#pragma once

#include "script/agent.h"
#include "store/records.h"

void tenant_rows_put(struct records *records, const struct agent *agent);

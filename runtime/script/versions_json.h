/* What people read of a tenant's versions (script/admin.h has the form). NULL: no memory. */
#pragma once

#include <jansson.h>

#include "script/hosting.h"

json_t *outcome_json(const struct tenant *tenant);
json_t *versions_json(const struct script_host *host, const struct tenant *tenant);

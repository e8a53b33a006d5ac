/* Which service answers which path; every service on one port. */
#pragma once

#include "net/server.h"

extern const struct server_handlers router_handlers; /* owner: struct world */

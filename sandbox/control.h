/* The control port: what was received, faults, scripted transcripts and replies, all JSON
   (sandbox/README.md lists it). */
#pragma once

#include "net/server.h"

extern const struct server_handlers control_handlers; /* owner: struct world */

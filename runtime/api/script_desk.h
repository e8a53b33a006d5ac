/* Where the control thread asks the script thread: jobs of administration (script/admin.h), each answered once on the
   control thread, at the latest at its deadline. At most SCRIPT_DESK_MAX wait at a time. */
#pragma once

#include <stdint.h>

#include "net/loop.h"
#include "script/host.h"

#define SCRIPT_DESK_MAX 1024

struct script_desk;
must_use enum err script_desk_create(
    struct script_desk **out, struct net_loop *loop, struct script_host *host);
/* `json` is what the script thread says, on ERR_OK and on ERR_REFUSED (it cannot be done; `why`). ERR_TIMEOUT: it is busy. */
typedef void script_desk_fn(void *owner, enum err err, const char *json, const char *why);
/* The job is taken in every case. `ticket` is for script_desk_forget. ERR_FULL: too many wait, here or there. */
must_use enum err script_desk_ask_take(struct script_desk *desk, uint64_t *ticket,
    struct script_job *job, unsigned timeout_ms, script_desk_fn *fn, void *owner);
void script_desk_forget(struct script_desk *desk, uint64_t ticket); /* no answer follows */
/* The script thread has ended. Nobody is answered any more; NULL is fine. */
void script_desk_close(struct script_desk *desk);

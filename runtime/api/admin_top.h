/* GET /api/top: the process, its calls, media threads, providers and reloads as they are now, for `moonline top`
   (docs/operations.md). At most ADMIN_TOP_CALLS_MAX calls, those with the slowest answers; no numbers of people.

     media threads ── rosters, once a second, while somebody asks (live/roster.h) ──┐
     counters ── a sample every five seconds, of the last minute (top_samples.h) ───┴► the answer

   Who asks after a pause is answered 100 ms later: the threads write their rosters first. */
#pragma once

#include "live/live.h"
#include "net/server.h"
#include "store/records.h"

#define ADMIN_TOP_CALLS_MAX 1000

struct admin_top_options {
    struct live *live;
    struct records *records;
    const atomic_bool *is_draining;
};

struct admin_top;
must_use enum err admin_top_create(
    struct admin_top **out, struct net_loop *loop, const struct admin_top_options *options);
/* False: that path is somebody else's. */
bool admin_top_answer(
    struct admin_top *top, struct exchange *exchange, const struct http_request *request);
void admin_top_cancelled(struct admin_top *top, struct exchange *exchange);
void admin_top_destroy(struct admin_top *top); /* after the server; NULL is fine */

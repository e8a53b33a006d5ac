/* How much one tenant's scripts may ask of the outside (http, sms), over all of its calls and versions: so many requests at
   the same time, and so many a minute. One for a script thread. */
#pragma once

#include <stdint.h>

#define ALLOWANCE_IN_FLIGHT 8         /* of a tenant */
#define ALLOWANCE_IN_FLIGHT_THREAD 64 /* of all */
#define ALLOWANCE_HTTP_A_MINUTE 600   /* of a tenant */
#define ALLOWANCE_SMS_A_MINUTE 60

enum allowance_kind { ALLOWANCE_HTTP, ALLOWANCE_SMS };
#define ALLOWANCE_KINDS 2

struct allowance; /* a tenant's; lives as long as the table */

struct allowances {
    struct allowance *by_tenant;
    unsigned in_flight;
};

/* One request more, to be given back when it is over; NULL: not now, and `*why` says which limit. */
struct allowance *allowance_take(struct allowances *allowances, const char *tenant,
    enum allowance_kind kind, uint64_t now_ms, const char **why);
void allowance_give_back(struct allowance *allowance);
void allowances_clear(struct allowances *allowances); /* nothing is in flight any more */

/* What tenants may spend in a day or a month, and what they have. The control thread tells what Postgres knows, every now and
   then; what this process's calls use meanwhile is added here, so that a budget ends when it is spent, Postgres or not.

     control thread ─ budgets_asked, budgets_publish ─► [ limits, sums, own use since ] ◄─ budgets_note ─ calls, at each turn's end
                                                          │
     new callers, turns that end ◄─ budgets_state_of ─────┘

   Readers on any thread take an answer along, never the table: the lock is held for a look. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script/agent.h"

enum budget_period { BUDGET_DAY, BUDGET_MONTH }; /* by the tenant's own clock */

enum budget_state {
    BUDGET_FINE,
    BUDGET_NEARLY,    /* from 80 % on */
    BUDGET_SPENT,     /* new calls are not taken */
    BUDGET_OVERDRAWN, /* by 10 %: calls that go on end with their turn */
};

struct budget_sum {
    uint64_t micro_usd;
    uint64_t seconds; /* of calls */
};

struct budget {
    char tenant_id[TENANT_ID_SIZE];
    enum budget_period period;
    struct budget_sum limit; /* 0: none */
    struct budget_sum spent;
};

enum budget_state budget_state(const struct budget *budget); /* pure */
const char *budget_period_name(enum budget_period period);

/* Postgres is asked now: what is noted from here on is not in its answer. */
void budgets_asked(void);
/* Its answer takes the place of what was there; without memory for it, that stays. */
void budgets_publish(const struct budget *budgets, size_t count);
void budgets_clear(void);
void budgets_note(const char *tenant_id, const struct budget_sum *used);
/* The worst of the tenant's budgets; one without any is fine. */
enum budget_state budgets_state_of(const char *tenant_id);
size_t budgets_count(enum budget_state state); /* of them, in it */
/* Each whose state is another than when it was last told. */
void budgets_tell(
    void (*fn)(void *owner, const struct budget *budget, enum budget_state state), void *owner);

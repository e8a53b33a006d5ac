#include "live/budgets.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NEARLY_PERCENT 80
#define OVERDRAWN_PERCENT 110

struct entry {
    struct budget budget;        /* `spent` as Postgres knew it */
    struct budget_sum own;       /* of this process since it was asked */
    struct budget_sum own_asked; /* of that, when it was asked anew */
    enum budget_state told;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries; /* by tenant and period */
static size_t count;

/* ---- one ---- */

static enum budget_state state_of(uint64_t spent, uint64_t limit)
{
    double percent = limit ? (double)spent * 100 / (double)limit : 0;
    if (percent >= OVERDRAWN_PERCENT)
        return BUDGET_OVERDRAWN;
    if (percent >= 100)
        return BUDGET_SPENT;
    return percent >= NEARLY_PERCENT ? BUDGET_NEARLY : BUDGET_FINE;
}

enum budget_state budget_state(const struct budget *budget)
{
    enum budget_state money = state_of(budget->spent.micro_usd, budget->limit.micro_usd);
    enum budget_state time = state_of(budget->spent.seconds, budget->limit.seconds);
    return money > time ? money : time;
}

const char *budget_period_name(enum budget_period period)
{
    switch (period) {
    case BUDGET_DAY:
        return "day";
    case BUDGET_MONTH:
        return "month";
    }
    return "";
}

static void add(struct budget_sum *sum, const struct budget_sum *more)
{
    sum->micro_usd += more->micro_usd;
    sum->seconds += more->seconds;
}

/* With what this process used meanwhile. */
static struct budget budget_now(const struct entry *entry)
{
    struct budget budget = entry->budget;
    add(&budget.spent, &entry->own);
    return budget;
}

/* ---- the table; locked ---- */

static int compare(const void *a, const void *b)
{
    const struct entry *one = a, *other = b;
    int order = strcmp(one->budget.tenant_id, other->budget.tenant_id);
    return order ? order : (int)one->budget.period - (int)other->budget.period;
}

/* The first of the tenant's; `count`: none. */
static size_t first_of(const char *tenant_id)
{
    size_t from = 0, to = count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (strcmp(entries[middle].budget.tenant_id, tenant_id) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static bool is_of(size_t index, const char *tenant_id)
{
    return index < count && strcmp(entries[index].budget.tenant_id, tenant_id) == 0;
}

/* What was noted since the question is in no answer yet. */
static void carry_over(struct entry *entry)
{
    for (size_t i = first_of(entry->budget.tenant_id); is_of(i, entry->budget.tenant_id); i++) {
        if (entries[i].budget.period != entry->budget.period)
            continue;
        entry->told = entries[i].told;
        entry->own.micro_usd = entries[i].own.micro_usd - entries[i].own_asked.micro_usd;
        entry->own.seconds = entries[i].own.seconds - entries[i].own_asked.seconds;
    }
}

/* ---- */

void budgets_asked(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++)
        entries[i].own_asked = entries[i].own;
    pthread_mutex_unlock(&lock);
}

void budgets_publish(const struct budget *budgets, size_t new_count)
{
    struct entry *fresh = calloc(new_count ? new_count : 1, sizeof *fresh);
    if (!fresh)
        return;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < new_count; i++) {
        fresh[i].budget = budgets[i];
        carry_over(&fresh[i]);
    }
    qsort(fresh, new_count, sizeof *fresh, compare);
    struct entry *old = entries;
    entries = fresh;
    count = new_count;
    pthread_mutex_unlock(&lock);
    free(old);
}

void budgets_clear(void)
{
    pthread_mutex_lock(&lock);
    free(entries);
    entries = NULL;
    count = 0;
    pthread_mutex_unlock(&lock);
}

void budgets_note(const char *tenant_id, const struct budget_sum *used)
{
    pthread_mutex_lock(&lock);
    for (size_t i = first_of(tenant_id); is_of(i, tenant_id); i++)
        add(&entries[i].own, used);
    pthread_mutex_unlock(&lock);
}

enum budget_state budgets_state_of(const char *tenant_id)
{
    enum budget_state worst = BUDGET_FINE;
    pthread_mutex_lock(&lock);
    for (size_t i = first_of(tenant_id); is_of(i, tenant_id); i++) {
        struct budget budget = budget_now(&entries[i]);
        enum budget_state state = budget_state(&budget);
        worst = state > worst ? state : worst;
    }
    pthread_mutex_unlock(&lock);
    return worst;
}

size_t budgets_count(enum budget_state state)
{
    size_t found = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct budget budget = budget_now(&entries[i]);
        found += budget_state(&budget) == state;
    }
    pthread_mutex_unlock(&lock);
    return found;
}

void budgets_tell(
    void (*fn)(void *owner, const struct budget *budget, enum budget_state state), void *owner)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        struct budget budget = budget_now(&entries[i]);
        enum budget_state state = budget_state(&budget);
        if (state != entries[i].told)
            fn(owner, &budget, state);
        entries[i].told = state;
    }
    pthread_mutex_unlock(&lock);
}

#include "main/budget_watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "live/budgets.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/usage.h"

#define LOOK_MS 15000
#define TIMEOUT_MS 10000
#define WAITING_MAX 64

struct budget_watch {
    struct database *database;
    struct net_timer *timer;
    bool is_asking;
    bool is_blind; /* the last question failed, and that was logged */
};

/* ---- what is read ---- */

static uint64_t number(const struct rows *rows, size_t row, size_t column)
{
    char digits[24];
    slice_copy(rows_get(rows, row, column), digits, sizeof digits);
    return strtoull(digits, NULL, 10);
}

static struct budget budget_of(const struct rows *rows, size_t row)
{
    bool is_month = slice_is(rows_get(rows, row, 1), budget_period_name(BUDGET_MONTH));
    struct budget budget = {.period = is_month ? BUDGET_MONTH : BUDGET_DAY,
        .limit = {number(rows, row, 2), number(rows, row, 3)},
        .spent = {number(rows, row, 4), number(rows, row, 5)}};
    slice_copy(rows_get(rows, row, 0), budget.tenant_id, sizeof budget.tenant_id);
    return budget;
}

static void publish(const struct rows *rows)
{
    size_t count = rows_count(rows);
    struct budget *budgets = calloc(count ? count : 1, sizeof *budgets);
    if (!budgets)
        return;
    for (size_t i = 0; i < count; i++)
        budgets[i] = budget_of(rows, i);
    budgets_publish(budgets, count);
    free(budgets);
}

/* ---- what is told ---- */

static void log_state(void *owner, const struct budget *budget, enum budget_state state)
{
    static const char *const events[] = {[BUDGET_FINE] = "budget.fine",
        [BUDGET_NEARLY] = "budget.nearly",
        [BUDGET_SPENT] = "budget.spent",
        [BUDGET_OVERDRAWN] = "budget.overdrawn"};
    log_event(LOG_WARN, events[state],
        "tenant=%s period=%s spent_usd=%.2f limit_usd=%.2f minutes=%llu/%llu", budget->tenant_id,
        budget_period_name(budget->period), (double)budget->spent.micro_usd / 1e6,
        (double)budget->limit.micro_usd / 1e6, (unsigned long long)budget->spent.seconds / 60,
        (unsigned long long)budget->limit.seconds / 60);
}

static void tell(void)
{
    budgets_tell(log_state, NULL);
    metric_set(METRIC_BUDGETS_NEARLY, (int64_t)budgets_count(BUDGET_NEARLY));
    metric_set(METRIC_BUDGETS_SPENT,
        (int64_t)(budgets_count(BUDGET_SPENT) + budgets_count(BUDGET_OVERDRAWN)));
}

/* ---- */

static void on_budgets(void *owner, const struct query_answer *answer)
{
    struct budget_watch *watch = owner;
    watch->is_asking = false;
    if (!answer->err)
        publish(answer->rows);
    else if (!watch->is_blind)
        log_warn("budgets.unread", "err=%s sqlstate=%s why=%s do=%s", err_name(answer->err),
            answer->sqlstate, answer->why, "what was read last holds; is moonline migrate done?");
    watch->is_blind = answer->err != ERR_OK;
    tell();
}

static void look(struct budget_watch *watch)
{
    struct query *query;
    if (watch->is_asking)
        return;
    budgets_asked();
    watch->is_asking =
        budgets_ask(&query, watch->database, "", "", TIMEOUT_MS, on_budgets, watch) == ERR_OK;
}

static void on_timer(void *owner)
{
    struct budget_watch *watch = owner;
    tell();
    look(watch);
    net_timer_set(watch->timer, clock_ms() + LOOK_MS);
}

static void on_up(void *owner, bool is_up)
{
    if (is_up)
        look(owner);
}

struct database *budget_watch_database(struct budget_watch *watch)
{
    return watch->database;
}

enum err budget_watch_start(
    struct budget_watch **out, struct net_loop *loop, const char *database_url)
{
    struct budget_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return ERR_NOMEM;
    struct database_options options = {.url = database_url,
        .name = "moonline-money",
        .connections = 1,
        .max_waiting = WAITING_MAX,
        .on_up = on_up,
        .owner = watch};
    enum err err = net_timer_create(&watch->timer, loop, on_timer, watch);
    if (!err)
        err = database_open(&watch->database, loop, &options);
    if (err) {
        budget_watch_stop(watch);
        return err;
    }
    net_timer_set(watch->timer, clock_ms() + LOOK_MS);
    *out = watch;
    return ERR_OK;
}

void budget_watch_stop(struct budget_watch *watch)
{
    if (!watch)
        return;
    if (watch->database)
        database_close(watch->database);
    net_timer_destroy(watch->timer);
    budgets_clear();
    free(watch);
}

/* moonline budget TENANT: what a tenant may spend and has spent; with limits, sets them. Every node knows within 15 s. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/commands.h"
#include "main/workbench.h"
#include "observe/log.h"
#include "store/usage.h"

#define WAIT_MS 3000
#define USD_MAX 1e9
#define NUMBER_SIZE 24
#define PERIODS 2

/* Numbers as the database reads them; "": not named. */
struct limits {
    char micro_usd[NUMBER_SIZE];
    char seconds[NUMBER_SIZE];
};

static const char *const periods[PERIODS] = {"day", "month"};

struct wish {
    const char *tenant_id;
    struct limits limits[PERIODS];
    bool is_none;
};

struct asking {
    struct workbench workbench;
    bool is_done; /* the newest question was answered */
    char why[300];
};

/* ---- the command line ---- */

static bool read_scaled(const char *text, double scale, char out[NUMBER_SIZE])
{
    char *end;
    double value = strtod(text, &end);
    if (*end || !*text || !isfinite(value) || value <= 0 || value > USD_MAX)
        return false;
    snprintf(out, NUMBER_SIZE, "%.0f", fmax(1, value * scale));
    return true;
}

static bool read_limit(struct wish *wish, const char *option, const char *value)
{
    for (int i = 0; i < PERIODS; i++) {
        char minutes[32];
        snprintf(minutes, sizeof minutes, "%s-minutes", periods[i]);
        if (strcmp(option, periods[i]) == 0)
            return read_scaled(value, 1e6, wish->limits[i].micro_usd);
        if (strcmp(option, minutes) == 0)
            return read_scaled(value, 60, wish->limits[i].seconds);
    }
    return false;
}

/* False: not used so. */
static bool read_wish(struct wish *wish, int argc, char **argv)
{
    bool has_limits = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && !wish->tenant_id) {
            wish->tenant_id = argv[i];
        } else if (strcmp(argv[i], "--none") == 0) {
            wish->is_none = true;
        } else {
            if (strncmp(argv[i], "--", 2) != 0 || !argv[i + 1] ||
                !read_limit(wish, argv[i] + 2, argv[i + 1]))
                return false;
            has_limits = true;
            i++;
        }
    }
    return wish->tenant_id && !(has_limits && wish->is_none);
}

/* ---- the database ---- */

static void take_answer(struct asking *asking, const struct query_answer *answer)
{
    asking->is_done = !answer->err;
    if (answer->err)
        snprintf(asking->why, sizeof asking->why, "%s (is moonline migrate done?)", answer->why);
    workbench_stop(&asking->workbench);
}

static void on_changed(void *owner, const struct query_answer *answer)
{
    take_answer(owner, answer);
}

static double scaled(const struct rows *rows, size_t row, size_t column, double scale)
{
    char digits[NUMBER_SIZE];
    slice_copy(rows_get(rows, row, column), digits, sizeof digits);
    return strtod(digits, NULL) / scale;
}

static void print_limit(const struct rows *rows, size_t row, size_t limit_column,
    size_t spent_column, double scale, const char *unit)
{
    struct slice period = rows_get(rows, row, 1), zone = rows_get(rows, row, 6);
    double limit = scaled(rows, row, limit_column, scale);
    double spent = scaled(rows, row, spent_column, scale);
    if (!rows_is_null(rows, row, limit_column))
        printf("%-6.*s  %10.2f of %10.2f %-8s %4.0f %%  (%.*s)\n", (int)period.len, period.data,
            spent, limit, unit, spent * 100 / limit, (int)zone.len, zone.data);
}

static void on_budgets(void *owner, const struct query_answer *answer)
{
    const struct rows *rows = answer->rows;
    for (size_t i = 0; !answer->err && i < rows_count(rows); i++) {
        print_limit(rows, i, 2, 4, 1e6, "USD");
        print_limit(rows, i, 3, 5, 60, "minutes");
    }
    if (!answer->err && !rows_count(rows))
        printf("no budget: nothing ends its calls\n");
    take_answer(owner, answer);
}

static bool run(struct asking *asking, enum err err)
{
    asking->is_done = false;
    if (err == ERR_OK)
        workbench_run(&asking->workbench, 2 * WAIT_MS);
    return asking->is_done;
}

/* NULL data: as it is. */
static struct slice or_null(const char *number)
{
    return number[0] ? slice_from(number) : (struct slice){NULL, 0};
}

static bool change(struct asking *asking, const struct wish *wish)
{
    struct query *query;
    struct database *database = asking->workbench.database;
    if (wish->is_none)
        return run(
            asking, budget_clear(&query, database, wish->tenant_id, WAIT_MS, on_changed, asking));
    for (int i = 0; i < PERIODS; i++) {
        const struct limits *limits = &wish->limits[i];
        if ((limits->micro_usd[0] || limits->seconds[0]) &&
            !run(asking, budget_set(&query, database, wish->tenant_id, periods[i],
                             or_null(limits->micro_usd), or_null(limits->seconds), WAIT_MS,
                             on_changed, asking)))
            return false;
    }
    return true;
}

static bool work(struct asking *asking, const struct wish *wish)
{
    struct query *query;
    snprintf(asking->why, sizeof asking->why, "it cannot be reached (DATABASE_URL)");
    return workbench_reach_database(&asking->workbench, WAIT_MS) && change(asking, wish) &&
           run(asking, budgets_ask(&query, asking->workbench.database, wish->tenant_id, "", WAIT_MS,
                           on_budgets, asking));
}

int command_budget(const struct settings *settings, int argc, char **argv)
{
    struct wish wish = {0};
    struct asking asking = {0};
    if (!read_wish(&wish, argc, argv))
        return command_misused(argv[0],
            "needs a tenant, and takes --day USD, --month USD, --day-minutes N, --month-minutes N, "
            "or --none");
    if (!command_is_tenant(wish.tenant_id))
        return 2;
    log_set_level(LOG_ERROR);
    bool is_done =
        workbench_open(&asking.workbench, settings, true) == ERR_OK && work(&asking, &wish);
    workbench_close(&asking.workbench);
    if (!is_done)
        fprintf(stderr, "moonline: budget: the database: %s\n", asking.why);
    return is_done ? 0 : 1;
}

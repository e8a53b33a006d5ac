/* moonline usage: what calls used of providers, from the database, as a table or as CSV. */
#include <stdio.h>
#include <string.h>

#include "main/commands.h"
#include "main/workbench.h"
#include "observe/log.h"
#include "store/usage.h"

#define DATABASE_WAIT_MS 3000
#define ANSWER_WAIT_MS 30000
#define COLUMNS_MAX 16
#define OUTPUT_MAX_BYTES (16u << 20)

struct asking {
    struct workbench workbench;
    struct usage_question question;
    bool is_csv;
    bool is_done;
    char why[300];
};

static void print_cell(struct slice value, int width, bool is_left)
{
    printf(is_left ? "%-*.*s  " : "%*.*s  ", width, (int)value.len, value.data);
}

static bool is_text(const struct rows *rows, size_t column)
{
    static const char *const texts[] = {"tenant", "day", "call", "slot", "provider", "model"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(rows_name(rows, column), texts[i]) == 0)
            return true;
    return false;
}

static void print_table(const struct rows *rows)
{
    int widths[COLUMNS_MAX];
    size_t columns = rows_columns(rows) < COLUMNS_MAX ? rows_columns(rows) : COLUMNS_MAX;
    for (size_t column = 0; column < columns; column++) {
        widths[column] = (int)strlen(rows_name(rows, column));
        for (size_t row = 0; row < rows_count(rows); row++)
            if ((int)rows_get(rows, row, column).len > widths[column])
                widths[column] = (int)rows_get(rows, row, column).len;
        print_cell(slice_from(rows_name(rows, column)), widths[column], is_text(rows, column));
    }
    printf("\n");
    for (size_t row = 0; row < rows_count(rows); row++) {
        for (size_t column = 0; column < columns; column++)
            print_cell(rows_get(rows, row, column), widths[column], is_text(rows, column));
        printf("\n");
    }
}

static void print_csv(const struct rows *rows)
{
    struct strbuf text;
    strbuf_init(&text, OUTPUT_MAX_BYTES);
    usage_csv(&text, rows);
    fputs(text.data && !text.failed ? text.data : "", stdout);
    strbuf_free(&text);
}

static void on_rows(void *owner, const struct query_answer *answer)
{
    struct asking *asking = owner;
    asking->is_done = !answer->err;
    if (answer->err)
        snprintf(asking->why, sizeof asking->why, "%s (is moonline migrate done?)", answer->why);
    else if (asking->is_csv)
        print_csv(answer->rows);
    else
        print_table(answer->rows);
    workbench_stop(&asking->workbench);
}

static void ask(struct asking *asking)
{
    struct query *query;
    snprintf(asking->why, sizeof asking->why, "it cannot be reached (DATABASE_URL)");
    if (workbench_reach_database(&asking->workbench, DATABASE_WAIT_MS) &&
        usage_ask(&query, asking->workbench.database, &asking->question, ANSWER_WAIT_MS, on_rows,
            asking) == ERR_OK)
        workbench_run(&asking->workbench, ANSWER_WAIT_MS);
}

/* False: not used so. */
static bool read_question(struct asking *asking, int argc, char **argv)
{
    struct usage_question *question = &asking->question;
    for (int i = 1; i < argc; i++) {
        struct slice value = slice_from(i + 1 < argc ? argv[i + 1] : "");
        if (argv[i][0] != '-' && !question->tenant_id.len) {
            question->tenant_id = slice_from(argv[i]);
            continue;
        }
        if (strcmp(argv[i], "--csv") == 0) {
            asking->is_csv = true;
            continue;
        }
        if (strcmp(argv[i], "--from") == 0 && usage_is_day(value))
            question->from = value;
        else if (strcmp(argv[i], "--to") == 0 && usage_is_day(value))
            question->to = value;
        else if (strcmp(argv[i], "--by") != 0 || !usage_by_of(value, &question->by))
            return false;
        i++;
    }
    return true;
}

int command_usage(const struct settings *settings, int argc, char **argv)
{
    struct asking asking = {.question.by = USAGE_BY_DAY};
    if (!read_question(&asking, argc, argv))
        return command_misused(argv[0],
            "takes a tenant, --from and --to (2026-01-31), --by day, call or provider, --csv");
    log_set_level(LOG_ERROR);
    if (workbench_open(&asking.workbench, settings, true) == ERR_OK)
        ask(&asking);
    workbench_close(&asking.workbench);
    if (!asking.is_done)
        fprintf(stderr, "moonline: usage: the database: %s\n", asking.why);
    return asking.is_done ? 0 : 1;
}

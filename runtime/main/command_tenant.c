/* `moonline tenant show`: what a tenant's agent knows of its business, field by field, with where each comes from. Its other
   verbs are in command_tenant_new.c and command_tenant_person.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "main/commands.h"
#include "main/local_tenant.h"
#include "store/profile_rows.h"

#define PATH_SIZE 256
#define DATABASE_WAIT_MS 3000

/* ---- the database ---- */

/* Tables whose rows stand over what the profile says of the same; holidays stand beside it, date by date. */
static const struct {
    const char *table, *path; /* and everything below it */
} over[] = {{"business_hours", "profile.hours"}, {"services", "profile.services"},
    {"staff", "profile.staff"}};
#define OVER_COUNT (sizeof over / sizeof *over)

struct showing {
    const struct settings *settings;
    struct workbench *workbench;
    const struct sources *sources;
    bool has_rows[OVER_COUNT];
    char why[200]; /* the database says nothing; "" */
    struct strbuf rows;
};

static void print_field(struct strbuf *out, const char *path, const char *value, const char *where)
{
    strbuf_printf(out, "%-36s  %-32s  %s\n", path, value, where);
}

static void take_row(struct showing *showing, const struct rows *rows, size_t row)
{
    char field[PATH_SIZE], value[PATH_SIZE], table[32], where[48];
    slice_copy(rows_get(rows, row, 0), field, sizeof field);
    slice_copy(rows_get(rows, row, 1), value, sizeof value);
    slice_copy(rows_get(rows, row, 2), table, sizeof table);
    snprintf(where, sizeof where, "database, %s", table);
    print_field(&showing->rows, field, value, where);
    bool is_of_one = strncmp(field, "hours[", 6) == 0; /* a person's: the business keeps its own */
    for (size_t i = 0; i < OVER_COUNT; i++)
        showing->has_rows[i] |= !is_of_one && strcmp(table, over[i].table) == 0;
}

static void on_rows(void *owner, const struct query_answer *answer)
{
    struct showing *showing = owner;
    snprintf(showing->why, sizeof showing->why, "%s", answer->err ? answer->why : "");
    for (size_t i = 0; !answer->err && i < rows_count(answer->rows); i++)
        take_row(showing, answer->rows, i);
    workbench_stop(showing->workbench);
}

static void ask_database(struct showing *showing, const char *tenant_id)
{
    struct query *query;
    snprintf(showing->why, sizeof showing->why, "it cannot be reached (DATABASE_URL)");
    if (workbench_reach_database(showing->workbench, DATABASE_WAIT_MS) &&
        profile_rows_ask(&query, showing->workbench->database, tenant_id, DATABASE_WAIT_MS, on_rows,
            showing) == ERR_OK)
        workbench_run(showing->workbench, 2 * DATABASE_WAIT_MS);
}

/* ---- the script ---- */

static const char *what_stands_over(const struct showing *showing, const char *path)
{
    for (size_t i = 0; i < OVER_COUNT; i++) {
        size_t len = strlen(over[i].path);
        bool is_in = strncmp(path, over[i].path, len) == 0 && strchr(".[", path[len]);
        if (is_in && showing->has_rows[i])
            return over[i].table;
    }
    return NULL;
}

static void show_value(const struct showing *showing, const char *path, const json_t *value)
{
    char where[96];
    struct strbuf line;
    const char *table = what_stands_over(showing, path);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(where, sizeof where, "agent.lua:%u%s%s%s",
        sources_line(showing->sources, "agent.lua", path), table ? " (not used: the table " : "",
        table ? table : "", table ? " has rows)" : "");
    strbuf_init(&line, 1 << 20);
    print_field(&line, path, text ? text : "?", where);
    fputs(line.data, stdout);
    strbuf_free(&line);
    free(text);
}

static void show(const struct showing *showing, const char *path, const json_t *value)
{
    char below[PATH_SIZE];
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, name, member)
        {
            snprintf(below, sizeof below, "%s.%s", path, name);
            show(showing, below, member);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            snprintf(below, sizeof below, "%s[%zu]", path, i + 1);
            show(showing, below, member);
        }
    } else {
        show_value(showing, path, value);
    }
}

/* `operators`: where the list of all is, for slots in which the tenant names nobody. */
static void show_slot(const struct showing *showing, const char *path,
    const struct agent_providers *providers, const char *operators)
{
    json_t *list = json_array();
    for (size_t i = 0; i < providers->count; i++) {
        const struct agent_provider *each = &providers->list[i];
        json_t *one = json_pack("{s:s}", "name", each->name);
        if (each->model[0])
            json_object_set_new(one, "model", json_string(each->model));
        if (each->voice[0])
            json_object_set_new(one, "voice", json_string(each->voice));
        json_array_append_new(list, one);
    }
    show(showing, path, list);
    if (!providers->count)
        printf("%-36s  %-32s  %s\n", path, "all, in the operator's order", operators);
    json_decref(list);
}

static void show_providers(const struct showing *showing, const struct agent *agent)
{
    const char *operators = showing->settings->providers;
    if (!operators[0])
        operators = "environment";
    show_slot(showing, "providers.hear", &agent->hear, operators);
    show_slot(showing, "providers.think", &agent->think, operators);
    show_slot(showing, "providers.speak", &agent->speak, operators);
}

static void show_agent(const struct showing *showing, const struct agent *agent)
{
    json_t *name = json_string(agent->name), *numbers = json_array();
    json_t *profile =
        json_loads(agent->profile_json ? agent->profile_json : "{}", JSON_DECODE_ANY, NULL);
    for (size_t i = 0; i < agent->number_count; i++)
        json_array_append_new(numbers, json_string(agent->numbers[i]));
    printf("%s, version %s\n\n", agent->tenant_id, agent->version);
    show(showing, "name", name);
    show(showing, "numbers", numbers);
    show_providers(showing, agent);
    show(showing, "profile", profile);
    json_decref(name);
    json_decref(numbers);
    json_decref(profile);
}

static void show_all(const struct settings *settings, struct local_tenant *tenant)
{
    struct showing showing = {
        .settings = settings, .workbench = &tenant->workbench, .sources = tenant->sources};
    strbuf_init(&showing.rows, 1 << 20);
    ask_database(&showing, tenant->version->agent->tenant_id);
    show_agent(&showing, tenant->version->agent);
    fputs(showing.rows.data ? showing.rows.data : "", stdout);
    if (showing.why[0])
        printf("\nwhat the database has of it is not known: %s\n", showing.why);
    strbuf_free(&showing.rows);
}

static int run_show(const struct settings *settings, int argc, char **argv)
{
    struct local_tenant tenant;
    char why[512];
    if (argc != 2 || !source_is_tenant(argv[1]))
        return command_misused("tenant show", "needs a tenant");
    bool is_good =
        local_tenant_load(&tenant, settings, settings->scripts, argv[1], true, why) == ERR_OK;
    if (is_good)
        show_all(settings, &tenant);
    else
        fprintf(stderr, "moonline: tenant show: %s: %s\n", argv[1], why);
    local_tenant_close(&tenant);
    return is_good ? 0 : 1;
}

int command_tenant(const struct settings *settings, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "show") == 0)
        return run_show(settings, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "new") == 0)
        return command_tenant_new(settings, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "erase-contact") == 0)
        return command_tenant_erase(settings, argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "scan") == 0)
        return command_tenant_scan(settings, argc - 1, argv + 1);
    return command_misused(argv[0], "needs a verb: new, show, erase-contact, scan");
}

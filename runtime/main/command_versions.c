#include <stdio.h>
#include <string.h>

#include "main/admin_client.h"
#include "main/commands.h"
#include "main/outcomes.h"

#define TIME_LEN 19 /* "2026-11-26T11:58:37", of both clocks */

static int number_of(const json_t *row, const char *name)
{
    return (int)json_integer_value(json_object_get(row, name));
}

static void print_time(const char *text)
{
    char time[TIME_LEN + 1] = "";
    snprintf(time, sizeof time, "%s", text);
    if (strlen(time) == TIME_LEN)
        time[10] = ' ';
    printf("  %-*s", TIME_LEN, time);
}

static void print_node_versions(const json_t *versions)
{
    size_t i;
    const json_t *row;
    printf("%-16s  %-11s  %5s  %-*s  why\n", "version", "state", "calls", TIME_LEN, "since (UTC)");
    json_array_foreach(versions, i, row)
    {
        char state[32];
        int percent = number_of(row, "percent");
        snprintf(state, sizeof state, percent ? "%.12s %d%%" : "%.12s", outcomes_text(row, "state"),
            percent);
        printf("%-16s  %-11s  %5d", outcomes_text(row, "version"), state, number_of(row, "calls"));
        print_time(outcomes_text(row, "since"));
        printf("%s%s\n", outcomes_text(row, "why")[0] ? "  " : "", outcomes_text(row, "why"));
    }
}

static void print_binding(const json_t *binding)
{
    if (!binding)
        return;
    printf("\nevery node is to answer with %s", outcomes_text(binding, "version"));
    if (outcomes_text(binding, "canary_version")[0])
        printf(", and %d%% of new calls with %s", number_of(binding, "canary_percent"),
            outcomes_text(binding, "canary_version"));
    printf(" (%s)\n", outcomes_text(binding, "reason"));
}

static void print_published(const json_t *published)
{
    size_t i;
    const json_t *row;
    print_binding(json_array_get(json_object_get(published, "bindings"), 0));
    printf("\n%-16s  %-*s  by, note\n", "published", TIME_LEN, "when (UTC)");
    json_array_foreach(json_object_get(published, "versions"), i, row)
    {
        printf("%-16s", outcomes_text(row, "version"));
        print_time(outcomes_text(row, "published_at"));
        printf("  %s%s%s\n", outcomes_text(row, "author"),
            outcomes_text(row, "note")[0] ? ": " : "", outcomes_text(row, "note"));
    }
    printf("\n%-16s  %-11s  %-*s  node\n", "on nodes", "state", TIME_LEN, "when (UTC)");
    json_array_foreach(json_object_get(published, "nodes"), i, row)
    {
        printf("%-16s  %-11s", outcomes_text(row, "version"), outcomes_text(row, "state"));
        print_time(outcomes_text(row, "at"));
        printf("  %s%s%s\n", outcomes_text(row, "node"), outcomes_text(row, "why")[0] ? ": " : "",
            outcomes_text(row, "why"));
    }
}

int command_versions(const struct settings *settings, int argc, char **argv)
{
    char path[300], why[600];
    json_t *answer;
    if (argc != 2)
        return command_misused(argv[0], "needs a tenant");
    if (!command_tenant_path(path, argv[1], "versions"))
        return 2;
    if (admin_ask(settings, path, NULL, &answer, why) != ERR_OK) {
        fprintf(stderr, "moonline: versions: %s\n", why);
        return 1;
    }
    const json_t *node = json_object_get(answer, "node");
    const json_t *published = json_object_get(answer, "published");
    if (json_is_object(node))
        print_node_versions(json_object_get(node, "versions"));
    if (json_is_object(published))
        print_published(published);
    if (outcomes_text(answer, "error")[0])
        fprintf(stderr, "moonline: versions: the database: %s\n", outcomes_text(answer, "error"));
    json_decref(answer);
    return 0;
}

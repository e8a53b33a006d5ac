#include <stdio.h>
#include <string.h>

#include "main/admin_client.h"
#include "main/commands.h"

#define TIME_LEN 19 /* "2026-11-26T11:58:37", of both clocks */

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

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
    printf("%-16s  %-11s  %5s  %-*s\n", "version", "state", "calls", TIME_LEN, "since (UTC)");
    json_array_foreach(versions, i, row)
    {
        char state[32];
        int percent = number_of(row, "percent");
        snprintf(
            state, sizeof state, percent ? "%.12s %d%%" : "%.12s", text_of(row, "state"), percent);
        printf("%-16s  %-11s  %5d", text_of(row, "version"), state, number_of(row, "calls"));
        print_time(text_of(row, "since"));
        printf("%s%s\n", text_of(row, "why")[0] ? "  " : "", text_of(row, "why"));
    }
}

static void print_binding(const json_t *binding)
{
    if (!binding)
        return;
    printf("\nevery node is to answer with %s", text_of(binding, "version"));
    if (text_of(binding, "canary_version")[0])
        printf(", and %d%% of new calls with %s", number_of(binding, "canary_percent"),
            text_of(binding, "canary_version"));
    printf(" (%s)\n", text_of(binding, "reason"));
}

static void print_published(const json_t *published)
{
    size_t i;
    const json_t *row;
    print_binding(json_array_get(json_object_get(published, "bindings"), 0));
    printf("\n%-16s  %-*s  by, note\n", "published", TIME_LEN, "when (UTC)");
    json_array_foreach(json_object_get(published, "versions"), i, row)
    {
        printf("%-16s", text_of(row, "version"));
        print_time(text_of(row, "published_at"));
        printf("  %s%s%s\n", text_of(row, "author"), text_of(row, "note")[0] ? ": " : "",
            text_of(row, "note"));
    }
    printf("\n%-16s  %-11s  %-*s  node\n", "on nodes", "state", TIME_LEN, "when (UTC)");
    json_array_foreach(json_object_get(published, "nodes"), i, row)
    {
        printf("%-16s  %-11s", text_of(row, "version"), text_of(row, "state"));
        print_time(text_of(row, "at"));
        printf("  %s%s%s\n", text_of(row, "node"), text_of(row, "why")[0] ? ": " : "",
            text_of(row, "why"));
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
    if (text_of(answer, "error")[0])
        fprintf(stderr, "moonline: versions: the database: %s\n", text_of(answer, "error"));
    json_decref(answer);
    return 0;
}

/* `moonline tenant show`: what a tenant's agent knows of its business, field by field, with where each comes from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/commands.h"
#include "main/local_tenant.h"

#define PATH_SIZE 256

/* A field that comes from the script. Rows of the database that stand over it are another caller of print_field. */
static void print_field(const char *path, const char *value, const char *where)
{
    printf("%-36s  %-32s  %s\n", path, value, where);
}

static void show_value(const struct sources *sources, const char *path, const json_t *value)
{
    char where[64];
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(where, sizeof where, "agent.lua:%u", sources_line(sources, "agent.lua", path));
    print_field(path, text ? text : "?", where);
    free(text);
}

static void show(const struct sources *sources, const char *path, const json_t *value)
{
    char below[PATH_SIZE];
    const char *name;
    json_t *member;
    size_t i;
    if (json_is_object(value)) {
        json_object_foreach((json_t *)value, name, member)
        {
            snprintf(below, sizeof below, "%s.%s", path, name);
            show(sources, below, member);
        }
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, member)
        {
            snprintf(below, sizeof below, "%s[%zu]", path, i + 1);
            show(sources, below, member);
        }
    } else {
        show_value(sources, path, value);
    }
}

static void show_agent(const struct sources *sources, const struct agent *agent)
{
    json_t *name = json_string(agent->name), *numbers = json_array();
    json_t *profile =
        json_loads(agent->profile_json ? agent->profile_json : "{}", JSON_DECODE_ANY, NULL);
    for (size_t i = 0; i < agent->number_count; i++)
        json_array_append_new(numbers, json_string(agent->numbers[i]));
    printf("%s, version %s\n\n", agent->tenant_id, agent->version);
    show(sources, "name", name);
    show(sources, "numbers", numbers);
    show(sources, "profile", profile);
    json_decref(name);
    json_decref(numbers);
    json_decref(profile);
}

static int run_show(const struct settings *settings, int argc, char **argv)
{
    struct local_tenant tenant;
    char why[512];
    if (argc != 2 || !source_is_tenant(argv[1]))
        return command_misused("tenant show", "needs a tenant");
    bool is_good = local_tenant_load(&tenant, settings, settings->scripts, argv[1], why) == ERR_OK;
    if (is_good)
        show_agent(tenant.sources, tenant.version->agent);
    else
        fprintf(stderr, "moonline: tenant show: %s: %s\n", argv[1], why);
    local_tenant_close(&tenant);
    return is_good ? 0 : 1;
}

int command_tenant(const struct settings *settings, int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "show") == 0)
        return run_show(settings, argc - 1, argv + 1);
    return command_misused(argv[0], "needs a verb: show");
}

/* moonline providers [--file FILE] [--check]: whom the running process asks, or whom a file lists, and whether they answer. */
#include <stdio.h>
#include <string.h>

#include "main/admin_client.h"
#include "main/commands.h"
#include "main/outcomes.h"
#include "main/provider_list.h"
#include "main/provider_trial.h"
#include "observe/log.h"

static void print_row(const char *slot, const char *name, const char *driver, const char *model,
    const char *base_url, const char *key)
{
    printf("%-5s  %-16s  %-18s  %-28s  %-34s  %s\n", slot, name, driver, model, base_url,
        key[0] ? key : "none");
}

static void print_head(void)
{
    print_row("slot", "name", "driver", "model", "address", "key");
}

/* ---- as the running process has them ---- */

static void print_tenant_keys(const json_t *keys)
{
    size_t i;
    const json_t *key;
    if (json_array_size(keys))
        printf("\n%-24s  %-16s  %s\n", "tenant", "provider", "its own key");
    json_array_foreach(keys, i, key)
    {
        printf("%-24s  %-16s  %s\n", outcomes_text(key, "tenant"), outcomes_text(key, "provider"),
            outcomes_text(key, "key"));
    }
}

static void print_circuits(const json_t *providers)
{
    size_t i;
    const json_t *row;
    json_array_foreach(providers, i, row)
    {
        json_int_t open = json_integer_value(json_object_get(row, "circuits_open"));
        if (open)
            printf("\n%s %s failed lately: %lld circuits of it are open\n",
                outcomes_text(row, "slot"), outcomes_text(row, "name"), (long long)open);
    }
}

static int print_running(const struct settings *settings)
{
    char why[600];
    json_t *answer;
    size_t i;
    const json_t *row;
    if (admin_ask(settings, "/api/providers", NULL, &answer, why) != ERR_OK) {
        fprintf(stderr, "moonline: providers: %s; --file FILE and --check need no server\n", why);
        return 1;
    }
    print_head();
    json_array_foreach(json_object_get(answer, "providers"), i, row)
    {
        print_row(outcomes_text(row, "slot"), outcomes_text(row, "name"),
            outcomes_text(row, "driver"), outcomes_text(row, "model"),
            outcomes_text(row, "base_url"), outcomes_text(row, "key"));
    }
    print_circuits(json_object_get(answer, "providers"));
    print_tenant_keys(json_object_get(answer, "tenant_keys"));
    bool is_refused = outcomes_text(answer, "refused")[0];
    if (is_refused)
        printf("\nthis is the last good list; the newer one is refused: %s\n",
            outcomes_text(answer, "refused"));
    json_decref(answer);
    return is_refused;
}

/* ---- as they are written ---- */

static void print_list(const struct provider_list *list)
{
    print_head();
    for (size_t i = 0; i < list->count; i++) {
        struct provider each = list->providers[i];
        print_row(slot_name(each.driver->slot), each.name, each.driver->name, provider_model(&each),
            *provider_base_url(&each), each.key_source ? each.key_source : "");
    }
}

static bool try_all(const struct settings *settings, const struct provider_list *list)
{
    size_t failed = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct provider *each = &list->providers[i];
        char said[TRIAL_SAID_SIZE];
        bool is_good = provider_trial(each, settings->ca_file, said) == ERR_OK;
        printf("%-5s  %-16s  %-6s  %s\n", slot_name(each->driver->slot), each->name,
            is_good ? "ok" : "FAILED", said);
        fflush(stdout);
        failed += !is_good;
    }
    if (failed)
        printf("%zu of %zu do not work\n", failed, list->count);
    return !failed;
}

static int print_written(const struct settings *settings, const char *file, bool wants_trial)
{
    struct settings own = *settings;
    struct provider_list list;
    char why[CATALOG_WHY_SIZE];
    own.secrets = "";
    if (file)
        own.providers = file;
    bool is_good = provider_list_read(&list, &own, why) == ERR_OK;
    if (!is_good)
        fprintf(stderr, "moonline: providers: %s\n", why);
    else if (wants_trial)
        is_good = try_all(&own, &list);
    else
        print_list(&list);
    provider_list_free(&list);
    return is_good ? 0 : 1;
}

int command_providers(const struct settings *settings, int argc, char **argv)
{
    const char *file = NULL;
    bool wants_trial = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0)
            wants_trial = true;
        else if (strcmp(argv[i], "--file") == 0 && argv[i + 1])
            file = argv[++i];
        else
            return command_misused(argv[0], "takes --file FILE and --check");
    }
    log_set_level(LOG_ERROR);
    return file || wants_trial ? print_written(settings, file, wants_trial)
                               : print_running(settings);
}

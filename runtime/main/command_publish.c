#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/commands.h"
#include "main/local_tenant.h"
#include "script/bundle.h"
#include "store/publications.h"

struct wish {
    const char *scripts_path;
    const char *tenant_id; /* NULL: none was named */
    const char *note;
    int canary_percent; /* -1: as agent.lua says */
};

/* False: not used so. */
static bool read_wish(struct wish *wish, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (argv[i][0] != '-') {
            if (wish->tenant_id)
                return false;
            wish->tenant_id = argv[i];
            continue;
        }
        if (!value)
            return false;
        if (strcmp(argv[i], "--dir") == 0)
            wish->scripts_path = value;
        else if (strcmp(argv[i], "--note") == 0)
            wish->note = value;
        else if (strcmp(argv[i], "--canary") == 0)
            wish->canary_percent = atoi(value);
        else
            return false;
        i++;
    }
    return wish->tenant_id && source_is_tenant(wish->tenant_id) && wish->canary_percent != 0 &&
           wish->canary_percent >= -1 && wish->canary_percent < 100;
}

static const char *author(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user ? user->pw_name : "";
}

static void say_done(
    const struct settings *settings, const struct publication *publication, bool is_canary)
{
    printf("%s: version %s is published, ", publication->tenant_id, publication->version);
    if (is_canary)
        printf("for %u%% of new calls (moonline promote %s gives it all)\n",
            publication->canary_percent, publication->tenant_id);
    else
        printf("for all calls\n");
    if (publication->canary_percent && !is_canary)
        printf("it is no canary: there is no other version for it to stand beside\n");
    if (!settings_scripts_are_published(settings))
        printf("only nodes with MOONLINE_SCRIPTS_SOURCE=database take it; here that is \"%s\"\n",
            settings->scripts_source);
}

static int publish(
    const struct settings *settings, const struct wish *wish, const struct version *version)
{
    char *bundle, why[512];
    bool is_canary;
    if (sources_to_bundle(&bundle, version->sources) != ERR_OK) {
        fprintf(
            stderr, "moonline: publish: its files are more than %u MiB\n", BUNDLE_MAX_BYTES >> 20);
        return 1;
    }
    struct publication publication = {.tenant_id = wish->tenant_id,
        .version = version->agent->version,
        .bundle = bundle,
        .canary_percent = wish->canary_percent < 0 ? version->agent->canary_percent
                                                   : (unsigned)wish->canary_percent,
        .author = author(),
        .note = wish->note};
    enum err err = store_publish(settings->database_url, &publication, &is_canary, why);
    free(bundle);
    if (err)
        fprintf(stderr, "moonline: publish: the database: %s\n", why);
    else
        say_done(settings, &publication, is_canary);
    return err ? 1 : 0;
}

int command_publish(const struct settings *settings, int argc, char **argv)
{
    struct wish wish = {.scripts_path = settings->scripts, .note = "", .canary_percent = -1};
    struct local_tenant tenant;
    char why[512];
    if (!read_wish(&wish, argc, argv))
        return command_misused(
            argv[0], "needs a tenant, and takes --dir DIR, --canary 1…99, --note TEXT");
    if (!settings->database_url[0]) {
        fprintf(stderr, "moonline: DATABASE_URL is not set (see .env.example)\n");
        return 1;
    }
    int status = 1;
    if (local_tenant_load(&tenant, settings, wish.scripts_path, wish.tenant_id, false, why) ==
        ERR_OK)
        status = publish(settings, &wish, tenant.version);
    else
        fprintf(stderr, "moonline: publish: %s: %s\nnothing was published\n", wish.tenant_id, why);
    local_tenant_close(&tenant);
    return status;
}

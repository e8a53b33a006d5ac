#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "main/commands.h"
#include "observe/log.h"
#include "rehearsal/rehearsal.h"
#include "script/tenant.h"

/* One run of the command, printed as TAP: a line a conversation, and what went wrong below it. */
struct testing {
    const char *scripts;
    const char *filter;
    const char *tenant; /* under way */
    unsigned count, failed, untested;
};

static void print_lines(const char *text)
{
    struct slice rest = slice_from(text);
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        printf("#   %.*s\n", (int)line.len, line.data);
    }
}

static void on_conversation(void *owner, const struct rehearsed *rehearsed)
{
    struct testing *testing = owner;
    printf("%s %u - %s: %s # %.1f s of call, %.1f ms\n", rehearsed->is_ok ? "ok" : "not ok",
        ++testing->count, testing->tenant, rehearsed->name, (double)rehearsed->virtual_ms / 1000,
        (double)rehearsed->took_us / 1000);
    if (rehearsed->is_ok)
        return;
    testing->failed++;
    printf("# %s/tenants/%s/%s\n", testing->scripts, testing->tenant, rehearsed->why);
    print_lines(rehearsed->transcript);
}

static void test_tenant(void *owner, const char *tenant)
{
    struct testing *testing = owner;
    char why[512];
    struct rehearsal_sum sum;
    struct rehearsal_options options = {.scripts_path = testing->scripts,
        .tenant_id = tenant,
        .filter = testing->filter,
        .on_conversation = on_conversation,
        .owner = testing};
    testing->tenant = tenant;
    if (rehearse(&sum, &options, why)) {
        printf("not ok %u - %s\n# %s/tenants/%s/%s\n", ++testing->count, tenant, testing->scripts,
            tenant, why);
        testing->failed++;
    } else if (!sum.has_tests) {
        printf("# %s has no agent_test.lua\n", tenant);
        testing->untested++;
    }
}

static bool is_tenant(const char *scripts, const char *tenant)
{
    char path[512];
    struct stat info;
    snprintf(path, sizeof path, "%s/tenants/%s", scripts, tenant);
    return tenant[0] && !strchr(tenant, '/') && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int sum_up(const struct testing *testing, uint64_t took_ms)
{
    printf("1..%u\n# %u conversations: %u ok, %u failed; %u tenants without any; %llu ms\n",
        testing->count, testing->count, testing->count - testing->failed, testing->failed,
        testing->untested, (unsigned long long)took_ms);
    if (!testing->count)
        fprintf(stderr, "moonline: no conversation was held: %s\n",
            testing->filter ? "none fits --filter" : "no tenant has an agent_test.lua");
    return testing->failed || !testing->count;
}

int command_test(const struct settings *settings, int argc, char **argv)
{
    struct testing testing = {.scripts = settings->scripts};
    uint64_t began_ms = clock_ms();
    bool is_named = false;
    log_set_level(LOG_ERROR);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) {
            testing.filter = argv[++i];
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "moonline: test [tenant …] [--filter TEXT]\n");
            return 2;
        } else if (!is_tenant(settings->scripts, argv[i])) {
            fprintf(
                stderr, "moonline: there is no folder %s/tenants/%s\n", settings->scripts, argv[i]);
            return 1;
        }
    }
    for (int i = 1; i < argc; i++) {
        bool is_option = strcmp(argv[i], "--filter") == 0;
        i += is_option;
        if (is_option)
            continue;
        is_named = true;
        test_tenant(&testing, argv[i]);
    }
    if (!is_named && tenant_list(settings->scripts, test_tenant, &testing))
        return 1;
    return sum_up(&testing, clock_ms() - began_ms);
}

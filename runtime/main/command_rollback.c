#include <stdio.h>

#include "main/admin_client.h"
#include "main/commands.h"
#include "main/outcomes.h"
#include "script/shelf_index.h"

/* What was asked for is done, or it was refused: that an older version answers now is no failure here. */
static int change(
    const struct settings *settings, const char *path, const char *body, const char *name)
{
    char why[600];
    json_t *answer;
    if (admin_ask(settings, path, body, &answer, why) != ERR_OK) {
        fprintf(stderr, "moonline: %s: %s\n", name, why);
        return 1;
    }
    outcomes_print(answer);
    json_decref(answer);
    return 0;
}

int command_rollback(const struct settings *settings, int argc, char **argv)
{
    char path[300], body[64] = "{}";
    if (argc < 2 || argc > 3)
        return command_misused(argv[0], "needs a tenant, and takes a version");
    if (!command_tenant_path(path, argv[1], "rollback"))
        return 2;
    if (argc == 3 && !shelf_is_version(argv[2]))
        return command_misused(argv[0], "a version has 16 hexadecimal digits (moonline versions)");
    if (argc == 3)
        snprintf(body, sizeof body, "{\"version\":\"%s\"}", argv[2]);
    return change(settings, path, body, argv[0]);
}

int command_promote(const struct settings *settings, int argc, char **argv)
{
    char path[300];
    if (argc != 2)
        return command_misused(argv[0], "needs a tenant");
    return command_tenant_path(path, argv[1], "promote") ? change(settings, path, "{}", argv[0])
                                                         : 2;
}

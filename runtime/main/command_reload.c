#include <stdio.h>

#include "main/admin_client.h"
#include "main/commands.h"
#include "main/outcomes.h"

int command_reload(const struct settings *settings, int argc, char **argv)
{
    char path[300] = "/api/reload", why[600];
    json_t *answer;
    if (argc > 2)
        return command_misused(argv[0], "names one tenant, or none for all");
    if (argc == 2 && !command_tenant_path(path, argv[1], "reload"))
        return 2;
    if (admin_ask(settings, path, "{}", &answer, why) != ERR_OK) {
        fprintf(stderr, "moonline: reload: %s\n", why);
        return 1;
    }
    bool is_good = outcomes_print(answer);
    json_decref(answer);
    return is_good ? 0 : 1;
}

#include <stdio.h>

#include "main/commands.h"
#include "store/migrate.h"

int command_migrate(const struct settings *settings, int argc, char **argv)
{
    if (!settings->database_url[0]) {
        fprintf(stderr, "moonline: DATABASE_URL is not set (see .env.example)\n");
        return 1;
    }
    char why[512];
    unsigned applied;
    if (store_migrate(settings->database_url, &applied, why) != ERR_OK) {
        fprintf(stderr, "moonline: migrate: %s\n", why);
        return 1;
    }
    printf("migrate: %u applied, the schema is current\n", applied);
    return 0;
}

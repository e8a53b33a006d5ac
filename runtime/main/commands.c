#include "main/commands.h"

#include <stdio.h>

#include "script/sources.h"

int command_misused(const char *name, const char *what)
{
    fprintf(stderr, "moonline: %s %s (moonline help)\n", name, what);
    return 2;
}

bool command_is_tenant(const char *tenant_id)
{
    if (source_is_tenant(tenant_id))
        return true;
    fprintf(stderr,
        "moonline: \"%s\" is no tenant's name: that is its folder's, of a-z, 0-9, - and _\n",
        tenant_id);
    return false;
}

bool command_tenant_path(char path[300], const char *tenant_id, const char *verb)
{
    if (!command_is_tenant(tenant_id))
        return false;
    snprintf(path, 300, "/api/tenants/%s/%s", tenant_id, verb);
    return true;
}

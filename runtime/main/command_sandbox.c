/* `call`, `text` and `sandbox` run moonline-sandbox, which is built beside this program, so that speech synthesis and recognition
   for tests are not part of the production one. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "main/commands.h"

int command_sandbox(const struct settings *settings, int argc, char **argv)
{
    char path[PATH_MAX], binary[PATH_MAX + 32];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len < 0)
        return 1;
    path[len] = 0;
    snprintf(binary, sizeof binary, "%s/moonline-sandbox", dirname(path));
    if (strcmp(argv[0], "sandbox") == 0)
        argv[0] = "serve";
    execv(binary, argv - 1);
    fprintf(stderr, "moonline: cannot run %s (make build makes it)\n", binary);
    return 1;
}

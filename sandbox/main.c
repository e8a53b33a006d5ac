/* moonline-sandbox: the outside world on loopback (`serve`), and somebody who calls (`call`) or writes (`text`). */
#include <signal.h>
#include <string.h>

#include "caller/caller.h"
#include "caller/text.h"
#include "serve.h"

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && !strcmp(argv[1], "call"))
        return caller_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "text"))
        return text_main(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "serve"))
        return serve_main(argc - 1, argv + 1);
    return serve_main(argc, argv);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo/echo.h"

int main(int argc, char **argv)
{
    unsigned port = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (argc > 1 && !strcmp(argv[1], "epoll"))
        return echo_by_epoll(port);
    if (argc > 1 && !strcmp(argv[1], "lws"))
        return echo_by_lws(port);
    fprintf(stderr, "usage: bench_echo epoll|lws [PORT]\n");
    return 2;
}

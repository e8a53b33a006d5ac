/* `moonline-sandbox serve`: reads its options, runs the sandbox until SIGTERM or SIGINT. */
#pragma once

int serve_main(int argc, char **argv); /* argv[0] is "serve"; the exit status */

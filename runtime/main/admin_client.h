/* Asks the server that runs here, by its admin port: for commands. Blocking. */
#pragma once

#include <jansson.h>

#include "main/settings.h"

/* GET (`body` NULL) or POST of JSON. ERR_OK: `answer` (to be released) is what it says. Otherwise `why` tells people what is
   wrong and what to do: ERR_UNREACHABLE: no server; ERR_REFUSED: it says no; ERR_TIMEOUT. */
must_use enum err admin_ask(const struct settings *settings, const char *path, const char *body,
    json_t **answer, char why[600]);
/* The same with PUT. */
must_use enum err admin_put(const struct settings *settings, const char *path, const char *body,
    json_t **answer, char why[600]);

/* How long an answer is waited for, by somebody who has something else to do as well. */
struct admin_patience {
    unsigned timeout_ms;
    bool (*goes_on)(void *owner); /* asked every 50 ms; false: it is waited for no longer */
    void *owner;
};
/* GET; ERR_CLOSED: patience ended. */
must_use enum err admin_ask_patiently(const struct settings *settings, const char *path,
    const struct admin_patience *patience, json_t **answer, char why[600]);

/* The model that commands ask on behalf of people at a keyboard, who wait longer than callers: the first that thinks in the list
   of providers, or what the environment names; without a key for the real one the sandbox is meant. */
#pragma once

#include "main/provider_list.h"
#include "providers/llm.h"

struct thinker {
    const struct llm_ops *ops;
    struct llm_settings settings;
    struct provider_list list; /* that they point into */
};

/* ERR_REFUSED: the list cannot be read; `why` says so. Close it in any case. */
must_use enum err thinker_open(
    struct thinker *thinker, const struct settings *settings, char why[CATALOG_WHY_SIZE]);
void thinker_close(struct thinker *thinker);

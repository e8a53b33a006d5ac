/* Asks a provider for real, for as little as possible: a few tokens, one second of sound, one word. Blocking, for commands. */
#pragma once

#include "routing/catalog.h"

#define TRIAL_SAID_SIZE 400

/* `said`: what came, or what went wrong and what to do. */
must_use enum err provider_trial(
    const struct provider *provider, const char *ca_file, char said[TRIAL_SAID_SIZE]);

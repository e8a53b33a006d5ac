/* The providers that the environment names, when no file of providers does. */
#pragma once

#include "main/settings.h"
#include "routing/catalog.h"

/* Returns how many there are; their strings are the settings'. */
size_t usual_providers(const struct settings *settings, struct provider out[PROVIDERS_MAX]);

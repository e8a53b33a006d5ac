/* The providers that the environment names, when no file of providers does. */
#pragma once

#include "base/err.h"
#include "main/settings.h"

must_use enum err usual_providers_publish(const struct settings *settings);

/* What a call, or a turn of it, used of its providers: a line for each slot, provider and model. Bounded: past
   USAGE_LINES_MAX a slot's line without names takes the rest. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "routing/route.h"

#define USAGE_LINES_MAX 6

struct usage_amount {
    unsigned requests; /* think: questions; speak: texts */
    uint64_t prompt_tokens;
    uint64_t cached_tokens; /* of them, read from the provider's cache: cheaper */
    uint64_t completion_tokens;
    uint64_t characters; /* speak */
    uint64_t audio_ms;   /* hear: what was sent */
    bool is_estimate;    /* some of it was not told by the provider */
};

struct usage_line {
    enum provider_slot slot;
    char provider[PROVIDER_NAME_SIZE];
    char model[ROUTE_MODEL_SIZE];
    struct usage_amount amount;
};

struct usage {
    struct usage_line lines[USAGE_LINES_MAX + PROVIDER_SLOTS];
    size_t count; /* all zero is empty */
};

void usage_add(struct usage *usage, enum provider_slot slot, const char *provider,
    const char *model, const struct usage_amount *amount);
void usage_amount_add(struct usage_amount *sum, const struct usage_amount *amount);
/* Of all lines of a slot. */
struct usage_amount usage_sum(const struct usage *usage, enum provider_slot slot);

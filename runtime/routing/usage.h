/* What a call, or a turn of it, used of its providers, and what that cost: a line for each slot, provider and model. Bounded:
   past USAGE_LINES_MAX a slot's line without names takes the rest. Pure.

   Costs are whole picodollars while they are summed, so that neither a token nor a frame is lost to rounding; people and
   tables are told microdollars. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "routing/route.h"

#define USAGE_LINES_MAX 6

struct usage_amount {
    unsigned requests; /* think: questions; speak: texts */
    uint64_t prompt_tokens;
    uint64_t cached_tokens; /* of them, read from the provider's cache: cheaper */
    uint64_t completion_tokens;
    uint64_t characters;    /* speak */
    uint64_t audio_ms;      /* hear: what was sent */
    bool is_estimate;       /* some of it was not told by the provider */
    bool is_priced;         /* some of it has a price, */
    uint64_t cost_pico_usd; /* which comes to this */
};

struct usage_line {
    enum provider_slot slot;
    char provider[PROVIDER_NAME_SIZE];
    char model[ROUTE_MODEL_SIZE];
    struct usage_amount amount;
    struct usage_amount kept; /* of it, by whoever writes it down */
    uint64_t kept_wall_ms;    /* when that was for the first time; 0: it was not yet */
    bool is_new;              /* it has grown since */
};

struct usage {
    struct usage_line lines[USAGE_LINES_MAX + PROVIDER_SLOTS];
    size_t count; /* all zero is empty */
};

/* What the amount costs at these prices: replaces its cost. Tokens of the cache cost as others where they have no price of
   their own. */
void usage_price(struct usage_amount *amount, const struct provider_prices *prices);
/* To the nearest. */
uint64_t usage_micro_usd(uint64_t pico_usd);
/* As providers of speech count a text: its letters, not its bytes. */
uint64_t usage_characters(struct slice text);
void usage_add(struct usage *usage, enum provider_slot slot, const char *provider,
    const char *model, const struct usage_amount *amount);
void usage_amount_add(struct usage_amount *sum, const struct usage_amount *amount);
/* Of all lines of a slot. */
struct usage_amount usage_sum(const struct usage *usage, enum provider_slot slot);

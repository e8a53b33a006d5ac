#include "routing/usage.h"

#include <math.h>
#include <string.h>

#define PICO 1e12
#define PICO_PER_MICRO 1000000u

/* ---- prices ---- */

static double price_of_tokens(
    const struct usage_amount *amount, const struct provider_prices *prices)
{
    double cached_price =
        prices->per_million_cached > 0 ? prices->per_million_cached : prices->per_million_input;
    uint64_t cached = amount->cached_tokens < amount->prompt_tokens ? amount->cached_tokens
                                                                    : amount->prompt_tokens;
    return ((double)(amount->prompt_tokens - cached) * prices->per_million_input +
               (double)cached * cached_price +
               (double)amount->completion_tokens * prices->per_million_output) /
           1e6;
}

void usage_price(struct usage_amount *amount, const struct provider_prices *prices)
{
    bool has_tokens = amount->prompt_tokens || amount->completion_tokens;
    amount->is_priced =
        (amount->audio_ms && prices->per_minute > 0) ||
        (amount->characters && prices->per_million_characters > 0) ||
        (has_tokens && (prices->per_million_input > 0 || prices->per_million_output > 0));
    double usd = (double)amount->audio_ms * prices->per_minute / 60000 +
                 (double)amount->characters * prices->per_million_characters / 1e6 +
                 price_of_tokens(amount, prices);
    amount->cost_pico_usd = (uint64_t)llround(usd * PICO);
}

uint64_t usage_micro_usd(uint64_t pico_usd)
{
    return (pico_usd + PICO_PER_MICRO / 2) / PICO_PER_MICRO;
}

/* ---- sums ---- */

uint64_t usage_characters(struct slice text)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80; /* no byte that continues a letter */
    return count;
}

static struct usage_line *line_of(
    struct usage *usage, enum provider_slot slot, const char *provider, const char *model)
{
    for (size_t i = 0; i < usage->count; i++) {
        struct usage_line *line = &usage->lines[i];
        if (line->slot == slot && !strcmp(line->provider, provider) && !strcmp(line->model, model))
            return line;
    }
    return NULL;
}

static struct usage_line *make_line(
    struct usage *usage, enum provider_slot slot, const char *provider, const char *model)
{
    struct usage_line *line = line_of(usage, slot, provider, model);
    if (line)
        return line;
    bool is_named = provider[0] || model[0];
    if (is_named && usage->count >= USAGE_LINES_MAX)
        return make_line(usage, slot, "", "");
    line = &usage->lines[usage->count++];
    *line = (struct usage_line){.slot = slot};
    slice_copy(slice_from(provider), line->provider, sizeof line->provider);
    slice_copy(slice_from(model), line->model, sizeof line->model);
    return line;
}

void usage_amount_add(struct usage_amount *sum, const struct usage_amount *amount)
{
    sum->requests += amount->requests;
    sum->prompt_tokens += amount->prompt_tokens;
    sum->cached_tokens += amount->cached_tokens;
    sum->completion_tokens += amount->completion_tokens;
    sum->characters += amount->characters;
    sum->audio_ms += amount->audio_ms;
    sum->is_estimate |= amount->is_estimate;
    sum->is_priced |= amount->is_priced;
    sum->cost_pico_usd += amount->cost_pico_usd;
}

void usage_add(struct usage *usage, enum provider_slot slot, const char *provider,
    const char *model, const struct usage_amount *amount)
{
    struct usage_line *line = make_line(usage, slot, provider, model);
    usage_amount_add(&line->amount, amount);
    line->is_new = true;
}

struct usage_amount usage_sum(const struct usage *usage, enum provider_slot slot)
{
    struct usage_amount sum = {0};
    for (size_t i = 0; i < usage->count; i++)
        if (usage->lines[i].slot == slot)
            usage_amount_add(&sum, &usage->lines[i].amount);
    return sum;
}

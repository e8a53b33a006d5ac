#include "live/usage.h"

#include <string.h>

#include "base/slice.h"

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
}

void usage_add(struct usage *usage, enum provider_slot slot, const char *provider,
    const char *model, const struct usage_amount *amount)
{
    usage_amount_add(&make_line(usage, slot, provider, model)->amount, amount);
}

struct usage_amount usage_sum(const struct usage *usage, enum provider_slot slot)
{
    struct usage_amount sum = {0};
    for (size_t i = 0; i < usage->count; i++)
        if (usage->lines[i].slot == slot)
            usage_amount_add(&sum, &usage->lines[i].amount);
    return sum;
}

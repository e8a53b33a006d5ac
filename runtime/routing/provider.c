#include <string.h>

#include "base/slice.h"
#include "routing/catalog.h"

struct provider provider_usual(const struct driver *driver, const char *name)
{
    struct provider provider = {.driver = driver};
    slice_copy(slice_from(name), provider.name, sizeof provider.name);
    switch (driver->slot) {
    case SLOT_HEAR:
        provider.stt = (struct stt_settings){.language = "en", .connect_timeout_ms = 2000};
        break;
    case SLOT_THINK:
        provider.llm = (struct llm_settings){.temperature = -1,
            .max_tokens = 400,
            .connect_timeout_ms = 1500,
            .first_token_timeout_ms = 6000,
            .idle_timeout_ms = 3000};
        break;
    case SLOT_SPEAK:
        provider.tts = (struct tts_settings){.stability = -1,
            .similarity = -1,
            .speed = -1,
            .connect_timeout_ms = 2000,
            .inactivity_timeout_s = 180};
        break;
    }
    return provider;
}

const char **provider_base_url(struct provider *provider)
{
    const char **texts[PROVIDER_SLOTS] = {
        &provider->stt.base_url, &provider->llm.base_url, &provider->tts.base_url};
    return texts[provider->driver->slot];
}

const char **provider_api_key(struct provider *provider)
{
    const char **texts[PROVIDER_SLOTS] = {
        &provider->stt.api_key, &provider->llm.api_key, &provider->tts.api_key};
    return texts[provider->driver->slot];
}

const char *provider_model(const struct provider *provider)
{
    const char *models[PROVIDER_SLOTS] = {
        provider->stt.model, provider->llm.model, provider->tts.model};
    return models[provider->driver->slot];
}

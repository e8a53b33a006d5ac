#include "main/thinker.h"

#include <string.h>

#define SANDBOX_URL "http://127.0.0.1:9100"
#define REAL_URL "https://api.openai.com"
#define FIRST_TOKEN_MS 20000
#define IDLE_MS 10000

static struct llm_settings of_environment(const struct settings *settings)
{
    bool has_key = settings->openai_api_key[0] != 0;
    bool is_real = strcmp(settings->openai_base_url, REAL_URL) == 0;
    return (struct llm_settings){
        .base_url = !has_key && is_real ? SANDBOX_URL : settings->openai_base_url,
        .api_key = has_key ? settings->openai_api_key : "sandbox",
        .model = settings->openai_chat_model,
        .temperature = -1,
        .max_tokens = 400,
        .connect_timeout_ms = 3000,
        .first_token_timeout_ms = FIRST_TOKEN_MS,
        .idle_timeout_ms = IDLE_MS};
}

static void take_first(struct thinker *thinker)
{
    struct provider_list *list = &thinker->list;
    for (size_t i = list->count; i-- > 0;) {
        if (list->providers[i].driver->slot != SLOT_THINK)
            continue;
        thinker->ops = list->providers[i].driver->llm;
        thinker->settings = list->providers[i].llm;
        thinker->settings.first_token_timeout_ms = FIRST_TOKEN_MS;
        thinker->settings.idle_timeout_ms = IDLE_MS;
    }
}

enum err thinker_open(
    struct thinker *thinker, const struct settings *settings, char why[CATALOG_WHY_SIZE])
{
    *thinker = (struct thinker){.ops = &openai_chat_llm, .settings = of_environment(settings)};
    if (!settings->providers[0])
        return ERR_OK;
    if (provider_list_read(&thinker->list, settings, why))
        return ERR_REFUSED;
    take_first(thinker);
    return ERR_OK;
}

void thinker_close(struct thinker *thinker)
{
    provider_list_free(&thinker->list);
}

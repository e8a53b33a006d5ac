#include "main/usual_providers.h"

#include <string.h>

static struct provider hear(const struct settings *settings)
{
    return (struct provider){.name = "openai",
        .driver = driver_find("openai_realtime"),
        .key_source = "environment OPENAI_API_KEY",
        .stt = {.base_url = settings->openai_base_url,
            .api_key = settings->openai_api_key,
            .model = settings->openai_stt_model,
            .language = "en",
            .send_ulaw = strcmp(settings->openai_stt_format, "pcmu") == 0,
            .connect_timeout_ms = 2000}};
}

static struct provider think(const struct settings *settings)
{
    return (struct provider){.name = "openai",
        .driver = driver_find("openai_chat"),
        .key_source = "environment OPENAI_API_KEY",
        .llm = {.base_url = settings->openai_base_url,
            .api_key = settings->openai_api_key,
            .model = settings->openai_chat_model,
            .temperature = -1,
            .max_tokens = 400,
            .connect_timeout_ms = 1500,
            .first_token_timeout_ms = 6000,
            .idle_timeout_ms = 3000}};
}

static struct provider speak(const struct settings *settings)
{
    return (struct provider){.name = "elevenlabs",
        .driver = driver_find("elevenlabs"),
        .key_source = "environment ELEVENLABS_API_KEY",
        .tts = {.base_url = settings->elevenlabs_base_url,
            .api_key = settings->elevenlabs_api_key,
            .voice_id = settings->elevenlabs_voice_id,
            .model = settings->elevenlabs_model,
            .stability = -1,
            .similarity = -1,
            .speed = -1,
            .connect_timeout_ms = 2000,
            .inactivity_timeout_s = 180}};
}

size_t usual_providers(const struct settings *settings, struct provider out[PROVIDERS_MAX])
{
    struct provider list[] = {hear(settings), think(settings), speak(settings)};
    memcpy(out, list, sizeof list);
    return sizeof list / sizeof *list;
}

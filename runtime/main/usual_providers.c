#include "main/usual_providers.h"

#include <string.h>

#define OPENAI_KEY "environment OPENAI_API_KEY"
#define ELEVENLABS_KEY "environment ELEVENLABS_API_KEY"

static struct provider hear(const struct settings *settings)
{
    struct provider provider = provider_usual(driver_find("openai_realtime"), "openai");
    provider.key_source = OPENAI_KEY;
    provider.stt.base_url = settings->openai_base_url;
    provider.stt.api_key = settings->openai_api_key;
    provider.stt.model = settings->openai_stt_model;
    provider.stt.send_ulaw = strcmp(settings->openai_stt_format, "pcmu") == 0;
    return provider;
}

/* The same words by another road: a socket that cannot be had says nothing about requests. */
static struct provider hear_files(const struct settings *settings)
{
    struct provider provider = provider_usual(driver_find("openai_files"), "openai_files");
    provider.key_source = OPENAI_KEY;
    provider.stt.base_url = settings->openai_base_url;
    provider.stt.api_key = settings->openai_api_key;
    provider.stt.model = settings->openai_stt_file_model;
    provider.stt.connect_timeout_ms = 1500;
    return provider;
}

static struct provider think(const struct settings *settings)
{
    struct provider provider = provider_usual(driver_find("openai_chat"), "openai");
    provider.key_source = OPENAI_KEY;
    provider.llm.base_url = settings->openai_base_url;
    provider.llm.api_key = settings->openai_api_key;
    provider.llm.model = settings->openai_chat_model;
    return provider;
}

static struct provider speak(const struct settings *settings)
{
    struct provider provider = provider_usual(driver_find("elevenlabs"), "elevenlabs");
    provider.key_source = ELEVENLABS_KEY;
    provider.tts.base_url = settings->elevenlabs_base_url;
    provider.tts.api_key = settings->elevenlabs_api_key;
    provider.tts.voice_id = settings->elevenlabs_voice_id;
    provider.tts.model = settings->elevenlabs_model;
    return provider;
}

/* The same voices without the socket. */
static struct provider speak_by_http(const struct settings *settings)
{
    struct provider provider = speak(settings);
    strcpy(provider.name, "elevenlabs_http");
    provider.driver = driver_find("elevenlabs_http");
    return provider;
}

static struct provider speak_by_openai(const struct settings *settings)
{
    struct provider provider = provider_usual(driver_find("openai_speech"), "openai");
    provider.key_source = OPENAI_KEY;
    provider.tts.base_url = settings->openai_base_url;
    provider.tts.api_key = settings->openai_api_key;
    provider.tts.voice_id = settings->openai_tts_voice;
    provider.tts.model = settings->openai_tts_model;
    return provider;
}

size_t usual_providers(const struct settings *settings, struct provider out[PROVIDERS_MAX])
{
    struct provider list[] = {hear(settings), hear_files(settings), think(settings),
        speak(settings), speak_by_http(settings), speak_by_openai(settings)};
    memcpy(out, list, sizeof list);
    return sizeof list / sizeof *list;
}

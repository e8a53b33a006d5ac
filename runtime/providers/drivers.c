#include "providers/drivers.h"

#include <string.h>

static const struct driver drivers[] = {
    {"openai_realtime", SLOT_HEAR, .stt = &openai_realtime_stt},
    {"openai_files", SLOT_HEAR, .stt = &openai_files_stt},
    {"openai_chat", SLOT_THINK, .llm = &openai_chat_llm},
    {"elevenlabs", SLOT_SPEAK, .tts = &elevenlabs_tts},
    {"elevenlabs_http", SLOT_SPEAK, .tts = &elevenlabs_http_tts},
    {"openai_speech", SLOT_SPEAK, .tts = &openai_speech_tts},
};
#define DRIVERS (sizeof drivers / sizeof *drivers)

static const struct vendor vendors[] = {
    {"openai", "https://api.openai.com", "OPENAI_API_KEY"},
    {"elevenlabs", "https://api.elevenlabs.io", "ELEVENLABS_API_KEY"},
};

const char *slot_name(enum provider_slot slot)
{
    switch (slot) {
    case SLOT_HEAR:
        return "hear";
    case SLOT_THINK:
        return "think";
    case SLOT_SPEAK:
        return "speak";
    }
    return "";
}

const struct driver *driver_find(const char *name)
{
    for (size_t i = 0; i < DRIVERS; i++)
        if (strcmp(drivers[i].name, name) == 0)
            return &drivers[i];
    return NULL;
}

const struct driver *driver_at(size_t index)
{
    return index < DRIVERS ? &drivers[index] : NULL;
}

const struct vendor *driver_vendor(const struct driver *driver)
{
    size_t len = strcspn(driver->name, "_");
    for (size_t i = 0; i < sizeof vendors / sizeof *vendors; i++)
        if (strlen(vendors[i].name) == len && memcmp(vendors[i].name, driver->name, len) == 0)
            return &vendors[i];
    return NULL;
}

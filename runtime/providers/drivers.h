/* The drivers there are, by the name that settings use: a new one is two files and a line in drivers.c. A driver's name begins
   with its vendor's. */
#pragma once

#include "providers/llm.h"
#include "providers/stt.h"
#include "providers/tts.h"

enum provider_slot {
    SLOT_HEAR,  /* speech-to-text */
    SLOT_THINK, /* the chat model */
    SLOT_SPEAK, /* text-to-speech */
};
#define PROVIDER_SLOTS (SLOT_SPEAK + 1)

struct driver {
    const char *name;
    enum provider_slot slot;
    const struct stt_ops *stt; /* of its slot; the others are NULL */
    const struct llm_ops *llm;
    const struct tts_ops *tts;
};

/* Who runs the service that a driver was written for, and servers like it. */
struct vendor {
    const char *name;
    const char *base_url;
    const char *key_env; /* where its key is looked for when nobody says where it is */
};

const char *slot_name(enum provider_slot slot);     /* "hear", "think", "speak" */
const struct driver *driver_find(const char *name); /* NULL: there is none */
const struct driver *driver_at(size_t index);       /* in order of slot; NULL behind the last */
const struct vendor *driver_vendor(const struct driver *driver); /* NULL: none that is known */

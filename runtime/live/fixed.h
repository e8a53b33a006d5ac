/* What a call needs to have an agent's fixed phrases kept (fixed.c). Private to live. */
#pragma once

#include "base/strbuf.h"
#include "live/phrases.h"
#include "routing/catalog.h"

struct fixed {        /* a phrase that synthesis is asked for, to be kept */
    uint32_t context; /* 0: none */
    char key[PHRASE_KEY_SIZE];
    char provider[PROVIDER_NAME_SIZE]; /* whose voice the key names; "": there is no route */
    struct strbuf spoken;
    struct heard_character *characters;
    size_t character_count;
    bool is_untimed; /* times were lost, or are too many */
    bool is_other;   /* another voice speaks than the one it is to be kept for */
};

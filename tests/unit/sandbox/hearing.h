/* What a client that hears was told, for stories against the sandbox. Each test uses a part. */
#pragma once

#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <string.h>

#include "providers/stt.h"

struct hearing {
    bool is_ready;
    unsigned partials;
    unsigned finals;
    uint32_t final_item;
    char final[256];
    char all[1024]; /* "1 what are your hours\n", each final */
    uint32_t words_end_ms;
    char failed[256];
};

static inline const char *origin(struct sandbox_story *story)
{
    static char url[128];
    snprintf(url, sizeof url, "http://%s", story->address);
    return url;
}

static inline void on_stt_ready(void *owner)
{
    ((struct hearing *)owner)->is_ready = true;
}

static inline void on_partial(void *owner, uint32_t item, struct slice text)
{
    struct hearing *hearing = owner;
    assert_true(text.len > 0);
    hearing->partials++;
}

static inline void on_final(void *owner, uint32_t item, struct slice text)
{
    struct hearing *hearing = owner;
    size_t len = strlen(hearing->all);
    hearing->finals++;
    hearing->final_item = item;
    slice_copy(text, hearing->final, sizeof hearing->final);
    snprintf(hearing->all + len, sizeof hearing->all - len, "%u %s\n", item, hearing->final);
}

static inline void on_stt_failed(void *owner, const struct failure *failure)
{
    struct hearing *hearing = owner;
    snprintf(hearing->failed, sizeof hearing->failed, "%s", failure->why);
}

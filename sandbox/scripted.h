/* Texts and replies that a test put in line: the next committed utterances "are heard" as these texts,
   the next chat completions answer with these replies. Bounded, in order. Pure. */
#pragma once

#include <jansson.h>

#include "base/err.h"

struct scripted {
    json_t *transcripts; /* array of strings */
    json_t *replies;     /* array of objects: text, tool_calls */
};

must_use enum err scripted_init(struct scripted *scripted);
void scripted_free(struct scripted *scripted);
void scripted_clear(struct scripted *scripted);

/* {"texts":["…"]} and {"replies":[{"text":"…"} | {"tool_calls":[{"name":…,"arguments":{…}}]}]}.
   ERR_BAD: wrong shape, nothing was taken; ERR_FULL: more than 1000 would wait. */
must_use enum err scripted_add_transcripts(struct scripted *scripted, const json_t *wish);
must_use enum err scripted_add_replies(struct scripted *scripted, const json_t *wish);

char *scripted_next_transcript(struct scripted *scripted); /* heap; NULL: none waits */
json_t *scripted_next_reply(struct scripted *scripted); /* owned by the caller; NULL: none waits */

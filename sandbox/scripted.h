/* What a test put in line: texts that committed utterances "are heard" as, and replies of chat completions.
   Bounded, in order. Pure.

   Texts: those of a session come first, then those that any session may take. Replies: those that wait
   come first, then the first rule that fits the last message; a rule is never used up. */
#pragma once

#include <jansson.h>

#include "base/err.h"

struct scripted {
    json_t *transcripts;  /* array of strings, for whichever session commits next */
    json_t *sessions;     /* array of arrays of strings: for the next sessions that open */
    json_t *each_session; /* array of strings: for every session without one of `sessions` */
    json_t *replies;      /* array of objects: text, tool_calls */
    json_t *rules;        /* the same with "when"; "" fits everything */
};

must_use enum err scripted_init(struct scripted *scripted);
void scripted_free(struct scripted *scripted);
void scripted_clear(struct scripted *scripted);

/* {"texts":["…"]}, {"sessions":[["…"]]}, {"each_session":["…"]} or several of them; and
   {"replies":[{"text":"…"} | {"tool_calls":[{"name":…,"arguments":{…}}]}]} (or
   "arguments_text":"…" where they are to be no JSON), each with "when":"…" or
   "repeat":true where it is a rule. ERR_BAD: wrong shape, nothing was taken; ERR_FULL: more than 1000 of a
   kind would wait. */
must_use enum err scripted_add_transcripts(struct scripted *scripted, const json_t *wish);
must_use enum err scripted_add_replies(struct scripted *scripted, const json_t *wish);

/* The texts of a session that opens now, its own copy; an empty array when there are none, NULL: no memory. */
json_t *scripted_session(struct scripted *scripted);
/* Heap; NULL: none waits. `session` is what scripted_session gave. */
char *scripted_next_transcript(struct scripted *scripted, json_t *session);
/* Owned by the caller; NULL: none waits and no rule fits. */
json_t *scripted_reply(struct scripted *scripted, const char *last_message);

/* The sandbox's chat model: a scripted receptionist (sandbox/brain/receptionist.lua) that reads the system prompt's facts,
   asks for what is missing, reads back and calls tools. Stateless: everything comes from the request. */
#pragma once

#include <jansson.h>

#include "base/err.h"

struct brain;
must_use enum err brain_create(struct brain **out, const char *script_path, char why[256]);
void brain_destroy(struct brain *brain);

struct brain_reply {
    char *text;         /* may be "" */
    json_t *tool_calls; /* array of {"name","arguments"(object)}; NULL when none */
};
/* `messages` and `tools` as in the chat completions request (tools may be NULL). */
must_use enum err brain_reply(struct brain *brain, const json_t *messages, const json_t *tools,
    struct brain_reply *out, char why[256]);
void brain_reply_free(struct brain_reply *reply);

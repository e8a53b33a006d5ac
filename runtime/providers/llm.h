/* A chat model: one request, streamed answer. Listener promises as in net/ws.h: exactly one of on_done and
   on_failed, last; none after cancel. */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct llm_settings {
    const char *base_url;
    const char *api_key;
    const char *model;
    double temperature; /* < 0: not sent */
    unsigned max_tokens;
    unsigned connect_timeout_ms;
    unsigned first_token_timeout_ms;
    unsigned idle_timeout_ms;
};

struct llm_usage {
    unsigned prompt_tokens; /* 0: not told */
    unsigned completion_tokens;
};

struct llm_listener {
    void (*on_text)(void *owner, struct slice text); /* a delta, never empty */
    /* After the last text and before on_done, once per call in order of index; arguments are a JSON object
       (validated; one that does not parse ends in on_failed). */
    void (*on_tool_call)(void *owner, struct slice id, struct slice name, struct slice arguments);
    void (*on_done)(void *owner, const struct llm_usage *usage);
    void (*on_failed)(void *owner, enum err err, const char *why);
};

struct llm;

struct llm_ops {
    const char *name;
    /* `messages` and `tools` are JSON arrays, written into the request as they are; `tools` may be empty. */
    must_use enum err (*start)(struct llm **out, struct net_loop *loop,
        const struct llm_settings *settings, struct slice messages, struct slice tools,
        const struct llm_listener *listener, void *owner);
    void (*cancel)(struct llm *llm); /* also after a final callback, once; frees */
};

extern const struct llm_ops openai_chat_llm;

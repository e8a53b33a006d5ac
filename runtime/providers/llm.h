/* A chat model: one request, streamed answer. Listener promises as in net/ws.h: exactly one of on_done and
   on_failed, last; none after cancel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "providers/failure.h"

struct route;

/* Where servers that say they are compatible are not quite: all zero is OpenAI itself. */
struct llm_quirks {
    const char *path;             /* [/v1/chat/completions] */
    const char *key_header;       /* [Authorization, with Bearer] the key goes there as it is */
    const char *system_role;      /* [system] or developer */
    const char *max_tokens_field; /* [max_completion_tokens] or max_tokens */
    const char *reasoning_effort; /* [not sent] */
    bool no_stream_options;       /* and so no usage is told */
    bool no_parallel_tool_calls;  /* sends parallel_tool_calls: false */
    bool strict_tools; /* schemas are guaranteed where they can be; implies the line above */
};

#define LLM_CONTEXT_TOKENS 16000 /* of a request, where a provider's settings say nothing else */

struct llm_settings {
    const char *base_url;
    const char *api_key;
    const char *model;
    double temperature; /* < 0: not sent */
    unsigned max_tokens;
    unsigned connect_timeout_ms;
    unsigned first_token_timeout_ms;
    unsigned idle_timeout_ms; /* without text or a tool call: what else comes does not count */
    unsigned
        context_tokens; /* most that a request is to come to [LLM_CONTEXT_TOKENS]; for whoever makes it */
    struct llm_quirks quirks;
    const struct route *route; /* of routed_llm: whom to ask, in order; others pass it over */
    unsigned answer_within_ms; /* of routed_llm: for the first token, whoever gives it [2200] */
};

struct llm_usage {
    unsigned prompt_tokens; /* 0: not told */
    unsigned cached_tokens; /* of them */
    unsigned completion_tokens;
};

struct llm_listener {
    /* Who answers, before the first text or tool call; only routed_llm tells. May be NULL. */
    void (*on_source)(void *owner, const char *provider, const char *model);
    void (*on_text)(void *owner, struct slice text); /* a delta, never empty */
    /* The answer broke off. True: the owner has forgotten all it was given of it, none of which anybody heard, and is given
       another; only routed_llm asks. NULL: never. The owner may cancel in it. */
    bool (*on_restart)(void *owner);
    /* After the last text and before on_done, once per call in order of index. No two ids are the same. Arguments are the model's
       text, never empty: a JSON object, unless the model wrote none ("{x}"): whoever runs the tool tells it so. */
    void (*on_tool_call)(void *owner, struct slice id, struct slice name, struct slice arguments);
    void (*on_done)(void *owner, const struct llm_usage *usage);
    /* FAILURE_REQUEST with ERR_FULL: the messages are more than the model takes. */
    void (*on_failed)(void *owner, const struct failure *failure);
};

struct llm;

struct llm_ops {
    const char *name;
    /* `messages` and `tools` are JSON arrays, written into the request as they are; `tools` may be empty. */
    must_use enum err (*start)(struct llm **out, struct net_loop *loop,
        const struct llm_settings *settings, struct slice messages, struct slice tools,
        const struct llm_listener *listener, void *owner);
    void (*cancel)(struct llm *llm); /* also after a final callback, once; frees */
    /* Opens a connection ahead of need, as a request with these settings would use it; best effort. May be NULL. */
    void (*warm)(struct net_loop *loop, const struct llm_settings *settings);
};

extern const struct llm_ops openai_chat_llm;

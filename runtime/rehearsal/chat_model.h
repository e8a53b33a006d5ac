/* One question to a real model at a time, its answer in the pieces that would be spoken. Private to rehearsal. */
#pragma once

#include <jansson.h>

#include "providers/llm.h"

struct chat_answer {
    struct slice written; /* all, as the model wrote it; until the next question */
    json_t *calls;        /* {"id","name","arguments"} */
    struct llm_usage usage;
    unsigned first_ms, total_ms;
};

struct chat_model_listener {
    /* So many sentences end in it; `has_room`: the answer asked not to be cut. */
    void (*on_piece)(void *owner, struct slice piece, unsigned sentences, bool has_room);
    void (*on_answer)(void *owner, const struct chat_answer *answer); /* or */
    void (*on_failed)(void *owner, const struct failure *failure);
};

struct chat_model;
must_use enum err chat_model_create(struct chat_model **out, struct net_loop *loop,
    const struct llm_ops *ops, const struct chat_model_listener *listener, void *owner);
must_use enum err chat_model_ask(struct chat_model *model, const struct llm_settings *settings,
    struct slice messages, struct slice tools);
void chat_model_destroy(struct chat_model *model); /* NULL is fine */

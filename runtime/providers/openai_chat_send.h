/* A chat request on its way: where it goes, with which key, how long its connection may take. */
#pragma once

#include "net/http.h"
#include "providers/llm.h"

/* ERR_BAD: an address, a key or a header that is none; ERR_FULL: more than a request may hold. */
must_use enum err openai_chat_send(struct http_call **out, struct net_loop *loop,
    const struct llm_settings *settings, struct slice messages, struct slice tools,
    const struct http_listener *listener, void *owner);

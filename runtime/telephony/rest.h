/* Twilio's REST API: messages and updates of live calls. Runs on the script thread's loop. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct rest_settings {
    const char *base_url; /* TWILIO_API_BASE_URL, origin */
    const char *account_sid;
    const char *auth_token;
};

struct rest_listener {
    /* `sid` of what was made or changed; on failure empty, with Twilio's code (0: none) and text. */
    void (*on_done)(void *owner, enum err err, int code, struct slice sid, const char *why);
};

struct rest_call;
must_use enum err rest_send_message(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *from, const char *to, struct slice body,
    const struct rest_listener *listener, void *owner);
must_use enum err rest_update_call(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, struct slice twiml,
    const struct rest_listener *listener, void *owner); /* empty twiml: hang up */
void rest_cancel(struct rest_call *call);

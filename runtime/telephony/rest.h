/* Twilio's REST API: messages and updates and recordings of live calls. Runs on the script thread's loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct rest_settings {
    const char *base_url; /* TWILIO_API_BASE_URL, origin */
    const char *account_sid;
    const char *auth_token;
};

/* For those who must know whether asking again could do the thing twice. Valid during the callback. */
struct rest_outcome {
    enum err err;      /* as of rest_answer.h, or why there was no answer */
    int status;        /* HTTP's; 0: no answer came */
    int code;          /* Twilio's; 0: none */
    bool is_untaken;   /* certainly not done: nobody was reached, or the answer says so */
    bool may_pass;     /* and later it may be: not reached, too many requests, out of service */
    unsigned after_ms; /* when to ask again, if the answer says so; else 0 */
    struct slice sid;
    struct slice body; /* of the answer */
    const char *why;
};

struct rest_listener {
    /* `sid` of what was made or changed; on failure empty, with Twilio's code (0: none) and text. */
    void (*on_done)(void *owner, enum err err, int code, struct slice sid, const char *why);
    void (*on_outcome)(void *owner, const struct rest_outcome *outcome); /* where set, instead */
};

struct rest_call;
/* Makes one of a list ("Messages", "Calls"), asked once whatever happens: over a connection of its own, never again by
   itself, and not at all when there is no connection by `before_ms` of clock_ms() (0: no such time). `form`: as
   form_encode writes it. */
must_use enum err rest_create(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *list, struct slice form, uint64_t before_ms,
    const struct rest_listener *listener, void *owner);
/* Reads of a list what `query` (as form_encode writes it) leaves of it; on_outcome has the body, and no sid. */
must_use enum err rest_read_list(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *list, struct slice query,
    const struct rest_listener *listener, void *owner);
must_use enum err rest_update_call(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, struct slice twiml,
    const struct rest_listener *listener, void *owner); /* empty twiml: hang up */
/* Begins to record a live call; `form`: how, as form_encode writes it. Asked once. */
must_use enum err rest_record_call(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, struct slice form,
    const struct rest_listener *listener, void *owner);
/* Pauses, resumes or stops a recording; asking again changes nothing, so it is. */
must_use enum err rest_change_recording(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid, const char *recording_sid,
    struct slice form, const struct rest_listener *listener, void *owner);
/* The recordings of a call: on_outcome has the list (rest_answer_find_recording). */
must_use enum err rest_read_recordings(struct rest_call **out, struct net_loop *loop,
    const struct rest_settings *settings, const char *call_sid,
    const struct rest_listener *listener, void *owner);
void rest_cancel(struct rest_call *call);

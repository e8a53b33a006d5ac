/* What the server asked the sandbox's Twilio to do with this call by REST: GET /calls/{CallSid} of the control port, every
   100 ms while a stream is open. Listener promises as in net/http.h. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct moves_listener {
    /* Each once, in order; empty TwiML: the call is ended. */
    void (*on_move)(void *owner, struct slice twiml);
    void (*on_looked)(void *owner); /* what moves_look asked for was answered, or could not be */
};

struct moves;
must_use enum err moves_start(struct moves **out, struct net_loop *loop, const char *control,
    const char *call_sid, const struct moves_listener *listener, void *owner);
void moves_watch(struct moves *moves, bool is_wanted);
/* Asks once more, now; on_looked follows. */
void moves_look(struct moves *moves);
void moves_destroy(struct moves *moves); /* at any time; NULL is fine */

/* What becomes of the text messages that were taken: their status callbacks, signed with the secret of the request that made
   them, and who has opted out. As the control port says: */
#pragma once

#include <jansson.h>

#include "base/strbuf.h"
#include "net/loop.h"
#include "telephony/form.h"

enum texts_order {
    TEXTS_IN_ORDER, /* queued, sent, delivered */
    TEXTS_SHUFFLED, /* the last one first */
    TEXTS_DOUBLED,  /* each twice */
    TEXTS_SILENT
};

#define TEXTS_SECRET_SIZE 128

struct texts {
    struct net_loop *loop;
    enum texts_order order;
    unsigned step_ms; /* between two callbacks */
    char via[128];    /* "host:port" to connect to instead of the callback's URL's; "": the URL's */
    json_t *opted_out;   /* number → true */
    json_t *undelivered; /* number → error code */
    struct text_callback *callbacks;
};

must_use enum err texts_init(struct texts *texts, struct net_loop *loop);
void texts_free(struct texts *texts);
/* {"callbacks":"in_order"|"shuffled"|"doubled"|"none","step_ms":N,"via":"…","opted_out":[…],"undelivered":{"+1…":"30003"}},
   each left as it is when it is not there. */
must_use enum err texts_set(struct texts *texts, const json_t *wish);
bool texts_has_opted_out(const struct texts *texts, struct slice number);
/* Posts a form at that time of clock_ms(), signed with the secret: how callbacks of all kinds go. Takes the form. */
void texts_post_take(
    struct texts *texts, struct slice url, const char *secret, struct strbuf *form, uint64_t at_ms);
/* Tells `url` (may be empty: nobody) of a message, from now on. */
void texts_tell(struct texts *texts, const json_t *message, struct slice url,
    const char secret[TEXTS_SECRET_SIZE]);

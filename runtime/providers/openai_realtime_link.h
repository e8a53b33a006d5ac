/* One connection of a transcription session, from the upgrade to its end: it is greeted, sets the session up, says when
   it is ready, and knows when its time is over and whether the service ends items by itself.

       connecting ─► setting up ─► ready ─► (lost)

   Listener promises as in net/ws.h; on_lost is final: the link may be closed from it, and must be some time. Private to
   openai_realtime. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "net/ws.h"
#include "providers/openai_realtime_codec.h"
#include "providers/openai_realtime_lease.h"

/* How a session's connections are made; outlives them. */
struct realtime_terms {
    struct stt_settings settings; /* strings are owned */
    struct strbuf url;
    struct strbuf key; /* the header's value */
    struct ws_header headers[2];
    size_t header_count;
};

must_use enum err realtime_terms_init(
    struct realtime_terms *terms, const struct stt_settings *settings);
void realtime_terms_free(struct realtime_terms *terms);

struct realtime_link;

struct realtime_link_listener {
    void (*on_ready)(void *owner, struct realtime_link *link);
    void (*on_event)(void *owner, struct realtime_link *link,
        const struct realtime_event *event); /* once ready */
    void (*on_lost)(void *owner, struct realtime_link *link, const struct failure *failure);
};

enum link_state {
    LINK_CONNECTING, /* until session.created */
    LINK_SETTING_UP, /* until session.updated */
    LINK_READY,
    LINK_LEAVING, /* we gave the socket up and wait for its end */
    LINK_LOST,
};

struct realtime_link {
    struct net_loop *loop;
    const struct realtime_terms *terms;
    const struct realtime_link_listener *listener;
    void *owner;
    struct ws *ws;           /* NULL once lost */
    struct net_timer *timer; /* until ready */
    enum link_state state;
    enum realtime_shape shape;
    bool has_prompt; /* the service was told the words to expect */
    uint64_t ready_ms;
    struct realtime_lease lease;
    bool is_detecting; /* the service ends items by itself ... */
    bool is_hearing;   /* ... and hears somebody speak */
    unsigned silence_ms;
    uint32_t part_of;         /* the utterance that it ended a part of last */
    uint64_t uncommitted_len; /* bytes of audio appended since the last commit */
};

must_use enum err realtime_link_open(struct realtime_link **out, struct net_loop *loop,
    const struct realtime_terms *terms, const struct realtime_link_listener *listener, void *owner);
void realtime_link_close(struct realtime_link *link); /* no callback follows; NULL is fine */
/* Sends a message and frees its memory. False: the socket takes no more, its end comes as an event. */
bool realtime_link_send(struct realtime_link *link, struct strbuf *message);

/* A transcription session from the inside; its parts are openai_realtime.c (life, time, connections), …_sending.c (audio and
   commits on their way to the service), …_events.c (what the service says) and …_telling.c (what the owner is told). */
#pragma once

#include "providers/openai_realtime_audio.h"
#include "providers/openai_realtime_items.h"
#include "providers/openai_realtime_link.h"
#include "providers/stt.h"

struct resample;

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    struct net_loop *loop;
    struct net_timer *timer; /* a text that is awaited, renewal, finals that are due */
    struct realtime_terms terms;
    struct realtime_link *link;  /* NULL once failed */
    struct realtime_link *spare; /* will take over before the session expires; usually NULL */
    uint64_t renew_ms;           /* when a spare is to be opened; 0: never */
    bool was_ready;              /* on_ready was called */
    bool is_retry;               /* this connection replaces a lost one */
    bool is_busy;                /* inside a callback: freeing waits for its end */
    bool is_closed;
    bool is_final; /* on_failed was called */
    struct realtime_audio audio;
    struct items items;
    uint64_t commit_end;       /* audio before it belongs to an item that ended */
    struct resample *resample; /* NULL when µ-law is sent as it is */
    struct strbuf message;
};

static inline bool realtime_is_over(const struct stt *stt)
{
    return stt->is_closed || stt->is_final;
}

static inline bool realtime_is_ready(const struct realtime_link *link)
{
    return link && link->state == LINK_READY;
}

/* Brings the service up to date with what was said and ended. Calls no listener. */
void realtime_pump(struct stt *stt);
void realtime_take_event(
    struct stt *stt, struct realtime_link *link, const struct realtime_event *event);
void realtime_tell_partial(struct stt *stt, uint32_t number);
/* Only from callbacks: what ends while the owner gives audio is told on the next turn of the loop. */
void realtime_give_finals(struct stt *stt);

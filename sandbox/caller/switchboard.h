/* Twilio's side of one call: asks the voice webhook, does what the TwiML says, holds the stream, tells the
   status callbacks.

      webhook ─► TwiML ─► Say · Pause · Redirect · Dial · Record ─► Connect ─► line ─┐
         ▲                                                                  │ the server closes
         └──────── Redirect, action ◄──────── verbs behind Connect ◄────────┘ or it breaks
      the server moves the call by REST ─► stop, and the new TwiML (moves.h)
      hang-up by either side, Reject, or the last verb ─► callbacks ─► on_over       */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "caller/callee.h"
#include "caller/conversation.h"
#include "caller/line.h"
#include "caller/moves.h"
#include "caller/options.h"
#include "caller/twiml_reader.h"
#include "caller/url.h"
#include "net/loop.h"

#define SWITCHBOARD_REDIRECTS_MAX 5
#define SWITCHBOARD_WHY_SIZE 400

enum switchboard_state {
    SWITCHBOARD_FETCHING,  /* a document is asked for */
    SWITCHBOARD_PAUSING,   /* <Pause> */
    SWITCHBOARD_STREAMING, /* <Connect><Stream> */
    SWITCHBOARD_DIALLING,  /* <Dial> */
    SWITCHBOARD_CLOSING,   /* hung up; the line or an answer is still awaited */
    SWITCHBOARD_REPORTING, /* callbacks are under way */
    SWITCHBOARD_OVER,
};

struct switchboard {
    const struct options *options;
    struct net_loop *loop;
    struct report *report;
    struct conversation *conversation;
    void (*on_over)(void *owner);
    void *owner;
    enum switchboard_state state;
    struct line_ids ids;
    struct line *line;       /* NULL: no stream */
    struct net_timer *timer; /* of <Pause>, and before a document is asked for again */
    struct callee callee;    /* of <Dial> */
    size_t dials;
    struct moves *moves; /* what the server asks of the carrier; NULL: nobody tells */
    char *moved_to;      /* TwiML by REST, while the line closes; NULL: none */
    bool is_ended_by_rest;
    struct twiml_document document;
    size_t verb; /* being done */
    char document_url[URL_SIZE];
    char fetch_url[URL_SIZE]; /* asked for now */
    char stream_status_url[URL_SIZE];
    char stream_name[120];
    char said[200]; /* by the latest <Say> */
    bool has_document;
    bool is_answered;         /* a verb other than <Reject> was done */
    const char *final_status; /* told at the end; NULL: completed */
    bool is_fetching;
    bool is_get;           /* the document that is asked for again */
    enum twiml_kind after; /* the verb whose result is told with it */
    uint64_t
        patience_end_ms; /* of clock_ms(): until then a document that is not there is asked for again */
    bool is_stream_started;         /* the line's handshake went well */
    unsigned redirects;             /* since the last stream */
    unsigned streams;               /* started */
    unsigned callbacks;             /* under way */
    uint64_t t0_ms;                 /* of clock_ms(): the timeline's beginning; 0: no stream yet */
    uint64_t start_ms;              /* of clock_ms(): the webhook was asked */
    char why[SWITCHBOARD_WHY_SIZE]; /* what failed; "": nothing */
};

/* Makes the CallSid and asks the webhook. The fields above `state` are filled in by the caller. */
must_use enum err switchboard_start(struct switchboard *switchboard);
void switchboard_abort(struct switchboard *switchboard, const char *why); /* hangs up in order */
void switchboard_callback_done(struct switchboard *switchboard);          /* by requests.c */
void switchboard_close(struct switchboard *switchboard);                  /* after on_over */
uint64_t switchboard_now_ms(const struct switchboard *switchboard);       /* on the timeline */

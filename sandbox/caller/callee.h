/* The other telephone of a <Dial>: it is busy, or rings on, or somebody picks up, hears the whisper of <Number url> as far as
   it goes, and presses a key or not. Whisper documents are asked for with the fields of a leg of its own.

     ring ─► pick up ─► the whisper: Say, Gather ─┬─► a key ─► its action's document ─► ended: talk, hang up ─► over
        └─ busy, no answer ─► over                └─► no key ─► what follows, Hangup ─► over, not connected */
#pragma once

#include "caller/scenario.h"
#include "caller/twiml_reader.h"
#include "caller/url.h"
#include "net/loop.h"

struct switchboard;

enum callee_state {
    CALLEE_GONE,
    CALLEE_RINGS,
    CALLEE_ASKS,    /* for a document */
    CALLEE_LISTENS, /* no key is pressed: until a <Gather> or <Pause> is over */
    CALLEE_TALKS,   /* with the caller */
};

struct callee {
    struct switchboard *board;
    void (*on_over)(struct switchboard *board);
    const struct twiml_verb *dial;
    struct scenario_callee plan;
    enum callee_state state;
    struct net_timer *timer;
    char sid[40];
    char url[URL_SIZE]; /* of the whisper */
    struct twiml_document whisper;
    size_t verb;
    const char *status; /* DialCallStatus, once it is over */
    bool is_bridged;
};

must_use enum err callee_init(
    struct callee *callee, struct switchboard *board, void (*on_over)(struct switchboard *board));
/* `on_over` follows, never during the call. */
void callee_dial(
    struct callee *callee, const struct twiml_verb *dial, const struct scenario_callee *plan);
/* The caller hung up. False: an answer is awaited, and `on_over` comes after it. */
bool callee_drop(struct callee *callee);
void callee_close(struct callee *callee);

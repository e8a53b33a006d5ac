/* Recordings on their way from the carrier to us: each row of `recordings` that is complete is fetched into a file of our own;
   a voicemail is filed as a task at once, then heard, and its words written wherever it is read:

     completed ─ fetched into MOONLINE_DATA/recordings/<tenant>/<id>.wav ─► fetched ─ voicemail: heard ─► transcript
         │ not there yet, carrier away, disk full: later, with a growing pause, twelve times
         └──────────────────────────────────────────────────────────────────► failed, `why` says so

   Whichever node takes a row does it, under a lease; what a dead one left is taken again. Nothing on a call's path waits
   for it. Files are 0600 in folders 0700, and appear whole. */
#pragma once

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"
#include "telephony/rest.h"

#define SOUND_NUMBER_SIZE 24

/* `err` ERR_NOT_FOUND: nobody here can hear files; ERR_BAD: heard, and not to be read. `by` says who heard it, or failed. */
typedef void sound_heard_fn(
    void *owner, enum err err, struct slice text, const char *by, const char *why);

/* What those above bring. */
struct sound_ops {
    /* A whole WAV file into words. `fn` once, never during the start; ERR_NOT_FOUND as above. */
    must_use enum err (*hear)(void **out, struct net_loop *loop, const char *tenant_id,
        struct slice wav, sound_heard_fn *fn, void *owner);
    void (*stop_hearing)(void *hearing);
    /* Who of the tenant's staff gets a text of a voicemail, and from which number; "": nobody. */
    void (*whom_to_tell)(
        const char *tenant_id, char to[SOUND_NUMBER_SIZE], char from[SOUND_NUMBER_SIZE]);
};

struct sounds_options {
    const char *database_url;
    struct rest_settings rest; /* account_sid NULL: nothing is fetched, and the rows wait */
    const char *folder;        /* made when it is missing */
    const struct sound_ops *ops;
};

struct sounds;
must_use enum err sounds_open(
    struct sounds **out, struct net_loop *loop, const struct sounds_options *options);
void sounds_look(struct sounds *sounds);  /* now */
void sounds_close(struct sounds *sounds); /* what is under way is left to its lease; NULL is fine */

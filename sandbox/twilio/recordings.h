/* Recordings that the sandbox has sound of: Recordings/{RE}.wav and .json. The control port brings them (words, spoken by the
   sandbox's voice), and calls that are recorded (call_recordings.h; silence). The newest 64 are kept. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/server.h"

struct world;
struct fault;

#define RECORDINGS_MAX 64

struct kept_recording {
    char sid[40];
    char *wav; /* 8000 Hz, 16 bit, mono */
    size_t len_bytes;
    unsigned not_ready; /* so many more requests are answered with 404 */
    bool is_redirected; /* sound is at another path of ours, where no token is needed */
    unsigned fetches;   /* of the sound */
    char account[64];
    char call_sid[40];  /* of a call's; "": none; */
    char status[16];    /* in-progress, paused, completed, absent */
    char callback[512]; /* told of it; "": nobody */
    char secret[128];   /* signs that */
    char events[64];    /* blanks between */
    unsigned channels;
};

struct recordings {
    struct kept_recording kept[RECORDINGS_MAX];
    size_t count;
};

/* {"sid":"RE…","text":"words"}, with "voice", "not_ready", "redirect". ERR_BAD: expected otherwise. */
must_use enum err recordings_add(struct recordings *recordings, const json_t *wish);
/* NULL: there is none. */
struct kept_recording *recordings_find(struct recordings *recordings, struct slice sid);
/* Takes what is in it. */
struct kept_recording *recordings_keep(
    struct recordings *recordings, const struct kept_recording *made);
json_t *recordings_list(
    const struct recordings *recordings); /* [{"sid","fetches","status","call_sid"}] */
void recordings_clear(struct recordings *recordings);
/* `name`: what stands behind "Recordings/", as "RE….wav". */
void twilio_recording(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct http_request *request, const char *account, struct slice name);

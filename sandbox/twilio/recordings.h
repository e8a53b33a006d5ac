/* Recordings that the sandbox has sound of: Recordings/{RE}.wav and .json. The control port brings them (words, spoken by the
   sandbox's voice). The newest 64 are kept. */
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
};

struct recordings {
    struct kept_recording kept[RECORDINGS_MAX];
    size_t count;
};

/* {"sid":"RE…","text":"words"}, with "voice", "not_ready", "redirect". ERR_BAD: expected otherwise. */
must_use enum err recordings_add(struct recordings *recordings, const json_t *wish);
json_t *recordings_list(const struct recordings *recordings); /* [{"sid","fetches"}] */
void recordings_clear(struct recordings *recordings);
/* `name`: what stands behind "Recordings/", as "RE….wav". */
void twilio_recording(struct world *world, struct exchange *exchange, const struct fault *fault,
    const struct http_request *request, const char *account, struct slice name);

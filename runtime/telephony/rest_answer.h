/* What a Twilio REST answer means. Pure. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

#define REST_ANSWER_WHY_SIZE 200

struct rest_answer {
    enum err err;
    int code; /* Twilio's, 0: none */
    char sid[40];
    char why[REST_ANSWER_WHY_SIZE]; /* empty when it went well */
};

/* ERR_OK: 2xx with a sid. ERR_NOT_FOUND: no such resource. ERR_REFUSED: every other 4xx and 5xx.
   ERR_BAD: success without a readable sid (it was done; which one is not known). */
void rest_answer_read(struct rest_answer *out, int status, struct slice body);
/* The same of a list, which has no sid. */
void rest_answer_read_list(struct rest_answer *out, int status, struct slice body);

/* What a list of a call's recordings says of the call. */
enum rest_recording {
    REST_RECORDING_NONE,
    REST_RECORDING_ENDED, /* there was one */
    REST_RECORDING_PAUSED,
    REST_RECORDING_GOES_ON,
};
/* `sid` of one that is paused or goes on; otherwise left as it is. */
enum rest_recording rest_answer_find_recording(char sid[40], struct slice body);

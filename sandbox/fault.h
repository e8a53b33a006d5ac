/* Faults on request: what is to go wrong with the next requests of a service. Pure: the endpoints ask for
   the fault of a request once, at its start, and hold everything they send against its gate (gate.h). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum service { SERVICE_STT, SERVICE_LLM, SERVICE_TTS, SERVICE_TWILIO };
#define SERVICE_COUNT 4

const char *service_name(enum service service); /* "stt", "llm", "tts", "twilio" */

struct fault {
    int status;                     /* HTTP status to answer instead, 0: none */
    unsigned retry_after_ms;        /* said with it, 0: not said */
    char code[64];                  /* its error code, "" for the usual one of the status */
    unsigned delay_ms;              /* added to everything the service says */
    unsigned receive_delay_ms;      /* added to everything it is told */
    unsigned jitter_ms;             /* both ways, up to so much more, at random; order is kept */
    unsigned drop_percent;          /* of the messages and stream events it says */
    unsigned drop_received_percent; /* of the messages it is told */
    unsigned read_bytes_per_s;      /* a slow reader of WebSockets; 0: reads what there is */
    unsigned drip_bytes_per_s;      /* says no more than this; 0: as fast as it comes */
    uint32_t seed;                  /* of all that is random; every connection has its own row */
    int64_t cut_after_bytes;        /* −1: none */
    int64_t cut_after_messages;     /* −1: none */
    unsigned cut_at_percent;        /* of an HTTP answer; 0: none */
    unsigned flood_bytes;           /* of padding instead of the cut; then it goes on */
    int close_code;      /* WebSocket close code of the cut, 0: the connection just ends */
    bool hang;           /* silence instead of the cut */
    bool garbage;        /* undecodable text instead of the cut */
    bool in_band;        /* a WebSocket is let in and then told `status` and `code` */
    bool web_page;       /* a page for people (text/html) instead of the answer */
    bool stray_audio;    /* speech of contexts that were never opened, or are closed */
    bool null_alignment; /* speech comes without character times */
    bool docs_spelling;  /* speech answers use the spellings of the published schema */
};
extern const struct fault fault_none;

struct faults {
    struct fault fault[SERVICE_COUNT];
    int64_t left[SERVICE_COUNT]; /* requests it still applies to; −1: until deleted */
};

void faults_clear(struct faults *faults);
/* {"service":"llm","status":503,…,"count":2}. ERR_BAD with `why` for people. `out_service` may be NULL. */
must_use enum err faults_set(
    struct faults *faults, const json_t *wish, enum service *out_service, char why[160]);
/* The fault of one request that begins now. */
struct fault faults_take(struct faults *faults, enum service service);
json_t *faults_list(const struct faults *faults); /* as they stand; NULL: no memory */

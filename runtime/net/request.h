/* Reads HTTP/1.1 requests by the letter (RFC 9112), pure: bytes in, slices of them out. What two
   readers could understand differently (two lengths, length and chunks, folded lines, blanks before a
   colon) is refused. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/strbuf.h"

#define REQUEST_MAX_HEAD 16384u

struct request {
    struct slice method, path, query;
    struct slice host, content_type, signature, authorization, api_key, elsewhere;
    struct slice upgrade, ws_key, ws_version;
    uint64_t content_length;
    bool has_length;
    bool is_chunked;
    bool is_1_0;
    bool wants_close;
    bool wants_upgrade; /* Connection: upgrade */
    bool expects_continue;
};

/* > 0: bytes of the head, blank line included; 0: need more; < 0: the HTTP status to refuse with, negated. */
int request_parse(struct request *out, const char *data, size_t len);

/* 101 when it is a sound WebSocket handshake, else the status of the refusal. */
int request_check_upgrade(const struct request *request);

/* A body in chunks. */
struct chunked {
    enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_END, CHUNK_TRAILER, CHUNK_DONE } state;
    uint64_t left; /* of the running chunk */
    size_t trailer_bytes;
};

/* Takes what it can from `data` into `body`; the bytes used go to `used`. 1: whole body; 0: need more;
   < 0: status, negated (413 when `body` is full). */
int chunked_take(struct chunked *chunked, struct strbuf *body, struct slice data, size_t *used);

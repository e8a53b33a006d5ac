/* The little of HTTP and WebSocket that the bench speaks: heads, the upgrade, frames, and a look into flat JSON.
   Pure, but for the random key. The other side is one of ours or the server under test: what is odd ends the
   connection, nothing is repaired. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Length of the head with its empty line; 0: not whole yet. */
size_t talk_head_len(struct slice input);
int talk_status(struct slice head);                            /* of an answer; 0: none */
struct slice talk_path(struct slice head);                     /* of a request */
struct slice talk_header(struct slice head, const char *name); /* empty: missing */

#define TALK_KEY_SIZE 32
void talk_make_key(char key[TALK_KEY_SIZE]);                        /* Sec-WebSocket-Key */
void talk_accept_key(struct slice key, char accept[TALK_KEY_SIZE]); /* Sec-WebSocket-Accept */
/* The whole 101 answer to the head of an upgrade; its length. */
size_t talk_accept(struct slice head, char *out, size_t size);

enum talk_opcode { TALK_TEXT = 1, TALK_BINARY = 2, TALK_CLOSE = 8, TALK_PING = 9, TALK_PONG = 10 };

struct talk_frame {
    unsigned opcode;
    bool is_final;
    bool is_masked;
    uint8_t mask[4];
    size_t head_len;
    size_t len; /* of the payload */
};
enum talk_parse { TALK_MORE, TALK_WHOLE, TALK_BAD };
enum talk_parse talk_frame_read(struct talk_frame *frame, struct slice input);

#define TALK_HEAD_MAX 14
size_t talk_frame_head(char out[TALK_HEAD_MAX], unsigned opcode, size_t len, const uint8_t *mask);
void talk_mask(char *data, size_t len, const uint8_t mask[4]); /* and unmask */

/* The text value of the first `"name"` in a message; empty when there is none. Escapes stay as they are. */
struct slice talk_field(struct slice json, const char *name);
bool talk_has(struct slice json, const char *text);

/* WebSocket frames by the letter of RFC 6455, pure: bytes in, what they mean out. Nothing is allocated
   and nothing copied but split control frames; payload is unmasked where it lies. What a stranger gets
   wrong is named with the code to close with; how the bytes were cut into pieces makes no difference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/utf8.h"

#define WS_HEAD_MAX_BYTES 14u
#define WS_CONTROL_MAX_BYTES 125u

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_PROTOCOL = 1002,
    WS_CLOSE_NOT_UTF8 = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_LARGE = 1009,
};

/* Where reading stands; holds no pointers. */
struct ws_frames {
    bool is_masked; /* what the other side must do: clients mask, servers do not */
    bool is_in_payload;
    bool is_final;   /* the running frame ends its message */
    bool is_message; /* a message is begun and not ended */
    bool is_text;    /* that message */
    bool is_fresh;   /* nothing of that message was given out */
    bool is_over;    /* closed or failed: nothing is read any more */
    unsigned char opcode;
    unsigned char head_len, control_len;
    unsigned char head[WS_HEAD_MAX_BYTES];
    unsigned char control[WS_CONTROL_MAX_BYTES];
    unsigned char mask[4];
    unsigned mask_at;
    uint64_t left; /* payload of the running frame that is still to come */
    struct utf8_check text;
};

enum ws_found {
    WS_FOUND_NOTHING, /* all bytes are used, more are needed */
    WS_FOUND_FRAME,   /* a frame begins: for counting */
    WS_FOUND_DATA,    /* a piece of a message */
    WS_FOUND_PING,
    WS_FOUND_PONG,
    WS_FOUND_CLOSE, /* the last thing found */
    WS_FOUND_BAD,   /* the last thing found */
};

struct ws_part {
    struct slice bytes;     /* piece, or payload of a control frame; valid until the next call */
    bool is_first, is_last; /* of the message */
    bool is_binary;
    int code;        /* CLOSE: the other side's, 0 when none; BAD: the one to close with */
    const char *why; /* BAD */
};

/* `is_masked`: the frames come from a client. */
void ws_frames_init(struct ws_frames *frames, bool is_masked);
/* Reads on in `data`, whose bytes it may change; what it used goes to `used`. Text is whole, valid UTF-8
   by the time its last piece is given out. */
enum ws_found ws_frames_take(
    struct ws_frames *frames, unsigned char *data, size_t len, size_t *used, struct ws_part *part);

/* The head of one whole frame in front of `len` bytes; `mask` NULL: a server's. Returns its length. */
size_t ws_frame_head(unsigned char out[WS_HEAD_MAX_BYTES], enum ws_opcode opcode, uint64_t len,
    const unsigned char *mask);
/* Masks or unmasks in place; `at` is how far into its payload `data` begins. */
void ws_frame_mask(unsigned char *data, size_t len, const unsigned char mask[4], size_t at);
bool ws_close_code_is_valid(int code); /* one that may travel in a close frame */

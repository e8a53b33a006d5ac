#include "wire/talk.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

/* ---- HTTP ---- */

size_t talk_head_len(struct slice input)
{
    const char *end = memmem(input.data, input.len, "\r\n\r\n", 4);
    return end ? (size_t)(end - input.data) + 4 : 0;
}

int talk_status(struct slice head)
{
    return head.len > 12 && slice_starts(head, "HTTP/1.1 ") ? atoi(head.data + 9) : 0;
}

struct slice talk_path(struct slice head)
{
    struct slice line = slice_split(&head, '\r');
    slice_split(&line, ' ');
    return slice_split(&line, ' ');
}

struct slice talk_header(struct slice head, const char *name)
{
    slice_split(&head, '\n');
    while (head.len) {
        struct slice value = slice_split(&head, '\n');
        if (slice_is_nocase(slice_split(&value, ':'), name))
            return slice_trim(value);
    }
    return (struct slice){"", 0};
}

/* ---- upgrade ---- */

void talk_make_key(char key[TALK_KEY_SIZE])
{
    uint8_t random[16];
    crypto_random(random, sizeof random);
    base64_encode(random, sizeof random, key);
}

void talk_accept_key(struct slice key, char accept[TALK_KEY_SIZE])
{
    char text[256];
    uint8_t digest[SHA_DIGEST_LENGTH];
    int len = snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
        key.len < 128 ? (int)key.len : 128, key.data);
    SHA1((const uint8_t *)text, (size_t)len, digest);
    base64_encode(digest, sizeof digest, accept);
}

size_t talk_accept(struct slice head, char *out, size_t size)
{
    char accept[TALK_KEY_SIZE];
    talk_accept_key(talk_header(head, "sec-websocket-key"), accept);
    return (size_t)snprintf(out, size,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n\r\n",
        accept);
}

/* ---- frames ---- */

static size_t big_endian(const uint8_t *bytes, size_t count)
{
    size_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

enum talk_parse talk_frame_read(struct talk_frame *frame, struct slice input)
{
    const uint8_t *bytes = (const uint8_t *)input.data;
    if (input.len < 2)
        return TALK_MORE;
    size_t short_len = bytes[1] & 0x7f;
    size_t len_bytes = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
    frame->opcode = bytes[0] & 0x0f;
    frame->is_final = bytes[0] & 0x80;
    frame->is_masked = bytes[1] & 0x80;
    frame->head_len = 2 + len_bytes + (frame->is_masked ? 4 : 0);
    if (input.len < frame->head_len)
        return TALK_MORE;
    frame->len = len_bytes ? big_endian(bytes + 2, len_bytes) : short_len;
    if (bytes[0] & 0x70 || !frame->is_final || frame->len > 16 * 1024 * 1024)
        return TALK_BAD;
    if (frame->is_masked)
        memcpy(frame->mask, bytes + 2 + len_bytes, 4);
    return input.len - frame->head_len < frame->len ? TALK_MORE : TALK_WHOLE;
}

size_t talk_frame_head(char out[TALK_HEAD_MAX], unsigned opcode, size_t len, const uint8_t *mask)
{
    uint8_t *bytes = (uint8_t *)out;
    size_t at = 2;
    size_t len_bytes = len > 65535 ? 8 : len > 125 ? 2 : 0;
    bytes[0] = (uint8_t)(0x80 | opcode);
    bytes[1] = (uint8_t)(len_bytes == 8 ? 127 : len_bytes == 2 ? 126 : len);
    while (len_bytes)
        bytes[at++] = (uint8_t)(len >> 8 * --len_bytes);
    if (mask) {
        bytes[1] |= 0x80;
        memcpy(bytes + at, mask, 4);
        at += 4;
    }
    return at;
}

void talk_mask(char *data, size_t len, const uint8_t mask[4])
{
    uint8_t twice[8];
    uint64_t word, key;
    size_t at = 0;
    memcpy(twice, mask, 4);
    memcpy(twice + 4, mask, 4);
    memcpy(&key, twice, 8);
    for (; at + 8 <= len; at += 8) {
        memcpy(&word, data + at, 8);
        word ^= key;
        memcpy(data + at, &word, 8);
    }
    for (; at < len; at++)
        data[at] ^= (char)mask[at % 4];
}

/* ---- JSON, flat ---- */

struct slice talk_field(struct slice json, const char *name)
{
    char quoted[48];
    int len = snprintf(quoted, sizeof quoted, "\"%s\"", name);
    const char *end = json.data + json.len;
    const char *at = memmem(json.data, json.len, quoted, (size_t)len);
    if (!at)
        return (struct slice){"", 0};
    at += len;
    while (at < end && (*at == ' ' || *at == ':'))
        at++;
    if (at == end || *at != '"')
        return (struct slice){"", 0};
    const char *close = ++at;
    while (close < end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    return close < end ? (struct slice){at, (size_t)(close - at)} : (struct slice){"", 0};
}

bool talk_has(struct slice json, const char *text)
{
    return memmem(json.data, json.len, text, strlen(text)) != NULL;
}

/* Hashes, message authentication and random bytes, by OpenSSL's libcrypto; and base64. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define SHA1_BYTES 20
#define SHA256_BYTES 32

void crypto_sha1(struct slice data, uint8_t out[SHA1_BYTES]);
void crypto_hmac_sha1(struct slice key, struct slice data, uint8_t out[SHA1_BYTES]);
void crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[SHA256_BYTES]);
void crypto_sha256(struct slice data, uint8_t out[SHA256_BYTES]);
void crypto_random(void *out, size_t len); /* ends the process when the system has no randomness */
bool crypto_equal(struct slice a, struct slice b);           /* time depends on the lengths only */
void crypto_hex(const uint8_t *data, size_t len, char *out); /* 2·len characters and a terminator */

/* Base64 with padding (RFC 4648, section 4). Encoding writes base64_size(len) bytes, terminator
   included. Decoding refuses anything but whole, padded groups. */
#define BASE64_SIZE(len) (((len) + 2) / 3 * 4 + 1)
size_t base64_encode(const void *data, size_t len, char *out); /* returns the length written */
must_use enum err base64_decode(size_t *out_len, uint8_t *out, size_t size, struct slice text);

#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void hmac(const EVP_MD *kind, struct slice key, struct slice data, uint8_t *out)
{
    HMAC(kind, key.data, (int)key.len, (const unsigned char *)data.data, data.len, out, NULL);
}

void crypto_hmac_sha1(struct slice key, struct slice data, uint8_t out[SHA1_BYTES])
{
    hmac(EVP_sha1(), key, data, out);
}

void crypto_hmac_sha256(struct slice key, struct slice data, uint8_t out[SHA256_BYTES])
{
    hmac(EVP_sha256(), key, data, out);
}

void crypto_sha1(struct slice data, uint8_t out[SHA1_BYTES])
{
    EVP_Digest(data.data, data.len, out, NULL, EVP_sha1(), NULL);
}

void crypto_sha256(struct slice data, uint8_t out[SHA256_BYTES])
{
    EVP_Digest(data.data, data.len, out, NULL, EVP_sha256(), NULL);
}

void crypto_random(void *out, size_t len)
{
    if (RAND_bytes(out, (int)len) != 1) {
        fprintf(stderr, "moonline: the system gives no random bytes\n");
        abort();
    }
}

bool crypto_equal(struct slice a, struct slice b)
{
    return a.len == b.len && CRYPTO_memcmp(a.data, b.data, a.len) == 0;
}

void crypto_hex(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = 0;
}

size_t base64_encode(const void *data, size_t len, char *out)
{
    return (size_t)EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}

/* -1: not base64, otherwise the value of six bits. */
static int sextet(unsigned char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

struct sextet_table {
    int8_t value[256];
};

static const struct sextet_table *sextets(void)
{
    static _Thread_local struct sextet_table table;
    static _Thread_local bool is_ready;
    if (!is_ready) {
        for (int i = 0; i < 256; i++)
            table.value[i] = (int8_t)sextet((unsigned char)i);
        is_ready = true;
    }
    return &table;
}

static bool take_quad(const struct sextet_table *table, const unsigned char in[4], uint8_t out[3])
{
    int a = table->value[in[0]], b = table->value[in[1]];
    int c = table->value[in[2]], d = table->value[in[3]];
    if ((a | b | c | d) < 0)
        return false;
    out[0] = (uint8_t)(a << 2 | b >> 4);
    out[1] = (uint8_t)(b << 4 | c >> 2);
    out[2] = (uint8_t)(c << 6 | d);
    return true;
}

enum err base64_decode(size_t *out_len, uint8_t *out, size_t size, struct slice text)
{
    if (text.len % 4)
        return ERR_BAD;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;
    size_t len = text.len / 4 * 3 - padding;
    if (len > size)
        return ERR_FULL;
    const struct sextet_table *table = sextets();
    const unsigned char *in = (const unsigned char *)text.data;
    size_t whole = len / 3 * 3;
    uint8_t last[3];
    for (size_t at = 0; at < whole; at += 3, in += 4)
        if (!take_quad(table, in, out + at))
            return ERR_BAD;
    if (padding) {
        const unsigned char quad[4] = {in[0], in[1], padding == 2 ? 'A' : in[2], 'A'};
        if (!take_quad(table, quad, last))
            return ERR_BAD;
        memcpy(out + whole, last, len - whole);
    }
    *out_len = len;
    return ERR_OK;
}

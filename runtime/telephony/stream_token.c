#include "telephony/stream_token.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/crypto.h"
#include "base/strbuf.h"

#define MAC_TEXT_SIZE BASE64_SIZE(SHA256_BYTES)

static void base64url(const uint8_t *data, size_t len, char *out)
{
    size_t written = base64_encode(data, len, out);
    while (written && out[written - 1] == '=')
        out[--written] = 0;
    for (char *c = out; *c; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
    }
}

/* Signed: a label of this use of the key, the CallSid with its length (so that no other pair reads
   the same), and the token's text before the mac. */
static enum err make_mac(
    char out[MAC_TEXT_SIZE], struct slice key, struct slice call_sid, struct slice claims)
{
    struct strbuf text;
    strbuf_init(&text, 1024);
    strbuf_printf(&text, "moonline stream token\n%zu:", call_sid.len);
    strbuf_add_slice(&text, call_sid);
    strbuf_add_slice(&text, claims);
    bool failed = text.failed;
    if (!failed) {
        uint8_t mac[SHA256_BYTES];
        crypto_hmac_sha256(key, strbuf_slice(&text), mac);
        base64url(mac, sizeof mac, out);
    }
    strbuf_free(&text);
    return failed ? ERR_NOMEM : ERR_OK;
}

static bool is_printable(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return *text != 0;
}

enum err stream_token_make(
    char out[STREAM_TOKEN_SIZE], const struct stream_token *token, struct slice key)
{
    if (key.len == 0 || !is_printable(token->tenant) || !is_printable(token->call_sid))
        return ERR_BAD;
    char claims[STREAM_TOKEN_SIZE - MAC_TEXT_SIZE - 1];
    int len = snprintf(claims, sizeof claims, "v1.%u.%" PRIu64 ".%s", token->attempt,
        token->expires_wall_ms, token->tenant);
    if (len < 0 || (size_t)len >= sizeof claims)
        return ERR_BAD;
    char mac[MAC_TEXT_SIZE];
    enum err err =
        make_mac(mac, key, slice_from(token->call_sid), (struct slice){claims, (size_t)len});
    if (!err)
        snprintf(out, STREAM_TOKEN_SIZE, "%s.%s", claims, mac);
    return err;
}

static bool read_number(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return text.len > 0;
}

/* The tenant may hold dots: the mac is what follows the last one. */
static enum err read_claims(struct stream_token *out, struct slice claims)
{
    uint64_t attempt;
    if (!slice_is(slice_split(&claims, '.'), "v1") ||
        !read_number(slice_split(&claims, '.'), UINT32_MAX, &attempt) ||
        !read_number(slice_split(&claims, '.'), UINT64_MAX, &out->expires_wall_ms) ||
        !slice_copy(claims, out->tenant, sizeof out->tenant) || claims.len == 0)
        return ERR_BAD;
    out->attempt = (unsigned)attempt;
    return ERR_OK;
}

enum err stream_token_check(struct stream_token *out, struct slice text, struct slice call_sid,
    struct slice key, uint64_t now_wall_ms)
{
    memset(out, 0, sizeof *out);
    if (text.len == 0 || text.len >= STREAM_TOKEN_SIZE || key.len == 0 ||
        !slice_copy(call_sid, out->call_sid, sizeof out->call_sid))
        return ERR_BAD;
    const char *dot = memrchr(text.data, '.', text.len);
    if (!dot)
        return ERR_BAD;
    struct slice claims = {text.data, (size_t)(dot - text.data)};
    struct slice given = {dot + 1, text.len - claims.len - 1};
    char expected[MAC_TEXT_SIZE];
    enum err err = make_mac(expected, key, call_sid, claims);
    if (err)
        return err;
    if (!crypto_equal(given, slice_from(expected)))
        return ERR_BAD;
    err = read_claims(out, claims);
    if (err)
        return err;
    return now_wall_ms >= out->expires_wall_ms ? ERR_TIMEOUT : ERR_OK;
}

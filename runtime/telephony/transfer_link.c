#include "telephony/transfer_link.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "telephony/form.h"

#define MAC_SIZE (2 * SHA256_BYTES + 1)
#define MAC_NAME "&mac="
#define ATTEMPT_MAX 99

static const char *const then_names[TRANSFER_THENS] = {
    [TRANSFER_BACK] = "back", [TRANSFER_VOICEMAIL] = "voicemail", [TRANSFER_HANGUP] = "hangup"};

const char *transfer_then_name(enum transfer_then then)
{
    return then_names[then];
}

bool transfer_then_read(enum transfer_then *out, struct slice name)
{
    for (unsigned i = 0; i < TRANSFER_THENS; i++) {
        if (slice_is(name, then_names[i])) {
            *out = (enum transfer_then)i;
            return true;
        }
    }
    return false;
}

/* ---- the mac ---- */

/* A label keeps this use of the key apart from others. */
static enum err make_mac(char out[MAC_SIZE], struct slice key, struct slice claims)
{
    struct strbuf text;
    uint8_t mac[SHA256_BYTES];
    strbuf_init(&text, 8192);
    strbuf_add_text(&text, "moonline transfer link\n");
    strbuf_add_slice(&text, claims);
    enum err err = text.failed ? ERR_NOMEM : ERR_OK;
    if (!err) {
        crypto_hmac_sha256(key, strbuf_slice(&text), mac);
        crypto_hex(mac, sizeof mac, out);
    }
    strbuf_free(&text);
    return err;
}

/* It stands last. */
static bool has_right_mac(struct slice query, struct slice key)
{
    char expected[MAC_SIZE];
    size_t tail = strlen(MAC_NAME) + MAC_SIZE - 1;
    if (query.len < tail)
        return false;
    struct slice claims = {query.data, query.len - tail};
    struct slice given = {query.data + claims.len + strlen(MAC_NAME), MAC_SIZE - 1};
    return memcmp(query.data + claims.len, MAC_NAME, strlen(MAC_NAME)) == 0 &&
           make_mac(expected, key, claims) == ERR_OK && crypto_equal(given, slice_from(expected));
}

/* ---- the query ---- */

static void add(struct strbuf *out, const char *name, const char *value)
{
    if (value[0])
        form_encode(out, slice_from(name), slice_from(value));
}

static void add_claims(struct strbuf *out, const struct transfer_link *link)
{
    char attempt[16];
    snprintf(attempt, sizeof attempt, "%u", link->attempt);
    add(out, "tenant", link->tenant_id);
    add(out, "call", link->call_id);
    add(out, "sid", link->call_sid);
    add(out, "to", link->to);
    add(out, "attempt", attempt);
    add(out, "kind", link->is_warm ? "warm" : "blind");
    add(out, "then", then_names[link->then]);
    add(out, "was", link->was);
    add(out, "prompt", link->prompt);
    add(out, "say", link->whisper);
}

void transfer_link_add(struct strbuf *out, const struct transfer_link *link,
    const struct call_back_link *call_back, struct slice key)
{
    struct strbuf claims;
    char mac[MAC_SIZE];
    strbuf_init(&claims, 4096);
    add_claims(&claims, link);
    if (call_back)
        call_back_link_add(&claims, call_back);
    if (claims.failed || make_mac(mac, key, strbuf_slice(&claims)) != ERR_OK)
        out->failed = true;
    else
        strbuf_printf(out, "%s" MAC_NAME "%s", claims.data, mac);
    strbuf_free(&claims);
}

static bool read_attempt(unsigned *out, struct slice text)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *out > ATTEMPT_MAX)
            return false;
        *out = *out * 10 + (unsigned)(text.data[i] - '0');
    }
    return text.len > 0 && *out <= ATTEMPT_MAX;
}

static bool copy(const struct form *form, const char *name, char *out, size_t size)
{
    struct slice value = form_get(form, name);
    return slice_copy(value, out, size) && strlen(out) == value.len;
}

static enum err read_fields(struct transfer_link *out, const struct form *form)
{
    struct slice kind = form_get(form, "kind");
    out->is_warm = slice_is(kind, "warm");
    bool is_whole = copy(form, "tenant", out->tenant_id, sizeof out->tenant_id) &&
                    copy(form, "call", out->call_id, sizeof out->call_id) &&
                    copy(form, "sid", out->call_sid, sizeof out->call_sid) &&
                    copy(form, "to", out->to, sizeof out->to) &&
                    copy(form, "was", out->was, sizeof out->was) &&
                    copy(form, "prompt", out->prompt, sizeof out->prompt) &&
                    copy(form, "say", out->whisper, sizeof out->whisper) &&
                    (out->is_warm || slice_is(kind, "blind")) &&
                    transfer_then_read(&out->then, form_get(form, "then")) &&
                    read_attempt(&out->attempt, form_get(form, "attempt"));
    return is_whole && out->tenant_id[0] && out->call_id[0] && out->call_sid[0] ? ERR_OK : ERR_BAD;
}

enum err transfer_link_read(struct transfer_link *out, struct slice query, struct slice key)
{
    struct form *form = calloc(1, sizeof *form);
    enum err err = form ? form_parse(form, query) : ERR_NOMEM;
    memset(out, 0, sizeof *out);
    if (!err) {
        if (!form_get(form, "to").len)
            err = ERR_NOT_FOUND;
        else if (key.len && !has_right_mac(query, key))
            err = ERR_BAD;
        else
            err = read_fields(out, form);
        form_free(form);
    }
    free(form);
    return err;
}

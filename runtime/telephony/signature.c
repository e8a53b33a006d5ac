#include "telephony/signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/strbuf.h"

#define SIGNED_MAX_BYTES (1u << 20)

static int compare_slices(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_fields(const void *a, const void *b)
{
    const struct form_field *left = *(const struct form_field *const *)a;
    const struct form_field *right = *(const struct form_field *const *)b;
    int order = compare_slices(left->name, right->name);
    return order ? order : compare_slices(left->value, right->value);
}

/* Names in byte order; of a name that repeats, each distinct value once, in byte order. */
static void add_fields(struct strbuf *out, const struct form *form)
{
    const struct form_field *sorted[FORM_MAX_FIELDS];
    for (size_t i = 0; i < form->count; i++)
        sorted[i] = &form->fields[i];
    qsort(sorted, form->count, sizeof sorted[0], compare_fields);
    for (size_t i = 0; i < form->count; i++) {
        if (i && compare_fields(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        strbuf_add_slice(out, sorted[i]->name);
        strbuf_add_slice(out, sorted[i]->value);
    }
}

static void sign(char out[SIGNATURE_SIZE], struct slice token, struct slice text)
{
    uint8_t mac[SHA1_BYTES];
    crypto_hmac_sha1(token, text, mac);
    base64_encode(mac, sizeof mac, out);
}

enum err signature_make(
    char out[SIGNATURE_SIZE], struct slice token, struct slice url, const struct form *form)
{
    struct strbuf text;
    strbuf_init(&text, SIGNED_MAX_BYTES);
    strbuf_add_slice(&text, url);
    if (form)
        add_fields(&text, form);
    bool failed = text.failed;
    if (!failed)
        sign(out, token, strbuf_slice(&text));
    strbuf_free(&text);
    return failed ? ERR_NOMEM : ERR_OK;
}

/* A URL cut where its port may stand:  scheme "://" host | port | rest. */
struct url_parts {
    struct slice scheme;
    struct slice host;
    struct slice rest; /* path and query */
};

static bool cut_url(struct slice url, struct url_parts *parts)
{
    const char *mark = memmem(url.data, url.len, "://", 3);
    if (!mark)
        return false;
    parts->scheme = (struct slice){url.data, (size_t)(mark - url.data)};
    const char *authority = mark + 3;
    const char *end = url.data + url.len;
    const char *path = authority;
    while (path < end && !strchr("/?#", *path))
        path++;
    parts->rest = (struct slice){path, (size_t)(end - path)};
    const char *user = memrchr(authority, '@', (size_t)(path - authority));
    if (user)
        authority = user + 1;
    const char *host_end = memrchr(authority, ':', (size_t)(path - authority));
    bool is_bare_ipv6 = host_end && memchr(host_end, ']', (size_t)(path - host_end));
    if (!host_end || is_bare_ipv6)
        host_end = path;
    parts->host = (struct slice){authority, (size_t)(host_end - authority)};
    return true;
}

static bool is_websocket(struct slice url)
{
    return slice_starts(url, "ws://") || slice_starts(url, "wss://");
}

static const char *default_port(struct slice scheme)
{
    return slice_is(scheme, "https") || slice_is(scheme, "wss") ? ":443" : ":80";
}

/* What is checked, and against what. */
struct check {
    struct slice signature;
    struct slice tokens[2];
    size_t token_count;
    struct strbuf text;   /* URL under test, then the fields */
    struct strbuf fields; /* the same behind every URL */
    bool is_good;
};

/* Every candidate is computed and compared, so the time taken does not tell which one fitted. */
static void try_text(struct check *check)
{
    if (check->text.failed)
        return;
    for (size_t i = 0; i < check->token_count; i++) {
        char expected[SIGNATURE_SIZE];
        sign(expected, check->tokens[i], strbuf_slice(&check->text));
        check->is_good |= crypto_equal(check->signature, slice_from(expected));
    }
}

static void try_url(struct check *check, const struct slice *pieces, size_t count)
{
    strbuf_clear(&check->text);
    for (size_t i = 0; i < count; i++)
        strbuf_add_slice(&check->text, pieces[i]);
    bool has_slash_form = is_websocket(strbuf_slice(&check->text));
    size_t url_len = check->text.len;
    strbuf_add_slice(&check->text, strbuf_slice(&check->fields));
    try_text(check);
    if (!has_slash_form || check->text.failed)
        return;
    check->text.len = url_len;
    strbuf_add_char(&check->text, '/');
    strbuf_add_slice(&check->text, strbuf_slice(&check->fields));
    try_text(check);
}

static void try_all(struct check *check, struct slice url)
{
    try_url(check, &url, 1);
    struct url_parts parts;
    if (!cut_url(url, &parts))
        return;
    struct slice pieces[] = {
        parts.scheme,
        SLICE("://"),
        parts.host,
        slice_from(""),
        parts.rest,
    };
    try_url(check, pieces, 5);
    pieces[3] = slice_from(default_port(parts.scheme));
    try_url(check, pieces, 5);
}

/* The hash a JSON request carries in its query; false: the query has none. */
static bool body_hash(struct slice url, struct slice *hash)
{
    struct slice query = url;
    slice_split(&query, '?');
    query = slice_split(&query, '#');
    while (query.len) {
        struct slice value = slice_split(&query, '&');
        struct slice name = slice_split(&value, '=');
        if (slice_is(name, "bodySHA256")) {
            *hash = value;
            return true;
        }
    }
    return false;
}

static bool body_matches(struct slice url, struct slice body)
{
    struct slice hash;
    if (!body_hash(url, &hash))
        return true;
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    crypto_sha256(body, digest);
    crypto_hex(digest, sizeof digest, hex);
    return crypto_equal(hash, slice_from(hex));
}

bool signature_check(struct slice signature, struct slice token, struct slice second_token,
    struct slice url, const struct form *form, struct slice body)
{
    struct check check = {.signature = signature};
    if (token.len)
        check.tokens[check.token_count++] = token;
    if (second_token.len)
        check.tokens[check.token_count++] = second_token;
    strbuf_init(&check.text, SIGNED_MAX_BYTES);
    strbuf_init(&check.fields, SIGNED_MAX_BYTES);
    if (form)
        add_fields(&check.fields, form);
    if (signature.len && !check.fields.failed)
        try_all(&check, url);
    strbuf_free(&check.text);
    strbuf_free(&check.fields);
    return check.is_good && body_matches(url, body);
}

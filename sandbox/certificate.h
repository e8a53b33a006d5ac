/* Certificates with their keys: an authority of one's own, and what it signs. P-256, good for TLS clients
   that look closely (name, dates, authority, key usage). */
#pragma once

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

struct certificate_options {
    const char *subject;  /* common name */
    const char *names;    /* "DNS:a,IP:127.0.0.1"; NULL: none */
    long from_s, until_s; /* of its life, from now */
    bool is_authority;    /* may sign others */
};

/* Signed by `issuer`, or by itself when that is NULL. ERR_BAD: the names are none. */
must_use enum err certificate_make(struct certificate *out,
    const struct certificate_options *options, const struct certificate *issuer);
void certificate_free(struct certificate *certificate);
/* The certificate alone, in PEM. ERR_SYSTEM: errno says why. */
must_use enum err certificate_write(const struct certificate *certificate, const char *path);
must_use enum err certificate_write_key(const struct certificate *certificate, const char *path);

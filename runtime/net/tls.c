/* Whom TLS clients believe, and what they say of a certificate they do not. libwebsockets would make the
   context itself, but with several of its contexts in one process it loses track of the earlier ones and
   never frees them. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/internal.h"
#include "observe/log.h"

#define NAMES_SHOWN 80 /* bytes of what a certificate says of itself */

SSL_CTX *tls_trust_create(const char *ca_file)
{
    SSL_CTX *trust = SSL_CTX_new(TLS_client_method());
    if (!trust)
        return NULL;
    bool is_ready = SSL_CTX_set_min_proto_version(trust, TLS1_2_VERSION) == 1 &&
                    SSL_CTX_set_default_verify_paths(trust) == 1;
    if (is_ready && ca_file && SSL_CTX_load_verify_file(trust, ca_file) != 1) {
        log_error("net.ca_file", "path=%s error=%s", ca_file, "cannot be read");
        is_ready = false;
    }
    if (!is_ready || tls_sessions_keep(trust)) {
        SSL_CTX_free(trust);
        return NULL;
    }
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(trust, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(trust, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return trust;
}

void tls_trust_free(SSL_CTX *trust)
{
    SSL_CTX_free(trust);
}

bool tls_is_for_address(X509_STORE_CTX *check, const char *host)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(check);
    return leaf && address_is_numeric(host) && X509_check_ip_asc(leaf, host, 0) == 1;
}

/* ---- what is wrong with it ---- */

/* What a stranger wrote goes to logs: printable and not endless. */
static void add_text(char *out, const char *more, size_t len)
{
    size_t at = strlen(out);
    for (size_t i = 0; i < len && at + 1 < NAMES_SHOWN; i++)
        out[at++] = more[i] >= ' ' && more[i] < 0x7f ? more[i] : '?';
    out[at] = '\0';
}

static void add_name(char *out, const GENERAL_NAME *name)
{
    char address[ADDRESS_SIZE] = "";
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    const char *data = (const char *)ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    if (out[0])
        add_text(out, ",", 1);
    if (kind == GEN_DNS) {
        add_text(out, data, (size_t)len);
    } else {
        inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address);
        add_text(out, address, strlen(address));
    }
}

static bool is_shown(const GENERAL_NAME *name)
{
    int kind;
    const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &kind);
    int len = kind == GEN_DNS || kind == GEN_IPADD ? ASN1_STRING_length(value) : 0;
    return kind == GEN_DNS ? len > 0 : len == 4 || len == 16;
}

static void common_name(const X509_NAME *of, char out[NAMES_SHOWN])
{
    char text[NAMES_SHOWN] = "";
    out[0] = '\0';
    int len = X509_NAME_get_text_by_NID(of, NID_commonName, text, sizeof text);
    add_text(out, len > 0 ? text : "a stranger", len > 0 ? strlen(text) : 10);
}

static void names_of(const X509 *leaf, char out[NAMES_SHOWN])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (is_shown(sk_GENERAL_NAME_value(names, i)))
            add_name(out, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
    if (!out[0])
        common_name(X509_get_subject_name(leaf), out);
}

static void date_text(const ASN1_TIME *at, char out[32])
{
    struct tm date = {0};
    out[0] = '\0';
    if (ASN1_TIME_to_tm(at, &date))
        strftime(out, 32, "%Y-%m-%d %H:%M UTC", &date);
}

void tls_explain(X509_STORE_CTX *check, const char *host, char *out, size_t size)
{
    int error = X509_STORE_CTX_get_error(check);
    X509 *leaf = X509_STORE_CTX_get0_cert(check);
    X509 *current = X509_STORE_CTX_get_current_cert(check);
    X509 *about = current ? current : leaf;
    bool is_leaf = X509_STORE_CTX_get_error_depth(check) == 0;
    const char *whose = is_leaf ? "" : "an issuer of the ";
    char names[NAMES_SHOWN], date[32];
    switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        names_of(leaf, names);
        snprintf(out, size, "certificate of %s is for %s", host, names);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        date_text(X509_get0_notAfter(about), date);
        snprintf(out, size, "%scertificate of %s expired: %s", whose, host, date);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        date_text(X509_get0_notBefore(about), date);
        snprintf(out, size, "%scertificate of %s is not valid before %s", whose, host, date);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        snprintf(out, size,
            "certificate of %s is self-signed and not trusted: set MOONLINE_CA_FILE", host);
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        common_name(X509_get_issuer_name(about), names);
        snprintf(out, size, "certificate of %s: issuer %s is not trusted: set MOONLINE_CA_FILE",
            host, names);
        return;
    default:
        snprintf(out, size, "certificate of %s: %s", host, X509_verify_cert_error_string(error));
    }
}

#include "certificate.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool is_added = extension && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

static bool set_serial(X509 *x509)
{
    BIGNUM *number = BN_new();
    bool is_set = number && BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509));
    BN_free(number);
    return is_set;
}

static bool set_subject(X509 *x509, const char *subject)
{
    const unsigned char *text = (const unsigned char *)subject;
    X509_NAME *name = X509_get_subject_name(x509);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1;
}

static bool fill_in(X509 *x509, const struct certificate_options *options)
{
    return X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
           X509_gmtime_adj(X509_getm_notBefore(x509), options->from_s) &&
           X509_gmtime_adj(X509_getm_notAfter(x509), options->until_s) &&
           set_subject(x509, options->subject);
}

static bool add_extensions(X509 *x509, X509 *issuer, const struct certificate_options *options)
{
    bool is_added = add_extension(x509, issuer, NID_subject_key_identifier, "hash");
    if (options->is_authority)
        return is_added && add_extension(x509, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(x509, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    return is_added && add_extension(x509, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x509, issuer, NID_ext_key_usage, "serverAuth") &&
           (!options->names || add_extension(x509, issuer, NID_subject_alt_name, options->names));
}

enum err certificate_make(struct certificate *out, const struct certificate_options *options,
    const struct certificate *issuer)
{
    *out = (struct certificate){.key = EVP_EC_gen("P-256"), .x509 = X509_new()};
    if (!out->key || !out->x509) {
        certificate_free(out);
        return ERR_NOMEM;
    }
    const struct certificate *signer = issuer ? issuer : out;
    bool is_made = fill_in(out->x509, options) && X509_set_pubkey(out->x509, out->key) == 1 &&
                   X509_set_issuer_name(out->x509, X509_get_subject_name(signer->x509)) == 1 &&
                   add_extensions(out->x509, signer->x509, options) &&
                   X509_sign(out->x509, signer->key, EVP_sha256()) > 0;
    if (is_made)
        return ERR_OK;
    certificate_free(out);
    return ERR_BAD;
}

void certificate_free(struct certificate *certificate)
{
    X509_free(certificate->x509);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct certificate){0};
}

enum err certificate_write(const struct certificate *certificate, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return ERR_SYSTEM;
    bool is_written = PEM_write_X509(file, certificate->x509) == 1;
    return fclose(file) == 0 && is_written ? ERR_OK : ERR_SYSTEM;
}

enum err certificate_write_key(const struct certificate *certificate, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return ERR_SYSTEM;
    bool is_written = PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL) == 1;
    return fclose(file) == 0 && is_written ? ERR_OK : ERR_SYSTEM;
}

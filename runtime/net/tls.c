/* libwebsockets would make this context itself, but with several of its contexts in one process it loses
   track of the earlier ones and never frees them. */
#include <openssl/ssl.h>

#include "net/internal.h"
#include "observe/log.h"

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
    if (!is_ready) {
        SSL_CTX_free(trust);
        return NULL;
    }
    SSL_CTX_set_verify(trust, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(trust, SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(trust, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return trust;
}

void tls_trust_free(SSL_CTX *trust)
{
    SSL_CTX_free(trust);
}

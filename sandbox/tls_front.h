/* TLS in front of a plain port on loopback: one thread that ends TLS and passes the bytes on, both ways,
   each connection to one of its own. What either side reads slowly, the other is made to send slowly. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "certificate.h"

struct tls_front_options {
    const char *listen; /* "127.0.0.1:9100", port 0 picks one */
    int to_port;        /* on 127.0.0.1, in the clear */
    /* A PEM chain and its key; NULL: a certificate for `names` and an authority for it are made. */
    const char *certificate_file, *key_file;
    const char *names;  /* "DNS:localhost,IP:127.0.0.1" */
    const char *ca_out; /* where the authority goes in PEM; NULL: nowhere */
};

struct tls_front;
/* ERR_SYSTEM or ERR_BAD with one line for people in `why`. */
must_use enum err tls_front_start(
    struct tls_front **out, const struct tls_front_options *options, char why[256]);
int tls_front_port(const struct tls_front *front);
long tls_front_resumed(
    const struct tls_front *front);           /* handshakes that went on from an earlier one */
void tls_front_stop(struct tls_front *front); /* cuts what is open */

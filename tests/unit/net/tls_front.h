/* TLS in front of a plain port, for stories: a thread that ends TLS with a certificate made for the
   occasion (by an authority of its own, for the name given) and passes the bytes on. */
#pragma once

struct tls_front;

enum tls_flaw {
    FLAW_NONE,
    FLAW_EXPIRED,
    FLAW_NOT_YET,
    FLAW_SELF_SIGNED,
};

struct tls_front_options {
    const char *name; /* host name, or numeric IPv4 address */
    enum tls_flaw flaw;
};

struct tls_front *tls_front_start(const struct tls_front_options *options, int to_port);
int tls_front_port(const struct tls_front *front);
const char *tls_front_ca_file(const struct tls_front *front); /* its authority in PEM */
void tls_front_stop(struct tls_front *front);

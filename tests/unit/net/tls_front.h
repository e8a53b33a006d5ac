/* TLS in front of a plain port, for stories: a thread that ends TLS with a certificate made for the
   occasion (its own authority, for the name given) and passes the bytes on. */
#pragma once

struct tls_front;

struct tls_front *tls_front_start(const char *name, int to_port);
int tls_front_port(const struct tls_front *front);
const char *tls_front_ca_file(const struct tls_front *front); /* its certificate in PEM */
void tls_front_stop(struct tls_front *front);

/* One connection of the TLS front: bytes from the client's TLS to a plain socket and back. It moves what can
   be moved without waiting, and says what it waits for. */
#pragma once

#include <openssl/ssl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#define RELAY_BUFFER_BYTES 16384

/* Bytes read on one side that the other has not taken. */
struct relay_way {
    char data[RELAY_BUFFER_BYTES];
    size_t start, end;
    bool is_ended; /* nothing more will be read */
    bool is_told;  /* and the other side knows */
};

struct relay {
    struct relay *next;
    SSL *ssl;
    int plain;
    bool is_shaken;           /* the handshake is over */
    short tls_wants;          /* POLLIN and POLLOUT: what TLS waits for */
    struct relay_way in, out; /* from the client, to the client */
};

/* Takes `fd`, an accepted connection; NULL: it was closed. */
struct relay *relay_open(SSL_CTX *context, int fd, int to_port);
void relay_close(struct relay *relay);
void relay_wants(const struct relay *relay, struct pollfd fds[2]); /* its TLS and its plain side */
bool relay_move(struct relay *relay);                              /* false: it is over */

#include "unit/net/name_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/lookup.h"
#include "unit/net/net_story.h"

#define HEAD_BYTES 12
#define TYPE_A 1
#define NO_SUCH_NAME 3
#define ADDRESSES_MAX 4

struct name_server {
    pthread_t thread;
    pthread_mutex_t lock;
    int fd;
    atomic_bool is_stopping;
    bool is_silent;
    uint32_t addresses[ADDRESSES_MAX];
    unsigned count;
    atomic_uint questions;
};

/* Bytes of the question in a packet, type and class included; 0: none. */
static size_t question_len(const unsigned char *packet, size_t len)
{
    size_t at = HEAD_BYTES;
    while (at < len && packet[at])
        at += packet[at] + 1u;
    return at + 5 <= len ? at + 5 - HEAD_BYTES : 0;
}

static void add_address(unsigned char *at, uint32_t address)
{
    static const unsigned char head[12] = {0xc0, HEAD_BYTES, 0, TYPE_A, 0, 1, 0, 0, 0, 60, 0, 4};
    uint32_t wire = htonl(address);
    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, &wire, 4);
}

/* The question becomes its answer; the bytes of it. */
static size_t answer(struct name_server *server, unsigned char *packet, size_t question)
{
    size_t len = HEAD_BYTES + question;
    bool is_v4 = packet[len - 3] == TYPE_A;
    unsigned count = is_v4 ? server->count : 0;
    memset(packet + 6, 0, 6);
    packet[2] = 0x85;
    packet[3] = server->count ? 0x80 : 0x80 | NO_SUCH_NAME;
    packet[7] = (unsigned char)count;
    for (unsigned i = 0; i < count; i++) {
        add_address(packet + len, server->addresses[i]);
        len += 16;
    }
    return len;
}

static void serve_one(struct name_server *server)
{
    unsigned char packet[1024];
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t got =
        recvfrom(server->fd, packet, 512, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);
    size_t question = got > HEAD_BYTES ? question_len(packet, (size_t)got) : 0;
    if (!question)
        return;
    atomic_fetch_add(&server->questions, 1);
    pthread_mutex_lock(&server->lock);
    size_t len = server->is_silent ? 0 : answer(server, packet, question);
    pthread_mutex_unlock(&server->lock);
    if (len)
        sendto(server->fd, packet, len, 0, (struct sockaddr *)&from, from_len);
}

static void *serve(void *owner)
{
    struct name_server *server = owner;
    struct pollfd fds = {server->fd, POLLIN, 0};
    while (!server->is_stopping || lookups_under_way()) {
        if (poll(&fds, 1, 10) > 0)
            serve_one(server);
    }
    return NULL;
}

struct name_server *name_server_start(void)
{
    struct name_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    server->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    pthread_mutex_init(&server->lock, NULL);
    lookup_ask_server(INADDR_LOOPBACK, ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

void name_server_answer(struct name_server *server, const char *const *addresses)
{
    pthread_mutex_lock(&server->lock);
    server->is_silent = false;
    for (server->count = 0; addresses[server->count]; server->count++) {
        assert_true(server->count < ADDRESSES_MAX);
        server->addresses[server->count] = ntohl(inet_addr(addresses[server->count]));
    }
    pthread_mutex_unlock(&server->lock);
}

void name_server_fall_silent(struct name_server *server)
{
    pthread_mutex_lock(&server->lock);
    server->is_silent = true;
    pthread_mutex_unlock(&server->lock);
}

unsigned name_server_questions(const struct name_server *server)
{
    return server->questions;
}

void name_server_stop(struct name_server *server)
{
    static const char *const none[] = {NULL};
    lookup_ask_server(0, 0);
    name_server_answer(server, none);
    server->is_stopping = true;
    pthread_join(server->thread, NULL);
    pthread_mutex_destroy(&server->lock);
    close(server->fd);
    free(server);
}

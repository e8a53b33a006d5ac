/* Listening sockets. With SO_REUSEPORT a second process of the same user would take half of our callers
   without anybody noticing; so a shared port is first tried alone, unless this process has it already. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/server_internal.h"

#define BACKLOG 1024
#define MOST_LISTENERS 256

/* Ports this process listens on, one entry a listener; loops start on threads of their own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int ports[MOST_LISTENERS];

static int *find_port(int port)
{
    for (size_t i = 0; i < MOST_LISTENERS; i++) {
        if (ports[i] == port)
            return &ports[i];
    }
    return NULL;
}

static int bind_to(const struct sockaddr_storage *address, bool is_shared)
{
    int on = 1;
    bool is_v4 = address->ss_family == AF_INET;
    socklen_t len = is_v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        (is_shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on)) ||
        bind(fd, (const struct sockaddr *)address, len) || listen(fd, BACKLOG)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &len))
        return -1;
    return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                              : ((struct sockaddr_in6 *)&address)->sin6_port);
}

static int bind_locked(
    const struct sockaddr_storage *address, int wanted, bool is_shared, int *port)
{
    int *entry = find_port(0);
    if (!entry) {
        errno = EMFILE;
        return -1;
    }
    if (is_shared && wanted && !find_port(wanted)) {
        int probe = bind_to(address, false);
        if (probe < 0)
            return -1;
        close(probe);
    }
    int fd = bind_to(address, is_shared);
    if (fd >= 0)
        *entry = *port = bound_port(fd);
    return fd;
}

int listen_open(const char *where, bool is_shared, int *port, char why[200])
{
    char host[HOST_SIZE];
    int wanted;
    struct sockaddr_storage address;
    if (address_split(where, host, &wanted) || address_parse(&address, host, wanted)) {
        snprintf(why, 200, "cannot listen on %.100s: not a numeric address and port", where);
        return -1;
    }
    pthread_mutex_lock(&lock);
    int fd = bind_locked(&address, wanted, is_shared, port);
    int error = errno;
    pthread_mutex_unlock(&lock);
    if (fd < 0)
        snprintf(why, 200, "cannot listen on %.100s: %s", where,
            error == EADDRINUSE ? "the port is in use" : strerror(error));
    return fd;
}

void listen_close(int fd, int port)
{
    pthread_mutex_lock(&lock);
    close(fd);
    int *entry = find_port(port);
    if (entry)
        *entry = 0;
    pthread_mutex_unlock(&lock);
}

#include "unit/net/net_story.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

unsigned open_descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void stop(void *owner)
{
    struct story *story = owner;
    net_loop_stop(story->loop);
}

/* Libraries keep a few descriptors for the life of the process (/dev/urandom, epoll of nothing): a first
   loop opens them, so that the stories can count. */
static void warm_up(void)
{
    static bool is_warm;
    struct net_loop *loop;
    if (is_warm)
        return;
    is_warm = true;
    assert_int_equal(net_loop_create(&loop, "warm", NULL), ERR_OK);
    net_loop_destroy(loop);
}

int story_plain_setup(struct story *story, const char *ca_file)
{
    warm_up();
    story->descriptors = open_descriptors();
    assert_int_equal(net_loop_create(&story->loop, "story", ca_file), ERR_OK);
    assert_int_equal(net_timer_create(&story->tick, story->loop, stop, story), ERR_OK);
    return 0;
}

int story_begin(void **state)
{
    struct story *story = calloc(1, sizeof *story);
    *state = story;
    return story_plain_setup(story, NULL);
}

int story_end(void **state)
{
    struct story *story = *state;
    net_timer_destroy(story->tick);
    net_loop_destroy(story->loop);
    assert_int_equal(open_descriptors(), story->descriptors);
    free(story);
    return 0;
}

void story_turn(struct story *story)
{
    net_timer_set(story->tick, clock_ms() + 1);
    net_loop_run(story->loop);
}

void story_run_for(struct story *story, unsigned ms)
{
    uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms)
        story_turn(story);
}

void raw_connect(struct raw *raw, int port)
{
    *raw = (struct raw){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(raw->fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(raw->fd, F_SETFL, O_NONBLOCK);
}

int raw_listen(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

bool raw_accept(struct raw *raw, int fd)
{
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
    if (accepted < 0)
        return false;
    *raw = (struct raw){.fd = accepted};
    return true;
}

void raw_send(struct raw *raw, const void *data, size_t len)
{
    ssize_t sent = send(raw->fd, data, len, MSG_NOSIGNAL);
    assert_int_equal(sent, (ssize_t)len);
}

void raw_say(struct raw *raw, const char *text)
{
    raw_send(raw, text, strlen(text));
}

bool raw_poll(struct raw *raw)
{
    size_t room = sizeof raw->data - 1 - raw->len;
    ssize_t got = recv(raw->fd, raw->data + raw->len, room, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        raw->is_closed = true;
    if (got <= 0)
        return false;
    raw->len += (size_t)got;
    raw->data[raw->len] = '\0';
    return true;
}

bool raw_has(struct raw *raw, const char *text)
{
    raw_poll(raw);
    return memmem(raw->data, raw->len, text, strlen(text)) != NULL;
}

void raw_close(struct raw *raw)
{
    close(raw->fd);
}

void raw_upgrade(struct story *story, struct raw *raw, int port)
{
    raw_connect(raw, port);
    raw_say(raw, "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n"
                 "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    story_until(story, raw_has(raw, "\r\n\r\n"));
    assert_true(raw_has(raw, "HTTP/1.1 101"));
    assert_non_null(strcasestr(raw->data, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    raw->len = 0;
    raw->data[0] = '\0';
}

void raw_frame(struct raw *raw, int first_byte, const void *data, size_t len)
{
    unsigned char frame[65536 + 14] = {(unsigned char)first_byte};
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = 2;
    assert_true(len < 65536);
    if (len < 126) {
        frame[1] = (unsigned char)(0x80 | len);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(len >> 8);
        frame[3] = (unsigned char)len;
        at = 4;
    }
    memcpy(frame + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < len; i++)
        frame[at + i] = ((const unsigned char *)data)[i] ^ mask[i & 3];
    raw_send(raw, frame, at + len);
}

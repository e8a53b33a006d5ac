/* The floor under any server: WebSocket messages back as they came, on bare epoll. */
#include <stdio.h>
#include <stdlib.h>

#include "echo/echo.h"
#include "wire/channel.h"
#include "wire/talk.h"

#define PEERS_MAX 4096

struct peer {
    struct channel channel;
    bool is_taken;
    bool is_upgraded;
};

struct echo {
    struct poller poller;
    struct listener listener;
    struct peer peers[PEERS_MAX];
};

static void close_peer(struct peer *peer)
{
    channel_close(&peer->channel);
    peer->is_taken = false;
}

static bool take_frame(struct peer *peer)
{
    struct talk_frame frame;
    char head[TALK_HEAD_MAX];
    struct slice input = channel_input(&peer->channel);
    enum talk_parse parse = talk_frame_read(&frame, input);
    if (parse == TALK_MORE)
        return false;
    if (parse == TALK_BAD || frame.opcode == TALK_CLOSE || !frame.is_masked) {
        close_peer(peer);
        return false;
    }
    char *payload = (char *)input.data + frame.head_len;
    talk_mask(payload, frame.len, frame.mask);
    size_t head_len = talk_frame_head(head, frame.opcode, frame.len, NULL);
    channel_write2(
        &peer->channel, (struct slice){head, head_len}, (struct slice){payload, frame.len});
    channel_used(&peer->channel, frame.head_len + frame.len);
    return true;
}

static void take_upgrade(struct peer *peer)
{
    char answer[512];
    struct slice input = channel_input(&peer->channel);
    size_t head_len = talk_head_len(input);
    if (!head_len)
        return;
    size_t len = talk_accept((struct slice){input.data, head_len}, answer, sizeof answer);
    channel_write(&peer->channel, answer, len);
    channel_used(&peer->channel, head_len);
    peer->is_upgraded = true;
}

static void on_data(struct channel *channel)
{
    struct peer *peer = channel->owner;
    if (!peer->is_upgraded)
        take_upgrade(peer);
    while (peer->is_taken && peer->is_upgraded && take_frame(peer))
        ;
}

static void on_closed(struct channel *channel, const char *why)
{
    close_peer(channel->owner);
}

static const struct channel_ops channel_ops = {NULL, on_data, on_closed};

static void on_accept(struct listener *listener, int fd)
{
    struct echo *echo = listener->owner;
    unsigned i = 0;
    while (i < PEERS_MAX && echo->peers[i].is_taken)
        i++;
    if (i == PEERS_MAX)
        exit(1);
    struct peer *peer = &echo->peers[i];
    *peer = (struct peer){.is_taken = true};
    channel_init(&peer->channel, &echo->poller, &channel_ops, peer);
    if (channel_adopt(&peer->channel, fd))
        peer->is_taken = false;
}

int echo_by_epoll(unsigned port)
{
    static struct echo echo;
    if (poller_init(&echo.poller) ||
        listener_open(&echo.listener, &echo.poller, port, on_accept, &echo))
        return 1;
    printf("%u\n", echo.listener.port);
    fflush(stdout);
    poller_run(&echo.poller);
    return 0;
}

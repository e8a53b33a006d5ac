/* libwebsockets on a libuv loop, with nothing around it: each message is kept until the socket is writable and goes
   back as it came. */
#include <libwebsockets.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "echo/echo.h"

#define MESSAGE_MAX 1024
#define WAITING_MAX 16

struct message {
    size_t len;
    unsigned char data[LWS_PRE + MESSAGE_MAX];
};

struct peer {
    struct message waiting[WAITING_MAX];
    unsigned first, count;
};

static void keep(struct lws *wsi, struct peer *peer, const void *data, size_t len)
{
    if (peer->count == WAITING_MAX || len > MESSAGE_MAX)
        return; /* the generator sees that a message is missing */
    struct message *message = &peer->waiting[(peer->first + peer->count++) % WAITING_MAX];
    memcpy(message->data + LWS_PRE, data, len);
    message->len = len;
    lws_callback_on_writable(wsi);
}

static int send_first(struct lws *wsi, struct peer *peer)
{
    if (!peer->count)
        return 0;
    struct message *message = &peer->waiting[peer->first];
    peer->first = (peer->first + 1) % WAITING_MAX;
    peer->count--;
    if (lws_write(wsi, message->data + LWS_PRE, message->len, LWS_WRITE_TEXT) < 0)
        return -1;
    if (peer->count)
        lws_callback_on_writable(wsi);
    return 0;
}

static int on_event(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct peer *peer = user;
    if (reason == LWS_CALLBACK_RECEIVE)
        keep(wsi, peer, in, len);
    else if (reason == LWS_CALLBACK_SERVER_WRITEABLE)
        return send_first(wsi, peer);
    return 0;
}

int echo_by_lws(unsigned port)
{
    static const struct lws_protocols protocols[] = {
        {.name = "echo",
            .callback = on_event,
            .per_session_data_size = sizeof(struct peer),
            .rx_buffer_size = 4096},
        {0}};
    uv_loop_t loop;
    void *loops[1] = {&loop};
    uv_loop_init(&loop);
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {.port = port ? (int)port : 0,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_LIBUV,
        .foreign_loops = loops};
    struct lws_context *context = lws_create_context(&info);
    struct lws_vhost *vhost = context ? lws_get_vhost_by_name(context, "default") : NULL;
    if (!vhost)
        return 1;
    printf("%d\n", lws_get_vhost_listen_port(vhost));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
    return 0;
}

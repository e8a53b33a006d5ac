/* libcurl's multi-socket interface on the loop: curl says which sockets and which timeout it cares about,
   libuv tells it what happened. Finished transfers are handed to http.c. */
#include <stdlib.h>

#include "net/http_internal.h"

#define KEPT_CONNECTIONS 64L

struct watched {
    uv_poll_t poll;
    struct net_loop *loop;
    curl_socket_t fd;
};

static void collect(struct net_loop *loop)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->curl, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        void *call = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        http_transfer_done(call, result);
    }
    http_free_cancelled(loop);
}

static void on_timer(uv_timer_t *timer)
{
    struct net_loop *loop = timer->data;
    int running;
    curl_multi_socket_action(loop->curl, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(loop);
}

static int set_timer(CURLM *multi, long timeout_ms, void *owner)
{
    struct net_loop *loop = owner;
    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&loop->curl_timer);
    else
        uv_timer_start(&loop->curl_timer, on_timer, timeout_ms ? (uint64_t)timeout_ms : 1, 0);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watched *watched = poll->data;
    struct net_loop *loop = watched->loop;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    int running;
    curl_multi_socket_action(
        loop->curl, watched->fd, status < 0 ? CURL_CSELECT_ERR : flags, &running);
    collect(loop);
}

static void free_watched(uv_handle_t *handle)
{
    free(handle->data);
}

static struct watched *watch(struct net_loop *loop, curl_socket_t fd)
{
    struct watched *watched = calloc(1, sizeof *watched);
    if (!watched || uv_poll_init_socket(&loop->uv, &watched->poll, fd)) {
        free(watched);
        return NULL;
    }
    watched->poll.data = watched;
    watched->loop = loop;
    watched->fd = fd;
    curl_multi_assign(loop->curl, fd, watched);
    return watched;
}

static void unwatch(struct net_loop *loop, struct watched *watched)
{
    if (!watched)
        return;
    curl_multi_assign(loop->curl, watched->fd, NULL);
    uv_poll_stop(&watched->poll);
    uv_close((uv_handle_t *)&watched->poll, free_watched);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *of_socket)
{
    struct net_loop *loop = owner;
    struct watched *watched = of_socket;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        unwatch(loop, watched);
        return 0;
    }
    if (!watched && !(watched = watch(loop, fd)))
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    uv_poll_start(&watched->poll, events, on_ready);
    return 0;
}

static void init_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum err http_multi_start(struct net_loop *loop)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, init_curl);
    loop->curl = curl_multi_init();
    loop->curl_share = curl_share_init();
    if (!loop->curl || !loop->curl_share) {
        curl_multi_cleanup(loop->curl);
        curl_share_cleanup(loop->curl_share);
        return ERR_NOMEM;
    }
    curl_share_setopt(loop->curl_share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    uv_timer_init(&loop->uv, &loop->curl_timer);
    loop->curl_timer.data = loop;
    curl_multi_setopt(loop->curl, CURLMOPT_SOCKETFUNCTION, set_socket);
    curl_multi_setopt(loop->curl, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->curl, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(loop->curl, CURLMOPT_TIMERDATA, loop);
    curl_multi_setopt(loop->curl, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    return ERR_OK;
}

void http_multi_stop(struct net_loop *loop)
{
    if (!loop->curl)
        return;
    curl_multi_cleanup(loop->curl);
    curl_share_cleanup(loop->curl_share);
    loop->curl = NULL;
    uv_close((uv_handle_t *)&loop->curl_timer, NULL);
}

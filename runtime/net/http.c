#include "net/http.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

static void free_call(struct http_call *call)
{
    net_object_remove(&call->object);
    net_resolve_cancel(call->resolve);
    net_timer_destroy(call->timer);
    if (call->is_added)
        curl_multi_remove_handle(call->loop->curl, call->easy);
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->headers);
    curl_slist_free_all(call->connect_to);
    log_call_release(call->log);
    free(call);
}

static void close_call(struct net_object *object)
{
    http_cancel((struct http_call *)object);
}

static void finish(struct http_call *call, enum err err, const char *why)
{
    const struct http_listener *listener = call->listener;
    void *owner = call->owner;
    char text[CURL_ERROR_SIZE];
    snprintf(text, sizeof text, "%s", why);
    struct log_call *before = log_call_enter(call->log);
    if (log_shows(LOG_FLAG_WS))
        log_shown("http.answer", "host=%s status=%d bytes=%zu err=%s", call->url.host, call->status,
            call->body_bytes, err_name(err));
    free_call(call);
    if (listener)
        listener->on_done(owner, err, text);
    log_call_leave(before);
}

static void arm_timer(struct http_call *call)
{
    uint64_t state_ms = call->state_deadline_ms, total_ms = call->total_deadline_ms;
    uint64_t first = !state_ms || (total_ms && total_ms < state_ms) ? total_ms : state_ms;
    if (first)
        net_timer_set(call->timer, first);
    else
        net_timer_clear(call->timer);
}

static void enter(struct http_call *call, enum http_state state, unsigned timeout_ms)
{
    call->state = state;
    call->state_deadline_ms = timeout_ms ? clock_ms() + timeout_ms : 0;
    arm_timer(call);
}

static const char *late_text(const struct http_call *call)
{
    switch (call->state) {
    case HTTP_RESOLVING:
    case HTTP_CONNECTING:
        return "no connection in time";
    case HTTP_ASKING:
        return "no answer in time";
    case HTTP_READING:
        return "the answer stalled";
    }
    return "too late";
}

/* While reading, the deadline moves with every byte without touching the timer: it looks again here. */
static void timer_fired(void *owner)
{
    struct http_call *call = owner;
    uint64_t now = clock_ms();
    if (call->total_deadline_ms && call->total_deadline_ms <= now)
        finish(call, ERR_TIMEOUT, "the request took too long");
    else if (call->state_deadline_ms && call->state_deadline_ms <= now)
        finish(call, ERR_TIMEOUT, late_text(call));
    else
        arm_timer(call);
}

static struct log_call *enter_listener(struct http_call *call)
{
    call->loop->in_curl = true;
    return log_call_enter(call->log);
}

static void leave_listener(struct http_call *call, struct log_call *before)
{
    log_call_leave(before);
    call->loop->in_curl = false;
}

/* False: too late, it is not sent. */
bool http_request_sent(struct http_call *call)
{
    if (call->ask_before_ms && clock_ms() >= call->ask_before_ms) {
        call->failure = ERR_TIMEOUT;
        call->failure_why = "no connection in time";
        return false;
    }
    enter(call, HTTP_ASKING, call->first_byte_timeout_ms);
    if (!call->is_cancelled && call->listener && call->listener->on_asked) {
        struct log_call *before = enter_listener(call);
        call->listener->on_asked(call->owner);
        leave_listener(call, before);
    }
    return true;
}

void http_touch(struct http_call *call)
{
    if (call->state != HTTP_READING)
        enter(call, HTTP_READING, call->idle_timeout_ms);
    else if (call->idle_timeout_ms)
        call->state_deadline_ms = clock_ms() + call->idle_timeout_ms;
}

/* A listener may cancel from its callback, its own call or another, inside curl, where no transfer may
   be dropped: such calls are marked, and freed when curl returns. */
bool http_head_done(struct http_call *call)
{
    if (call->is_cancelled || call->is_status_told)
        return !call->is_cancelled;
    call->is_status_told = true;
    if (!call->listener || !call->listener->on_status)
        return true;
    struct log_call *before = enter_listener(call);
    call->listener->on_status(
        call->owner, call->status, slice_from(call->content_type), call->retry_after_ms);
    leave_listener(call, before);
    return !call->is_cancelled;
}

bool http_body(struct http_call *call, struct slice data)
{
    if (call->is_cancelled)
        return false;
    call->body_bytes += data.len;
    if (call->body_bytes > call->max_body_bytes) {
        call->failure = ERR_FULL;
        call->failure_why = "the answer is too large";
        return false;
    }
    if (!call->listener)
        return true;
    struct log_call *before = enter_listener(call);
    call->listener->on_body(call->owner, data);
    leave_listener(call, before);
    return !call->is_cancelled;
}

static enum err err_of(CURLcode result, const struct http_call *call)
{
    if (result == CURLE_OUT_OF_MEMORY)
        return ERR_NOMEM;
    if (result == CURLE_OPERATION_TIMEDOUT)
        return ERR_TIMEOUT;
    return call->state == HTTP_CONNECTING ? ERR_UNREACHABLE : ERR_CLOSED;
}

/* ---- connecting ---- */

/* Each address that is left has an equal share of the time that is left. */
static unsigned patience_ms(const struct http_call *call)
{
    uint64_t now = clock_ms();
    uint64_t left = call->state_deadline_ms > now ? call->state_deadline_ms - now : 1;
    return (unsigned)(left / call->addresses_left) + 1;
}

static void connect_to(struct http_call *call)
{
    if (!call->allow_private && !call->is_via && address_is_private(call->address)) {
        finish(call, ERR_REFUSED, "private address");
        return;
    }
    if (http_easy_connect_to(call, patience_ms(call)) ||
        curl_multi_add_handle(call->loop->curl, call->easy)) {
        finish(call, ERR_NOMEM, "out of memory");
        return;
    }
    call->is_added = true;
}

static bool has_other_address(struct http_call *call, CURLcode result)
{
    bool is_unreached = result == CURLE_COULDNT_CONNECT || result == CURLE_OPERATION_TIMEDOUT;
    if (call->state != HTTP_CONNECTING || !is_unreached || call->addresses_left < 2)
        return false;
    call->addresses_left--;
    return net_address_after(call->loop, call->host, call->address, call->address);
}

void http_transfer_done(struct http_call *call, CURLcode result)
{
    if (call->is_cancelled)
        return; /* http_free_cancelled has it */
    if (call->failure) {
        finish(call, call->failure, call->failure_why);
    } else if (call->tls_why[0]) {
        metric_add(METRIC_TLS_REFUSED, 1);
        finish(call, ERR_UNREACHABLE, call->tls_why);
    } else if (result == CURLE_OK) {
        finish(call, ERR_OK, "");
    } else if (has_other_address(call, result)) {
        curl_multi_remove_handle(call->loop->curl, call->easy);
        call->is_added = false;
        connect_to(call);
    } else {
        finish(
            call, err_of(result, call), call->error[0] ? call->error : curl_easy_strerror(result));
    }
}

static void resolved(void *owner, enum err err, const char *address)
{
    struct http_call *call = owner;
    char why[HOST_SIZE + 32];
    call->resolve = NULL;
    if (err) {
        snprintf(why, sizeof why, "%s: %s", call->host,
            err == ERR_TIMEOUT ? "name not resolved in time" : "name not found");
        finish(call, err, why);
        return;
    }
    slice_copy(slice_from(address), call->address, sizeof call->address);
    call->addresses_left = net_address_count(call->loop, call->host);
    enter(call, HTTP_CONNECTING, call->connect_timeout_ms);
    connect_to(call);
}

static enum err start_resolving(struct http_call *call, const struct http_options *options)
{
    snprintf(call->host, sizeof call->host, "%s", call->url.host);
    call->port = call->url.port;
    call->is_via = options->via != NULL;
    call->is_clear = !call->url.is_secure || (call->is_via && !options->is_via_tls);
    if (call->is_via && address_split(options->via, call->host, &call->port))
        return ERR_BAD;
    enum err err = http_easy_prepare(call, options);
    if (err)
        return err;
    enter(call, HTTP_RESOLVING, call->connect_timeout_ms);
    uint64_t deadline_ms = call->state_deadline_ms + 1; /* ours first: it says what was late */
    err = net_resolve_start(&call->resolve, call->loop, call->host, deadline_ms, resolved, call);
    if (!err)
        net_object_own(call->resolve);
    return err;
}

static void copy_limits(struct http_call *call, const struct http_options *options)
{
    call->connect_timeout_ms = options->connect_timeout_ms ? options->connect_timeout_ms : 5000;
    call->first_byte_timeout_ms = options->first_byte_timeout_ms;
    call->idle_timeout_ms = options->idle_timeout_ms;
    call->total_deadline_ms =
        options->total_timeout_ms ? clock_ms() + options->total_timeout_ms : 0;
    call->max_body_bytes = options->max_body_bytes;
    call->allow_private = options->allow_private;
    call->ask_before_ms = options->ask_before_ms;
}

/* What is written another way ("%2e", other alphabets than punycode's) could be one name here and another one elsewhere. */
static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-._:", c);
}

enum err http_host(const char *url, char out[HTTP_HOST_SIZE], bool *is_secure)
{
    struct url parts;
    static_assert(sizeof parts.host <= HTTP_HOST_SIZE, "every host fits");
    if (url_parse(&parts, url, "http"))
        return ERR_BAD;
    size_t len = strlen(parts.host);
    for (size_t i = 0; i <= len; i++) {
        out[i] = (char)tolower((unsigned char)parts.host[i]);
        if (!is_host_character(out[i]) && i < len)
            return ERR_BAD;
    }
    *is_secure = parts.is_secure;
    return ERR_OK;
}

enum err http_start(struct http_call **out, struct net_loop *loop,
    const struct http_options *options, const struct http_listener *listener, void *owner)
{
    struct url url;
    if (url_parse(&url, options->url, "http"))
        return ERR_BAD;
    struct http_call *call = calloc(1, sizeof *call);
    if (!call)
        return ERR_NOMEM;
    call->loop = loop;
    call->listener = listener;
    call->owner = owner;
    call->url = url;
    call->url.path = NULL;
    log_call_keep(&call->log);
    if (log_shows(LOG_FLAG_WS))
        log_shown("http.request", "method=%s host=%s bytes=%zu", options->method, url.host,
            options->body.len);
    net_object_add(loop, &call->object, "http", close_call);
    copy_limits(call, options);
    enum err err = net_timer_create(&call->timer, loop, timer_fired, call);
    if (!err) {
        net_object_own(call->timer);
        err = start_resolving(call, options);
    }
    if (err) {
        free_call(call);
        return err;
    }
    *out = call;
    return ERR_OK;
}

void http_cancel(struct http_call *call)
{
    if (!call)
        return;
    if (!call->loop->in_curl) {
        free_call(call);
        return;
    }
    assert(!call->is_cancelled);
    call->is_cancelled = true;
    call->next_cancelled = call->loop->cancelled;
    call->loop->cancelled = call;
}

void http_free_cancelled(struct net_loop *loop)
{
    while (loop->cancelled) {
        struct http_call *call = loop->cancelled;
        loop->cancelled = call->next_cancelled;
        free_call(call);
    }
}

/* A HEAD request nobody listens to leaves its connection in the pool. */
void http_warm(struct net_loop *loop, const char *url)
{
    struct url parts;
    char origin[HOST_SIZE + 32];
    if (url_parse(&parts, url, "http"))
        return;
    snprintf(
        origin, sizeof origin, "%s://%s/", parts.is_secure ? "https" : "http", parts.authority);
    struct http_options options = {
        .method = "HEAD",
        .url = origin,
        .connect_timeout_ms = 5000,
        .total_timeout_ms = 10000,
        .max_body_bytes = 1024,
        .allow_private = true,
    };
    struct http_call *call;
    enum err err = http_start(&call, loop, &options, NULL, NULL);
    if (!err)
        call->object.kind = NULL;
}

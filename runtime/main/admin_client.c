#include "main/admin_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "net/http.h"

#define ANSWER_MAX_BYTES (64u << 20) /* a version's files are some of it */
#define TOTAL_TIMEOUT_MS 60000
#define LOOK_MS 50 /* whether it goes on being waited for */

struct asking {
    struct net_loop *loop;
    const struct admin_patience *patience;
    struct net_timer *looking; /* NULL: patience is none */
    struct strbuf body;
    int status;
    bool is_done;
    enum err err;
    char why[300];
};

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    ((struct asking *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
    strbuf_add_slice(&((struct asking *)owner)->body, data);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct asking *asking = owner;
    asking->is_done = true;
    asking->err = err;
    slice_copy(slice_from(why), asking->why, sizeof asking->why);
    net_loop_stop(asking->loop);
}

static void on_look(void *owner)
{
    struct asking *asking = owner;
    const struct admin_patience *patience = asking->patience;
    if (patience->goes_on(patience->owner))
        net_timer_set(asking->looking, net_loop_now_ms(asking->loop) + LOOK_MS);
    else
        net_loop_stop(asking->loop);
}

static enum err look_meanwhile(struct asking *asking)
{
    if (!asking->patience)
        return ERR_OK;
    enum err err = net_timer_create(&asking->looking, asking->loop, on_look, asking);
    if (err == ERR_OK)
        net_timer_set(asking->looking, net_loop_now_ms(asking->loop) + LOOK_MS);
    return err;
}

static enum err exchange(
    struct asking *asking, const char *method, const char *url, const char *body)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    static const struct http_header header = {"Content-Type", "application/json"};
    struct http_call *call;
    unsigned timeout_ms = asking->patience ? asking->patience->timeout_ms : TOTAL_TIMEOUT_MS;
    struct http_options options = {.method = method,
        .url = url,
        .headers = &header,
        .header_count = body ? 1 : 0,
        .body = slice_from(body),
        .connect_timeout_ms = 2000,
        .first_byte_timeout_ms = timeout_ms,
        .idle_timeout_ms = 10000,
        .total_timeout_ms = timeout_ms,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true};
    enum err err = look_meanwhile(asking);
    if (err == ERR_OK)
        err = http_start(&call, asking->loop, &options, &listener, asking);
    if (err == ERR_OK) {
        net_loop_run(asking->loop);
        if (!asking->is_done)
            http_cancel(call);
        err = asking->is_done ? asking->err : ERR_CLOSED;
    }
    net_timer_destroy(asking->looking);
    return err;
}

static enum err say_unreachable(
    const struct settings *settings, const struct asking *asking, enum err err, char why[600])
{
    if (err == ERR_TIMEOUT)
        snprintf(why, 600, "the server at %.100s does not answer: try again, or look at its log",
            settings->admin_listen);
    else
        snprintf(why, 600,
            "no server answers at %.100s (%.200s): start it with moonline serve, or set "
            "MOONLINE_ADMIN_LISTEN to the address it has",
            settings->admin_listen, asking->why);
    return err;
}

static enum err take_answer(struct asking *asking, json_t **answer, char why[600])
{
    json_error_t error;
    struct slice text = strbuf_slice(&asking->body);
    *answer = json_loadb(text.data, text.len, 0, &error);
    if (*answer && asking->status == 200)
        return ERR_OK;
    const char *told = json_string_value(json_object_get(*answer, "error"));
    if (told)
        snprintf(why, 600, "%.500s", told);
    else
        snprintf(why, 600,
            "the server answered with status %d: is it another version, or another program?",
            asking->status);
    json_decref(*answer);
    return ERR_REFUSED;
}

static enum err ask(const struct settings *settings, const char *method, const char *path,
    const char *body, const struct admin_patience *patience, json_t **answer, char why[600])
{
    struct asking asking = {.patience = patience};
    char url[512];
    snprintf(why, 600, "no memory");
    snprintf(url, sizeof url, "http://%.200s%.280s", settings->admin_listen, path);
    enum err err = net_loop_create(&asking.loop, "client", NULL);
    if (err)
        return err;
    strbuf_init(&asking.body, ANSWER_MAX_BYTES);
    err = exchange(&asking, method, url, body);
    err = err ? say_unreachable(settings, &asking, err, why) : take_answer(&asking, answer, why);
    strbuf_free(&asking.body);
    net_loop_destroy(asking.loop);
    return err;
}

enum err admin_ask(const struct settings *settings, const char *path, const char *body,
    json_t **answer, char why[600])
{
    return ask(settings, body ? "POST" : "GET", path, body, NULL, answer, why);
}

enum err admin_ask_patiently(const struct settings *settings, const char *path,
    const struct admin_patience *patience, json_t **answer, char why[600])
{
    return ask(settings, "GET", path, NULL, patience, answer, why);
}

enum err admin_put(const struct settings *settings, const char *path, const char *body,
    json_t **answer, char why[600])
{
    return ask(settings, "PUT", path, body, NULL, answer, why);
}

#include "twilio/texts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "net/http.h"
#include "telephony/signature.h"

#define STEP_MS 100
#define FORM_MAX_BYTES 4096
#define TRIES_MAX 3 /* of a callback that is not answered with 2xx */
#define AGAIN_MS 200

struct text_callback {
    struct text_callback *prev, *next;
    struct texts *texts;
    struct net_timer *timer;
    struct http_call *http;
    struct strbuf form;
    char *url;
    char signature[SIGNATURE_SIZE];
    int status;
    unsigned tries;
};

enum err texts_init(struct texts *texts, struct net_loop *loop)
{
    *texts = (struct texts){.loop = loop, .step_ms = STEP_MS};
    texts->opted_out = json_object();
    texts->undelivered = json_object();
    return texts->opted_out && texts->undelivered ? ERR_OK : ERR_NOMEM;
}

/* ---- one callback ---- */

static void destroy(struct text_callback *callback)
{
    DL_DELETE(callback->texts->callbacks, callback);
    if (callback->http)
        http_cancel(callback->http);
    net_timer_destroy(callback->timer);
    strbuf_free(&callback->form);
    free(callback->url);
    free(callback);
}

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    ((struct text_callback *)owner)->status = status;
}

static void on_body(void *owner, struct slice data)
{
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct text_callback *callback = owner;
    callback->http = NULL;
    bool is_taken = !err && callback->status >= 200 && callback->status < 300;
    if (is_taken || ++callback->tries == TRIES_MAX)
        destroy(callback);
    else
        net_timer_set(callback->timer, clock_ms() + AGAIN_MS);
}

static void on_timer(void *owner)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    struct text_callback *callback = owner;
    struct http_header headers[] = {{"Content-Type", "application/x-www-form-urlencoded"},
        {"X-Twilio-Signature", callback->signature}};
    struct http_options options = {.method = "POST",
        .url = callback->url,
        .via = callback->texts->via[0] ? callback->texts->via : NULL,
        .headers = headers,
        .header_count = 2,
        .body = strbuf_slice(&callback->form),
        .connect_timeout_ms = 3000,
        .first_byte_timeout_ms = 5000,
        .total_timeout_ms = 10000,
        .max_body_bytes = 4096,
        .allow_private = true};
    callback->status = 0;
    if (http_start(&callback->http, callback->texts->loop, &options, &listener, callback))
        destroy(callback);
}

static void add_field(struct strbuf *form, const char *name, const char *value)
{
    if (value)
        form_encode(form, slice_from(name), slice_from(value));
}

static void write_form(
    struct strbuf *form, const json_t *message, const char *status, const char *code)
{
    const char *sid = json_string_value(json_object_get(message, "sid"));
    strbuf_init(form, FORM_MAX_BYTES);
    add_field(form, "SmsSid", sid);
    add_field(form, "SmsStatus", status);
    add_field(form, "MessageStatus", status);
    add_field(form, "To", json_string_value(json_object_get(message, "to")));
    add_field(form, "MessageSid", sid);
    add_field(form, "AccountSid", json_string_value(json_object_get(message, "account_sid")));
    add_field(form, "From", json_string_value(json_object_get(message, "from")));
    add_field(form, "ApiVersion", "2010-04-01");
    add_field(form, "ErrorCode", code);
}

static enum err sign(struct text_callback *callback, const char *secret)
{
    struct form *form = calloc(1, sizeof *form);
    enum err err = form ? form_parse(form, strbuf_slice(&callback->form)) : ERR_NOMEM;
    if (!err) {
        err = signature_make(
            callback->signature, slice_from(secret), slice_from(callback->url), form);
        form_free(form);
    }
    free(form);
    return err;
}

void texts_post_take(
    struct texts *texts, struct slice url, const char *secret, struct strbuf *form, uint64_t at_ms)
{
    struct text_callback *callback = calloc(1, sizeof *callback);
    if (!callback) {
        strbuf_free(form);
        return;
    }
    callback->texts = texts;
    DL_APPEND(texts->callbacks, callback);
    callback->form = *form;
    callback->url = slice_dup(url);
    if (!callback->url || sign(callback, secret) ||
        net_timer_create(&callback->timer, texts->loop, on_timer, callback))
        destroy(callback);
    else
        net_timer_set(callback->timer, at_ms);
}

static void plan(struct texts *texts, const json_t *message, struct slice url, const char *secret,
    const char *status, const char *code, uint64_t at_ms)
{
    struct strbuf form;
    write_form(&form, message, status, code);
    texts_post_take(texts, url, secret, &form, at_ms);
}

void texts_tell(struct texts *texts, const json_t *message, struct slice url,
    const char secret[TEXTS_SECRET_SIZE])
{
    const char *to = json_string_value(json_object_get(message, "to"));
    const char *code = json_string_value(json_object_get(texts->undelivered, to ? to : ""));
    const char *statuses[] = {"queued", "sent", code ? "undelivered" : "delivered"};
    unsigned times = texts->order == TEXTS_DOUBLED ? 2 : 1;
    if (!url.len || texts->order == TEXTS_SILENT)
        return;
    for (unsigned i = 0; i < 3 * times; i++) {
        unsigned which = i / times;
        if (texts->order == TEXTS_SHUFFLED)
            which = 2 - which;
        plan(texts, message, url, secret, statuses[which], which == 2 ? code : NULL,
            clock_ms() + (uint64_t)i * texts->step_ms);
    }
}

/* ---- wishes ---- */

static bool read_order(enum texts_order *out, const json_t *wish)
{
    static const char *const names[] = {"in_order", "shuffled", "doubled", "none"};
    for (unsigned i = 0; i < 4; i++) {
        if (json_is_string(wish) && !strcmp(json_string_value(wish), names[i])) {
            *out = (enum texts_order)i;
            return true;
        }
    }
    return !wish;
}

enum err texts_set(struct texts *texts, const json_t *wish)
{
    const json_t *step = json_object_get(wish, "step_ms");
    const json_t *numbers = json_object_get(wish, "opted_out"), *number;
    const json_t *undelivered = json_object_get(wish, "undelivered");
    const json_t *via = json_object_get(wish, "via");
    size_t i;
    if ((step && !json_is_integer(step)) || (numbers && !json_is_array(numbers)) ||
        (undelivered && !json_is_object(undelivered)) || (via && !json_is_string(via)) ||
        !read_order(&texts->order, json_object_get(wish, "callbacks")))
        return ERR_BAD;
    if (step)
        texts->step_ms = (unsigned)json_integer_value(step);
    if (via)
        snprintf(texts->via, sizeof texts->via, "%s", json_string_value(via));
    if (numbers)
        json_object_clear(texts->opted_out);
    json_array_foreach((json_t *)numbers, i, number)
    {
        if (json_is_string(number))
            json_object_set_new(texts->opted_out, json_string_value(number), json_true());
    }
    if (undelivered) {
        json_object_clear(texts->undelivered);
        json_object_update(texts->undelivered, (json_t *)undelivered);
    }
    return ERR_OK;
}

bool texts_has_opted_out(const struct texts *texts, struct slice number)
{
    char text[32];
    return slice_copy(number, text, sizeof text) && json_object_get(texts->opted_out, text);
}

void texts_free(struct texts *texts)
{
    struct text_callback *callback, *next;
    DL_FOREACH_SAFE(texts->callbacks, callback, next)
    {
        destroy(callback);
    }
    json_decref(texts->opted_out);
    json_decref(texts->undelivered);
}

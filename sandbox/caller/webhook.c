#include "caller/webhook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "net/http.h"
#include "telephony/form.h"
#include "telephony/signature.h"

#define ANSWER_MAX_BYTES 65536

struct webhook {
    struct http_call *http;
    void (*fn)(void *owner, const struct webhook_answer *answer);
    void *owner;
    int status;
    struct strbuf body;
};

static void on_status(void *owner, int status, struct slice content_type, unsigned retry_after_ms)
{
    struct webhook *webhook = owner;
    webhook->status = status;
}

static void on_body(void *owner, struct slice data)
{
    struct webhook *webhook = owner;
    strbuf_add_slice(&webhook->body, data);
}

static void on_done(void *owner, enum err err, const char *why)
{
    struct webhook *webhook = owner;
    struct webhook_answer answer = {err, why, webhook->status, strbuf_slice(&webhook->body)};
    webhook->fn(webhook->owner, &answer);
    strbuf_free(&webhook->body);
    free(webhook);
}

static enum err sign(
    char out[SIGNATURE_SIZE], const struct webhook_request *request, const char *url)
{
    if (request->is_get)
        return signature_make(out, slice_from(request->token), slice_from(url), NULL);
    struct form *form = malloc(sizeof *form);
    if (!form)
        return ERR_NOMEM;
    enum err err = form_parse(form, request->form);
    if (!err) {
        err = signature_make(out, slice_from(request->token), slice_from(url), form);
        form_free(form);
    }
    free(form);
    return err;
}

static enum err start(struct webhook *webhook, struct net_loop *loop,
    const struct webhook_request *request, const char *url)
{
    static const struct http_listener listener = {on_status, on_body, on_done};
    char signature[SIGNATURE_SIZE] = "";
    if (request->token[0]) {
        enum err err = sign(signature, request, url);
        if (err)
            return err;
    }
    struct http_header headers[] = {
        {"User-Agent", "TwilioProxy/1.1"},
        {"X-Twilio-Signature", signature},
        {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
    };
    struct http_options options = {
        .method = request->is_get ? "GET" : "POST",
        .url = url,
        .via = request->via,
        .is_via_tls = request->is_via_tls,
        .headers = headers,
        .header_count = request->is_get ? 2 : 3,
        .body = request->is_get ? SLICE("") : request->form,
        .connect_timeout_ms = 5000,
        .first_byte_timeout_ms = 15000,
        .idle_timeout_ms = 5000,
        .total_timeout_ms = 15000,
        .max_body_bytes = ANSWER_MAX_BYTES,
        .allow_private = true,
    };
    if (!signature[0]) { /* Twilio always signs; a server without a token does not look */
        headers[1] = headers[2];
        options.header_count--;
    }
    return http_start(&webhook->http, loop, &options, &listener, webhook);
}

enum err webhook_send(struct net_loop *loop, const struct webhook_request *request,
    void (*fn)(void *owner, const struct webhook_answer *answer), void *owner)
{
    struct webhook *webhook = calloc(1, sizeof *webhook);
    if (!webhook)
        return ERR_NOMEM;
    webhook->fn = fn;
    webhook->owner = owner;
    strbuf_init(&webhook->body, ANSWER_MAX_BYTES);
    struct strbuf url;
    strbuf_init(&url, 65536);
    strbuf_add_text(&url, request->url);
    if (request->is_get && request->form.len) {
        strbuf_add_char(&url, strchr(request->url, '?') ? '&' : '?');
        strbuf_add_slice(&url, request->form);
    }
    enum err err = url.failed ? ERR_BAD : start(webhook, loop, request, url.data);
    strbuf_free(&url);
    if (err)
        free(webhook);
    return err;
}

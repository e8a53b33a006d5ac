/* From the webhook to the open stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "generator/call.h"
#include "telephony/form.h"
#include "telephony/signature.h"
#include "wire/talk.h"

#define ACCOUNT "AC00000000000000000000000000000001"
#define SETUP_US 20000000

void call_fail(struct call *call, const char *why)
{
    if (call->state == CALL_OVER)
        return;
    if (call->state == CALL_UP) {
        call->fleet->up--;
        call->fleet->call_us += call->fleet->poller.now_us - call->up_us;
    }
    snprintf(call->why, sizeof call->why, "%s", why);
    call->state = CALL_OVER;
    call->fleet->over++;
    alarm_clear(&call->fleet->poller, &call->alarm);
    channel_close(&call->channel);
}

static void connect_call(struct call *call)
{
    const struct options *options = &call->fleet->options;
    if (channel_connect(&call->channel, &options->via, call->fleet->tls, options->host))
        call_fail(call, "cannot connect");
}

/* ---- what is signed ---- */

static bool sign(
    const struct call *call, const char *url, const struct form *form, char out[SIGNATURE_SIZE])
{
    const char *token = call->fleet->options.auth_token;
    out[0] = 0;
    return !token[0] || signature_make(out, slice_from(token), slice_from(url), form) == ERR_OK;
}

static struct slice host_of(const char *url)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    return (struct slice){host, strcspn(host, "/")};
}

/* ---- the webhook ---- */

static void make_body(const struct call *call, struct strbuf *body)
{
    const struct options *options = &call->fleet->options;
    char from[24], to[24];
    snprintf(from, sizeof from, "+1555%07u", 2000000 + call->number);
    snprintf(to, sizeof to, "+%llu",
        strtoull(options->to + 1, NULL, 10) + call->number % options->spread);
    const char *fields[][2] = {{"CallSid", call->call_sid}, {"AccountSid", ACCOUNT}, {"From", from},
        {"To", to}, {"CallStatus", "ringing"}, {"ApiVersion", "2010-04-01"},
        {"Direction", "inbound"}};
    strbuf_init(body, 4096);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        form_encode(body, slice_from(fields[i][0]), slice_from(fields[i][1]));
}

static void send_webhook(struct call *call)
{
    struct strbuf body, head;
    char url[512], signature[SIGNATURE_SIZE];
    struct form *form = calloc(1, sizeof *form);
    struct slice host = host_of(call->fleet->options.public_url);
    snprintf(url, sizeof url, "%s/twilio/voice", call->fleet->options.public_url);
    make_body(call, &body);
    bool is_signed =
        form && form_parse(form, strbuf_slice(&body)) == ERR_OK && sign(call, url, form, signature);
    strbuf_init(&head, 4096);
    strbuf_printf(&head,
        "POST /twilio/voice HTTP/1.1\r\nHost: %.*s\r\nX-Twilio-Signature: %s\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n"
        "Connection: close\r\n\r\n%s",
        (int)host.len, host.data, signature, body.len, body.data);
    if (is_signed)
        channel_write(&call->channel, head.data, head.len);
    else
        call_fail(call, "cannot sign");
    strbuf_free(&head);
    strbuf_free(&body);
    if (form)
        form_free(form);
    free(form);
}

/* The value of an attribute, with the entities that a URL or a token may hold. */
static bool attribute(struct slice element, const char *name, char *out, size_t size)
{
    char head[40];
    int len = snprintf(head, sizeof head, " %s=\"", name);
    const char *at = memmem(element.data, element.len, head, (size_t)len);
    const char *end = element.data + element.len;
    size_t used = 0;
    if (!at)
        return false;
    for (at += len; at < end && *at != '"' && used + 1 < size; at++) {
        out[used++] = *at;
        if (end - at >= 5 && !memcmp(at, "&amp;", 5))
            at += 4;
    }
    out[used] = 0;
    return at < end && *at == '"';
}

static void add_parameter(struct call *call, struct slice element)
{
    char name[64], value[512];
    if (!attribute(element, "name", name, sizeof name) ||
        !attribute(element, "value", value, sizeof value))
        return;
    if (call->parameters.len)
        strbuf_add_char(&call->parameters, ',');
    strbuf_add_json(&call->parameters, slice_from(name));
    strbuf_add_char(&call->parameters, ':');
    strbuf_add_json(&call->parameters, slice_from(value));
}

static bool take_twiml(struct call *call, struct slice body)
{
    strbuf_clear(&call->parameters);
    call->stream_url[0] = 0;
    while (body.len) {
        slice_split(&body, '<');
        struct slice rest = body;
        struct slice element = slice_split(&rest, '>');
        if (slice_starts(element, "Stream "))
            (void)attribute(element, "url", call->stream_url, sizeof call->stream_url);
        if (slice_starts(element, "Parameter "))
            add_parameter(call, element);
    }
    return call->stream_url[0] != 0;
}

static void take_webhook_answer(struct call *call)
{
    struct slice input = channel_input(&call->channel);
    size_t head_len = talk_head_len(input);
    struct slice head = {input.data, head_len};
    struct slice body = {input.data + head_len, input.len - head_len};
    char why[64];
    if (!head_len)
        return;
    struct slice length = talk_header(head, "content-length");
    if (talk_status(head) == 200 && body.len < (size_t)atoi(length.len ? length.data : "0"))
        return;
    snprintf(why, sizeof why, "webhook answered %d without a stream", talk_status(head));
    if (talk_status(head) != 200 || !take_twiml(call, body)) {
        call_fail(call, why);
        return;
    }
    channel_close(&call->channel);
    call->state = CALL_CONNECTING;
    alarm_set(&call->fleet->poller, &call->alarm, call->fleet->poller.now_us);
}

/* ---- the upgrade ---- */

static void send_upgrade(struct call *call)
{
    char text[2048], signature[SIGNATURE_SIZE];
    struct slice host = host_of(call->stream_url);
    if (!sign(call, call->stream_url, NULL, signature)) {
        call_fail(call, "cannot sign");
        return;
    }
    talk_make_key(call->key);
    int len = snprintf(text, sizeof text,
        "GET %s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nX-Twilio-Signature: %s\r\n\r\n",
        host.data + host.len, (int)host.len, host.data, call->key, signature);
    channel_write(&call->channel, text, (size_t)len);
}

static bool take_upgrade_answer(struct call *call)
{
    struct slice input = channel_input(&call->channel);
    size_t head_len = talk_head_len(input);
    struct slice head = {input.data, head_len};
    char accept[TALK_KEY_SIZE], why[64];
    if (!head_len)
        return false;
    talk_accept_key(slice_from(call->key), accept);
    snprintf(why, sizeof why, "upgrade answered %d", talk_status(head));
    if (talk_status(head) != 101 || !slice_is(talk_header(head, "sec-websocket-accept"), accept)) {
        call_fail(call, why);
        return false;
    }
    channel_used(&call->channel, head_len);
    call->is_upgraded = true;
    call->state = CALL_UP;
    call_up(call);
    return true;
}

/* ---- the stream's frames ---- */

static bool take_frame(struct call *call)
{
    struct talk_frame frame;
    struct slice input = channel_input(&call->channel);
    enum talk_parse parse = talk_frame_read(&frame, input);
    if (parse == TALK_MORE)
        return false;
    if (parse == TALK_BAD || frame.is_masked || frame.opcode == TALK_BINARY) {
        call_fail(call, "a frame that Twilio would refuse");
        return false;
    }
    if (frame.opcode == TALK_CLOSE) {
        call_fail(call, "the server closed the stream");
        return false;
    }
    if (frame.opcode == TALK_TEXT)
        call_message(call, (struct slice){input.data + frame.head_len, frame.len});
    if (call->state != CALL_UP)
        return false;
    channel_used(&call->channel, frame.head_len + frame.len);
    return true;
}

static void on_open(struct channel *channel)
{
    struct call *call = channel->owner;
    if (call->state == CALL_RINGING)
        send_webhook(call);
    else
        send_upgrade(call);
}

static void on_data(struct channel *channel)
{
    struct call *call = channel->owner;
    if (call->state == CALL_RINGING)
        take_webhook_answer(call);
    else if (!call->is_upgraded && !take_upgrade_answer(call))
        return;
    while (call->state == CALL_UP && take_frame(call))
        ;
}

static void on_closed(struct channel *channel, const char *why)
{
    call_fail(channel->owner, why);
}

static const struct channel_ops channel_ops = {on_open, on_data, on_closed};

/* One alarm: the next step of the set-up, then its deadline, then every frame. */
static void on_alarm(struct alarm *alarm)
{
    struct call *call = alarm->owner;
    if (call->state == CALL_UP) {
        call_tick(call);
        return;
    }
    if (channel_is_up(&call->channel) || call->channel.watch.fd >= 0) {
        call_fail(call, call->state == CALL_RINGING ? "no answer to the webhook" : "no upgrade");
        return;
    }
    alarm_set(&call->fleet->poller, &call->alarm, call->fleet->poller.now_us + SETUP_US);
    connect_call(call);
}

void call_place(struct call *call)
{
    struct fleet *fleet = call->fleet;
    snprintf(call->call_sid, sizeof call->call_sid, "CA%.8s%024x", fleet->run, call->number);
    snprintf(call->stream_sid, sizeof call->stream_sid, "MZ%.8s%024x", fleet->run, call->number);
    strbuf_init(&call->parameters, 4096);
    crypto_random(call->mask, sizeof call->mask);
    channel_init(&call->channel, &fleet->poller, &channel_ops, call);
    call->alarm = (struct alarm){.on_due = on_alarm, .owner = call};
    call->state = fleet->options.is_echo ? CALL_CONNECTING : CALL_RINGING;
    snprintf(call->stream_url, sizeof call->stream_url, "ws://127.0.0.1/echo");
    alarm_set(&fleet->poller, &call->alarm, fleet->poller.now_us);
}

#include "unit/caller/agent_double.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "media/frame.h"
#include "media/g711.h"
#include "net/loop.h"
#include "net/server.h"
#include "telephony/form.h"
#include "telephony/signature.h"
#include "telephony/stream_codec.h"
#include "telephony/twiml.h"

#define TONE_FRAMES 30 /* 600 ms */

struct agent {
    struct agent_plan plan;
    struct agent_seen seen;
    pthread_t thread;
    struct net_loop *loop;
    struct net_wake *wake;
    struct net_timer *timer; /* the next tone */
    struct server *server;
    struct ws *ws;
    char url[100]; /* origin */
    char stream_sid[STREAM_SID_SIZE];
    unsigned tones;
    bool was_heard; /* the caller is making sound */
    unsigned silent_frames;
    struct stream_event event;
};

static bool is_signed(struct agent *agent, const char *scheme, const struct http_request *request,
    const struct form *form)
{
    char url[400];
    snprintf(url, sizeof url, "%s%s%.*s", scheme, strstr(agent->url, "://"), (int)request->path.len,
        request->path.data);
    bool is_good = signature_check(
        request->signature, SLICE(AGENT_TOKEN), SLICE(""), slice_from(url), form, request->body);
    agent->seen.refused += !is_good;
    return is_good;
}

static void answer_voice(struct agent *agent, struct exchange *exchange)
{
    char stream_url[200];
    char status_url[200];
    char again_url[200];
    static const struct twiml_parameter parameters[] = {{"tenant", "a & b"}};
    snprintf(stream_url, sizeof stream_url, "ws%s/stream", strstr(agent->url, "://"));
    snprintf(status_url, sizeof status_url, "%s/twilio/stream-status", agent->url);
    snprintf(again_url, sizeof again_url, "%s/again", agent->url);
    struct strbuf text;
    strbuf_init(&text, 4096);
    if (agent->plan.rejects)
        twiml_reject(&text, agent->plan.rejects);
    else
        twiml_stream(
            &text, stream_url, status_url, parameters, 1, agent->plan.again ? again_url : NULL);
    agent->seen.webhooks++;
    exchange_answer(exchange, 200, "text/xml", strbuf_slice(&text));
    strbuf_free(&text);
}

static void answer_callback(struct agent *agent, struct exchange *exchange, const struct form *form)
{
    struct slice event = form_get(form, "StreamEvent");
    agent->seen.stream_started += slice_is(event, "stream-started");
    agent->seen.stream_stopped += slice_is(event, "stream-stopped");
    struct slice status = form_get(form, "CallStatus");
    agent->seen.completed += slice_is(status, "completed");
    agent->seen.busy += slice_is(status, "busy");
    agent->seen.no_answer += slice_is(status, "no-answer");
    exchange_answer(exchange, 204, NULL, SLICE(""));
}

static void answer_whisper(struct agent *agent, struct exchange *exchange, const struct form *form)
{
    bool is_taken = form_get(form, "Digits").len > 0;
    assert(form_get(form, "ParentCallSid").len && slice_is(form_get(form, "To"), "+15550100009"));
    agent->seen.whispers += !is_taken;
    agent->seen.taken += is_taken;
    exchange_answer(exchange, 200, "text/xml",
        is_taken ? SLICE("<Response/>") : slice_from(agent->plan.whisper));
}

static void answer_dialled(struct agent *agent, struct exchange *exchange, const struct form *form)
{
    struct slice status = form_get(form, "DialCallStatus");
    bool is_bridged = slice_is(form_get(form, "DialBridged"), "true");
    agent->seen.bridged += is_bridged && slice_is(status, "completed");
    agent->seen.no_bridge += !is_bridged;
    agent->seen.busy += slice_is(status, "busy");
    exchange_answer(exchange, 200, "text/xml", SLICE("<Response><Hangup/></Response>"));
}

static void answer_events(struct exchange *exchange, bool are_told)
{
    if (are_told)
        exchange_answer(
            exchange, 200, "application/json", SLICE("{\"events\":[],\"next\":2,\"ended\":true}"));
    else
        exchange_answer(exchange, 200, "application/json",
            SLICE("{\"events\":[{\"n\":1,\"t_ms\":100,\"kind\":\"agent\",\"text\":\"Beep?\","
                  "\"turn\":1},"
                  "{\"n\":2,\"t_ms\":900,\"kind\":\"turn\",\"turn\":1,\"hops\":{\"response_ms\":"
                  "420}}],"
                  "\"next\":2,\"ended\":true}"));
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct agent *agent = owner;
    static struct form form;
    if (slice_starts(request->path, "/api/calls/")) {
        answer_events(exchange, slice_is(request->query, "after=2"));
        return;
    }
    assert(form_parse(&form, request->body) == ERR_OK);
    if (!is_signed(agent, "http", request, &form))
        exchange_answer(exchange, 403, NULL, SLICE(""));
    else if (slice_is(request->path, "/twilio/voice"))
        answer_voice(agent, exchange);
    else if (slice_is(request->path, "/again"))
        exchange_answer(exchange, 200, "text/xml", slice_from(agent->plan.again));
    else if (slice_is(request->path, "/whisper"))
        answer_whisper(agent, exchange, &form);
    else if (slice_is(request->path, "/dialled"))
        answer_dialled(agent, exchange, &form);
    else
        answer_callback(agent, exchange, &form);
    form_free(&form);
}

static int on_upgrade(void *owner, const struct http_request *request)
{
    return is_signed(owner, "ws", request, NULL) ? 101 : 403;
}

static void send_text(struct agent *agent, struct slice text)
{
    enum err err = ws_send(agent->ws, text);
    assert(err == ERR_OK || err == ERR_CLOSED);
}

static void send_tone_frame(struct agent *agent, unsigned frame)
{
    int16_t pcm[FRAME_SAMPLES];
    uint8_t ulaw[FRAME_BYTES];
    for (int i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] =
            (int16_t)(8000 * sin(2 * M_PI * 500 * (frame * FRAME_SAMPLES + (unsigned)i) / 8000));
    g711_to_ulaw(ulaw, pcm, FRAME_SAMPLES);
    char text[STREAM_MEDIA_OUT_SIZE];
    size_t len = stream_encode_media(text, agent->stream_sid, ulaw);
    send_text(agent, (struct slice){text, len});
}

/* All of it at once, as a server may; the mark tells when it was heard. */
static void say_tone(struct agent *agent, unsigned first_frame)
{
    for (unsigned frame = first_frame; frame < TONE_FRAMES; frame++) {
        send_tone_frame(agent, frame);
        if (agent->plan.stalls && agent->tones == 0 && first_frame == 0 && frame == 10) {
            net_timer_set(agent->timer, clock_ms() + 11 * FRAME_MS + 100);
            return;
        }
    }
    struct strbuf text;
    char name[20];
    strbuf_init(&text, 1024);
    snprintf(name, sizeof name, "tone-%u", ++agent->tones);
    stream_encode_mark(&text, agent->stream_sid, name);
    send_text(agent, strbuf_slice(&text));
    strbuf_free(&text);
}

static void on_timer(void *owner)
{
    struct agent *agent = owner;
    bool is_rest = agent->plan.stalls && agent->tones == 0;
    say_tone(agent, is_rest ? 11 : 0);
}

static void break_protocol(struct agent *agent)
{
    char text[200];
    snprintf(text, sizeof text, "{\"event\":\"clear\",\"streamSid\":\"%s\",\"extra\":1}",
        agent->stream_sid);
    send_text(agent, slice_from(text));
}

/* 200 ms after the caller's sound ended, the next tone. */
static void hear(struct agent *agent)
{
    int16_t pcm[FRAME_SAMPLES];
    int loudest = 0;
    g711_to_pcm(pcm, agent->event.media.ulaw, FRAME_SAMPLES);
    for (int i = 0; i < FRAME_SAMPLES; i++)
        if (abs(pcm[i]) > loudest)
            loudest = abs(pcm[i]);
    agent->seen.media++;
    if (loudest > 1000) {
        agent->was_heard = true;
        agent->silent_frames = 0;
    } else if (agent->was_heard && ++agent->silent_frames == 10) {
        agent->was_heard = false;
        say_tone(agent, 0);
    }
}

static void on_text(void *owner, struct slice message)
{
    struct agent *agent = owner;
    if (stream_decode(&agent->event, message)) {
        agent->seen.bad++;
        return;
    }
    switch (agent->event.kind) {
    case STREAM_START:
        memcpy(agent->stream_sid, agent->event.stream_sid, sizeof agent->stream_sid);
        assert(strcmp(stream_parameter(&agent->event.start, "tenant"), "a & b") == 0);
        agent->seen.streams++;
        if (agent->plan.breaks_protocol)
            break_protocol(agent);
        say_tone(agent, 0);
        break;
    case STREAM_MEDIA:
        hear(agent);
        break;
    case STREAM_MARK:
        agent->seen.marks++;
        if (agent->seen.marks == agent->plan.hangs_up_after)
            ws_close(agent->ws, 1000, "");
        break;
    case STREAM_DTMF:
        agent->seen.keys++;
        break;
    case STREAM_STOP:
        agent->seen.stops++;
        break;
    case STREAM_CONNECTED:
    case STREAM_UNKNOWN:
        break;
    }
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct agent *agent = owner;
    agent->ws = NULL;
    net_timer_clear(agent->timer);
}

static void on_socket(void *owner, struct ws *ws, const struct http_request *request)
{
    static const struct ws_listener listener = {.on_text = on_text, .on_closed = on_closed};
    struct agent *agent = owner;
    agent->ws = ws;
    ws_set_listener(ws, &listener, agent);
}

static void on_wake(void *owner)
{
    struct agent *agent = owner;
    net_timer_destroy(agent->timer);
    server_destroy(agent->server);
    net_wake_destroy(agent->wake);
    net_loop_stop(agent->loop);
}

static void *run(void *owner)
{
    struct agent *agent = owner;
    net_loop_run(agent->loop);
    return NULL;
}

struct agent *agent_start(const struct agent_plan *plan)
{
    static const struct server_handlers handlers = {
        .on_request = on_request, .on_upgrade = on_upgrade, .on_socket = on_socket};
    static const struct server_options options = {
        .listen = "127.0.0.1:0",
        .max_body_bytes = 65536,
        .max_message_bytes = 8192,
        .max_queue_bytes = 1 << 20,
        .request_timeout_ms = 5000,
        .max_connections = 64,
    };
    char why[200];
    struct agent *agent = calloc(1, sizeof *agent);
    assert(agent);
    agent->plan = *plan;
    assert(net_loop_create(&agent->loop, "agent", NULL) == ERR_OK);
    assert(net_wake_create(&agent->wake, agent->loop, on_wake, agent) == ERR_OK);
    assert(net_timer_create(&agent->timer, agent->loop, on_timer, agent) == ERR_OK);
    assert(server_start(&agent->server, agent->loop, &options, &handlers, agent, why) == ERR_OK);
    snprintf(agent->url, sizeof agent->url, "http://127.0.0.1:%d", server_port(agent->server));
    assert(pthread_create(&agent->thread, NULL, run, agent) == 0);
    return agent;
}

int agent_port(const struct agent *agent)
{
    return server_port(agent->server);
}

struct agent_seen agent_stop(struct agent *agent)
{
    net_wake_send(agent->wake);
    pthread_join(agent->thread, NULL);
    net_loop_destroy(agent->loop);
    struct agent_seen seen = agent->seen;
    free(agent);
    return seen;
}

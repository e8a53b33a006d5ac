#include "caller/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "net/ws.h"
#include "telephony/signature.h"

#define MESSAGE_MAX_BYTES (1u << 20)
#define LATE_MS 5

struct line {
    struct net_loop *loop;
    struct ws *ws;
    struct net_timer *timer;
    const struct line_listener *listener;
    void *owner;
    struct line_ids ids;
    char *start_text; /* `start`, made before the parameters go away */
    bool is_started;
    uint64_t t0_ms;
    uint64_t stream_ms; /* of the timeline: this stream's first frame */
    uint64_t tick;      /* the next one, on the timeline */
    uint64_t sequence;  /* of the last message sent */
    uint64_t chunk;
    struct playout playout;
    struct line_counts counts;
    struct strbuf message;
};

static uint64_t timeline_ms(const struct line *line)
{
    uint64_t now_ms = clock_ms();
    return now_ms > line->t0_ms ? now_ms - line->t0_ms : 0;
}

static void note(struct line *line, enum line_note what, const char *text)
{
    line->listener->on_note(line->owner, timeline_ms(line), what, text);
}

static void note_error(struct line *line, const char *what, const char *why)
{
    char text[LINE_WHY_SIZE + 40];
    snprintf(text, sizeof text, "%s: %s", what, why);
    line->counts.errors++;
    note(line, LINE_NOTE_ERROR, text);
}

static void destroy(struct line *line)
{
    net_timer_destroy(line->timer);
    playout_free(&line->playout);
    strbuf_free(&line->message);
    free(line->start_text);
    free(line);
}

static void send_message(struct line *line)
{
    enum err err = ws_send(line->ws, strbuf_slice(&line->message));
    if (err == ERR_FULL && line->counts.refused_sends++ == 0)
        note(line, LINE_NOTE_ERROR, "31930: the server reads too slowly");
}

static void echo_marks(struct line *line)
{
    char name[PLAYOUT_MARK_SIZE];
    while (playout_take_mark(&line->playout, name)) {
        strbuf_clear(&line->message);
        line_write_mark(&line->message, &line->ids, ++line->sequence, name);
        send_message(line);
        note(line, LINE_NOTE_MARK_ECHO, name);
    }
}

static void send_frame(struct line *line, const uint8_t ulaw[FRAME_BYTES], uint64_t at_ms)
{
    strbuf_clear(&line->message);
    line_write_media(
        &line->message, &line->ids, ++line->sequence, ++line->chunk, at_ms - line->stream_ms, ulaw);
    send_message(line);
    line->counts.frames_sent++;
}

static void run_tick(struct line *line)
{
    uint64_t at_ms = line->tick * FRAME_MS;
    uint8_t agent[FRAME_BYTES];
    uint8_t caller[FRAME_BYTES];
    memset(caller, ULAW_SILENCE, sizeof caller);
    bool has_audio = playout_tick(&line->playout, agent);
    echo_marks(line);
    line->tick++;
    line->listener->on_tick(line->owner, at_ms, agent, has_audio, caller);
    if (line->is_started) /* nothing follows a stop */
        send_frame(line, caller, at_ms);
}

static uint64_t due_ms(const struct line *line)
{
    return line->t0_ms + line->tick * FRAME_MS;
}

static void count_lateness(struct line *line, uint64_t late_ms)
{
    if (late_ms > LATE_MS)
        line->counts.late_ticks++;
    if (late_ms > line->counts.latest_ms)
        line->counts.latest_ms = (unsigned)late_ms;
}

/* After a stall the missed ticks follow at once: the clock is absolute. Hanging up inside a tick
   clears is_started. */
static void on_timer(void *owner)
{
    struct line *line = owner;
    uint64_t now_ms = clock_ms();
    while (line->is_started && due_ms(line) <= now_ms) {
        count_lateness(line, now_ms - due_ms(line));
        run_tick(line);
    }
    if (line->is_started)
        net_timer_set(line->timer, due_ms(line));
}

static void on_open(void *owner)
{
    struct line *line = owner;
    uint64_t now_ms = clock_ms();
    if (line->t0_ms == 0)
        line->t0_ms = now_ms;
    line->tick = (now_ms - line->t0_ms + FRAME_MS - 1) / FRAME_MS;
    line->stream_ms = line->tick * FRAME_MS;
    strbuf_clear(&line->message);
    line_write_connected(&line->message);
    send_message(line);
    strbuf_clear(&line->message);
    strbuf_add_text(&line->message, line->start_text);
    line->sequence = 1;
    send_message(line);
    line->is_started = true;
    net_timer_set(line->timer, due_ms(line));
    line->listener->on_started(line->owner, line->t0_ms);
}

static void take_media(struct line *line, const struct line_message *message)
{
    bool starts;
    uint64_t at_ms = timeline_ms(line);
    if (playout_media(&line->playout, message->audio, message->audio_len, &starts))
        note_error(line, "31951", "more than ten minutes of audio are queued");
    else if (starts)
        line->listener->on_audio_starts(line->owner, at_ms);
}

static void take_mark(struct line *line, const struct line_message *message)
{
    if (playout_mark(&line->playout, message->mark))
        note_error(line, "31951", "too many marks are pending");
    else
        note(line, LINE_NOTE_MARK, message->mark);
}

static void take_message(struct line *line, const struct line_message *message)
{
    switch (message->kind) {
    case LINE_MEDIA:
        take_media(line, message);
        break;
    case LINE_MARK:
        take_mark(line, message);
        break;
    case LINE_CLEAR:
        playout_clear(&line->playout);
        note(line, LINE_NOTE_CLEAR, "");
        break;
    }
    echo_marks(line);
}

static void on_text(void *owner, struct slice text)
{
    struct line *line = owner;
    if (!line->is_started)
        return;
    struct line_message message;
    char why[LINE_WHY_SIZE] = "out of memory";
    if (line_message_read(&message, text, line->ids.stream_sid, why)) {
        note_error(line, "31951 invalid message", why);
        return;
    }
    take_message(line, &message);
    line_message_free(&message);
}

static void on_bad(void *owner, const char *why)
{
    struct line *line = owner;
    note_error(line, "31950 undecodable message", why);
}

static void on_closed(void *owner, enum err err, int code, const char *why)
{
    struct line *line = owner;
    line->is_started = false;
    net_timer_clear(line->timer);
    line->listener->on_closed(line->owner, err, why);
    destroy(line);
}

static enum err make_start(struct line *line, const struct line_options *options)
{
    struct strbuf text;
    strbuf_init(&text, MESSAGE_MAX_BYTES);
    line_write_start(&text, &line->ids, 1, options->parameters, options->parameter_count);
    line->start_text = strbuf_take(&text);
    strbuf_free(&text);
    return line->start_text ? ERR_OK : ERR_NOMEM;
}

static enum err connect_socket(struct line *line, const struct line_options *options)
{
    static const struct ws_listener listener = {on_open, on_text, on_bad, on_closed};
    char signature[SIGNATURE_SIZE] = "";
    if (options->token[0]) {
        enum err err =
            signature_make(signature, slice_from(options->token), slice_from(options->url), NULL);
        if (err)
            return err;
    }
    struct ws_header headers[] = {{"x-twilio-signature", signature}};
    struct ws_options ws_options = {
        .url = options->url,
        .via = options->via,
        .is_via_tls = options->is_via_tls,
        .headers = headers,
        .header_count = signature[0] ? 1 : 0,
        .connect_timeout_ms = 5000,
        .max_message_bytes = MESSAGE_MAX_BYTES,
        .max_queue_bytes = MESSAGE_MAX_BYTES,
    };
    return ws_connect(&line->ws, line->loop, &ws_options, &listener, line);
}

enum err line_open(struct line **out, struct net_loop *loop, const struct line_options *options,
    const struct line_listener *listener, void *owner)
{
    struct line *line = calloc(1, sizeof *line);
    if (!line)
        return ERR_NOMEM;
    line->loop = loop;
    line->listener = listener;
    line->owner = owner;
    line->ids = options->ids;
    line->t0_ms = options->t0_ms;
    playout_init(&line->playout);
    strbuf_init(&line->message, MESSAGE_MAX_BYTES);
    enum err err = make_start(line, options);
    if (!err)
        err = net_timer_create(&line->timer, loop, on_timer, line);
    if (!err)
        err = connect_socket(line, options);
    if (err)
        destroy(line);
    else
        *out = line;
    return err;
}

void line_press(struct line *line, char key)
{
    if (!line->is_started)
        return;
    strbuf_clear(&line->message);
    line_write_dtmf(&line->message, &line->ids, ++line->sequence, key);
    send_message(line);
}

void line_hang_up(struct line *line)
{
    if (line->is_started) {
        strbuf_clear(&line->message);
        line_write_stop(&line->message, &line->ids, ++line->sequence);
        send_message(line);
    }
    line->is_started = false;
    net_timer_clear(line->timer);
    ws_close(line->ws, 1000, "");
}

const struct playout *line_playout(const struct line *line)
{
    return &line->playout;
}

const struct line_counts *line_counts(const struct line *line)
{
    return &line->counts;
}

/* An agent of known timing, to hold the generator against: it answers so many milliseconds after the caller's last
   voiced frame, clears so many after the first one over its reply, and may stall once in each reply. No audio is
   understood: any payload that is not silence is voice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "wire/channel.h"
#include "wire/talk.h"

#define CALLS_MAX 2048
#define FRAME_US 20000
#define FRAME_BYTES 160

struct settings {
    unsigned port;
    unsigned answer_ms;    /* last voiced frame to first frame of the reply */
    unsigned barge_ms;     /* first voiced frame over a reply to clear */
    unsigned stall_ms;     /* once in each reply, in its middle */
    unsigned reply_frames; /* of a reply */
};

struct line {
    struct agent *agent;
    struct channel channel;
    struct alarm speak;  /* the next frame of the reply */
    struct alarm answer; /* quiet for long enough */
    struct alarm barge;  /* voice over the reply for long enough */
    bool is_taken;
    bool is_upgraded;
    bool is_speaking;
    unsigned frame; /* of the reply */
    uint64_t due_us;
    char stream_sid[64];
};

struct agent {
    struct poller poller;
    struct listener listener;
    struct settings settings;
    struct line lines[CALLS_MAX];
    char audio[BASE64_SIZE(FRAME_BYTES)];
    char silence[BASE64_SIZE(FRAME_BYTES)];
};

static void send_text(struct line *line, const char *text, size_t len)
{
    char head[TALK_HEAD_MAX];
    size_t head_len = talk_frame_head(head, TALK_TEXT, len, NULL);
    channel_write2(&line->channel, (struct slice){head, head_len}, (struct slice){text, len});
}

/* ---- the reply ---- */

static void send_media(struct line *line)
{
    char text[512];
    int len = snprintf(text, sizeof text,
        "{\"event\":\"media\",\"streamSid\":\"%s\",\"media\":{\"payload\":\"%s\"}}",
        line->stream_sid, line->agent->audio);
    send_text(line, text, (size_t)len);
}

static void send_event(struct line *line, const char *event, const char *rest)
{
    char text[256];
    int len = snprintf(text, sizeof text, "{\"event\":\"%s\",\"streamSid\":\"%s\"%s}", event,
        line->stream_sid, rest);
    send_text(line, text, (size_t)len);
}

static void on_speak(struct alarm *alarm)
{
    struct line *line = alarm->owner;
    const struct settings *settings = &line->agent->settings;
    send_media(line);
    line->due_us += FRAME_US;
    if (++line->frame == settings->reply_frames / 2)
        line->due_us += settings->stall_ms * 1000ull;
    if (line->frame < settings->reply_frames) {
        alarm_set(&line->agent->poller, &line->speak, line->due_us);
        return;
    }
    line->is_speaking = false;
    send_event(line, "mark", ",\"mark\":{\"name\":\"end\"}");
}

static void on_answer(struct alarm *alarm)
{
    struct line *line = alarm->owner;
    line->is_speaking = true;
    line->frame = 0;
    line->due_us = line->agent->poller.now_us;
    on_speak(&line->speak);
}

static void on_barge(struct alarm *alarm)
{
    struct line *line = alarm->owner;
    alarm_clear(&line->agent->poller, &line->speak);
    line->is_speaking = false;
    send_event(line, "clear", "");
}

/* ---- the caller ---- */

static void take_voice(struct line *line)
{
    struct agent *agent = line->agent;
    uint64_t now_us = agent->poller.now_us;
    if (!line->is_speaking)
        alarm_set(&agent->poller, &line->answer, now_us + agent->settings.answer_ms * 1000ull);
    else if (!line->barge.place)
        alarm_set(&agent->poller, &line->barge, now_us + agent->settings.barge_ms * 1000ull);
}

static void take_message(struct line *line, struct slice text)
{
    struct slice event = talk_field(text, "event");
    if (slice_is(event, "start"))
        slice_copy(talk_field(text, "streamSid"), line->stream_sid, sizeof line->stream_sid);
    else if (slice_is(event, "media") &&
             !slice_is(talk_field(text, "payload"), line->agent->silence))
        take_voice(line);
}

static void reset(struct line *line)
{
    struct poller *poller = &line->agent->poller;
    alarm_clear(poller, &line->speak);
    alarm_clear(poller, &line->answer);
    alarm_clear(poller, &line->barge);
    channel_close(&line->channel);
    line->is_taken = false;
}

static bool take_frame(struct line *line)
{
    struct talk_frame frame;
    struct slice input = channel_input(&line->channel);
    enum talk_parse parse = talk_frame_read(&frame, input);
    if (parse == TALK_MORE)
        return false;
    if (parse == TALK_BAD || frame.opcode == TALK_CLOSE || !frame.is_masked) {
        reset(line);
        return false;
    }
    char *payload = (char *)input.data + frame.head_len;
    talk_mask(payload, frame.len, frame.mask);
    if (frame.opcode == TALK_TEXT)
        take_message(line, (struct slice){payload, frame.len});
    channel_used(&line->channel, frame.head_len + frame.len);
    return true;
}

/* ---- HTTP ---- */

static void answer_webhook(struct line *line, struct slice input, size_t head_len)
{
    static const char twiml[] =
        "<?xml version=\"1.0\"?><Response><Connect><Stream url=\"wss://agent.test/stream\">"
        "<Parameter name=\"token\" value=\"x\"/></Stream></Connect></Response>";
    char text[1024];
    struct slice length = talk_header((struct slice){input.data, head_len}, "content-length");
    size_t body_len = length.len ? (size_t)atoi(length.data) : 0;
    if (input.len < head_len + body_len)
        return;
    int len = snprintf(text, sizeof text,
        "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n%s",
        sizeof twiml - 1, twiml);
    channel_write(&line->channel, text, (size_t)len);
    channel_used(&line->channel, head_len + body_len);
}

static void take_request(struct line *line)
{
    char answer[512];
    struct slice input = channel_input(&line->channel);
    size_t head_len = talk_head_len(input);
    if (!head_len)
        return;
    if (slice_starts(input, "POST ")) {
        answer_webhook(line, input, head_len);
        return;
    }
    size_t len = talk_accept((struct slice){input.data, head_len}, answer, sizeof answer);
    channel_write(&line->channel, answer, len);
    channel_used(&line->channel, head_len);
    line->is_upgraded = true;
}

static void on_data(struct channel *channel)
{
    struct line *line = channel->owner;
    if (!line->is_upgraded)
        take_request(line);
    while (line->is_taken && line->is_upgraded && take_frame(line))
        ;
}

static void on_closed(struct channel *channel, const char *why)
{
    reset(channel->owner);
}

static const struct channel_ops channel_ops = {NULL, on_data, on_closed};

static void open_line(struct line *line, struct agent *agent, int fd)
{
    *line = (struct line){.agent = agent,
        .is_taken = true,
        .speak = {.on_due = on_speak, .owner = line},
        .answer = {.on_due = on_answer, .owner = line},
        .barge = {.on_due = on_barge, .owner = line}};
    channel_init(&line->channel, &agent->poller, &channel_ops, line);
    if (channel_adopt(&line->channel, fd))
        line->is_taken = false;
}

static void on_accept(struct listener *listener, int fd)
{
    struct agent *agent = listener->owner;
    for (unsigned i = 0; i < CALLS_MAX; i++)
        if (!agent->lines[i].is_taken) {
            open_line(&agent->lines[i], agent, fd);
            return;
        }
    fprintf(stderr, "bench_agent: more than %d connections\n", CALLS_MAX);
    exit(1);
}

/* ---- the process ---- */

static void read_options(struct settings *settings, int argc, char **argv)
{
    struct {
        const char *name;
        unsigned *value;
    } known[] = {{"--port", &settings->port}, {"--answer", &settings->answer_ms},
        {"--barge", &settings->barge_ms}, {"--stall", &settings->stall_ms},
        {"--reply-frames", &settings->reply_frames}};
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == sizeof known / sizeof *known || i + 1 == argc) {
            fprintf(stderr, "usage: bench_agent [--port N] [--answer MS] [--barge MS] "
                            "[--stall MS] [--reply-frames N]\n");
            exit(2);
        }
        *known[k].value = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
}

int main(int argc, char **argv)
{
    static struct agent agent;
    uint8_t frame[FRAME_BYTES];
    agent.settings = (struct settings){.answer_ms = 500, .barge_ms = 80, .reply_frames = 100};
    read_options(&agent.settings, argc, argv);
    memset(frame, 0x55, sizeof frame);
    base64_encode(frame, sizeof frame, agent.audio);
    memset(frame, 0xff, sizeof frame);
    base64_encode(frame, sizeof frame, agent.silence);
    if (poller_init(&agent.poller) ||
        listener_open(&agent.listener, &agent.poller, agent.settings.port, on_accept, &agent)) {
        fprintf(stderr, "bench_agent: cannot listen\n");
        return 1;
    }
    printf("%u\n", agent.listener.port);
    fflush(stdout);
    poller_run(&agent.poller);
    return 0;
}

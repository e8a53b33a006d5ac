#include "providers/providers.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LOOK_BYTES 256 /* of a long message: its kind is at its beginning */

/* ---- peers ---- */

void peer_send(struct peer *peer, struct slice first, struct slice second)
{
    char head[TALK_HEAD_MAX + 128];
    size_t len = talk_frame_head(head, TALK_TEXT, first.len + second.len, NULL);
    if (first.len > sizeof head - len)
        return;
    memcpy(head + len, first.data, first.len);
    channel_write2(&peer->channel, (struct slice){head, len + first.len}, second);
}

void peer_close(struct peer *peer)
{
    mouth_close(peer);
    alarm_clear(&peer->providers->poller, &peer->alarm);
    channel_close(&peer->channel);
    peer->is_taken = false;
}

static void take_message(struct peer *peer, const struct talk_frame *frame, char *payload)
{
    size_t look = peer->kind == PEER_EARS && frame->len > LOOK_BYTES ? LOOK_BYTES : frame->len;
    talk_mask(payload, look, frame->mask);
    struct slice text = {payload, look};
    if (frame->opcode != TALK_TEXT)
        return;
    if (peer->kind == PEER_EARS)
        ears_message(peer, text, frame->len);
    else
        mouth_message(peer, text);
}

static bool take_frame(struct peer *peer)
{
    struct talk_frame frame;
    struct slice input = channel_input(&peer->channel);
    enum talk_parse parse = talk_frame_read(&frame, input);
    if (parse == TALK_MORE)
        return false;
    if (parse == TALK_BAD || frame.opcode == TALK_CLOSE || !frame.is_masked) {
        peer_close(peer);
        return false;
    }
    take_message(peer, &frame, (char *)input.data + frame.head_len);
    channel_used(&peer->channel, frame.head_len + frame.len);
    return true;
}

/* ---- HTTP ---- */

static void upgrade(struct peer *peer, struct slice head)
{
    char answer[512];
    bool is_ears = slice_starts(talk_path(head), "/v1/realtime");
    size_t len = talk_accept(head, answer, sizeof answer);
    channel_write(&peer->channel, answer, len);
    channel_used(&peer->channel, head.len);
    peer->kind = is_ears ? PEER_EARS : PEER_MOUTH;
    if (is_ears)
        ears_open(peer);
}

static void take_request(struct peer *peer)
{
    struct slice input = channel_input(&peer->channel);
    struct slice head = {input.data, talk_head_len(input)};
    if (!head.len)
        return;
    if (!slice_starts(head, "POST ")) {
        upgrade(peer, head);
        return;
    }
    struct slice length = talk_header(head, "content-length");
    size_t body_len = length.len ? (size_t)atoi(length.data) : 0;
    if (input.len < head.len + body_len)
        return;
    channel_used(&peer->channel, head.len + body_len);
    chat_request(peer);
}

static void on_data(struct channel *channel)
{
    struct peer *peer = channel->owner;
    if (peer->kind == PEER_HTTP)
        take_request(peer);
    while (peer->is_taken && peer->kind != PEER_HTTP && take_frame(peer))
        ;
}

static void on_closed(struct channel *channel, const char *why)
{
    peer_close(channel->owner);
}

static const struct channel_ops channel_ops = {NULL, on_data, on_closed};

static void on_alarm(struct alarm *alarm)
{
    struct peer *peer = alarm->owner;
    if (peer->kind == PEER_EARS)
        ears_due(peer);
    else
        chat_due(peer);
}

static struct peer *free_peer(struct providers *providers)
{
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        if (!providers->peers[i])
            providers->peers[i] = calloc(1, sizeof(struct peer));
        if (!providers->peers[i] || !providers->peers[i]->is_taken)
            return providers->peers[i];
    }
    return NULL;
}

static void on_accept(struct listener *listener, int fd)
{
    struct providers *providers = listener->owner;
    struct peer *peer = free_peer(providers);
    if (!peer) {
        fprintf(stderr, "bench_providers: too many connections\n");
        exit(1);
    }
    *peer = (struct peer){
        .providers = providers, .is_taken = true, .alarm = {.on_due = on_alarm, .owner = peer}};
    channel_init(&peer->channel, &providers->poller, &channel_ops, peer);
    if (channel_adopt(&peer->channel, fd))
        peer->is_taken = false;
}

/* ---- the process ---- */

static const char usage[] =
    "usage: bench_providers [options]; prints its port\n"
    "  --port N          0 picks one (0)\n"
    "  --final MS        speech-to-text: commit to transcript (100)\n"
    "  --partial N       speech-to-text: appends of an utterance to each partial (5)\n"
    "  --token MS        model: request to first token (150)\n"
    "  --first-audio MS  text-to-speech: text to first audio (80)\n"
    "  --chunk MS        audio in one message (250)\n"
    "  --speed N         times real time (8)\n"
    "  --char MS         audio of a character (64)\n"
    "  --reply TEXT      what the model says\n"
    "  --stats FILE      how long each answer took, as JSON, at SIGTERM\n";

static bool take_option(struct settings *settings, const char *name, const char *value)
{
    struct {
        const char *name;
        unsigned *value;
    } known[] = {{"--port", &settings->port}, {"--final", &settings->final_ms},
        {"--partial", &settings->partial_appends}, {"--token", &settings->token_ms},
        {"--first-audio", &settings->first_audio_ms}, {"--chunk", &settings->chunk_ms},
        {"--speed", &settings->speed}, {"--char", &settings->char_ms}};
    if (!value)
        return false;
    if (!strcmp(name, "--reply") || !strcmp(name, "--stats")) {
        *(!strcmp(name, "--reply") ? &settings->reply : &settings->stats_file) = value;
        return true;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name)) {
            *known[i].value = (unsigned)strtoul(value, NULL, 10);
            return true;
        }
    return false;
}

static bool open_all(struct providers *providers)
{
    struct rlimit files;
    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    return chat_make(providers) && poller_init(&providers->poller) == ERR_OK &&
           listener_open(&providers->listener, &providers->poller, providers->settings.port,
               on_accept, providers) == ERR_OK;
}

static struct providers providers;

static void on_end(int signal)
{
    providers.poller.is_stopped = true;
}

static json_t *spread(struct samples *samples)
{
    return json_pack("{s:I, s:f, s:f}", "count", (json_int_t)samples->count, "p50",
        samples_ms(samples, 0.5), "p95", samples_ms(samples, 0.95));
}

static int write_stats(struct taken *taken, const char *path)
{
    json_t *root = json_pack("{s:o, s:o, s:o, s:o}", "partial", spread(&taken->partial), "final",
        spread(&taken->final), "token", spread(&taken->token), "audio", spread(&taken->audio));
    int failed = !root || json_dump_file(root, path, JSON_INDENT(1));
    json_decref(root);
    return failed;
}

int main(int argc, char **argv)
{
    providers.settings = (struct settings){.final_ms = 100,
        .partial_appends = 5,
        .token_ms = 150,
        .first_audio_ms = 80,
        .chunk_ms = 250,
        .speed = 8,
        .char_ms = 64,
        .reply = "Sure, I can help you with that. Which day suits you best?"};
    for (int i = 1; i < argc; i += 2)
        if (!take_option(&providers.settings, argv[i], argv[i + 1])) {
            fputs(usage, stderr);
            return 2;
        }
    if (!providers.settings.speed || !providers.settings.partial_appends ||
        !providers.settings.chunk_ms || !open_all(&providers)) {
        fprintf(stderr, "bench_providers: cannot listen\n");
        return 1;
    }
    printf("%u\n", providers.listener.port);
    fflush(stdout);
    signal(SIGTERM, on_end);
    poller_run(&providers.poller);
    return providers.settings.stats_file
               ? write_stats(&providers.taken, providers.settings.stats_file)
               : 0;
}

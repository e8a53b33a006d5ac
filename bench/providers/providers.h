/* Stand-ins for the vendors, cheap enough not to be what is measured: speech-to-text that never listens, a chat model
   that always says the same, text-to-speech whose messages are made once. They keep to the wire formats and to the
   delays they were told; nothing is checked. One port, told apart by path, as the real clients expect.

     GET  /v1/realtime?intent=transcription                        WebSocket, partials while audio comes
     POST /v1/chat/completions                                     events, connection kept
     GET  /v1/text-to-speech/<voice>/multi-stream-input?…          WebSocket, one context a reply */
#pragma once

#include "wire/channel.h"
#include "wire/samples.h"
#include "wire/talk.h"

#define PEERS_MAX 8192
#define SPEAKING_MAX 8  /* contexts of one socket */
#define CLIPS_QUEUED 16 /* texts of one context */
#define CLIPS_MAX 256   /* different texts in all */

struct settings {
    unsigned port;
    unsigned final_ms;        /* commit to transcript */
    unsigned partial_appends; /* of an utterance to each partial */
    unsigned token_ms;        /* request to first token */
    unsigned first_audio_ms;  /* text to first audio */
    unsigned chunk_ms;        /* audio in one message */
    unsigned speed;           /* times real time */
    unsigned char_ms;         /* audio of a character */
    const char *reply;        /* what the model says */
    const char *stats_file;   /* how long it took, as it went out; NULL: nobody asks */
};

/* A text as the messages that speak it, all but their context's name. */
struct clip {
    char *text;
    struct slice *messages; /* each begins behind `{"contextId":"…",` */
    unsigned count;
};

enum peer_kind { PEER_HTTP, PEER_EARS, PEER_MOUTH };

struct speaking { /* one context */
    struct peer *peer;
    struct alarm alarm;
    bool is_taken;
    bool is_closing;
    char id[32];
    const struct clip *clips[CLIPS_QUEUED];
    unsigned clip_first, clip_count;
    unsigned message;  /* of the first clip */
    uint64_t asked_us; /* the first text came; 0: it has sounded */
};

struct peer {
    struct providers *providers;
    struct channel channel;
    struct alarm alarm;
    enum peer_kind kind;
    bool is_taken;
    /* ears */
    unsigned item;
    unsigned appends;  /* of the item */
    unsigned partials; /* of the item */
    uint64_t heard_us; /* its first append came */
    unsigned owed;     /* committed item whose transcript is due */
    uint64_t asked_us; /* when it was committed; of a model, when the question came */
    /* chat */
    bool has_begun; /* its first tokens went out */
    unsigned event; /* of the rest */
    /* mouth */
    struct speaking speaking[SPEAKING_MAX];
};

/* From what was asked to the first of the answer, as this process saw both. */
struct taken {
    struct samples partial, final, token, audio;
};

struct providers {
    struct poller poller;
    struct taken taken;
    struct listener listener;
    struct settings settings;
    struct peer *peers[PEERS_MAX]; /* made when first needed, used again */
    struct clip clips[CLIPS_MAX];
    unsigned clip_count;
    struct strbuf head_events; /* the answer's head and the tokens that come together */
    struct strbuf *events;     /* then one after another */
    unsigned event_count;
};

void peer_send(struct peer *peer, struct slice first, struct slice second); /* one message */
void peer_close(struct peer *peer);

void ears_open(struct peer *peer);
void ears_message(
    struct peer *peer, struct slice payload, size_t full_len); /* a long one's beginning */
void ears_due(struct peer *peer);

bool chat_make(struct providers *providers);
void chat_request(struct peer *peer);
void chat_due(struct peer *peer);

void mouth_message(struct peer *peer, struct slice text);
void mouth_close(struct peer *peer);

const struct clip *clip_find(struct providers *providers, struct slice text); /* NULL: too many */

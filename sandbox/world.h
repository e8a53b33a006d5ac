/* Everything a running sandbox shares between its endpoints: one loop, one thread.

       server ──► router ──► openai/ elevenlabs/ twilio/ ──► outgoing, paced ──► server
       control ─► faults, scripted, ledger ▲
       ears (own threads) ─► heard mailbox ┘ */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "brain.h"
#include "ears.h"
#include "fault.h"
#include "heard_files.h"
#include "keys.h"
#include "known_audio.h"
#include "known_speech.h"
#include "ledger.h"
#include "net/loop.h"
#include "net/server.h"
#include "openai/habits.h"
#include "paced.h"
#include "scripted.h"
#include "twilio/texts.h"
#include "twilio/recordings.h"

struct transcription;
struct file_transcription;
struct speech_socket;
struct outgoing;

struct world_options {
    const char *listen;
    const char *control;
    const char *script_path; /* of the brain */
    const char *voice;       /* espeak-ng voice of voice ids that name no other */
    struct ears_options ears;
    const char *heard; /* folder for what speech-to-text is sent; NULL: not kept */
    bool has_ears;     /* false: what is not scripted is heard as "" */
    struct pace pace;
    unsigned session_s; /* life of a transcription session; 0: an hour */
};

struct world {
    const struct world_options *options;
    struct net_loop *loop;
    struct server *server;
    struct server *control;
    struct faults faults;
    struct keys keys;
    struct scripted scripted;
    struct known_audio known;
    struct known_speech known_speech;
    struct stt_habits habits;
    struct ledger ledger;
    struct brain *brain;
    struct ears_pool *ears; /* NULL without ears */
    struct mailbox heard;
    struct net_wake *heard_wake;
    struct transcription *transcriptions;           /* by number */
    struct file_transcription *file_transcriptions; /* those that the ears have */
    struct heard_files heard_files;
    struct speech_socket *speech_sockets;
    struct outgoing *outgoing; /* answers under way, by exchange */
    uint64_t last_number;
    json_t *calls;      /* Twilio: by sid */
    json_t *messages;   /* Twilio: by sid */
    struct texts texts; /* what becomes of them */
    struct recordings recordings;
};

/* Opens everything and listens; ERR_SYSTEM with one line for people in `why`. The voice must be started: a process
   does that once, for espeak-ng cannot be ended twice. */
must_use enum err world_start(
    struct world *world, struct net_loop *loop, const struct world_options *options, char why[256]);
void world_stop(struct world *world);
void world_reset_habits(struct world *world); /* as the options say */
/* `prefix` and 24 random hexadecimal characters (32 for Twilio's: `digits`). */
#define WORLD_ID_SIZE 48
void world_id(char out[WORLD_ID_SIZE], const char *prefix, unsigned digits);
/* The fault of one request that begins now, counted. */
struct fault world_fault(struct world *world, enum service service);

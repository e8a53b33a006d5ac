/* What the rest of the program may know of a tenant's script version: plain data, immutable, counted.
   Made by script/version.c from what agent.lua returns; shared between threads as a pointer. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script/hook.h"

#define AGENT_NUMBERS_MAX 8
#define TENANT_ID_SIZE 64
#define PHASE_SIZE 32
#define AGENT_PHASES_MAX 16
#define AGENT_TRANSFERS_MAX 32
#define AGENT_FILLERS_MAX 8
#define AGENT_HOSTS_MAX 32
#define AGENT_TEXTS_TO_MAX 32
#define AGENT_HOST_SIZE 128
#define AGENT_SOUNDS_MAX 16
#define AGENT_SOUND_NAME_SIZE 32
#define AGENT_SOUNDS_MAX_BYTES (1u << 20) /* of a version's sound files */
#define VERSION_SIZE 17 /* first 16 hex digits of the SHA-256 over every file the version loaded */

#define AGENT_PROVIDERS_MAX 4 /* a slot */

#define AGENT_PHRASES_MAX 24
#define AGENT_PHRASE_SIZE 48

struct agent_phrases {
    char text[AGENT_PHRASES_MAX][AGENT_PHRASE_SIZE];
    size_t count;
};

/* How easily a voice over a reply ends it. */
enum agent_barge_in {
    AGENT_BARGE_IN_OFF,    /* nothing does */
    AGENT_BARGE_IN_LOW,    /* two words, or one of always_interrupts; a voice alone never */
    AGENT_BARGE_IN_NORMAL, /* a word that is no back-channel, or a second of voice */
    AGENT_BARGE_IN_HIGH,   /* such a word, or half a second of voice */
};

struct agent_turn_numbers { /* of turn = { … } and of each of its phases; defaults in brackets */
    unsigned silence_ms;    /* [500] VAD silence that makes an end-of-turn candidate */
    unsigned stall_ms;      /* [600] without new words */
    unsigned patience_ms;   /* [400] more of silence when the words hang */
    unsigned min_utterance_ms; /* [350] shorter is noise */
    unsigned max_utterance_ms; /* [8000] */
};

struct agent_phase {
    char name[PHASE_SIZE];
    struct agent_turn_numbers numbers;
};

struct agent_turn_policy { /* agent.lua: turn = { … }; defaults in brackets */
    struct agent_turn_numbers numbers;
    struct agent_phase phases[AGENT_PHASES_MAX];
    size_t phase_count;
    enum agent_barge_in barge_in;           /* [normal] also true and false (off) */
    struct agent_phrases never_interrupts;  /* whole utterances, beside the back-channels known */
    struct agent_phrases always_interrupts; /* [stop, wait, hold on] anywhere in an utterance */
    bool early;             /* [true] the model may begin before the turn is certain */
    unsigned idle_ms;       /* [8000] of nobody speaking before the caller is asked; 0: never */
    unsigned idle_nudges;   /* [2] times, then goodbye */
    unsigned max_sentences; /* [2] of one answer, unless it asks for room; 0: no limit */
};

enum agent_filler_kind { AGENT_FILLER_NONE, AGENT_FILLER_PHRASE, AGENT_FILLER_TYPING };

/* agent.lua: filler = { … }: what is heard while the caller waits for us. */
struct agent_filler {
    enum agent_filler_kind kind; /* [phrase; typing in languages we have no phrases for] */
    unsigned after_ms;           /* [800] of waiting */
    char phrases[AGENT_FILLERS_MAX][96];
    size_t phrase_count;
    double level_db;      /* [-12] of the sound */
    uint8_t *typing_ulaw; /* the tenant's own sound, whole frames; NULL: ours */
    size_t typing_len;
};

enum agent_overflow_kind {
    OVERFLOW_SAY,
    OVERFLOW_VOICEMAIL,
    OVERFLOW_FORWARD,
    OVERFLOW_REJECT, /* only on_incoming's (script/verdict.h) */
};

/* agent.lua: http = { … }: where its scripts' requests may go. */
struct agent_http {
    bool is_limited; /* [false] only to these: */
    char allow[AGENT_HOSTS_MAX]
              [AGENT_HOST_SIZE]; /* lower case; "*.example.org" is every host below it */
    size_t allow_count;
};

/* agent.lua: texts = true, or { … }: whether it answers those of people (docs/texts.md), and whom its scripts may text beside the
   caller and contacts. */
struct agent_texts {
    bool answers;                    /* [false] they are the staff's */
    unsigned max_segments;           /* [3] of an answer */
    char failure_text[512];          /* instead of one that could not be made; empty: silence */
    char to[AGENT_TEXTS_TO_MAX][24]; /* E.164: staff, wherever they are */
    size_t to_count;
    bool to_country; /* [false] any number of the profile's country */
};

/* agent.lua: recording = "…": whether its calls are recorded, where tenant_settings says nothing (docs/outbound.md). */
enum agent_recording {
    RECORDING_NEVER,
    RECORDING_WITH_CONSENT, /* once call:record says that the caller agreed */
    RECORDING_ALWAYS,       /* from the start, of which the caller is told */
};

/* agent.lua: capture = "…": whether its calls are kept as files that can be run again (docs/capture.md). */
enum agent_capture {
    AGENT_CAPTURE_OFF,
    AGENT_CAPTURE_CONSENTED, /* of callers who agreed to being recorded */
    AGENT_CAPTURE_ON,        /* of all but those who refused */
};

/* agent.lua: sounds = { name = "sounds/file.wav" }: what call:play plays. */
struct agent_sound {
    char name[AGENT_SOUND_NAME_SIZE];
    uint8_t *ulaw;
    size_t len;
};

/* agent.lua: providers = { hear = { … }, think = { … }, speak = { … } }: whom its calls ask, in order. */
struct agent_provider {
    char name[32];  /* as the operator called it */
    char model[64]; /* empty: the provider's own, here and below */
    char voice[64];
};

struct agent_providers {
    struct agent_provider list[AGENT_PROVIDERS_MAX];
    size_t count; /* 0: all, in the operator's order */
};

struct agent_overflow { /* agent.lua: overflow = { … }: for callers whom no agent can take */
    enum agent_overflow_kind kind;
    char say[512];    /* empty: the runtime's own words */
    char forward[24]; /* E.164, of FORWARD */
};

/* agent.lua: faqs = { … }, knowledge = { … }: what prompts are given of what the business knows. */
struct agent_knowledge {
    unsigned limit;    /* pieces a prompt; 0: none are looked for */
    size_t count;      /* of what the script itself brings, */
    char *pieces_json; /* [{"title", "tags", "text"}] */
};

struct agent {
    atomic_uint references;
    char tenant_id[TENANT_ID_SIZE];
    char version[VERSION_SIZE];
    char name[128];                      /* of the business */
    char numbers[AGENT_NUMBERS_MAX][24]; /* E.164 */
    size_t number_count;
    char language[8];            /* ISO 639-1 */
    char time_zone[64];          /* of its profile, as that says; empty: it does not */
    char greeting[1024];         /* first words; empty: the model greets */
    bool greeting_interruptible; /* [true] false: a notice that must be heard to its end */
    char resume_greeting[512];   /* instead of it, when the line broke and the caller is back */
    char transfer_failed
        [512]; /* likewise, when nobody picked up to whom the caller was transferred */
    char transfer_prompt[128]; /* to who picks up a warm transfer, behind its whisper */
    char transfers[AGENT_TRANSFERS_MAX][24]; /* E.164: where callers may be transferred to */
    size_t transfer_count;
    char failure_text
        [512]; /* said when tools are late ("I'll text you the details"); empty: the model is asked */
    char budget_text[512]; /* said before a call ends because the tenant's budget is spent */
    char call_back_greeting[1024]; /* first words of a call that we make; empty: the model's */
    char call_back_message[512];   /* left where a machine answers; empty: nothing is left */
    char notify[24];               /* E.164, of the staff: gets a text of each voicemail; empty */
    enum agent_recording recording;
    char recording_notice[256]; /* first words of a call that is always recorded */
    enum agent_capture capture;
    char still_there[256]; /* asked of a silent caller */
    char goodbye[256];     /* said to one who stays silent */
    char voice_id[64];     /* empty: the setting's default */
    char tts_model[64];
    char chat_model[64];
    char stt_model[64];
    double voice_stability, voice_similarity, voice_speed; /* < 0: vendor default */
    struct agent_providers hear, think, speak;
    struct agent_turn_policy turn;
    struct agent_filler filler;
    struct agent_overflow overflow;
    struct agent_knowledge knowledge;
    struct agent_http http;
    struct agent_texts texts;
    struct agent_sound sounds[AGENT_SOUNDS_MAX];
    size_t sound_count;
    bool has_hook[SCRIPT_HOOKS];
    bool
        keeps_calls; /* reload = "next_call": its calls stay on it [false: until their next turn] */
    bool has_migrate;
    unsigned canary_percent; /* of new calls that try it first; 0: all take it */
    char *tools_json;        /* OpenAI tools array, "[]" when none */
    char *profile_json;      /* agent.lua's `profile` as JSON, for records and `tenant show` */
    double
        trace_sample; /* [-1: as the operator says] of its calls, the share that leaves a trace */
    size_t tool_count;
    size_t tools_tokens; /* what the model counts for them, by estimate */
};

/* What holds while call.phase is that name: its own numbers, or the tenant's. */
const struct agent_turn_numbers *agent_turn_numbers(const struct agent *agent, const char *phase);
bool agent_is_number(const char *text); /* "+15550100002" */
bool agent_has_number(const struct agent *agent, const char *number);
/* Why its callers may not be transferred there: "bad_number", "own_number", "not_allowed"; NULL: they may. */
const char *agent_transfer_fault(const struct agent *agent, const char *number);
/* Whether its scripts may ask this host (lower case), and whether its own list says so. */
bool agent_may_ask(const struct agent *agent, const char *host);
bool agent_lists_host(const struct agent *agent, const char *host);
const struct agent_sound *agent_find_sound(const struct agent *agent, const char *name); /* NULL */
struct agent *agent_hold(struct agent *agent); /* returns it */
void agent_release(struct agent *agent);       /* NULL is fine; any thread */

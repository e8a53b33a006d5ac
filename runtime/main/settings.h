/* Every setting of the process, read in one place: the environment, then `.env` in the working directory for what is
   not set. Names and defaults stand in .env.example. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct settings {
    const char *listen;
    const char *admin_listen;
    const char *public_url;
    const char *scripts;
    const char *scripts_source; /* "files" or "database" */
    const char *secrets;        /* "": scripts have none */
    const char *providers;      /* the file that lists them; "": those that the environment names */
    const char *data;
    unsigned journal_mb;   /* of the process's file */
    bool journal_sync;     /* each of its batches waits for the disk */
    bool captures;         /* calls of tenants who want that are captured */
    unsigned capture_mb;   /* of all captures, */
    unsigned capture_days; /* and how long each is kept */
    unsigned workers;
    unsigned max_calls;        /* of the process */
    unsigned call_max_minutes; /* then a call ends with its turn; 0: never */
    unsigned admit_late_ms; /* a media thread's 20 ms step is late when it comes later than this */
    unsigned admit_late_percent; /* so many of them keep new calls out; 0: lateness never does */
    unsigned texts_settle_ms;    /* after the newest text of a person, before they are answered */
    unsigned texts_a_day;        /* answers to one number */
    unsigned drain_seconds;      /* for calls to finish at SIGTERM */
    unsigned log_rate;           /* lines a second of one event; 0: no limit */
    const char *log_flags;       /* debug flags for all calls */
    const char *log_level;
    const char *otlp_endpoint; /* where spans go; "": nowhere */
    const char *otlp_headers;  /* "name=value,…": secrets */
    double trace_sample;       /* the share of calls that leave a trace, 0 to 1 */
    const char *database_url;
    const char *twilio_account_sid;
    const char *twilio_auth_token;
    const char *twilio_auth_token_secondary;
    const char *twilio_api_base_url;
    const char *openai_api_key;
    const char *openai_base_url;
    const char *openai_stt_model;
    const char *openai_stt_file_model; /* of the fallback, which sends files */
    const char *openai_stt_format;     /* "pcm" or "pcmu" */
    const char *openai_chat_model;
    const char *openai_tts_model;
    const char *openai_tts_voice;
    const char *elevenlabs_api_key;
    const char *elevenlabs_base_url;
    const char *elevenlabs_voice_id;
    const char *elevenlabs_model;
    const char *ca_file; /* NULL: the system's only */
    bool allow_private_http;
    bool redirect; /* callers of a broken stream come back */
};

bool settings_scripts_are_published(const struct settings *settings); /* in the database */
/* Fills in everything; strings live as long as the process. */
void settings_read(struct settings *settings);
/* What `serve` cannot run without; `why` is one line naming the setting and what to do. */
must_use enum err settings_check(const struct settings *settings, char why[300]);

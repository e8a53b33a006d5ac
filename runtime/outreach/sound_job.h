/* One recording at a time: filed, fetched, heard, noted. Private to outreach. */
#pragma once

#include "base/id.h"
#include "outreach/sounds.h"
#include "store/database.h"
#include "telephony/recording_fetch.h"

struct sound_work { /* what all jobs share; outlives them */
    struct net_loop *loop;
    struct database *database;
    struct rest_settings rest;
    const struct sound_ops *ops;
    const char *folder;
};

struct sound_row {
    char id[ID_SIZE];
    char tenant_id[64];
    char carrier_sid[RECORDING_SID_SIZE];
    bool is_voicemail;
    bool is_fetched;
    bool is_last; /* attempt */
};

struct sound_job;
/* `on_end` once, when the row says what became of it, or its lease will; never during the start. */
must_use enum err sound_job_start(struct sound_job **out, const struct sound_work *work,
    const struct sound_row *row, void (*on_end)(void *owner, struct sound_job *job), void *owner);
void sound_job_cancel(struct sound_job *job); /* nothing follows */

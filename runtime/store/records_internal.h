/* How store/records.h is made. Everything but the mailboxes and the atomics belongs to one loop's thread.

     any thread ─► inbox ─► fresh ──batch──► own file ─┐
                              │                        ├─► window: [sent … | waiting …] ─► Postgres
                              └─ (no file: in memory) ─┤        │
                                 dead processes' files ┘        └─ answered, oldest first ─► forgotten with the next batch

   One source at a time is sent, those of dead processes first: what they wrote is older than what we write about the same
   rows. The window holds the oldest rows of the source, in order, as many as WINDOW_ROWS and WINDOW_BYTES allow.
   A row leaves it when it and all before it are answered for good; if one may pass later, it and all behind it are sent
   again, in order. So the last version of a row is also the last one written. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/mailbox.h"
#include "store/journal_folder.h"
#include "store/records.h"

#define WINDOW_ROWS 1024
#define WINDOW_BYTES (8u * 1024 * 1024)
#define PIPELINE_MAX 256 /* rows sent and not yet answered */

enum record_state {
    RECORD_WAITS,
    RECORD_SENT,
    RECORD_WRITTEN,
    RECORD_REFUSED, /* for good */
};

struct record {
    struct letter letter;
    struct record *prev, *next;
    struct records *records;
    enum record_kind kind;
    enum record_state state;
    int64_t seq;         /* in its source's file; 0: in memory only */
    int64_t pending_seq; /* what it will be when the batch commits */
    uint64_t put_ms;
    size_t len;
    char *json;
    char sqlstate[6]; /* of a refusal, with `why` */
    char *why;
};

/* A file whose rows are sent: our own, or one adopted. */
struct source {
    struct source *prev, *next;
    struct journal_file *file; /* NULL: there is none (our own only) */
    char node[JOURNAL_NODE_SIZE];
    int lock;
    int64_t last_seq;       /* of its rows */
    int64_t loaded_seq;     /* up to here they are in the window, or past it */
    int64_t answered_seq;   /* up to here they may be forgotten */
    int64_t forgotten_seq;  /* up to here they are */
    int64_t wiped_seq;      /* up to here they are not in its log either (our own only) */
    int64_t memory_seq;     /* of refused rows that were in no file: below zero */
    size_t left;            /* its rows that are not in Postgres */
    struct record *refused; /* to be put aside with the next batch */
    size_t refused_rows;    /* in the file */
    bool is_damaged;        /* what could be read is sent, then it is put aside */
};

struct records {
    struct net_loop *loop;
    struct net_wake *wake;
    struct net_timer *write_timer;
    struct net_timer *scan_timer;
    struct net_timer *pause_timer;
    struct net_timer *drain_timer;
    struct database *database;
    struct mailbox inbox;
    pthread_mutex_t answering;
    bool is_unsent_stopped; /* under it */
    struct mailbox questions;
    size_t capacity;
    char *sql[RECORD_KINDS];
    struct journal_options options;
    char folder[4096]; /* "": no journal */
    struct source own;
    struct source *orphans; /* oldest first */
    struct source *sending;
    struct record *fresh; /* taken from the inbox, in no file yet */
    struct record *window;
    struct record *unsent; /* in the window; NULL: all is sent */
    size_t window_rows, window_bytes;
    size_t in_flight;
    bool is_fenced;  /* no other connection writes rows of `sending` any more */
    bool is_fencing; /* asked, not answered */
    bool is_paused;  /* the server refused for a reason that may pass */
    bool must_rewind;
    bool has_scanned; /* dead processes' rows come first */
    bool was_logged_stopped;
    uint64_t write_due_ms; /* 0: the timer is not set */
    uint64_t retry_ms;     /* until then a file that failed is left alone */
    uint64_t prune_ms;
    uint64_t shown_ms;
    uint64_t drain_until_ms, drain_away_ms;
    void (*on_drained)(void *owner, size_t left);
    void *drain_owner;
    /* For any thread. */
    atomic_size_t waiting; /* not in Postgres yet, wherever they are */
    atomic_size_t unsaved; /* of those, in memory only */
    atomic_bool is_up;
    atomic_bool is_writing; /* our own file takes rows */
    atomic_bool needs_migration;
    enum record_kind behind_kind; /* then: of the row whose table or column is missing */
    atomic_size_t refused;
    atomic_ullong oldest_ms; /* wall clock; 0: none waits */
    atomic_ullong bytes;
};

/* record_window.c */
void window_feed(struct records *records); /* from the source; sends nothing */
void window_append(struct records *records, struct record *record);
bool window_has_room(const struct records *records);
/* To the source that is due, once nothing is under way. */
void window_switch(struct records *records);
/* What a file holds is read again. */
void window_drop(struct records *records);

/* record_sender.c */
void sender_go_on(struct records *records);
void sender_rewind(struct records *records); /* everything in the window is to be sent (again) */
must_use enum err sender_open(struct records *records, const char *database_url);

/* record_writer.c */
void writer_soon(struct records *records, unsigned in_ms);
void writer_write(struct records *records); /* what is fresh, and what may be forgotten */
void writer_take_inbox(struct records *records);
bool writer_forget(struct records *records, struct source *source); /* what is answered */
void writer_failed(struct records *records, struct source *source, enum err err, const char *why);

/* record_sources.c */
void sources_open_own(struct records *records);
/* A timer's: adopts what dead processes left, and sends our own refused rows that are to be tried again. */
void sources_scan(void *owner);
void sources_end(struct records *records, struct source *source); /* an adopted one, all sent */
/* It is damaged; a new one is made with the next batch. */
void sources_put_own_aside(struct records *records);
void sources_close(struct records *records);

/* unsent.c */
void unsent_answer_all(struct records *records);
void unsent_close(struct records *records);

/* records.c */
struct record *record_make(struct records *records, enum record_kind kind, char *json);
void record_free(struct record *record);
void records_show(struct records *records); /* to gauges and other threads */
void records_count_down(struct records *records, const struct record *record);

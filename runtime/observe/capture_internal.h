/* What the two sides of captures share: capture.c is called by media threads, capture_file.c writes; captures.c and
   capture_thread.c hold them together. */
#pragma once

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/mailbox.h"
#include "observe/capture.h"
#include "observe/capture_chunk.h"

#define CAPTURE_BLOCK_BYTES (16u << 10)
#define CAPTURE_TENANT_SIZE 64
#define CAPTURE_CALL_ID_SIZE 64

/* A letter to the capture thread: a block of records, or the end of a capture. */
struct capture_post {
    struct letter letter;
    struct capture *capture;
    bool is_end;
};

/* Records, one after the other; the first without its kind and its time, which are known only when it is written: what was to
   stand before it may be lost. */
struct capture_block {
    struct capture_post post;
    size_t capacity, len;
    unsigned records;
    uint64_t lost; /* that the records in it tell of */
    enum capture_kind first_kind;
    uint64_t first_at_ms, last_at_ms; /* since the call began, here and below */
    uint8_t bytes[];
};

enum capture_file_state {
    CAPTURE_FILE_NEW,
    CAPTURE_FILE_OPEN,
    CAPTURE_FILE_FULL,   /* it takes its end only */
    CAPTURE_FILE_FAILED, /* there is none */
};

/* The thread's half of a capture. */
struct capture_file {
    enum capture_file_state state;
    int fd;
    bool is_kept; /* its name says that it is, whatever becomes of its process */
    bool has_key;
    uint8_t key[CAPTURE_KEY_BYTES];
    struct capture_place place;
    uint64_t bytes; /* of whole chunks */
    uint64_t at_ms; /* of the last record written */
    uint64_t lost;  /* not yet told in the file */
    uint64_t lost_in_all;
};

struct capture {
    struct captures *captures;
    char tenant_id[CAPTURE_TENANT_SIZE];
    char call_id[CAPTURE_CALL_ID_SIZE];
    enum capture_rule rule;
    _Atomic enum capture_consent consent;
    atomic_size_t waiting_bytes; /* in blocks that are not written */
    /* the media thread's, until the end is posted */
    uint64_t began_ms, ended_ms;
    struct capture_block *block; /* NULL: none at hand */
    uint64_t lost;               /* not yet told in a block */
    uint64_t lost_in_all;
    char reason[64], outcome[32]; /* of its end */
    struct capture_post end;
    struct capture_file file;
};

struct captures {
    struct captures_options options;
    char path[PATH_MAX / 4], secrets[PATH_MAX / 4];
    struct mailbox posts;
    pthread_mutex_t lock; /* guards what follows, held for no disk */
    pthread_cond_t has_work, has_settled;
    struct capture_block *spare; /* of CAPTURE_BLOCK_BYTES, chained by their letters */
    size_t spare_count;
    size_t lent_bytes;
    bool has_post, is_closing;
    uint64_t settle_asked, settle_answered;
    pthread_t thread;
    bool has_thread;
    /* the thread's */
    struct capture_packer packer;
    struct strbuf records, chunk;
    uint64_t disk_bytes; /* of all files, as of the last look and what was written since */
    uint64_t next_look_ms;
    uint64_t no_room_until_ms; /* a look made none */
    bool is_failing;           /* and the log says so */
};

/* capture.c */
void capture_block_give_back(struct capture_block *block);
void capture_free(struct capture *capture);
/* capture_file.c */
void capture_take_block(struct captures *captures, struct capture_block *block);
void capture_take_end(struct captures *captures, struct capture *capture);
/* capture_thread.c */
void *captures_run(void *captures);
/* At the whole folder; `room_bytes` are to be free afterwards. */
void capture_look(struct captures *captures, uint64_t room_bytes);

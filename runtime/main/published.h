/* One tenant that was published: the steps by which its newest binding becomes what the script thread runs, and what the
   database is told of it. publishing.h has the picture. */
#pragma once

#define HASH_NONFATAL_OOM 1 /* before uthash: out of memory is ours to answer */
#include <uthash.h>

#include "api/script_desk.h"
#include "script/shelf.h"
#include "store/publications.h"

#define WHY_SIZE 256

/* A binding, kept. */
struct wanted {
    uint64_t id;
    uint64_t at_ms;
    bool is_rollback;
    unsigned canary_percent;
    char version[VERSION_SIZE];
    char canary_version[VERSION_SIZE]; /* "": none */
};

enum part { PART_WHOLE, PART_CANARY, PARTS };

/* What this node made of one part of a binding. */
struct verdict {
    char version[VERSION_SIZE]; /* "": there is no such part */
    const char *state;          /* a literal */
    char why[WHY_SIZE];
};

struct published {
    UT_hash_handle hh;
    struct publications *publications;
    struct script_desk *desk;
    struct shelf *shelf;  /* NULL: nobody knows what was rolled back */
    struct wanted wanted; /* the newest */
    struct wanted now;    /* under way, or done */
    bool is_busy;
    uint64_t done_id;   /* of the last binding that came to its end; 0: to be done once more */
    uint64_t handed_id; /* likewise, but never once more */
    uint64_t again_ms;  /* a refused version is tried again; 0: there is none */
    uint64_t ticket;    /* of the desk; 0: the script thread is not asked */
    enum part part;
    char running_canary[VERSION_SIZE]; /* "": none that is known of; it may have gone since */
    struct verdict verdicts[PARTS];
    bool is_noted;
    char tenant_id[TENANT_ID_SIZE];
};

/* Takes what is wanted. Not while it is busy; when it is done, it begins again by itself if something newer is wanted. */
void published_begin(struct published *tenant);
/* What was made of it goes to the database. */
void published_note(struct published *tenant);
/* Whether what it runs was rolled back meanwhile. */
void published_look(struct published *tenant);

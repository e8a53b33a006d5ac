/* What Postgres says each tenant is to run (migration 5), for one node: it listens, reads everything again when something
   was published, when the connection is back, and every 30 s all the same.

     publish, rollback … ─► script_bindings ─NOTIFY─► every node: on_binding ─► publications_fetch ─► publications_note

   One loop. Postgres away: nothing is said, and what was asked is answered with an error after its deadline. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "net/loop.h"

struct binding {
    const char *tenant_id;
    uint64_t id;                /* grows with each change */
    const char *version;        /* answers */
    const char *canary_version; /* "": none */
    unsigned canary_percent;    /* of new calls */
    bool is_rollback;           /* `version` answered before */
    uint64_t at_ms;             /* since 1970, by the database's clock */
};

struct publications_options {
    const char *database_url;
    const char *node; /* this process's name for people */
    /* Each tenant that something was published for, changed or not, after every reading. */
    void (*on_binding)(void *owner, const struct binding *binding);
    void (*on_read)(void *owner); /* all were said; may be NULL */
    void *owner;
};

struct publications;
must_use enum err publications_open(
    struct publications **out, struct net_loop *loop, const struct publications_options *options);
void publications_look(struct publications *publications); /* reads again now */
void publications_close(
    struct publications *publications); /* nobody is answered any more; NULL is fine */

/* An answer: its value; ERR_NOT_FOUND: there is none. Never during the call that asks. */
typedef void publications_fn(void *owner, enum err err, struct slice value, const char *why);

/* The bundle of a version. */
must_use enum err publications_fetch(struct publications *publications, const char *tenant_id,
    const char *version, publications_fn *fn, void *owner);
/* What this node made of a version: "applied", "canary", "refused", "rolled_back". An applied one replaces what the node
   had. */
must_use enum err publications_note(struct publications *publications, const char *tenant_id,
    const char *version, const char *state, const char *why, publications_fn *fn, void *owner);
/* {"versions":[{"version","author","note","published_at"}],"bindings":[{"version","canary_version","canary_percent",
   "reason","author","note","at"}],"nodes":[{"node","version","state","why","at","seen_at"}]}, newest first, 20 of each. */
must_use enum err publications_list(
    struct publications *publications, const char *tenant_id, publications_fn *fn, void *owner);

enum publication_change {
    PUBLICATION_RELOAD,   /* every node tries again what it is to run; tenant "": all that is */
    PUBLICATION_ROLLBACK, /* to `version`; "": a canary goes, or the version before answers */
    PUBLICATION_PROMOTE,  /* the canary answers all calls */
};
/* For every node. The answer is the version that is to answer; ERR_NOT_FOUND: there is nothing to change to. */
must_use enum err publications_change(struct publications *publications,
    enum publication_change change, const char *tenant_id, const char *version, const char *author,
    publications_fn *fn, void *owner);

/* Publishes a version to every node, blocking: for `moonline publish`. */
struct publication {
    const char *tenant_id;
    const char *version;
    const char *bundle;
    unsigned canary_percent; /* 0: all calls. Also when nothing was published before */
    const char *author;
    const char *note; /* may be "" */
};
/* `is_canary`: of new calls only. */
must_use enum err store_publish(const char *database_url, const struct publication *publication,
    bool *is_canary, char why[512]);

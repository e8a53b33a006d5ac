/* The versions this node's tenants had, on disk, so that what was applied comes back after a restart, whatever became of the
   files or the database:

     <path>/<tenant>/<version>.json   a bundle (script/bundle.h)
     <path>/<tenant>/index.json       what was applied, what was rolled back and why, when

   Of a tenant the last SHELF_VERSIONS_MAX are kept. Questions are answered from memory; a thread of the shelf's own
   writes, so nobody waits for a disk, and a slow one gets what is newest. A file appears whole or not at all. Several
   processes may have the same folder: each adds what it did to what the others did, the later deed counts. A file that
   cannot be read, and a disk that takes none, cost memory of versions and a line in the log, nothing else.

   Any thread. Without a shelf (NULL) nothing is kept and nothing is known. */
#pragma once

#include "script/shelf_index.h"
#include "script/sources.h"

struct shelf;
/* Makes the folder when it is missing. ERR_SYSTEM with `why`: it cannot be. */
must_use enum err shelf_open(struct shelf **out, const char *path, char why[256]);
/* Keeps a version's files. ERR_FULL: more than a bundle holds; ERR_NOMEM. */
must_use enum err shelf_keep(struct shelf *shelf, const struct sources *sources);
/* The files of a version, sealed. ERR_NOT_FOUND; ERR_BAD: damaged; with `why`. Reads one file
   at most, and waits for no writing. */
must_use enum err shelf_read(struct shelf *shelf, struct sources **out, const char *tenant_id,
    const char *version, const char *scripts_path, char why[256]);
/* The version that answered last and was not rolled back. */
bool shelf_applied(struct shelf *shelf, const char *tenant_id, char version[VERSION_SIZE]);
/* It answers from now on; that it was rolled back once is past. */
void shelf_set_applied(struct shelf *shelf, const char *tenant_id, const char *version);
void shelf_mark_rolled_back(
    struct shelf *shelf, const char *tenant_id, const char *version, const char *why);
bool shelf_is_rolled_back(struct shelf *shelf, const char *tenant_id, const char *version);
/* Newest first. */
void shelf_list(struct shelf *shelf, const char *tenant_id, struct shelf_index *out);
/* Each tenant that something was kept of, in no order. */
void shelf_tenants(
    struct shelf *shelf, void (*fn)(void *owner, const char *tenant_id), void *owner);
void shelf_settle(struct shelf *shelf); /* waits until all is written, or was tried */
void shelf_close(struct shelf *shelf);  /* settles; NULL is fine */

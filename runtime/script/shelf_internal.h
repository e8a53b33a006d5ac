/* What the shelf's two halves share: shelf.c answers and is told, shelf_writer.c is the thread that writes. */
#pragma once

#include <limits.h>
#include <pthread.h>

#include "script/shelf.h"

#define SHELF_FILE_NAME_SIZE (VERSION_SIZE + 5)

/* A bundle that is not on disk yet. */
struct unwritten {
    struct unwritten *next;
    char version[VERSION_SIZE];
    char *bundle;
};

struct tenant_shelf {
    struct tenant_shelf *next;
    char id[TENANT_ID_SIZE];
    struct shelf_index index;
    struct unwritten *bundles; /* at most one a version in `index` */
    struct unwritten *writing; /* what the writer has of them just now */
    bool is_dirty;             /* the writer has not seen this index */
};

struct shelf {
    pthread_mutex_t
        lock; /* guards all below; held for no disk but that of a tenant's first question */
    pthread_cond_t has_work;
    pthread_cond_t has_settled;
    pthread_t writer;
    struct tenant_shelf *tenants; /* none goes before the shelf */
    bool is_writing;
    bool is_closing;
    char path[PATH_MAX / 2];
};

void shelf_name_folder(char folder[PATH_MAX], const struct shelf *shelf, const char *tenant_id);
void shelf_name_file(char name[SHELF_FILE_NAME_SIZE], const char *version);
void shelf_free_bundles(struct unwritten *bundles);
/* Adds to what is known of a tenant; a version that is forgotten for it needs no writing either. Locked. */
void shelf_put(struct tenant_shelf *tenant, const struct shelf_entry *entry);
void shelf_forget_bundle(struct tenant_shelf *tenant, const char *version);
struct tenant_shelf *shelf_next_dirty(
    struct shelf *shelf); /* NULL: all is written, or being written */

/* shelf_writer.c */
void shelf_read_index(struct shelf_index *index, const char *folder); /* what the disk knows */
void *shelf_write(void *shelf); /* the thread: until the shelf closes and nothing is dirty */

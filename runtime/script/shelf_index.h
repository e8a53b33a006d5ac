/* What is known of a tenant's versions. Pure. Two indexes of the same tenant can be put together in any order, as often as
   one likes: of each version the latest times count. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "script/agent.h"

#define SHELF_VERSIONS_MAX 20

struct shelf_entry {
    char version[VERSION_SIZE];
    uint64_t kept_at_ms;        /* since 1970; of every time: 0 is never */
    uint64_t applied_at_ms;     /* began to answer */
    uint64_t rolled_back_at_ms; /* counts when it is later than that */
    char why[256];              /* it was rolled back */
};

struct shelf_index {
    struct shelf_entry entries[SHELF_VERSIONS_MAX];
    size_t count;
};

bool shelf_is_version(const char *text); /* 16 hexadecimal digits */
struct shelf_entry *shelf_index_find(struct shelf_index *index, const char *version);
/* Adds what is known of one version. A full index forgets the oldest that does not answer: its name goes to `forgotten`,
   which is "" otherwise. */
void shelf_index_put(
    struct shelf_index *index, const struct shelf_entry *entry, char forgotten[VERSION_SIZE]);
/* Later than everything that is known. */
uint64_t shelf_index_next_ms(const struct shelf_index *index, uint64_t now_ms);
bool shelf_entry_is_rolled_back(const struct shelf_entry *entry);
const struct shelf_entry *shelf_index_applied(const struct shelf_index *index); /* NULL: none */
void shelf_index_sort(struct shelf_index *index);                               /* newest first */
char *shelf_index_print(const struct shelf_index *index); /* JSON, heap; NULL: no memory */
/* Takes what is readable of it. ERR_BAD: nothing is. */
must_use enum err shelf_index_parse(struct shelf_index *index, struct slice text);

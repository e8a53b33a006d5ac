/* Whom the operator set up, with every key: the file of providers, or what the environment names, and the tenants' own keys.
   Reads files, blocking: for the control thread and for commands. */
#pragma once

#include "base/crypto.h"
#include "base/strbuf.h"
#include "main/settings.h"
#include "routing/catalog_file.h"

#define PROVIDER_FILES_MAX (PROVIDERS_MAX + 1)

struct provider_list {
    struct provider providers[PROVIDERS_MAX];
    size_t count;
    struct provider_key *keys; /* tenants' own */
    size_t key_count;
    char *files
        [PROVIDER_FILES_MAX]; /* that were read, or should have been: another reading is due when they change */
    size_t file_count;
    uint8_t stamp[SHA256_BYTES]; /* the same: nothing is new */
    struct catalog_file file;
    struct strbuf content; /* all of what was read; keys as their hashes */
    char **texts;          /* that providers and keys point to */
    size_t text_count;
};

/* ERR_BAD, ERR_NOT_FOUND, ERR_REFUSED, ERR_NOMEM: `why` is one line for people. What a tenant's key file is wrong about is
   logged, and the provider's own key stands. Free the list in any case. */
must_use enum err provider_list_read(
    struct provider_list *out, const struct settings *settings, char why[CATALOG_WHY_SIZE]);
void provider_list_free(struct provider_list *list); /* wipes keys */

/* The list of providers as the operator writes it: a JSON file, read into what a catalog is made of. Pure.

       {"providers": [{"name": "openai", "driver": "openai_chat", "model": "gpt-4.1-mini"}, …]}

   A key never stands in it: an entry names the environment variable or the file that holds it, and who reads the file
   looks there. What is wrong is told in one line: the file, the entry, the field, what to do; no value that could be a key
   is ever quoted. */
#pragma once

#include <jansson.h>

#include "base/slice.h"
#include "routing/catalog.h"

#define CATALOG_FILE_MAX_BYTES (256u << 10)

struct catalog_entry {
    struct provider provider; /* without its key; strings are the file's, or constants */
    const char *key_env;      /* where its key is: one of them at most; both NULL: it needs none */
    const char *key_file;
};

struct catalog_file {
    struct catalog_entry entries[PROVIDERS_MAX];
    size_t count;
    json_t *root;
};

/* ERR_BAD: `why` is the line for people, `name` the file in it. Free the file after ERR_OK. */
must_use enum err catalog_file_read(
    struct catalog_file *out, const char *name, struct slice text, char why[CATALOG_WHY_SIZE]);
void catalog_file_free(struct catalog_file *file);

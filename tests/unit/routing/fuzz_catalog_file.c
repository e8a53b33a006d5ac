/* The operator's list of providers: of one that is taken a catalog can be made in which every entry is found by its name and is
   within bounds; of one that is refused people are told one line, in which what stands behind "SK" is not quoted. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "routing/catalog_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_taken(const struct catalog_file *file)
{
    struct provider providers[PROVIDERS_MAX];
    must(file->count >= PROVIDER_SLOTS && file->count <= PROVIDERS_MAX);
    for (size_t i = 0; i < file->count; i++)
        providers[i] = file->entries[i].provider;
    struct catalog *catalog = catalog_make(providers, file->count, NULL, 0);
    must(catalog);
    for (size_t i = 0; i < file->count; i++) {
        struct provider *each = &providers[i];
        must(catalog_find(catalog, each->driver->slot, each->name) == catalog_at(catalog, i));
        must(*provider_base_url(each) && provider_model(each) && !*provider_api_key(each));
        must(!(file->entries[i].key_env && file->entries[i].key_file));
        must(each->most_at_once <= 10000);
    }
    catalog_release(catalog);
}

static void check_refused(const char *why)
{
    must(why[0] && !strchr(why, '\n') && !strstr(why, "SK"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog_file file;
    char why[CATALOG_WHY_SIZE] = "";
    struct slice text = {(const char *)data, size};
    if (catalog_file_read(&file, "f", text, why) != ERR_OK) {
        check_refused(why);
        return 0;
    }
    check_taken(&file);
    catalog_file_free(&file);
    return 0;
}

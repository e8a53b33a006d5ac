#include "routing/catalog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "observe/provider_metrics.h"

struct catalog {
    atomic_uint references;
    struct provider providers[PROVIDERS_MAX];
    size_t count;
    struct provider_key *keys;
    size_t key_count;
    bool failed; /* a string could not be copied */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct catalog *current;
static char refused[CATALOG_WHY_SIZE];
static atomic_uint_fast64_t generation;

/* ---- life ---- */

static const char *copy(struct catalog *catalog, const char *text)
{
    char *copied = text ? strdup(text) : NULL;
    catalog->failed |= text && !copied;
    return copied;
}

/* Visits every string of a provider's settings, so that copying and freeing cannot differ. */
static void each_text(struct provider *provider, void (*visit)(void *, const char **), void *owner)
{
    struct stt_settings *stt = &provider->stt;
    struct llm_settings *llm = &provider->llm;
    struct tts_settings *tts = &provider->tts;
    const char **texts[] = {&stt->base_url, &stt->api_key, &stt->model, &stt->language,
        &stt->prompt, &stt->path, &stt->key_header, &stt->response_format, &llm->base_url,
        &llm->api_key, &llm->model, &llm->quirks.path, &llm->quirks.key_header,
        &llm->quirks.system_role, &llm->quirks.max_tokens_field, &llm->quirks.reasoning_effort,
        &tts->base_url, &tts->api_key, &tts->voice_id, &tts->model, &tts->language,
        &tts->instructions, &provider->key_source};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        visit(owner, texts[i]);
}

static void copy_text(void *owner, const char **text)
{
    *text = copy(owner, *text);
}

static void wipe_text(void *owner, const char **text)
{
    if (*text)
        explicit_bzero((char *)*text, strlen(*text));
    free((char *)*text);
}

static void copy_keys(struct catalog *catalog, const struct provider_key *keys, size_t count)
{
    catalog->keys = count ? calloc(count, sizeof *keys) : NULL;
    catalog->failed |= count && !catalog->keys;
    for (size_t i = 0; catalog->keys && i < count; i++) {
        catalog->keys[i] = keys[i];
        catalog->keys[i].key = copy(catalog, keys[i].key);
        catalog->keys[i].source = copy(catalog, keys[i].source);
        catalog->key_count++;
    }
}

static void destroy(struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++)
        each_text(&catalog->providers[i], wipe_text, catalog);
    for (size_t i = 0; i < catalog->key_count; i++) {
        wipe_text(catalog, &catalog->keys[i].key);
        wipe_text(catalog, &catalog->keys[i].source);
    }
    free(catalog->keys);
    free(catalog);
}

struct catalog *catalog_make(const struct provider *providers, size_t count,
    const struct provider_key *keys, size_t key_count)
{
    struct catalog *catalog = count <= PROVIDERS_MAX ? calloc(1, sizeof *catalog) : NULL;
    if (!catalog)
        return NULL;
    atomic_init(&catalog->references, 1);
    for (size_t i = 0; i < count; i++) {
        catalog->providers[i] = providers[i];
        each_text(&catalog->providers[i], copy_text, catalog);
    }
    catalog->count = count;
    copy_keys(catalog, keys, key_count);
    if (!catalog->failed)
        return catalog;
    destroy(catalog);
    return NULL;
}

struct catalog *catalog_hold(struct catalog *catalog)
{
    if (catalog)
        atomic_fetch_add(&catalog->references, 1);
    return catalog;
}

void catalog_release(struct catalog *catalog)
{
    if (catalog && atomic_fetch_sub(&catalog->references, 1) == 1)
        destroy(catalog);
}

/* ---- the current one ---- */

/* So that what they never failed at is a row of zeros, not none. */
static void show_in_metrics(const struct catalog *catalog)
{
    for (size_t i = 0; catalog && i < catalog->count; i++)
        (void)provider_metrics_of(catalog->providers[i].driver->slot, catalog->providers[i].name);
}

void catalog_publish(struct catalog *catalog)
{
    show_in_metrics(catalog);
    pthread_mutex_lock(&lock);
    struct catalog *before = current;
    current = catalog;
    atomic_fetch_add(&generation, 1);
    pthread_mutex_unlock(&lock);
    catalog_release(before);
}

struct catalog *catalog_now(void)
{
    pthread_mutex_lock(&lock);
    struct catalog *held = catalog_hold(current);
    pthread_mutex_unlock(&lock);
    return held;
}

void catalog_refuse(const char *why)
{
    pthread_mutex_lock(&lock);
    slice_copy(slice_from(why), refused, sizeof refused);
    pthread_mutex_unlock(&lock);
}

void catalog_refused(char why[CATALOG_WHY_SIZE])
{
    pthread_mutex_lock(&lock);
    memcpy(why, refused, sizeof refused);
    pthread_mutex_unlock(&lock);
}

uint64_t catalog_generation(void)
{
    return atomic_load(&generation);
}

/* ---- reading ---- */

size_t catalog_count(const struct catalog *catalog)
{
    return catalog ? catalog->count : 0;
}

const struct provider *catalog_at(const struct catalog *catalog, size_t index)
{
    return &catalog->providers[index];
}

const struct provider *catalog_find(
    const struct catalog *catalog, enum provider_slot slot, const char *name)
{
    for (size_t i = 0; i < catalog_count(catalog); i++)
        if (catalog->providers[i].driver->slot == slot &&
            strcmp(catalog->providers[i].name, name) == 0)
            return &catalog->providers[i];
    return NULL;
}

size_t catalog_key_count(const struct catalog *catalog)
{
    return catalog ? catalog->key_count : 0;
}

const struct provider_key *catalog_key_at(const struct catalog *catalog, size_t index)
{
    return &catalog->keys[index];
}

/* The tenant's own; NULL: it has none. */
static const struct provider_key *own_key(
    const struct catalog *catalog, const struct provider *provider, const char *tenant_id)
{
    for (size_t i = 0; i < catalog->key_count; i++)
        if (strcmp(catalog->keys[i].tenant_id, tenant_id) == 0 &&
            strcmp(catalog->keys[i].provider, provider->name) == 0)
            return &catalog->keys[i];
    return NULL;
}

const char *catalog_key(
    const struct catalog *catalog, const struct provider *provider, const char *tenant_id)
{
    const struct provider_key *own = own_key(catalog, provider, tenant_id);
    struct provider usual = *provider;
    const char *key = own ? own->key : *provider_api_key(&usual);
    return key ? key : "";
}

const char *catalog_key_source(
    const struct catalog *catalog, const struct provider *provider, const char *tenant_id)
{
    const struct provider_key *own = own_key(catalog, provider, tenant_id);
    const char *source = own ? own->source : provider->key_source;
    return source ? source : "";
}

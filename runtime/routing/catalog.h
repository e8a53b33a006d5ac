/* The providers that the operator set up, in the order they are asked. An immutable, counted snapshot: readers on any
   thread hold one, the control thread puts another in its place when a key or the list changes, and what is under way
   goes on with the one it began with. */
#pragma once

#include <stdint.h>

#include "providers/drivers.h"

#define PROVIDER_NAME_SIZE 32
#define PROVIDERS_MAX 32
#define CATALOG_WHY_SIZE 600

struct provider_prices {           /* in US dollars; 0: not told */
    double per_minute;             /* hear */
    double per_million_characters; /* speak */
    double per_million_input;      /* think, tokens; here and below */
    double per_million_cached;
    double per_million_output;
};

struct provider {
    char name[PROVIDER_NAME_SIZE]; /* of people's choosing; one a slot */
    const struct driver *driver;
    struct stt_settings stt; /* of its slot; the others are empty. Strings belong to the catalog */
    struct llm_settings llm;
    struct tts_settings tts;
    unsigned
        most_at_once; /* requests of think, sessions of hear, contexts of speak, for one key; 0: no limit */
    const char *key_source; /* for people: "environment OPENAI_API_KEY"; never the key */
    bool
        hedge; /* think: when its first token is later than usual, the next provider is asked as well */
    struct provider_prices prices;
};

/* provider.c: as its driver is used when nobody says otherwise: no address, key, model or voice yet. */
struct provider provider_usual(const struct driver *driver, const char *name);
/* Of its own slot. */
const char **provider_base_url(struct provider *provider);
const char **provider_api_key(struct provider *provider);
const char *provider_model(const struct provider *provider); /* NULL: none */

/* A tenant's own key instead of the provider's. */
struct provider_key {
    char tenant_id[64];
    char provider[PROVIDER_NAME_SIZE];
    const char *key;
    const char *source; /* as `key_source` */
};

struct catalog;

/* Copies all of it; NULL: no memory. Held once. */
struct catalog *catalog_make(const struct provider *providers, size_t count,
    const struct provider_key *keys, size_t key_count);
struct catalog *catalog_hold(struct catalog *catalog); /* returns it; NULL is fine */
void catalog_release(struct catalog *catalog);         /* NULL is fine; any thread. Wipes keys */

void catalog_publish(struct catalog *catalog); /* takes it over; NULL: none, at the process's end */
struct catalog *catalog_now(void);             /* held; NULL: none */
/* A newer one could not be read, and why; "": the current one is the newest there is. */
void catalog_refuse(const char *why);
void catalog_refused(char why[CATALOG_WHY_SIZE]);
uint64_t catalog_generation(void); /* another number: another catalog is there */

size_t catalog_count(const struct catalog *catalog);
const struct provider *catalog_at(const struct catalog *catalog, size_t index);
const struct provider *catalog_find(
    const struct catalog *catalog, enum provider_slot slot, const char *name);
size_t catalog_key_count(const struct catalog *catalog); /* of tenants' own */
const struct provider_key *catalog_key_at(const struct catalog *catalog, size_t index);
/* The key that this tenant's requests carry: its own, else the provider's; never NULL. */
const char *catalog_key(
    const struct catalog *catalog, const struct provider *provider, const char *tenant_id);
const char *catalog_key_source(
    const struct catalog *catalog, const struct provider *provider, const char *tenant_id);

/* Whom a call asks for one of its slots, in order: what its tenant names, else all that the operator set up. A route is
   small and copied by whoever goes on with it. */
#pragma once

#include "routing/catalog.h"

#define ROUTE_MAX 4
#define ROUTE_MODEL_SIZE 64
#define ROUTE_VOICE_SIZE 64
#define ROUTE_CALL_SIZE 40

struct desk;
struct usage;
struct usage_amount;
struct route_incident;

/* Of whoever asks: told of what happens to those that are asked (routing/incident.h). It may not ask, close or cancel. */
struct route_witness {
    void (*told)(void *owner, const struct route_incident *incident);
    void *owner; /* outlives every request and session by the route */
};

/* What a tenant wants of a provider; empty: the provider's own. */
struct route_wish {
    const char *provider; /* "": whoever is first */
    const char *model;
    const char *voice;
};

struct route_choice {
    const struct provider *provider; /* the catalog's */
    char model[ROUTE_MODEL_SIZE];    /* "": the provider's */
    char voice[ROUTE_VOICE_SIZE];
};

struct route {
    struct desk *desk;       /* of this thread: what is known of the providers; NULL: nothing */
    struct catalog *catalog; /* held */
    char tenant_id[64];
    char call_id
        [ROUTE_CALL_SIZE]; /* for logs; whoever knows it sets it after route_make. "": no call's */
    struct usage *usage;   /* of the call: what is used is added here; NULL: nobody counts */
    struct route_witness witness; /* likewise; told NULL: nobody */
    struct route_choice list[ROUTE_MAX];
    size_t count; /* 0: nobody can be asked */
};

/* Wishes for providers that are not there (any more) are passed over; when none is left, or there were none, all providers
   of the slot are asked in the operator's order, the first one with the first wish's model and voice when that named no provider. */
void route_make(struct route *route, struct desk *desk, enum provider_slot slot,
    const char *tenant_id, const struct route_wish *wishes, size_t wish_count);
void route_copy(struct route *out, const struct route *route);
void route_clear(struct route *route); /* also one that is all zero */

/* What the choice is opened with: `base` (the call's own wishes: language, voice numbers) completed by the provider's settings,
   its key, and the choice's model and voice. */
struct stt_settings route_stt(
    const struct route *route, size_t index, const struct stt_settings *base);
struct llm_settings route_llm(
    const struct route *route, size_t index, const struct llm_settings *base);
struct tts_settings route_tts(
    const struct route *route, size_t index, const struct tts_settings *base);
const char *route_provider(const struct route *route, size_t index); /* its name */
const char *route_model(const struct route *route, size_t index);
/* Where the key comes from that this route's requests carry, for logs and people; "": it carries none. */
const char *route_key_source(const struct route *route, size_t index);
/* The provider was used for so much: adds it, at its price, to the call's usage. */
void route_used(const struct route *route, size_t index, const struct usage_amount *amount);

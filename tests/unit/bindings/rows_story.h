/* A tenant's tool against a real Postgres of the test's own: what a piece of Lua answers, in which call, of which tenant.
   Its profile: 2099-11-23 is a Monday (08:00 to 12:00, 13:00 to 15:00), Sundays 00:00 to 06:00, services cut (30 minutes)
   and dye (60, and a buffer of 30), holidays; nothing is read back. Years are far ahead, so that nothing is past; on 2099-11-01 clocks go back. */
#pragma once

#include "support/postgres.h"

#include "bindings/bindings.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

#define CALL_A "00000000-0000-7000-8000-00000000000a"
#define CALL_B "00000000-0000-7000-8000-00000000000b"
#define CALL_C "00000000-0000-7000-8000-00000000000c"

struct world {
    struct postgres *postgres;
    char url[POSTGRES_URL_SIZE];
    struct scripts_folder folder;
    struct net_loop *loop;
    struct database *database;
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
    const char *prelude; /* Lua before the agent's table; NULL: none */
    const char *caller;  /* NULL: +15550100077, of whom nothing is known */
};

int world_set_up(void **state, const char *name); /* of the server: the test's */
/* With bindings of such options; loop and database are the world's. */
int world_set_up_with(void **state, const char *name, struct bindings_options options);
/* Loads what is in the folder, which has a tenant. */
void world_load_folder(struct world *world);
int world_tear_down(void **state);
int world_clean(void **state); /* before each test: no rows */

/* Makes the tenant's only tool of this body; world_ask runs it, world_answer (heap) is what it returned, as JSON. */
void world_load(struct world *world, const char *tenant, const char *body);
void world_ask(struct world *world, const char *tenant, const char *call_id);
char *world_answer(struct world *world);
void world_run_for(struct world *world, unsigned ms); /* the loop, whatever comes */
void world_end_call(struct world *world, const char *tenant, const char *call_id);

void expect_of(struct world *world, const char *tenant, const char *call_id, const char *body,
    const char *expected);
void expect(struct world *world, const char *body, const char *expected); /* of acme in CALL_A */
/* The body in `count` calls at once; each answer goes to `on_answer`. */
void world_race(struct world *world, const char *body, unsigned count,
    void (*on_answer)(void *owner, const char *text), void *owner);

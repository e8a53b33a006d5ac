/* A script host on a loop, with a folder of scripts, for stories about versions: files are saved, calls have turns, and people
   ask what became of it. The one host function is park(): it waits until the test lets it go. */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "script/agent_table.h"
#include "script/host.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

#define PARKED_MAX 16

struct reload_world {
    struct scripts_folder folder;
    struct script_host_options options; /* of the next world_start */
    struct net_loop *loop;
    struct script_host *host;
    struct answers answers;
    struct parked *parked[PARKED_MAX];
    unsigned parked_count;
    bool is_busy; /* answers of calls come between those of people, and are forgotten */
    char begun_call[16], began_with[VERSION_SIZE];
    char tried[VERSION_SIZE]; /* the version that was last to be tried, "": none */
    char *bundle;             /* and its files */
};

int world_setup(void **state);
int world_teardown(void **state);
/* Another host with world->options, as if the process had been started anew. */
void world_restart(struct reload_world *world);

/* --- files --- */

/* agent.lua of that tenant: these members beside name and prompt, which says `text`. */
void save(struct reload_world *world, const char *tenant, const char *text, const char *members);
/* The files are looked at; the outcome of that tenant ("applied", "refused", …). */
void expect_reload(struct reload_world *world, const char *tenant, const char *outcome);
/* Both, for acme: applied. */
void now_says(struct reload_world *world, const char *text, const char *members);

/* --- calls of acme --- */

/* The call is greeted: its next job says by which version. */
void begin_call(struct reload_world *world, const char *call_id);
void ask(struct reload_world *world, enum script_job_kind kind, const char *call_id, uint32_t turn);
/* A turn's prompt; NULL: it failed. */
void expect_prompt(
    struct reload_world *world, const char *call_id, uint32_t turn, const char *text);
/* The tool "t" of the call; NULL: it failed. */
void expect_tool(struct reload_world *world, const char *call_id, const char *text);
/* on_user_turn, before any prompt of that turn. */
void expect_user_turn(
    struct reload_world *world, const char *call_id, uint32_t turn, const char *text);
/* call.state after a prompt. */
void expect_state(
    struct reload_world *world, const char *call_id, uint32_t turn, const char *state_json);
void end_call(struct reload_world *world, const char *call_id);
/* Tools wait in park(). */
void run_until_parked(struct reload_world *world, unsigned count);
void let_go(struct reload_world *world); /* the oldest of them */
void forget_answer(struct reload_world *world);
void forget_answers(struct reload_world *world); /* all that are there */

/* --- people --- */

/* An administration's job and its answer (to be released); NULL: an error, in `world_why`. */
json_t *administer(struct reload_world *world, enum script_job_kind kind, const char *tenant,
    const char *version, const char *bundle, unsigned percent);
extern char world_why[512];
/* The one outcome of an answer, which is released. */
void expect_outcome(json_t *answer, const char *outcome);
/* Of acme: the version of that state (borrowed from *list, to be released); fails when there is none. */
json_t *version_in_state(struct reload_world *world, const char *state, json_t **list);
bool has_state(struct reload_world *world, const char *state);
/* The id of acme's current version. */
void current_version(char out[VERSION_SIZE]);
void tests_end(
    struct reload_world *world, bool is_ok, const char *why); /* of what was last tried */

/* A script host on a loop, with a folder of scripts and the mailbox answers come to, for stories about calls. The one host
   function is sleep(ms). */
#pragma once

#include "script/host.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

struct host_world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct script_host *host;
    struct answers answers;
    unsigned sleeping;
    unsigned timeout_ms; /* of the tools that tool_is makes */
};

int world_setup(void **state);
int world_teardown(void **state);
/* That tenant's agent.lua; nobody looks at it yet. */
void tenant_is(struct host_world *world, const char *id, const char *agent_lua);
/* A tenant with one tool `t` (its body is given) and a prompt that says "one", loaded. */
void tool_is(struct host_world *world, const char *id, const char *body);
struct script_job *job_for(struct host_world *world, enum script_job_kind kind, const char *tenant,
    const char *call_id, uint32_t turn);
void send_job(struct host_world *world, enum script_job_kind kind, const char *tenant,
    const char *call_id, uint32_t turn, const char *arguments);
void expect_answer(struct host_world *world, enum script_ending ending, const char *text);
/* acme's tool has that body, and a call of its own asks for it. */
void expect_tool(
    struct host_world *world, const char *body, enum script_ending ending, const char *text);
void prompt_is(struct host_world *world, const char *call_id, uint32_t turn, const char *text);

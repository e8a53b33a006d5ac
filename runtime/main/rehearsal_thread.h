/* A thread of its own for the tests of versions that are to go live: it holds the conversations of agent_test.lua and answers
   the script host SCRIPT_TRIED. Bounded: TRIES_MAX tenants wait, of one tenant only the newest version; a version has 5 s of
   CPU time and 20 s in all. It gives way to every other thread. */
#pragma once

#include "script/host.h"

#define TRIES_MAX 64

struct rehearsal_thread;
must_use enum err rehearsal_thread_create(struct rehearsal_thread **out, const char *scripts_path);
/* Who hears how tests ended; then it runs. */
must_use enum err rehearsal_thread_start(struct rehearsal_thread *thread, struct script_host *host);
/* struct script_host_options's try_version; owner: the thread. Any thread. When too many wait the version has failed. */
void rehearsal_thread_try(
    void *owner, const char *tenant_id, const char *version, char *bundle_json_take);
void rehearsal_thread_stop(struct rehearsal_thread *thread); /* and joins; what runs is given up */
void rehearsal_thread_destroy(struct rehearsal_thread *thread); /* stopped; NULL is fine */

/* Scripts from the database (MOONLINE_SCRIPTS_SOURCE=database), on the control thread: what Postgres says a tenant is to run
   goes to the script thread, and what that made of it goes back.

     binding ─► (a canary that is no longer wanted goes) ─► its version ─► its canary ─► script_applied

   One step of a tenant at a time; a newer binding waits for the one under way. What fails for want of the database or of time
   is tried again with the next reading, and what is refused with one of the next. A version that was rolled back here after it was bound is not taken again: somebody
   must bind it anew. */
#pragma once

#include "api/script_desk.h"
#include "script/shelf.h"
#include "store/publications.h"

struct publishing_options {
    const char *database_url;
    const char *node; /* for people */
    struct script_desk *desk;
    struct shelf *shelf; /* knows what was rolled back; NULL: nobody does */
};

struct publishing;
must_use enum err publishing_start(
    struct publishing **out, struct net_loop *loop, const struct publishing_options *options);
struct publications *publishing_publications(struct publishing *publishing); /* NULL → NULL */
/* Hands everything over once more. */
void publishing_again(struct publishing *publishing);
void publishing_stop(struct publishing *publishing); /* before the desk; NULL is fine */

/* The admin port's way to scripts (docs/publishing.md): what versions a tenant has, and which is to answer.

     GET  /api/tenants/{id}/versions
     GET  /api/tenants/{id}/versions/{version, or "live"}/files
     POST /api/reload, /api/tenants/{id}/reload, …/rollback {"version"}, …/promote

   The script thread is asked; scripts from the database are changed there instead, for every node. A POST must say
   application/json, which no web page can make a browser send here. 503: busy, ask again. */
#pragma once

#include "api/script_desk.h"
#include "net/server.h"
#include "store/publications.h"

struct admin_scripts;
/* `publications`: NULL when scripts come from files. */
must_use enum err admin_scripts_create(
    struct admin_scripts **out, struct script_desk *desk, struct publications *publications);
/* Answers, now or later. False: the path is none of these. */
bool admin_scripts_answer(
    struct admin_scripts *scripts, struct exchange *exchange, const struct http_request *request);
void admin_scripts_cancelled(struct admin_scripts *scripts, struct exchange *exchange);
void admin_scripts_destroy(struct admin_scripts *scripts); /* before the desk; NULL is fine */

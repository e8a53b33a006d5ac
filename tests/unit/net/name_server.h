/* A name server on loopback for stories: every name has the same addresses, or there is none, or no answer
   comes at all. The process's lookups ask it until it stops. */
#pragma once

struct name_server;

struct name_server *name_server_start(void);
void name_server_answer(
    struct name_server *server, const char *const *addresses); /* IPv4, NULL at the end */
void name_server_fall_silent(struct name_server *server);
unsigned name_server_questions(const struct name_server *server);
/* Answers what is still asked with "no such name", until no lookup is under way. */
void name_server_stop(struct name_server *server);

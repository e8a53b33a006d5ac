/* A tenant's tool run on a script host with a real loop and a loopback server that says what it was asked. */
#pragma once

#include "bindings/bindings.h"
#include "net/server.h"
#include "script/host.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

#define TOOL_STORY_HELD_MAX 80

struct tool_story {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct server *server;
    struct exchange *held[TOOL_STORY_HELD_MAX]; /* requests for /hang, unanswered */
    unsigned held_count;
    unsigned asked; /* requests in all */
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
    const char *fields; /* more of agent.lua: "http = { … }," */
};

/* The server answers POST /x with {"method","auth","type","got"}, /big with 200 KiB, /moved with a redirect, /hang not. Options: what
   bindings are given; the loop is the story's. */
void tool_story_begin(struct tool_story *story, struct bindings_options options);
/* Without bindings: for what needs the loop to be made. */
void tool_story_prepare(struct tool_story *story);
/* Before a database of the test's goes; tool_story_begin may follow. */
void tool_story_end_scripts(struct tool_story *story);
void tool_story_end(struct tool_story *story);
/* agent.lua of this tenant with `body` as its tool t(call, args); `base` in it is the server's origin, `port` its port. */
void tool_story_write(struct tool_story *story, const char *tenant, const char *body);
/* The tool of that tenant begins on a call of that name. */
void tool_story_call(struct tool_story *story, const char *tenant, const char *call_id);
void tool_story_hang_up(struct tool_story *story, const char *tenant, const char *call_id);
/* The next answer; the caller frees it. */
struct script_result *tool_story_answer(struct tool_story *story);
void tool_story_answer_held(struct tool_story *story);
/* Until so many requests for /hang wait. */
void tool_story_wait_for_held(struct tool_story *story, unsigned count);
/* All of it: `body` run on a call of its own gives `text`. */
void tool_story_gives(
    struct tool_story *story, const char *tenant, const char *body, const char *text);

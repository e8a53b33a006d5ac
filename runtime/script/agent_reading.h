/* What the parts of reading an agent share: agent_reader.c begins it, agent_tools.c reads `tools`, agent_filler.c
   `filler`, agent_sounds.c `sounds`, agent_http.c `http`, agent_texts.c `texts`, agent_providers.c `providers`, agent_knowledge.c `faqs` and `knowledge`. */
#pragma once

#include <jansson.h>

#include "script/program.h"
#include "script/reader.h"

/* What one reading makes; json values are released by whoever began it, also after a Lua error. */
struct agent_reading {
    struct reader reader;
    struct program *program;
    struct agent *agent;
    json_t *tools;
    json_t *schemas;
    json_t *json; /* the value at hand */
};

/* With agent.lua's table on top of the stack: fills the program's tools, and their JSON. */
void agent_read_tools(struct agent_reading *reading);
/* Likewise: fills the agent's sounds, whose files become some of the version's. */
void agent_read_sounds(struct agent_reading *reading);
/* The file as µ-law of the line (heap), one of the version's files from now on; NULL: a fault at `path` says why. */
uint8_t *agent_read_wav(struct reader *reader, struct sources *sources, const char *path,
    const char *name, size_t max_bytes, size_t *len);
/* Likewise: fills the agent's filler, with defaults for what is missing; its sound becomes one of the version's files. */
void agent_read_filler(struct agent_reading *reading);

/* Likewise: fills the agent's knowledge; its texts become files of the version. */
void agent_read_knowledge(struct agent_reading *reading);

/* agent_http.c: with agent.lua's table on top of the stack. */
void agent_read_http(struct reader *reader, struct agent_http *http);

/* agent_transfers.c: likewise; after its numbers. */
void agent_read_transfers(struct reader *reader, struct agent *agent);

/* agent_texts.c: likewise. */
void agent_read_texts(struct reader *reader, struct agent_texts *texts);

/* agent_providers.c: likewise. */
void agent_read_providers(struct reader *reader, struct agent *agent);

/* agent_interrupts.c: the turn table is on top of the stack. */
void agent_read_interrupts(struct reader *reader, struct agent_turn_policy *turn);

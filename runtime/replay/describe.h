/* A record as a line for people: "final item=3 words=4 → thinking epoch=2: commit_turn; next in 800 ms". */
#pragma once

#include "replay/head.h"

/* Appends the line, without its time and its end. False: there is nothing to say of it (sound, and what nobody asks for). */
bool describe_record(
    struct strbuf *out, const struct capture_record *record, const struct turn_dictionary *names);
/* The records around number `record` of the file, a line each with its time, a dozen of those that say something; the one
   itself is marked. */
void describe_around(struct strbuf *out, const struct replay_file *file, uint64_t record);

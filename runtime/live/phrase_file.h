/* A phrase as a file: a line that says how much follows, the times of its characters, its µ-law, and a hash of all that. Pure. */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "live/phrases.h"

#define PHRASE_FILE_MAX_BYTES (PHRASE_MAX_BYTES + 6 * PHRASE_MAX_CHARACTERS + 200)

void phrase_file_print(struct strbuf *out, const struct phrase *phrase);
/* `characters`: room for PHRASE_MAX_CHARACTERS. `ulaw` lies in `file`. ERR_BAD: it is not what was written. */
must_use enum err phrase_file_parse(struct slice file, struct slice *ulaw,
    struct heard_character *characters, size_t *character_count);

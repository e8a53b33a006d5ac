/* A captured call held against this build: its sound, its steps and its words (decision 021), each up to the first record that
   differs. A call that lost records is held up to where the first is missing: what came after it went by what is not there. */
#pragma once

#include "replay/head.h"
#include "replay/held.h"

struct check_report {
    uint64_t records;
    uint64_t duration_ms; /* to the last record */
    bool is_sealed;
    bool has_end;     /* the file ends as it should */
    bool is_complete; /* and says that nothing is missing */
    bool has_gap;
    uint64_t gap_at_ms; /* where the first record is missing */
    char
        why[REPLAY_WHY_SIZE]; /* why it ends early, or could not be read further; "": it does not */
    enum err err;             /* ERR_BAD: damaged there. ERR_REFUSED: sealed */
    struct held sound, steps, words;
    uint64_t untold; /* events of words whose text is not in the file */
};

enum check_verdict {
    CHECK_SAME,    /* a whole call, and nothing differs */
    CHECK_PARTLY,  /* nothing differs up to where something is missing */
    CHECK_DIFFERS, /* this build decides something else */
    CHECK_BAD,     /* no capture, damaged, or the key is missing */
};

void check_file(struct check_report *report, const struct replay_file *file);
enum check_verdict check_verdict(const struct check_report *report);
const char *check_verdict_name(enum check_verdict verdict); /* "same", "same up to its gap", … */
const struct held *check_first(
    const struct check_report *report); /* that differs; NULL: none does */
const char *check_name(const struct check_report *report, const struct held *held); /* "sound", … */

/* What the caller does on the phone, read from a .call file: one step a line, # comments.

      say TEXT · play FILE.wav · wait · pause MS · interrupt MS TEXT · dtmf DIGITS ·
      tones DIGITS · correct WORDS | TEXT · expect-hangup · hangup · voice NAME (for the lines below it)

   `correct` is what a caller does at a read-back: unless the agent's last reply had WORDS in it, TEXT is said
   and the next reply waited for, three times at most. (The reply's text comes from --admin; without it the step
   is passed over.)

   `callee` is no step but says what the person does who is called when the agent transfers the caller; one line for each
   transfer, the last for all further ones; without any they pick up at once and press 1:

      callee answers MS KEY · callee answers MS · callee busy · callee no-answer · callee failed

   `dtmf` presses keys that the carrier tells of by messages; `tones` keys that are only heard in the audio.

   Pure: reads text, touches no file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define SCENARIO_STEPS_MAX 256
#define SCENARIO_LINE_MAX_BYTES 1000
#define SCENARIO_WHY_SIZE 300

enum scenario_kind {
    SCENARIO_SAY,
    SCENARIO_PLAY,
    SCENARIO_WAIT,
    SCENARIO_PAUSE,
    SCENARIO_INTERRUPT,
    SCENARIO_DTMF,
    SCENARIO_TONES,
    SCENARIO_CORRECT,
    SCENARIO_EXPECT_HANGUP,
    SCENARIO_HANGUP,
};

struct scenario_step {
    enum scenario_kind kind;
    unsigned line;  /* of the file, from 1 */
    unsigned ms;    /* pause, interrupt */
    char *text;     /* words, digits or file name; NULL where there is none */
    char *expected; /* correct */
    char voice[40]; /* espeak-ng's name: say, interrupt */
};

#define SCENARIO_CALLEES_MAX 8

struct scenario_callee {
    bool answers;
    unsigned ms;        /* of ringing */
    char key;           /* pressed at the whisper; 0: none */
    const char *status; /* who does not answer: the carrier's DialCallStatus */
};

struct scenario {
    struct scenario_callee callees[SCENARIO_CALLEES_MAX];
    size_t callee_count;
    struct scenario_step steps[SCENARIO_STEPS_MAX];
    size_t count;
};

/* ERR_BAD: `why` is "NAME:LINE: what is wrong". */
must_use enum err scenario_read(
    struct scenario *out, struct slice text, const char *name, char why[SCENARIO_WHY_SIZE]);
void scenario_free(struct scenario *scenario);
/* Who is called by the transfer of that number, from 0. */
struct scenario_callee scenario_callee(const struct scenario *scenario, size_t number);
const char *scenario_word(enum scenario_kind kind); /* as written in the file */

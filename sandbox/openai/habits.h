/* How transcription sessions behave where a test must be able to choose: the length of their life, the order of their
   completions, whether their voice detection can be turned off. Of sessions that open from then on. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

#define HABITS_SESSION_S 3600

struct stt_habits {
    unsigned session_s; /* until session_expired */
    unsigned
        late_ms; /* every other completion comes so much later than its time, others meanwhile; 0: in order */
    bool is_detection_fixed; /* turn_detection null is ignored */
};

/* {"session_seconds":3,"late_ms":300,"detection_fixed":true}; what is missing stays. ERR_BAD: nothing was taken. */
must_use enum err stt_habits_set(struct stt_habits *habits, const json_t *wish);

/* Keys of a telephone, heard in its audio (spandsp's receiver). Quiet frames cost next to nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "media/frame.h"

struct dtmf {
    void *handle;  /* dtmf_rx_state_t */
    bool is_tone;  /* a key's tone sounds: what is heard is no voice */
    bool was_loud; /* the frame before: a tone that ended is to be seen to end */
};

must_use enum err dtmf_init(struct dtmf *dtmf); /* allocates once */
void dtmf_close(struct dtmf *dtmf);
/* The key whose tone was recognised within this frame, or 0. A tone counts once, however long it sounds; two of the same
   key are two when there is a pause of 40 ms between them. */
char dtmf_frame(struct dtmf *dtmf, const int16_t pcm[FRAME_SAMPLES]);

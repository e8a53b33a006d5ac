#include "media/dtmf.h"

#include <spandsp.h>
#include <stdlib.h>

#define LEAST_PEAK                                                                                 \
    200 /* the receiver's own threshold is −42 dBm0, a peak of about 250 for each of the two tones */

enum err dtmf_init(struct dtmf *dtmf)
{
    *dtmf = (struct dtmf){.handle = dtmf_rx_init(NULL, NULL, NULL)};
    return dtmf->handle ? ERR_OK : ERR_NOMEM;
}

void dtmf_close(struct dtmf *dtmf)
{
    if (dtmf->handle)
        dtmf_rx_free(dtmf->handle);
    dtmf->handle = NULL;
}

static bool is_loud(const int16_t pcm[FRAME_SAMPLES])
{
    int least = 0, most = 0;
    for (unsigned i = 0; i < FRAME_SAMPLES; i++) {
        least = pcm[i] < least ? pcm[i] : least;
        most = pcm[i] > most ? pcm[i] : most;
    }
    return most >= LEAST_PEAK || least <= -LEAST_PEAK;
}

char dtmf_frame(struct dtmf *dtmf, const int16_t pcm[FRAME_SAMPLES])
{
    bool loud = is_loud(pcm);
    bool is_of_use = loud || dtmf->was_loud || dtmf->is_tone;
    dtmf->was_loud = loud;
    if (!is_of_use)
        return 0;
    char digits[2] = "";
    dtmf_rx(dtmf->handle, pcm, FRAME_SAMPLES);
    dtmf->is_tone = dtmf_rx_status(dtmf->handle) != 0;
    return dtmf_rx_get(dtmf->handle, digits, 1) ? digits[0] : 0;
}

#include "media/resample.h"

#include <assert.h>
#include <speex/speex_resampler.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct resample {
    SpeexResamplerState *state;
    unsigned from_hz;
    unsigned to_hz;
};

enum err resample_create(struct resample **out, unsigned from_hz, unsigned to_hz)
{
    if (!from_hz || !to_hz)
        return ERR_BAD;
    struct resample *resample = malloc(sizeof *resample);
    if (!resample)
        return ERR_NOMEM;
    int failure = 0;
    *resample = (struct resample){.from_hz = from_hz, .to_hz = to_hz};
    resample->state =
        speex_resampler_init(1, from_hz, to_hz, SPEEX_RESAMPLER_QUALITY_VOIP, &failure);
    if (!resample->state) {
        free(resample);
        return failure == RESAMPLER_ERR_ALLOC_FAILED ? ERR_NOMEM : ERR_BAD;
    }
    *out = resample;
    return ERR_OK;
}

void resample_destroy(struct resample *resample)
{
    if (!resample)
        return;
    speex_resampler_destroy(resample->state);
    free(resample);
}

size_t resample_run(
    struct resample *resample, int16_t *out, size_t out_size, const int16_t *in, size_t in_count)
{
    if (resample->from_hz == resample->to_hz) {
        assert(in_count <= out_size);
        in_count = in_count < out_size ? in_count : out_size;
        if (in_count)
            memcpy(out, in, in_count * sizeof *in);
        return in_count;
    }
    size_t used = 0, made = 0;
    while (used < in_count) {
        spx_uint32_t in_len = (spx_uint32_t)(in_count - used);
        spx_uint32_t out_len = (spx_uint32_t)(out_size - made);
        speex_resampler_process_int(resample->state, 0, in + used, &in_len, out + made, &out_len);
        bool is_stuck = !in_len && !out_len; /* `out` was too small */
        assert(!is_stuck);
        if (is_stuck)
            break;
        used += in_len;
        made += out_len;
    }
    return made;
}

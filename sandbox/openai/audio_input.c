#include "openai/audio_input.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "media/g711.h"
#include "media/resample.h"

void audio_input_reset(struct audio_input *input)
{
    if (input->resample)
        resample_destroy(input->resample);
    *input = (struct audio_input){0};
}

/* G.711 A-law by its definition: every second bit inverted, sign, three bits of segment, four of step. */
static int16_t alaw_sample(uint8_t code)
{
    code ^= 0x55;
    int step = (code & 0x0f) << 4;
    int segment = (code & 0x70) >> 4;
    int value = segment ? (step + 0x108) << (segment - 1) : step + 8;
    return (int16_t)(code & 0x80 ? value : -value);
}

static enum err from_g711(
    enum stt_format format, const uint8_t *bytes, size_t len, int16_t **pcm, size_t *count)
{
    *pcm = malloc(len * sizeof **pcm + 1);
    if (!*pcm)
        return ERR_NOMEM;
    *count = len;
    if (format == STT_PCMU)
        g711_to_pcm(*pcm, bytes, len);
    else
        for (size_t i = 0; i < len; i++)
            (*pcm)[i] = alaw_sample(bytes[i]);
    return ERR_OK;
}

/* Whole little-endian samples of `bytes` (which has room for one byte more), halves joined. */
static size_t to_samples(struct audio_input *input, uint8_t *bytes, size_t len, int16_t *out)
{
    if (input->has_half) {
        memmove(bytes + 1, bytes, len++);
        bytes[0] = input->half;
    }
    input->has_half = len % 2;
    if (input->has_half)
        input->half = bytes[len - 1];
    for (size_t i = 0; i < len / 2; i++)
        out[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    return len / 2;
}

static enum err from_pcm(
    struct audio_input *input, uint8_t *bytes, size_t len, int16_t **pcm, size_t *count)
{
    if (!input->resample) {
        enum err err = resample_create(&input->resample, 24000, 8000);
        if (err)
            return err;
    }
    int16_t *wide = malloc((len / 2 + 1) * sizeof *wide);
    size_t room = len / 6 + 32;
    *pcm = malloc(room * sizeof **pcm);
    if (!wide || !*pcm) {
        free(wide);
        free(*pcm);
        return ERR_NOMEM;
    }
    size_t samples = to_samples(input, bytes, len, wide);
    *count = resample_run(input->resample, *pcm, room, wide, samples);
    free(wide);
    return ERR_OK;
}

enum err audio_input_decode(struct audio_input *input, enum stt_format format, struct slice base64,
    int16_t **pcm, size_t *count)
{
    size_t size = base64.len / 4 * 3 + 4;
    uint8_t *bytes = malloc(size);
    if (!bytes)
        return ERR_NOMEM;
    size_t len = 0;
    enum err err = base64_decode(&len, bytes, size - 1, base64);
    if (!err)
        err = format == STT_PCM_24K ? from_pcm(input, bytes, len, pcm, count)
                                    : from_g711(format, bytes, len, pcm, count);
    free(bytes);
    return err;
}

#include "media/dtmf_tones.h"

#include <spandsp.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "media/g711.h"

#define KEY_MS 100
#define BETWEEN_MS 100
#define PAUSE_MS 500
#define SAMPLES_PER_MS 8
#define KEY_SAMPLES ((KEY_MS + BETWEEN_MS) * SAMPLES_PER_MS)
#define PAUSE_BYTES (PAUSE_MS * SAMPLES_PER_MS)

bool dtmf_tones_are_keys(struct slice keys)
{
    for (size_t i = 0; i < keys.len; i++)
        if (!keys.data[i] || !strchr("0123456789ABCD*#w", keys.data[i]))
            return false;
    return keys.len > 0;
}

size_t dtmf_tones_bytes(struct slice keys)
{
    size_t bytes = 0;
    for (size_t i = 0; i < keys.len; i++)
        bytes += keys.data[i] == 'w' ? PAUSE_BYTES : KEY_SAMPLES;
    return bytes;
}

enum err dtmf_tones_make(uint8_t *ulaw, struct slice keys)
{
    int16_t pcm[KEY_SAMPLES];
    dtmf_tx_state_t *generator = dtmf_tx_init(NULL);
    if (!generator)
        return ERR_NOMEM;
    dtmf_tx_set_timing(generator, KEY_MS, BETWEEN_MS);
    for (size_t i = 0; i < keys.len; i++) {
        if (keys.data[i] == 'w') {
            memset(ulaw, ULAW_SILENCE, PAUSE_BYTES);
            ulaw += PAUSE_BYTES;
            continue;
        }
        memset(pcm, 0, sizeof pcm);
        dtmf_tx_put(generator, &keys.data[i], 1);
        dtmf_tx(generator, pcm, KEY_SAMPLES);
        g711_to_ulaw(ulaw, pcm, KEY_SAMPLES);
        ulaw += KEY_SAMPLES;
    }
    dtmf_tx_free(generator);
    return ERR_OK;
}

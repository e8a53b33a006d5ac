#include "caller/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "caller/files.h"
#include "media/g711.h"
#include "media/wav.h"

#define RECORDING_MAX_BYTES (8000u * 4 * 3600) /* as long as a call may last */

void recording_init(struct recording *recording)
{
    strbuf_init(&recording->caller, RECORDING_MAX_BYTES);
    strbuf_init(&recording->agent, RECORDING_MAX_BYTES);
}

void recording_free(struct recording *recording)
{
    strbuf_free(&recording->caller);
    strbuf_free(&recording->agent);
}

static void add_frame(struct strbuf *side, uint64_t at_ms, const uint8_t frame[FRAME_BYTES])
{
    while (!side->failed && side->len < at_ms / FRAME_MS * FRAME_BYTES)
        strbuf_add_char(side, (char)ULAW_SILENCE);
    strbuf_add(side, frame, FRAME_BYTES);
}

void recording_frame(struct recording *recording, uint64_t at_ms, const uint8_t caller[FRAME_BYTES],
    const uint8_t agent[FRAME_BYTES])
{
    add_frame(&recording->caller, at_ms, caller);
    add_frame(&recording->agent, at_ms, agent);
}

static enum err write_side(const struct strbuf *side, const char *folder, const char *name)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int16_t *pcm = malloc((side->len + 1) * sizeof *pcm);
    if (!pcm) {
        errno = ENOMEM;
        return ERR_NOMEM;
    }
    g711_to_pcm(pcm, (const uint8_t *)side->data, side->len);
    uint8_t header[WAV_HEADER_BYTES];
    wav_header(header, 8000, (uint32_t)side->len);
    struct slice head = {(const char *)header, sizeof header};
    struct slice samples = {(const char *)pcm, side->len * sizeof *pcm};
    enum err err = file_write(path, head, samples);
    free(pcm);
    return err;
}

enum err recording_write(const struct recording *recording, const char *folder)
{
    enum err err = write_side(&recording->caller, folder, "caller.wav");
    return err ? err : write_side(&recording->agent, folder, "agent.wav");
}

#include "known_audio_wish.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "media/g711.h"
#include "voice.h"

static enum err add_spoken(
    struct known_audio *known, const json_t *item, const char *text, const char *usual_voice)
{
    const char *say = json_string_value(json_object_get(item, "say"));
    const char *name = json_string_value(json_object_get(item, "voice"));
    struct voice_audio audio;
    enum err err =
        voice_speak(&audio, name ? name : usual_voice, slice_from(say ? say : text), 1.0);
    if (err)
        return err;
    err = known_audio_add(known, audio.pcm, audio.count_samples, text);
    voice_free(&audio);
    return err;
}

static enum err add_mulaw(struct known_audio *known, const json_t *mulaw, const char *text)
{
    struct slice base64 = {json_string_value(mulaw), json_string_length(mulaw)};
    size_t size = base64.len / 4 * 3 + 4, len = 0;
    uint8_t *bytes = malloc(size);
    int16_t *pcm = malloc(size * sizeof *pcm);
    enum err err = bytes && pcm ? base64_decode(&len, bytes, size, base64) : ERR_NOMEM;
    if (!err) {
        g711_to_pcm(pcm, bytes, len);
        err = known_audio_add(known, pcm, len, text);
    }
    free(bytes);
    free(pcm);
    return err;
}

static enum err add_item(struct known_audio *known, const json_t *item, const char *usual_voice)
{
    const char *text = json_string_value(json_object_get(item, "text"));
    const json_t *mulaw = json_object_get(item, "mulaw");
    if (!text || (mulaw && !json_is_string(mulaw)))
        return ERR_BAD;
    return mulaw ? add_mulaw(known, mulaw, text) : add_spoken(known, item, text, usual_voice);
}

enum err known_audio_add_wish(
    struct known_audio *known, const json_t *wish, const char *usual_voice, char why[160])
{
    size_t i;
    json_t *item;
    if (!json_is_array(wish)) {
        snprintf(why, 160, "by_audio is an array of {\"text\":\"…\"} with say, voice or mulaw");
        return ERR_BAD;
    }
    json_array_foreach(wish, i, item)
    {
        enum err err = add_item(known, item, usual_voice);
        if (!err)
            continue;
        snprintf(why, 160, "by_audio[%zu]: %s", i,
            err == ERR_FULL ? "a thousand are known already"
                            : "no text, no such voice, no base64, or less than 200 ms of voice");
        return err == ERR_NOMEM || err == ERR_FULL ? err : ERR_BAD;
    }
    return ERR_OK;
}

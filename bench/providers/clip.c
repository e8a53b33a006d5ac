/* The messages of a text: audio that lasts as long as such a text would, a time for each character, twice, as the
   service sends them. */
#include "providers/providers.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "wire/voice.h"

#define BYTES_PER_MS 8

static void add_numbers(struct strbuf *out, size_t count, unsigned step)
{
    for (size_t i = 0; i < count; i++)
        strbuf_printf(out, "%s%u", i ? "," : "", step ? (unsigned)i * step : 64);
}

static void add_alignment(struct strbuf *out, const char *name, struct slice text, unsigned char_ms)
{
    strbuf_printf(out, ",\"%s\":{\"chars\":[", name);
    for (size_t i = 0; i < text.len; i++) {
        strbuf_add_text(out, i ? "," : "");
        strbuf_add_json(out, (struct slice){text.data + i, 1});
    }
    strbuf_add_text(out, "],\"charStartTimesMs\":[");
    add_numbers(out, text.len, char_ms);
    strbuf_add_text(out, "],\"charDurationsMs\":[");
    add_numbers(out, text.len, 0);
    strbuf_add_text(out, "]}");
}

static struct slice make_message(
    const uint8_t *ulaw, size_t len, struct slice text, unsigned char_ms)
{
    struct strbuf out;
    char *base64 = malloc(BASE64_SIZE(len));
    strbuf_init(&out, 1024 * 1024);
    if (!base64)
        return (struct slice){"", 0};
    base64_encode(ulaw, len, base64);
    strbuf_printf(&out, "\"audio\":\"%s\",\"isFinal\":null", base64);
    add_alignment(&out, "alignment", text, char_ms);
    add_alignment(&out, "normalizedAlignment", text, char_ms);
    strbuf_add_char(&out, '}');
    free(base64);
    size_t made = out.len;
    return (struct slice){strbuf_take(&out), made};
}

static bool make(struct clip *clip, struct slice text, const struct settings *settings)
{
    size_t chunk_len = settings->chunk_ms * BYTES_PER_MS;
    size_t char_len = settings->char_ms * BYTES_PER_MS;
    size_t audio_len = text.len * char_len;
    uint8_t *ulaw = malloc(audio_len + 1);
    clip->text = slice_dup(text);
    clip->messages = calloc(audio_len / chunk_len + 1, sizeof *clip->messages);
    if (!ulaw || !clip->text || !clip->messages)
        return false;
    voice_make(ulaw, audio_len);
    for (size_t at = 0; at < audio_len; at += chunk_len) {
        size_t len = audio_len - at < chunk_len ? audio_len - at : chunk_len;
        size_t first = at / char_len;
        clip->messages[clip->count++] = make_message(ulaw + at, len,
            (struct slice){text.data + first, (at + len) / char_len - first}, settings->char_ms);
    }
    free(ulaw);
    return true;
}

const struct clip *clip_find(struct providers *providers, struct slice text)
{
    for (unsigned i = 0; i < providers->clip_count; i++)
        if (slice_is(text, providers->clips[i].text))
            return &providers->clips[i];
    struct clip *clip = &providers->clips[providers->clip_count];
    if (providers->clip_count == CLIPS_MAX || !make(clip, text, &providers->settings))
        return NULL;
    providers->clip_count++;
    return clip;
}

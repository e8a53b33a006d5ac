#include "known_speech.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/utf8.h"
#include "media/g711.h"
#include "word_sound.h"

#define ENTRIES_MAX 100
#define SAMPLES_PER_MS 8

struct known_speech_entry {
    char *text;
    uint8_t *ulaw;
    size_t len;
};

static void entry_free(struct known_speech_entry *entry)
{
    free(entry->text);
    free(entry->ulaw);
}

void known_speech_clear(struct known_speech *known)
{
    for (size_t i = 0; i < known->count; i++)
        entry_free(&known->entries[i]);
    free(known->entries);
    *known = (struct known_speech){0};
}

static enum err read_entry(struct known_speech_entry *entry, const json_t *item)
{
    const char *text = json_string_value(json_object_get(item, "text"));
    const json_t *mulaw = json_object_get(item, "mulaw");
    if (!text || !json_string_length(mulaw))
        return ERR_BAD;
    struct slice base64 = {json_string_value(mulaw), json_string_length(mulaw)};
    size_t size = base64.len / 4 * 3 + 4;
    *entry = (struct known_speech_entry){
        .text = slice_dup(slice_trim(slice_from(text))), .ulaw = malloc(size)};
    bool has_room = entry->text && entry->ulaw;
    enum err err = has_room ? base64_decode(&entry->len, entry->ulaw, size, base64) : ERR_NOMEM;
    if (err)
        entry_free(entry);
    return err;
}

static enum err add(struct known_speech *known, const json_t *item)
{
    struct known_speech_entry entry;
    if (known->count == ENTRIES_MAX)
        return ERR_FULL;
    enum err err = read_entry(&entry, item);
    if (err)
        return err;
    struct known_speech_entry *entries =
        realloc(known->entries, (known->count + 1) * sizeof *entries);
    if (!entries) {
        entry_free(&entry);
        return ERR_NOMEM;
    }
    known->entries = entries;
    entries[known->count++] = entry;
    return ERR_OK;
}

enum err known_speech_add(struct known_speech *known, const json_t *wish)
{
    size_t i;
    json_t *item;
    const json_t *texts = json_object_get(wish, "by_text");
    const json_t *word_ms = json_object_get(wish, "word_ms");
    bool are_texts = json_is_array(texts) || (!texts && word_ms);
    bool is_length = json_integer_value(word_ms) >= 20 && json_integer_value(word_ms) <= 2000;
    if (!are_texts || (word_ms && !is_length))
        return ERR_BAD;
    if (word_ms)
        known->word_ms = (unsigned)json_integer_value(word_ms);
    json_array_foreach(texts, i, item)
    {
        enum err err = add(known, item);
        if (err)
            return err;
    }
    return ERR_OK;
}

static void spread(struct voice_audio *out, struct slice text, size_t count)
{
    uint32_t all_ms = (uint32_t)(out->count_samples / SAMPLES_PER_MS);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t start_ms = (uint32_t)(all_ms * i / count);
        out->characters[i] = (struct voice_character){.offset_bytes = (uint32_t)at,
            .start_ms = start_ms,
            .duration_ms = (uint32_t)(all_ms * (i + 1) / count) - start_ms};
        at += utf8_length(text.data + at, text.len - at);
    }
    out->count_characters = count;
}

static size_t count_characters(struct slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at += utf8_length(text.data + at, text.len - at))
        count++;
    return count;
}

enum err known_speech_speak(
    const struct known_speech *known, struct voice_audio *out, struct slice text)
{
    const struct known_speech_entry *found = NULL;
    for (size_t i = 0; i < known->count; i++)
        if (slice_is(slice_trim(text), known->entries[i].text))
            found = &known->entries[i];
    if (!found)
        return known->word_ms ? word_sound_speak(out, text, known->word_ms) : ERR_NOT_FOUND;
    size_t count = count_characters(text);
    *out = (struct voice_audio){.pcm = malloc(found->len * sizeof *out->pcm + 1),
        .count_samples = found->len,
        .characters = malloc(count * sizeof *out->characters + 1)};
    if (!out->pcm || !out->characters) {
        voice_free(out);
        return ERR_NOMEM;
    }
    g711_to_pcm(out->pcm, found->ulaw, found->len);
    spread(out, text, count);
    return ERR_OK;
}

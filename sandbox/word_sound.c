#include "word_sound.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "media/g711.h"

#define SAMPLES_PER_MS 8
#define FNV_BASIS 2166136261u
#define FNV_PRIME 16777619u

static bool is_word(char byte)
{
    unsigned char code = (unsigned char)byte;
    return code > 127 || isalnum(code) || code == '\'';
}

static bool begins_word(struct slice text, size_t at)
{
    return is_word(text.data[at]) && (at == 0 || !is_word(text.data[at - 1]));
}

static size_t count_words(struct slice text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.len; at++)
        count += begins_word(text, at);
    return count;
}

static uint32_t hash_word(struct slice text, size_t at)
{
    uint32_t hash = FNV_BASIS;
    for (; at < text.len && is_word(text.data[at]); at++)
        hash = (hash ^ (uint32_t)tolower((unsigned char)text.data[at])) * FNV_PRIME;
    return hash ? hash : FNV_BASIS;
}

static void add_noise(struct voice_audio *out, uint32_t random, unsigned word_ms)
{
    for (unsigned i = 0; i < word_ms * SAMPLES_PER_MS; i++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        uint8_t code = (uint8_t)((random >> 31 << 7) | 0x20 | ((random >> 8) & 0x1f));
        g711_to_pcm(out->pcm + out->count_samples++, &code, 1);
    }
}

/* A word's characters, with what stands behind it up to the next, share its time. */
static void add_characters(struct voice_audio *out, struct slice text, size_t begin, size_t end,
    unsigned from_ms, unsigned word_ms)
{
    size_t first = out->count_characters;
    for (size_t at = begin; at < end; at += utf8_length(text.data + at, text.len - at))
        out->characters[out->count_characters++].offset_bytes = (uint32_t)at;
    size_t count = out->count_characters - first;
    for (size_t i = 0; i < count; i++) {
        struct voice_character *character = &out->characters[first + i];
        character->start_ms = from_ms + (uint32_t)(word_ms * i / count);
        character->duration_ms =
            from_ms + (uint32_t)(word_ms * (i + 1) / count) - character->start_ms;
    }
}

enum err word_sound_speak(struct voice_audio *out, struct slice text, unsigned word_ms)
{
    size_t words = count_words(text);
    if (!words)
        return ERR_NOT_FOUND;
    *out = (struct voice_audio){.pcm = malloc(words * word_ms * SAMPLES_PER_MS * sizeof *out->pcm),
        .characters = calloc(text.len, sizeof *out->characters)};
    if (!out->pcm || !out->characters) {
        voice_free(out);
        return ERR_NOMEM;
    }
    size_t begin = 0;
    for (size_t word = 0; word < words; word++) {
        size_t at = begin;
        while (!begins_word(text, at))
            at++;
        add_noise(out, hash_word(text, at), word_ms);
        size_t end = at + 1;
        while (end < text.len && !begins_word(text, end))
            end++;
        add_characters(out, text, begin, end, (unsigned)word * word_ms, word_ms);
        begin = end;
    }
    return ERR_OK;
}

#include "openai/utterance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT_BYTES (64u << 10)
#define SAMPLES_PER_MS 8.0
#define VOICE_LEVEL 184.0 /* root mean square of −45 dBov */
#define BLOCK_SAMPLES 160

struct utterance *utterance_create(uint32_t number)
{
    struct utterance *utterance = calloc(1, sizeof *utterance);
    if (!utterance)
        return NULL;
    utterance->number = number;
    world_id(utterance->id, "item_", 24);
    strbuf_init(&utterance->said, MAX_TEXT_BYTES);
    return utterance;
}

void utterance_destroy(struct utterance *utterance)
{
    if (!utterance)
        return;
    free(utterance->scripted);
    free(utterance->guess);
    strbuf_free(&utterance->said);
    envelope_free(&utterance->envelope);
    free(utterance);
}

void utterance_audio(struct utterance *utterance, const int16_t *pcm, size_t count)
{
    utterance->audio_ms += (double)count / SAMPLES_PER_MS;
    envelope_add(&utterance->envelope, pcm, count);
    for (size_t at = 0; at < count; at += BLOCK_SAMPLES) {
        size_t block = count - at < BLOCK_SAMPLES ? count - at : BLOCK_SAMPLES;
        double energy = 0;
        for (size_t i = 0; i < block; i++)
            energy += (double)pcm[at + i] * pcm[at + i];
        if (sqrt(energy / (double)block) > VOICE_LEVEL)
            utterance->voiced_ms += (double)block / SAMPLES_PER_MS;
    }
}

/* Bytes of `text` up to the end of its first `words` words. */
static size_t words_end(const char *text, size_t words)
{
    size_t at = 0;
    while (words-- && text[at]) {
        at += strspn(text + at, " ");
        at += strcspn(text + at, " ");
    }
    return at;
}

struct slice utterance_script_delta(struct utterance *utterance, unsigned word_ms)
{
    const char *text = utterance->scripted ? utterance->scripted : "";
    size_t words = (size_t)(utterance->voiced_ms / (word_ms ? word_ms : 1));
    size_t end = words_end(text, words);
    size_t said = utterance->said.len;
    return (struct slice){text + (end > said ? said : end), end > said ? end - said : 0};
}

/* Bytes at the start of `a` that are whole words equal to those of `b`. */
static size_t agreed_words(const char *a, const char *b)
{
    size_t agreed = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == ' ')
            agreed = i;
    return agreed;
}

struct slice utterance_guess_delta(struct utterance *utterance, const char *guess)
{
    size_t agreed = utterance->guess ? agreed_words(guess, utterance->guess) : 0;
    char *copy = strdup(guess);
    if (copy) {
        free(utterance->guess);
        utterance->guess = copy;
    }
    struct slice rest = utterance_rest(utterance, guess);
    size_t said = utterance->said.len;
    return (struct slice){rest.data, rest.len && agreed > said ? agreed - said : 0};
}

struct slice utterance_rest(const struct utterance *utterance, const char *final)
{
    struct slice said = strbuf_slice(&utterance->said);
    if (strncmp(final, said.data, said.len))
        return (struct slice){"", 0};
    return slice_from(final + said.len);
}

void utterance_said(struct utterance *utterance, struct slice delta)
{
    strbuf_add_slice(&utterance->said, delta);
}

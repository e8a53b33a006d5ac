#include "live/asides.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static enum err add(struct aside **out, struct asides *asides)
{
    struct aside *aside = calloc(1, sizeof *aside);
    if (!aside)
        return ERR_NOMEM;
    strbuf_init(&aside->words, ASIDES_WORDS_MAX_BYTES);
    DL_APPEND(asides->list, aside);
    *out = aside;
    return ERR_OK;
}

enum err asides_add_words(struct asides *asides, struct slice words, bool is_protected)
{
    struct aside *last = asides->list ? asides->list->prev : NULL;
    if (asides->words_bytes + words.len + 1 > ASIDES_WORDS_MAX_BYTES)
        return ERR_FULL;
    enum err err = last && !last->sound ? ERR_OK : add(&last, asides);
    if (err)
        return err;
    if (last->words.len)
        strbuf_add_char(&last->words, ' ');
    strbuf_add_slice(&last->words, words);
    last->is_protected |= is_protected;
    asides->words_bytes += words.len + 1;
    return ERR_OK;
}

enum err asides_add_sound_take(struct asides *asides, struct call_sound *sound, bool is_protected)
{
    struct aside *aside;
    enum err err = asides->sound_count < ASIDES_SOUNDS_MAX ? add(&aside, asides) : ERR_FULL;
    if (err) {
        sound_release(sound);
        return err;
    }
    aside->sound = sound;
    aside->is_protected = is_protected;
    asides->sound_count++;
    return ERR_OK;
}

struct aside *asides_take(struct asides *asides)
{
    struct aside *first = asides->list;
    if (!first)
        return NULL;
    DL_DELETE(asides->list, first);
    if (first->sound)
        asides->sound_count--;
    else
        asides->words_bytes -= first->words.len + 1; /* a blank for each join is in it */
    return first;
}

struct call_sound *aside_take_sound(struct aside *aside)
{
    struct call_sound *sound = aside->sound;
    aside->sound = NULL;
    return sound;
}

void aside_free(struct aside *aside)
{
    strbuf_free(&aside->words);
    sound_release(aside->sound);
    free(aside);
}

void asides_clear(struct asides *asides)
{
    struct aside *aside;
    while ((aside = asides_take(asides)))
        aside_free(aside);
}

struct call_sound *sound_keep(const struct call_sound *sound)
{
    size_t copied = sound->agent ? 0 : sound->ulaw.len;
    struct call_sound *kept = malloc(sizeof *kept + sound->text.len + copied);
    if (!kept)
        return NULL;
    char *at = (char *)(kept + 1);
    *kept = *sound;
    kept->text.data = memcpy(at, sound->text.data, sound->text.len);
    if (sound->agent)
        agent_hold(sound->agent);
    else
        kept->ulaw.data = memcpy(at + sound->text.len, sound->ulaw.data, copied);
    return kept;
}

void sound_release(struct call_sound *sound)
{
    if (sound)
        agent_release(sound->agent);
    free(sound);
}

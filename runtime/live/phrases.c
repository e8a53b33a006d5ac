#include "live/phrases.h"

#include <stdlib.h>
#include <string.h>

static struct phrase *find(const struct phrases *phrases, const char *key)
{
    struct phrase *phrase;
    HASH_FIND_STR(phrases->list, key, phrase);
    return phrase;
}

struct slice phrases_find(const struct phrases *phrases, const char *key)
{
    const struct phrase *phrase = find(phrases, key);
    return phrase ? (struct slice){phrase->ulaw, phrase->len} : (struct slice){"", 0};
}

static void forget(struct phrases *phrases, struct phrase *phrase)
{
    HASH_DEL(phrases->list, phrase);
    free(phrase->ulaw);
    free(phrase);
}

void phrases_keep(struct phrases *phrases, const char *key, struct slice ulaw)
{
    if (!ulaw.len || ulaw.len > PHRASE_MAX_BYTES || find(phrases, key))
        return;
    size_t size = strlen(key) + 1;
    struct phrase *phrase = calloc(1, sizeof *phrase + size);
    char *copy = phrase ? malloc(ulaw.len) : NULL;
    if (!copy) {
        free(phrase);
        return;
    }
    memcpy(copy, ulaw.data, ulaw.len);
    memcpy(phrase->key, key, size);
    phrase->ulaw = copy;
    phrase->len = ulaw.len;
    if (HASH_COUNT(phrases->list) >= PHRASES_MAX)
        forget(phrases, phrases->list); /* the list is in order of arrival */
    HASH_ADD_STR(phrases->list, key, phrase);
    if (!phrase->hh.tbl) {
        free(copy);
        free(phrase);
    }
}

void phrases_free(struct phrases *phrases)
{
    while (phrases->list)
        forget(phrases, phrases->list);
}

#include "live/utterances.h"

#include <string.h>

void utterances_init(struct utterances *utterances)
{
    memset(utterances, 0, sizeof *utterances);
}

static void add_words(struct strbuf *words, struct slice text)
{
    text = slice_trim(text);
    if (words->len && text.len)
        strbuf_add_char(words, ' ');
    strbuf_add_slice(words, text);
}

static void close_gap(struct utterances *utterances, unsigned at)
{
    utterances->count--;
    memmove(&utterances->list[at], &utterances->list[at + 1],
        (utterances->count - at) * sizeof utterances->list[0]);
}

static void merge_oldest(struct utterances *utterances)
{
    struct strbuf *second = &utterances->list[1].text;
    add_words(&utterances->list[0].text, strbuf_slice(second));
    utterances->list[0].item = utterances->list[1].item;
    strbuf_free(second);
    close_gap(utterances, 1);
}

static struct utterance *place_for(struct utterances *utterances, uint32_t item)
{
    unsigned at = 0;
    while (at < utterances->count && utterances->list[at].item < item)
        at++;
    if (at < utterances->count && utterances->list[at].item == item)
        return &utterances->list[at];
    if (utterances->count == UTTERANCES_MAX) {
        merge_oldest(utterances);
        return place_for(utterances, item);
    }
    memmove(&utterances->list[at + 1], &utterances->list[at],
        (utterances->count - at) * sizeof utterances->list[0]);
    utterances->count++;
    utterances->list[at] = (struct utterance){.item = item};
    strbuf_init(&utterances->list[at].text, UTTERANCES_MAX_BYTES);
    return &utterances->list[at];
}

void utterances_set(struct utterances *utterances, uint32_t item, struct slice text, bool is_final)
{
    struct utterance *utterance = place_for(utterances, item);
    if (utterance->is_final && !is_final)
        return;
    utterance->is_final = is_final;
    strbuf_clear(&utterance->text);
    strbuf_add_slice(&utterance->text, slice_trim(text));
}

char *utterances_join(const struct utterances *utterances)
{
    struct strbuf all;
    strbuf_init(&all, UTTERANCES_MAX * (UTTERANCES_MAX_BYTES + 1));
    for (unsigned i = 0; i < utterances->count; i++)
        add_words(&all, strbuf_slice(&utterances->list[i].text));
    return strbuf_take(&all);
}

void utterances_clear(struct utterances *utterances)
{
    for (unsigned i = 0; i < utterances->count; i++)
        strbuf_free(&utterances->list[i].text);
    utterances->count = 0;
}

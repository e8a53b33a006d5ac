#include "providers/openai_realtime_internal.h"
#include "providers/word_times.h"

#define MOST_WORDS 256

static void tell_words(struct stt *stt, const struct item *item, struct slice text)
{
    struct stt_word words[MOST_WORDS];
    if (!stt->listener->on_words)
        return;
    size_t count = word_times_estimate(words, MOST_WORDS, text,
        (uint32_t)(item->voice_start / AUDIO_BYTES_PER_MS),
        (uint32_t)(item->voice_end / AUDIO_BYTES_PER_MS));
    if (count)
        stt->listener->on_words(stt->owner, item->number, words, count, true);
}

static void give_final(struct stt *stt, const struct item *finished)
{
    struct item item = *finished; /* its text aside: the list forgets it before the owner hears */
    struct strbuf text;
    strbuf_init(&text, ITEM_MOST_TEXT_BYTES * ITEMS_OPEN);
    items_text(&stt->items, item.number, &text);
    items_remove(&stt->items, item.number);
    realtime_audio_forget(&stt->audio, items_needed_from(&stt->items, stt->commit_end));
    tell_words(stt, &item, strbuf_slice(&text));
    if (!realtime_is_over(stt))
        stt->listener->on_final(stt->owner, item.number, strbuf_slice(&text));
    strbuf_free(&text);
}

void realtime_give_finals(struct stt *stt)
{
    const struct item *item;
    while (!realtime_is_over(stt) && (item = items_finished(&stt->items)))
        give_final(stt, item);
}

void realtime_tell_partial(struct stt *stt, uint32_t number)
{
    struct strbuf text;
    strbuf_init(&text, ITEM_MOST_TEXT_BYTES * ITEMS_OPEN);
    items_text(&stt->items, number, &text);
    if (text.len)
        stt->listener->on_partial(stt->owner, number, strbuf_slice(&text));
    strbuf_free(&text);
}

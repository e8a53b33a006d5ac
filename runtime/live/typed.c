#include "live/typed.h"

#include "callflow/keypad.h"

void typed_init(struct typed *typed)
{
    *typed = (struct typed){0};
    strbuf_init(&typed->words, TYPED_MAX_BYTES);
}

void typed_close(struct typed *typed)
{
    strbuf_free(&typed->words);
}

void typed_clear(struct typed *typed)
{
    strbuf_clear(&typed->words);
    typed->is_open = false;
}

/* With a blank before it. */
static bool append(struct strbuf *words, struct slice text)
{
    if (words->len + text.len + 2 > words->limit)
        return false;
    if (words->len)
        strbuf_add_char(words, ' ');
    strbuf_add_slice(words, text);
    return true;
}

bool typed_key(struct typed *typed, char key)
{
    bool has_room = true;
    if (!typed->is_open || !typed->words.len) {
        has_room = append(&typed->words, SLICE(KEYPAD_WORD));
        typed->len = 0;
    }
    bool ends = key == KEYPAD_LAST;
    if (has_room && (!ends || !typed->len) && typed->words.len + 2 < typed->words.limit)
        strbuf_add_char(&typed->words, key);
    typed->len++;
    typed->is_open = !ends && typed->len < KEYPAD_ENTRY_MAX;
    return !typed->is_open;
}

bool typed_words(struct typed *typed, struct slice words)
{
    typed->is_open = false;
    return append(&typed->words, words);
}

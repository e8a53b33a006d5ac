#include "rehearsal/typed.h"

#include "callflow/keypad.h"

#define WORDS_MAX_BYTES 2048

void typed_init(struct typed *typed)
{
    *typed = (struct typed){0};
    strbuf_init(&typed->words, WORDS_MAX_BYTES);
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

bool typed_key(struct typed *typed, char key)
{
    if (!typed->is_open || !typed->words.len) {
        strbuf_add_text(&typed->words, typed->words.len ? " " KEYPAD_WORD : KEYPAD_WORD);
        typed->len = 0;
    }
    bool ends = key == KEYPAD_LAST;
    if (!ends || !typed->len)
        strbuf_add_char(&typed->words, key);
    typed->len++;
    typed->is_open = !ends && typed->len < KEYPAD_ENTRY_MAX;
    return !typed->is_open;
}

void typed_words(struct typed *typed, const char *words)
{
    strbuf_printf(&typed->words, "%s%s", typed->words.len ? " " : "", words);
    typed->is_open = false;
}

#include "text/tokens.h"

#include <stdbool.h>

#include "base/utf8.h"

/* Of the vocabularies of about 200 000 entries: English words are whole up to about this length, then come in pieces. */
#define WHOLE_WORD_LETTERS 10
#define PIECE_LETTERS 5
#define DIGITS_A_TOKEN 3
#define MARKS_A_TOKEN 4

enum kind { KIND_LETTER, KIND_WIDE, KIND_DIGIT, KIND_SPACE, KIND_LINE, KIND_MARK };

struct character {
    enum kind kind;
    size_t len; /* bytes */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Two bytes are Latin with accents, Greek, Cyrillic, …; three and more are mostly scripts without spaces, and dashes. */
static struct character look(struct slice text)
{
    char c = text.data[0];
    if (c & 0x80) {
        size_t len = utf8_length(text.data, text.len);
        bool is_punctuation = len == 3 && (unsigned char)c == 0xe2;
        return (struct character){is_punctuation ? KIND_MARK
                                  : len == 2     ? KIND_LETTER
                                                 : KIND_WIDE,
            len ? len : 1};
    }
    if (is_letter(c))
        return (struct character){KIND_LETTER, 1};
    if (c >= '0' && c <= '9')
        return (struct character){KIND_DIGIT, 1};
    if (c == '\n' || c == '\r')
        return (struct character){KIND_LINE, 1};
    return (struct character){c == ' ' || c == '\t' ? KIND_SPACE : KIND_MARK, 1};
}

struct run {
    enum kind kind;
    size_t count;   /* characters */
    size_t foreign; /* of them, letters past ASCII */
};

/* A capital begins a new word: "createContact". */
static bool begins_word(struct slice text, bool was_small)
{
    return was_small && text.data[0] >= 'A' && text.data[0] <= 'Z';
}

static struct run take(struct slice *text)
{
    struct run run = {.kind = look(*text).kind};
    bool was_small = false;
    while (text->len) {
        struct character next = look(*text);
        if (next.kind != run.kind || begins_word(*text, was_small))
            break;
        was_small = text->data[0] >= 'a' && text->data[0] <= 'z';
        run.count++;
        run.foreign += next.len > 1;
        *text = (struct slice){text->data + next.len, text->len - next.len};
    }
    return run;
}

static size_t in_parts(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

static size_t of_word(const struct run *run)
{
    size_t whole = run->foreign ? WHOLE_WORD_LETTERS / 2 : WHOLE_WORD_LETTERS;
    return run->count <= whole ? 1 : 1 + in_parts(run->count - whole, PIECE_LETTERS);
}

size_t tokens_estimate(struct slice text)
{
    size_t count = 0;
    enum kind before = KIND_LINE;
    while (text.len) {
        struct run run = take(&text);
        switch (run.kind) {
        case KIND_LETTER:
            count += of_word(&run);
            break;
        case KIND_WIDE:
            count += in_parts(run.count * 4, 5);
            break;
        case KIND_DIGIT:
            count += in_parts(run.count, DIGITS_A_TOKEN);
            break;
        case KIND_MARK:
            count += in_parts(run.count, MARKS_A_TOKEN);
            break;
        case KIND_LINE:
            count += before != KIND_MARK; /* a mark takes the line's end along */
            break;
        case KIND_SPACE: /* one goes with the word behind it; digits take none along */
            count += run.count > 1 || (text.len && look(text).kind == KIND_DIGIT);
            break;
        }
        before = run.kind;
    }
    return count;
}

#include "text/opt_out_tokens.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

#define SPELLED_MIN 3 /* letters one by one that make a word */

/* ---- letters ---- */

static uint32_t next_letter(struct slice text, size_t *at)
{
    const unsigned char *bytes = (const unsigned char *)text.data + *at;
    size_t len = utf8_length(text.data + *at, text.len - *at);
    *at += len ? len : 1;
    if (len <= 1)
        return len ? bytes[0] : ' ';
    uint32_t letter = bytes[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        letter = letter << 6 | (bytes[i] & 0x3Fu);
    return letter;
}

/* Latin-1's letters with accents, from U+00C0. */
static const char UNACCENTED[] = "aaaaaaaceeeeiiiidnooooo ouuuuy saaaaaaaceeeeiiiidnooooo ouuuuy y";

#define DROPPED 1 /* nothing: apostrophes, what is invisible */
#define STOP_SIGN 2

/* ASCII in lower case, or one of the two above; ' ' is what is no letter. */
static char plain(uint32_t letter)
{
    if (letter >= 0xFF01 && letter <= 0xFF5E) /* full width */
        letter -= 0xFEE0;
    if (letter >= 0x1D400 && letter <= 0x1D6A3) /* mathematical bold, italic, … */
        letter = 'a' + (letter - 0x1D400) % 26;
    if (letter == '\'' || letter == '`' || letter == 0x2019 || letter == 0x2018 || letter == 0xB4 ||
        letter == 0x02BC || (letter >= 0x200B && letter <= 0x200F) || letter == 0xFE0F ||
        letter == 0xAD || letter == 0xFEFF || (letter >= 0x300 && letter <= 0x36F))
        return DROPPED;
    if (letter == 0x1F6D1)
        return STOP_SIGN;
    if (letter >= 0xC0 && letter <= 0xFF)
        return UNACCENTED[letter - 0xC0];
    if (letter >= 'A' && letter <= 'Z')
        return (char)(letter - 'A' + 'a');
    return letter > ' ' && letter < 0x7F ? (char)letter : letter == '\n' ? '\n' : ' ';
}

static bool is_word_letter(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

/* ---- words ---- */

static struct plain_word *add(struct plain_words *out)
{
    if (out->count == PLAIN_WORDS_MAX)
        return NULL;
    struct plain_word *word = &out->list[out->count++];
    *word = (struct plain_word){{0}, false};
    return word;
}

static void split(struct plain_words *out, struct slice text)
{
    struct plain_word *word = NULL;
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        char letter = plain(next_letter(text, &at));
        if (letter == STOP_SIGN && (word = add(out)) != NULL)
            memcpy(word->text, "stop", sizeof "stop");
        if (letter == DROPPED)
            continue;
        if (!is_word_letter(letter)) {
            word = NULL;
            if (strchr(".,!?;:\n", letter) && out->count)
                out->list[out->count - 1].ends_clause = true;
            continue;
        }
        if (!word) {
            word = add(out);
            len = 0;
        }
        if (word && len + 1 < PLAIN_WORD_SIZE)
            word->text[len++] = letter;
    }
    if (out->count)
        out->list[out->count - 1].ends_clause = true;
}

/* What does not fit is left out. */
static void join(struct plain_words *out, unsigned from, unsigned count)
{
    struct plain_word *first = &out->list[from];
    size_t len = strlen(first->text);
    for (unsigned i = 1; i < count; i++) {
        for (const char *letter = out->list[from + i].text; *letter; letter++)
            if (len + 1 < PLAIN_WORD_SIZE)
                first->text[len++] = *letter;
    }
    first->text[len] = '\0';
    first->ends_clause = out->list[from + count - 1].ends_clause;
    memmove(first + 1, first + count, (out->count - from - count) * sizeof *first);
    out->count -= count - 1;
}

static void join_spelled(struct plain_words *out)
{
    for (unsigned i = 0; i < out->count; i++) {
        unsigned count = 0;
        while (i + count < out->count && strlen(out->list[i + count].text) == 1)
            count++;
        if (count >= SPELLED_MIN)
            join(out, i, count);
    }
}

/* Zeros and fives among letters are letters; of doubled letters one is kept, as in the words they are held against. */
static void fold(char *text)
{
    bool has_letter = strpbrk(text, "abcdefghijklmnopqrstuvwxyz") != NULL;
    size_t kept = 0;
    for (size_t i = 0; text[i]; i++) {
        char letter = text[i];
        if (has_letter)
            letter = letter == '0' ? 'o' : letter == '5' ? 's' : letter;
        if (!kept || text[kept - 1] != letter)
            text[kept++] = letter;
    }
    text[kept] = '\0';
}

/* What people write apart. */
static const char *const TOGETHER[][2] = {{"do", "not"}, {"don", "t"}, {"opt", "out"},
    {"opting", "out"}, {"any", "more"}, {"un", "subscribe"}, {"un", "stop"}, {"stop", "al"},
    {"st", "op"}, {"sto", "p"}, {"s", "top"}, {"text", "mesage"}, {"text", "mesages"},
    {"did", "not"}};

static void join_pairs(struct plain_words *out)
{
    for (unsigned i = 0; i + 1 < out->count; i++) {
        for (size_t pair = 0; pair < sizeof TOGETHER / sizeof TOGETHER[0]; pair++) {
            if (i + 1 < out->count && !strcmp(out->list[i].text, TOGETHER[pair][0]) &&
                !strcmp(out->list[i + 1].text, TOGETHER[pair][1]))
                join(out, i, 2);
        }
    }
    for (unsigned i = 0; i < out->count; i++)
        if (!strcmp(out->list[i].text, "donot"))
            memcpy(out->list[i].text, "dont", sizeof "dont");
}

void plain_words_read(struct plain_words *out, struct slice text)
{
    out->count = 0;
    split(out, text);
    join_spelled(out);
    for (unsigned i = 0; i < out->count; i++)
        fold(out->list[i].text);
    join_pairs(out);
}

/* Spelled letters: "s m i t h", "B as in boy, O, double T", "sierra mike india". */
#include <ctype.h>
#include <string.h>

#include "text/hint_words.h"

#define LETTERS_MIN 3

static char alphabet_letter(const char *word)
{
    static const char *const list[] = {"alpha", "alfa", "bravo", "charlie", "delta", "echo",
        "foxtrot", "golf", "hotel", "india", "juliet", "juliett", "kilo", "lima", "mike",
        "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
        "whiskey", "xray", "yankee", "zulu", NULL};
    for (const char *const *each = list; *each; each++)
        if (strcmp(*each, word) == 0)
            return (char)toupper((unsigned char)word[0]);
    return 0;
}

static bool is_letter(const char *word)
{
    return isalpha((unsigned char)word[0]) && !word[1];
}

/* "as in boy", "for boy", "like boy" behind a letter that the word begins with. */
static size_t example(const struct hint_words *words, size_t at, char letter)
{
    size_t count = hint_words_are(words, at, "as in");
    if (!count)
        count = hint_words_are(words, at, "is for");
    if (!count && (hint_word_is(words, at, "for") || hint_word_is(words, at, "like")))
        count = 1;
    const char *word = hint_word_at(words, at + count);
    return count && strlen(word) > 1 && word[0] == letter ? count + 1 : 0;
}

/* One letter, or two that are "double": how many words, 0: none. */
static size_t take(const struct hint_words *words, size_t at, char *letter, size_t *times)
{
    const char *word = hint_word_at(words, at);
    *times = 1;
    if (hint_word_is(words, at, "double") && is_letter(hint_word_at(words, at + 1))) {
        *letter = (char)toupper((unsigned char)hint_word_at(words, at + 1)[0]);
        *times = 2;
        return 2;
    }
    if (is_letter(word)) {
        *letter = (char)toupper((unsigned char)word[0]);
        return 1 + example(words, at + 1, word[0]);
    }
    *letter = alphabet_letter(word);
    return *letter ? 1 : 0;
}

size_t hint_match_letters(const struct hint_words *words, size_t at, struct hint *out)
{
    size_t len = 0, end = at, times;
    char letter;
    for (size_t count; (count = take(words, end, &letter, &times)) && len + 3 < 64; end += count) {
        for (size_t i = 0; i < times; i++)
            out->value[len++] = letter;
        if (words->list[end + count - 1].ends_sentence) {
            end += count;
            break;
        }
    }
    out->value[len] = 0;
    out->kind = HINT_LETTERS;
    out->is_uncertain = false;
    return len >= LETTERS_MIN ? end - at : 0;
}

/* E-mail addresses word by word: "jane dot doe at example dot com", "j d o e four two at g mail dot com". */
#include <ctype.h>
#include <string.h>

#include "text/email_address.h"
#include "text/hint_words.h"

#define LABELS_MAX 6

struct address {
    char text[EMAIL_ADDRESS_SIZE];
    size_t len;
};

static bool put(struct address *address, const char *text)
{
    size_t len = strlen(text);
    if (address->len + len >= sizeof address->text)
        return false;
    memcpy(address->text + address->len, text, len + 1);
    address->len += len;
    return true;
}

static const char *joint_mark(const char *word)
{
    static const char *const list[][2] = {{"dot", "."}, {"period", "."}, {"point", "."},
        {"underscore", "_"}, {"dash", "-"}, {"hyphen", "-"}, {"plus", "+"}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (strcmp(list[i][0], word) == 0)
            return list[i][1];
    return NULL;
}

static bool is_plain(const char *word)
{
    for (const char *at = word; *at; at++)
        if (!isalnum((unsigned char)*at))
            return false;
    return word[0] != 0;
}

/* "peter.novak", as it may stand before an "at". */
static bool is_written_name(const char *word)
{
    for (const char *at = word; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("._-+", *at))
            return false;
    return isalnum((unsigned char)word[0]) && strpbrk(word, "._-") != NULL;
}

static bool is_single(const char *word)
{
    return word[0] && !word[1] && isalnum((unsigned char)word[0]);
}

/* A spoken digit as a figure, another word as it is. */
static bool put_word(struct address *address, const struct hint_words *words, size_t at)
{
    const char *word = hint_word_at(words, at);
    int digit = strlen(word) > 1 ? hint_digit(word) : HINT_NO_VALUE, number;
    char figures[8];
    if (digit != HINT_NO_VALUE) {
        figures[0] = (char)('0' + digit);
        figures[1] = 0;
        return put(address, figures);
    }
    if (hint_unit(word) != HINT_NO_VALUE || hint_tens(word) != HINT_NO_VALUE) {
        number = hint_unit(word) != HINT_NO_VALUE ? hint_unit(word) : hint_tens(word);
        int unit = hint_digit(hint_word_at(words, at + 1));
        bool is_pair =
            hint_tens(word) != HINT_NO_VALUE && unit > 0 && strlen(hint_word_at(words, at + 1)) > 1;
        if (is_pair)
            number /= 10;
        figures[0] = (char)('0' + (is_pair ? number : number / 10));
        figures[1] = is_pair ? 0 : (char)('0' + number % 10);
        figures[2] = 0;
        return put(address, figures);
    }
    return is_plain(word) && put(address, word);
}

/* A label of a domain: "example", "g mail", "riverside dash dental", "u k"; how many words. */
static size_t read_label(const struct hint_words *words, size_t at, struct address *address)
{
    size_t here = at;
    if (!put_word(address, words, here++))
        return 0;
    for (;;) {
        const char *next = hint_word_at(words, here);
        bool is_dash = hint_word_is(words, here, "dash") || hint_word_is(words, here, "hyphen");
        bool is_glued =
            is_single(hint_word_at(words, here - 1)) && is_plain(next) && !joint_mark(next);
        if (words->list[here - 1].ends_sentence || (!is_dash && !is_glued))
            return here - at;
        if (is_dash && (!put(address, "-") || !put_word(address, words, ++here)))
            return 0;
        if (is_glued && !put_word(address, words, here))
            return 0;
        here++;
    }
}

/* Labels parted by "dot": "g mail dot com", "example.com"; how many words, 0: no domain. */
static size_t read_domain(const struct hint_words *words, size_t at, struct address *address)
{
    if (strchr(hint_word_at(words, at), '.'))
        return put(address, hint_word_at(words, at)) ? 1 : 0;
    size_t here = at, end = 0;
    for (size_t labels = 0; labels < LABELS_MAX; labels++) {
        struct address before = *address;
        size_t count = read_label(words, here, address);
        bool is_top = labels && address->len >= before.len + 2;
        if (!count || (labels && !is_top)) {
            *address = before;
            break;
        }
        here += count;
        end = labels ? here : end;
        if (words->list[here - 1].ends_sentence || !hint_word_is(words, here, "dot") ||
            !put(address, "."))
            break;
        here++;
    }
    while (address->len && address->text[address->len - 1] == '.')
        address->text[--address->len] = 0;
    return end ? end - at : 0;
}

static bool is_number_word(const char *word)
{
    return hint_digit(word) != HINT_NO_VALUE || hint_unit(word) != HINT_NO_VALUE ||
           hint_tens(word) != HINT_NO_VALUE || hint_numeral(word) != HINT_NO_VALUE;
}

/* The local part that begins at `at` ends before an "at": its words; 0: none begins here. */
static size_t read_local(const struct hint_words *words, size_t at, struct address *address)
{
    size_t here = at;
    bool wants_word = true;
    while (!words->list[here].ends_sentence || here == at) {
        const char *word = hint_word_at(words, here);
        const char *mark = joint_mark(word);
        if (hint_word_is(words, here, "at") && !wants_word)
            return here - at;
        const char *before = here > at ? hint_word_at(words, here - 1) : "";
        bool glues =
            wants_word || is_single(before) || is_number_word(before) || is_number_word(word);
        if (mark && !wants_word) {
            if (!put(address, mark))
                return 0;
            wants_word = true;
        } else if (here == at && is_written_name(word) ? put(address, word)
                                                       : glues && put_word(address, words, here)) {
            wants_word = false;
        } else {
            return 0;
        }
        if (++here >= words->count)
            return 0;
    }
    return 0;
}

/* "find me at example dot com", "email me at jane dot doe at example dot com": a place, and no address begins here. */
static bool is_place(const struct hint_words *words, size_t at, size_t local, size_t end)
{
    static const char *const before[] = {"me", "us", "you", "him", "her", "them", "it", "is", "are",
        "am", "was", "be", "look", "that", "this", NULL};
    struct address domain = {.text = ""};
    bool goes_on = !words->list[end - 1].ends_sentence && hint_word_is(words, end, "at") &&
                   read_domain(words, end + 1, &domain);
    return goes_on || (local == 1 && hint_word_is_one_of(words, at, before));
}

size_t hint_match_email(const struct hint_words *words, size_t at, struct hint *out)
{
    struct address address = {.text = ""};
    const char *word = hint_word_at(words, at);
    out->kind = HINT_EMAIL;
    out->is_uncertain = false;
    if (strchr(word, '@'))
        return email_address_read(out->value, slice_from(word)) == ERR_OK ? 1 : 0;
    size_t local = read_local(words, at, &address);
    if (!local || !put(&address, "@"))
        return 0;
    size_t sign = hint_words_are(words, at + local, "at sign");
    size_t count = local + (sign ? sign : 1);
    size_t domain = read_domain(words, at + count, &address);
    if (!domain || is_place(words, at, sign ? 0 : local, at + count + domain) ||
        email_address_read(out->value, slice_from(address.text)) != ERR_OK)
        return 0;
    return count + domain;
}

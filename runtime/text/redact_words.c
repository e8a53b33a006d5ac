#include "text/redact_words.h"

#include <ctype.h>
#include <string.h>

#include "text/hint_words.h"

#define WORD_MAX 13 /* a longer one means nothing here */
#define GAP_MAX 4
#define WIDE_DASH 3

static bool is_letter(unsigned char c)
{
    return isalpha(c) || c >= 0x80;
}

static char char_at(struct slice text, size_t at)
{
    return at < text.len ? text.data[at] : 0;
}

/* ---- what a word means ---- */

struct meaning {
    const char *word;
    enum sense sense;
    unsigned value;
};

/* By first letter, so that a word is compared with a few. */
static const struct meaning of_a[] = {{"at", SENSE_AT, 0}, {"and", SENSE_THEN, 0},
    {"as", SENSE_SPELLING, 0}, {"a", SENSE_LETTER, 0}, {"alpha", SENSE_LETTER, 0},
    {"alfa", SENSE_LETTER, 0}, {"aol", SENSE_MAILBOX, 0}, {"amex", SENSE_NAMES_CARD, 0},
    {"address", SENSE_STOP, 0}, {"are", SENSE_STOP, 0}, {"am", SENSE_STOP, 0},
    {"about", SENSE_STOP, 0}, {"after", SENSE_STOP, 0}, {"apartment", SENSE_NAMES_ORDER, 0},
    {"app", SENSE_TOP, 0}, {NULL, 0, 0}};
static const struct meaning of_b[] = {{"birth", SENSE_NAMES_BIRTH, 0},
    {"born", SENSE_NAMES_BIRTH, 0}, {"birthdate", SENSE_NAMES_BIRTH, 0},
    {"birthday", SENSE_NAMES_BIRTHDAY, 0}, {"bravo", SENSE_LETTER, 0}, {"be", SENSE_STOP, 0},
    {"by", SENSE_STOP, 0}, {"but", SENSE_STOP, 0}, {"because", SENSE_STOP, 0},
    {"biz", SENSE_TOP, 0}, {"bus", SENSE_NAMES_ORDER, 0}, {"bash", SENSE_NAMES_PARTY, 0},
    {"brunch", SENSE_NAMES_PARTY, 0}, {NULL, 0, 0}};
static const struct meaning of_c[] = {{"com", SENSE_TOP, 0}, {"co", SENSE_TOP, 0},
    {"call", SENSE_NAMES_CALL, 0}, {"cell", SENSE_NAMES_PHONE, 0},
    {"cellphone", SENSE_NAMES_PHONE, 0}, {"callback", SENSE_NAMES_PHONE, 0},
    {"card", SENSE_NAMES_CARD, 0}, {"cake", SENSE_NAMES_PARTY, 0},
    {"celebration", SENSE_NAMES_PARTY, 0}, {"confirmation", SENSE_NAMES_ORDER, 0},
    {"case", SENSE_NAMES_ORDER, 0}, {"charlie", SENSE_LETTER, 0}, {"contact", SENSE_STOP, 0},
    {"comcast", SENSE_MAILBOX, 0}, {"can", SENSE_STOP, 0}, {"could", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_d[] = {{"double", SENSE_REPEAT, 2}, {"dot", SENSE_DOT, 0},
    {"dash", SENSE_JOINT, 0}, {"dob", SENSE_NAMES_BIRTH, 0}, {"dial", SENSE_NAMES_CALL, 0},
    {"debit", SENSE_NAMES_CARD, 0}, {"delta", SENSE_LETTER, 0}, {"dinner", SENSE_NAMES_PARTY, 0},
    {"down", SENSE_STOP, 0}, {"do", SENSE_STOP, 0}, {"day", SENSE_STOP, 0}, {"de", SENSE_TOP, 0},
    {"dev", SENSE_TOP, 0}, {NULL, 0, 0}};
static const struct meaning of_e[] = {{"email", SENSE_NAMES_EMAIL, 0}, {"er", SENSE_FILLER, 0},
    {"erm", SENSE_FILLER, 0}, {"echo", SENSE_LETTER, 0}, {"extension", SENSE_EXTENSION, 0},
    {"ext", SENSE_EXTENSION, 0}, {"edu", SENSE_TOP, 0}, {"ends", SENSE_NAMES_END, 0},
    {"ending", SENSE_NAMES_END, 0}, {"expires", SENSE_NAMES_END, 0}, {"expiry", SENSE_NAMES_END, 0},
    {"es", SENSE_TOP, 0}, {"eu", SENSE_TOP, 0}, {NULL, 0, 0}};
static const struct meaning of_f[] = {{"for", SENSE_SPELLING, 0}, {"foxtrot", SENSE_LETTER, 0},
    {"fax", SENSE_NAMES_PHONE, 0}, {"flight", SENSE_NAMES_ORDER, 0}, {"from", SENSE_STOP, 0},
    {"find", SENSE_STOP, 0}, {"fr", SENSE_TOP, 0}, {NULL, 0, 0}};
static const struct meaning of_g[] = {{"gmail", SENSE_MAILBOX, 0}, {"gmx", SENSE_MAILBOX, 0},
    {"googlemail", SENSE_MAILBOX, 0}, {"golf", SENSE_LETTER, 0}, {"gov", SENSE_TOP, 0},
    {"gate", SENSE_NAMES_ORDER, 0}, {"gift", SENSE_NAMES_PARTY, 0}, {"get", SENSE_STOP, 0},
    {"got", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_h[] = {{"hundred", SENSE_ROUND, 2}, {"hyphen", SENSE_JOINT, 0},
    {"hotmail", SENSE_MAILBOX, 0}, {"hmm", SENSE_FILLER, 0}, {"hang", SENSE_FILLER, 0},
    {"hold", SENSE_FILLER, 0}, {"hotel", SENSE_LETTER, 0}, {"him", SENSE_STOP, STOP_PERSON},
    {"her", SENSE_STOP, STOP_PERSON}, {"his", SENSE_STOP, 0}, {"have", SENSE_STOP, 0},
    {"has", SENSE_STOP, 0}, {"he", SENSE_STOP, 0}, {"here", SENSE_STOP, 0},
    {"house", SENSE_NAMES_ORDER, 0}, {NULL, 0, 0}};
static const struct meaning of_i[] = {{"is", SENSE_IS, 0}, {"it's", SENSE_IS, 0},
    {"its", SENSE_IS, 0}, {"it", SENSE_STOP, 0}, {"in", SENSE_SPELLING, 0},
    {"icloud", SENSE_MAILBOX, 0}, {"india", SENSE_LETTER, 0}, {"invoice", SENSE_NAMES_ORDER, 0},
    {"io", SENSE_TOP, 0}, {"info", SENSE_TOP, 0}, {"i'm", SENSE_STOP, 0}, {"i'll", SENSE_STOP, 0},
    {"i'd", SENSE_STOP, 0}, {"if", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_j[] = {{"juliet", SENSE_LETTER, 0}, {"juliett", SENSE_LETTER, 0},
    {"just", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_k[] = {{"kilo", SENSE_LETTER, 0}, {NULL, 0, 0}};
static const struct meaning of_l[] = {{"like", SENSE_SPELLING, 1}, {"lima", SENSE_LETTER, 0},
    {"last", SENSE_NAMES_END, 0}, {"look", SENSE_STOP, 0}, {"lunch", SENSE_NAMES_PARTY, 0},
    {"line", SENSE_NAMES_CALL, 0}, {"let", SENSE_FILLER, 0}, {NULL, 0, 0}};
static const struct meaning of_m[] = {{"mobile", SENSE_NAMES_PHONE, 0},
    {"mastercard", SENSE_NAMES_CARD, 0}, {"mail", SENSE_NAMES_EMAIL, 0}, {"mike", SENSE_LETTER, 0},
    {"minus", SENSE_JOINT, 0}, {"my", SENSE_STOP, 0}, {"me", SENSE_STOP, STOP_PERSON},
    {"meet", SENSE_STOP, 0}, {"model", SENSE_NAMES_ORDER, 0}, {NULL, 0, 0}};
static const struct meaning of_n[] = {{"number", SENSE_NAMES_PHONE, 0},
    {"numbers", SENSE_NAMES_PHONE, 0}, {"net", SENSE_TOP, 0}, {"november", SENSE_MONTH, 11},
    {"nil", SENSE_DIGIT, 0}, {"not", SENSE_STOP, 0}, {"no", SENSE_STOP, 0}, {"now", SENSE_STOP, 0},
    {"nl", SENSE_TOP, 0}, {NULL, 0, 0}};
static const struct meaning of_o[] = {{"oscar", SENSE_LETTER, 0}, {"org", SENSE_TOP, 0},
    {"outlook", SENSE_MAILBOX, 0}, {"order", SENSE_NAMES_ORDER, 0}, {"on", SENSE_STOP, STOP_ON},
    {"of", SENSE_STOP, 0}, {"or", SENSE_STOP, 0}, {"ok", SENSE_STOP, 0}, {"okay", SENSE_STOP, 0},
    {"our", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_p[] = {{"phone", SENSE_NAMES_PHONE, 0}, {"plus", SENSE_PLUS, 0},
    {"papa", SENSE_LETTER, 0}, {"period", SENSE_DOT, 0}, {"point", SENSE_DOT, 0},
    {"party", SENSE_NAMES_PARTY, 0}, {"present", SENSE_NAMES_PARTY, 0},
    {"policy", SENSE_NAMES_ORDER, 0}, {"page", SENSE_NAMES_ORDER, 0}, {"proton", SENSE_MAILBOX, 0},
    {"please", SENSE_STOP, 0}, {"put", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_q[] = {
    {"quebec", SENSE_LETTER, 0}, {"quadruple", SENSE_REPEAT, 4}, {NULL, 0, 0}};
static const struct meaning of_r[] = {{"romeo", SENSE_LETTER, 0}, {"reach", SENSE_NAMES_CALL, 0},
    {"ring", SENSE_NAMES_CALL, 0}, {"reference", SENSE_NAMES_ORDER, 0},
    {"room", SENSE_NAMES_ORDER, 0}, {"route", SENSE_NAMES_ORDER, 0}, {"right", SENSE_STOP, 0},
    {NULL, 0, 0}};
static const struct meaning of_s[] = {{"sierra", SENSE_LETTER, 0}, {"ssn", SENSE_NAMES_PHONE, 0},
    {"social", SENSE_NAMES_PHONE, 0}, {"slash", SENSE_THEN, 0}, {"sorry", SENSE_FILLER, 0},
    {"see", SENSE_FILLER, 0}, {"space", SENSE_THEN, 0}, {"suite", SENSE_NAMES_ORDER, 0},
    {"send", SENSE_STOP, 0}, {"sure", SENSE_STOP, 0}, {"so", SENSE_STOP, 0}, {"she", SENSE_STOP, 0},
    {"says", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_t[] = {{"triple", SENSE_REPEAT, 3}, {"treble", SENSE_REPEAT, 3},
    {"then", SENSE_THEN, 0}, {"thousand", SENSE_ROUND, 3}, {"tango", SENSE_LETTER, 0},
    {"telephone", SENSE_NAMES_PHONE, 0}, {"tel", SENSE_NAMES_PHONE, 0},
    {"text", SENSE_NAMES_CALL, 0}, {"ticket", SENSE_NAMES_ORDER, 0},
    {"tracking", SENSE_NAMES_ORDER, 0}, {"that's", SENSE_IS, 0}, {"thats", SENSE_IS, 0},
    {"that", SENSE_STOP, 0}, {"that'd", SENSE_STOP, 0}, {"this", SENSE_STOP, 0},
    {"the", SENSE_STOP, STOP_THE}, {"to", SENSE_STOP, 0}, {"them", SENSE_STOP, STOP_PERSON},
    {NULL, 0, 0}};
static const struct meaning of_u[] = {{"um", SENSE_FILLER, 0}, {"uh", SENSE_FILLER, 0},
    {"uhm", SENSE_FILLER, 0}, {"underscore", SENSE_JOINT, 0}, {"uniform", SENSE_LETTER, 0},
    {"us", SENSE_STOP, STOP_PERSON}, {"use", SENSE_STOP, 0}, {"uk", SENSE_TOP, 0},
    {"unit", SENSE_NAMES_ORDER, 0}, {NULL, 0, 0}};
static const struct meaning of_v[] = {{"victor", SENSE_LETTER, 0}, {"visa", SENSE_NAMES_CARD, 0},
    {"version", SENSE_NAMES_ORDER, 0}, {NULL, 0, 0}};
static const struct meaning of_w[] = {{"whiskey", SENSE_LETTER, 0},
    {"whatsapp", SENSE_NAMES_PHONE, 0}, {"was", SENSE_STOP, 0}, {"we're", SENSE_STOP, 0},
    {"work", SENSE_STOP, 0}, {"we", SENSE_STOP, 0}, {"with", SENSE_STOP, 0},
    {"when", SENSE_STOP, 0}, {"would", SENSE_STOP, 0}, {"wait", SENSE_FILLER, 0},
    {"will", SENSE_STOP, 0}, {"write", SENSE_STOP, 0}, {"what", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_x[] = {{"x", SENSE_EXTENSION, 0}, {NULL, 0, 0}};
static const struct meaning of_y[] = {{"yankee", SENSE_LETTER, 0}, {"yahoo", SENSE_MAILBOX, 0},
    {"you", SENSE_STOP, STOP_PERSON}, {"your", SENSE_STOP, 0}, {"yes", SENSE_STOP, 0},
    {"yeah", SENSE_STOP, 0}, {NULL, 0, 0}};
static const struct meaning of_z[] = {{"zulu", SENSE_LETTER, 0}, {NULL, 0, 0}};

static const struct meaning *const by_letter[] = {of_a, of_b, of_c, of_d, of_e, of_f, of_g, of_h,
    of_i, of_j, of_k, of_l, of_m, of_n, of_o, of_p, of_q, of_r, of_s, of_t, of_u, of_v, of_w, of_x,
    of_y, of_z};

/* Number words and months begin with two of these, or are "o": few others do. */
static bool may_count(const char *word)
{
    static const char pairs[] =
        "ze on tw th fo fi si se ei ni te el oh no na ja fe ma ap ju au oc de ";
    for (const char *at = pairs; *at; at += 3)
        if (at[0] == word[0] && at[1] == word[1])
            return true;
    return word[0] == 'o' && !word[1];
}

static bool counts(struct redact_word *out, const char *word)
{
    int value = hint_digit(word);
    if (value != HINT_NO_VALUE)
        out->sense = SENSE_DIGIT;
    else if ((value = hint_unit(word)) != HINT_NO_VALUE)
        out->sense = SENSE_PAIR;
    else if ((value = hint_tens(word)) != HINT_NO_VALUE)
        out->sense = SENSE_TENS;
    else if ((value = hint_month(word)) != HINT_NO_VALUE)
        out->sense = SENSE_MONTH;
    else if ((value = hint_ordinal_word(word)) != HINT_NO_VALUE)
        out->sense = SENSE_ORDINAL;
    if (value != HINT_NO_VALUE)
        out->value = (unsigned)value;
    return value != HINT_NO_VALUE;
}

static void understand(struct redact_word *out, struct slice said)
{
    char word[WORD_MAX + 1];
    if (said.len > 3 && said.data[said.len - 2] == '\'' &&
        tolower((unsigned char)said.data[said.len - 1]) == 's' && said.len > 4 &&
        !slice_is_nocase(said, "that's")) {
        out->is_possessive = true;
        said.len -= 2;
    }
    if (!said.len || said.len > WORD_MAX)
        return;
    for (size_t i = 0; i < said.len; i++)
        word[i] = (char)tolower((unsigned char)said.data[i]);
    word[said.len] = 0;
    if (isdigit((unsigned char)word[0])) { /* "21st" */
        int value = hint_ordinal_word(word);
        out->sense = value == HINT_NO_VALUE ? SENSE_PLAIN : SENSE_ORDINAL;
        out->value = value == HINT_NO_VALUE ? 0 : (unsigned)value;
        return;
    }
    if (word[0] < 'a' || word[0] > 'z')
        return;
    for (const struct meaning *at = by_letter[word[0] - 'a']; at->word; at++)
        if (at->word[1] == word[1] && strcmp(at->word, word) == 0) {
            out->sense = at->sense;
            out->value = at->value;
            return;
        }
    if (!(may_count(word) && counts(out, word)) && said.len == 1)
        out->sense = SENSE_LETTER;
}

/* ---- cutting ---- */

static bool is_inner(struct slice text, size_t at)
{
    unsigned char c = (unsigned char)char_at(text, at);
    if (c == '\'')
        return isalpha((unsigned char)char_at(text, at + 1));
    return is_letter(c) || isdigit(c) || c == '_';
}

static bool is_decimal(struct slice text, size_t start, size_t end)
{
    size_t whole = end - start, part = 0, before = 0;
    if (char_at(text, end) == '.' || char_at(text, end) == ',')
        while (isdigit((unsigned char)char_at(text, end + 1 + part)))
            part++;
    if (part)
        return whole < 3 || part < 2;
    if (start > 1 && (text.data[start - 1] == '.' || text.data[start - 1] == ','))
        while (start > 1 + before && isdigit((unsigned char)text.data[start - 2 - before]))
            before++;
    return before && (before < 3 || whole < 2);
}

/* Figures that belong to a time, a date, a price, a share. */
static bool is_amount(struct slice text, size_t start, size_t end)
{
    char after = char_at(text, end), before = start ? text.data[start - 1] : 0;
    bool is_clock =
        (after && strchr(":/", after) && isdigit((unsigned char)char_at(text, end + 1))) ||
        (before && strchr(":/", before) && start > 1 &&
            isdigit((unsigned char)text.data[start - 2]));
    bool is_wide = start >= 3 && memcmp(text.data + start - 3, "\xe2\x82\xac", 3) == 0;
    return is_clock || is_wide || after == '%' || before == '$' || is_decimal(text, start, end);
}

/* Bytes between two words that do not part them. */
static size_t gap(struct slice text, size_t at, bool *has_stop, bool *has_blank)
{
    size_t len = 0;
    while (at + len < text.len && len < GAP_MAX) {
        char c = text.data[at + len];
        if (!c || !strchr(" \t,.-()?!/", c)) {
            bool is_wide = text.len - at - len >= WIDE_DASH &&
                           memcmp(text.data + at + len, "\xe2\x80", 2) == 0;
            if (!is_wide)
                break;
            len += WIDE_DASH - 1;
            *has_blank = true;
        }
        *has_stop |= c == '.' || c == '?' || c == '!';
        *has_blank |= c == ' ' || c == '\t';
        len++;
    }
    return len;
}

static bool is_general_punctuation(struct slice text, size_t at)
{
    return (unsigned char)text.data[at] == 0xe2 && text.len - at >= WIDE_DASH &&
           memcmp(text.data + at, "\xe2\x80", 2) == 0;
}

enum joint redact_joint(struct slice text, size_t from, size_t to)
{
    bool has_stop = false, has_blank = false;
    if (from >= to || from + gap(text, from, &has_stop, &has_blank) != to)
        return JOINT_NONE;
    return !has_blank ? JOINT_TIGHT : has_stop ? JOINT_STOP : JOINT_BLANK;
}

bool redact_word_read(struct slice text, size_t at, struct redact_word *out)
{
    bool has_stop = false, has_blank = false;
    size_t start = at + gap(text, at, &has_stop, &has_blank), end = start;
    if (start >= text.len || !is_inner(text, start) || text.data[start] == '\'' ||
        is_general_punctuation(text, start))
        return false;
    bool is_numeral = true;
    for (; end < text.len && is_inner(text, end) && !is_general_punctuation(text, end); end++)
        is_numeral &= isdigit((unsigned char)text.data[end]) != 0;
    *out = (struct redact_word){.start = start, .end = end};
    out->before = redact_joint(text, at, start);
    if (!is_numeral) {
        understand(out, (struct slice){text.data + start, end - start});
        return true;
    }
    out->sense = SENSE_NUMERAL;
    out->count_digits = end - start;
    for (size_t i = start; i < end && i < start + 9; i++)
        out->value = out->value * 10 + (unsigned)(text.data[i] - '0');
    out->is_amount = is_amount(text, start, end);
    return true;
}

bool redact_word_next(struct slice text, size_t at, struct redact_word *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (!redact_word_read(text, at, out))
            return false;
        if (out->sense != SENSE_FILLER)
            return true;
        at = out->end;
    }
    return false;
}

size_t redact_label(struct slice text, size_t at)
{
    static const char *const list[] = {"[phone]", "[email]", "[card]", "[birth_date]"};
    struct slice rest = {text.data + at, text.len - at};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (slice_starts(rest, list[i]))
            return strlen(list[i]);
    return 0;
}

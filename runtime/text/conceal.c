#include "text/conceal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define HIDDEN "[secret]"
#define CREDENTIAL_MIN_BYTES 8
#define PREFIXED_MIN_BYTES 16

static bool starts_nocase(struct slice text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && strncasecmp(text.data, word, len) == 0;
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

static struct slice after(struct slice text, size_t len)
{
    return (struct slice){text.data + len, text.len - len};
}

/* How far a key reaches: no blank, no quote, nothing that ends a field. */
static size_t value_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !isspace((unsigned char)text.data[len]) &&
           !strchr("\"'`&,;<>()[]{}", text.data[len]))
        len++;
    return len;
}

static size_t blanks(struct slice text)
{
    size_t len = 0;
    while (len < text.len && text.data[len] == ' ')
        len++;
    return len;
}

/* Where a secret lies behind the start of a text: `before` bytes that stay, then `len` that do not; 0: there is none. */
struct find {
    size_t before;
    size_t len;
};

static struct find find_known(struct slice text, const struct slice *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (known[i].len >= CONCEAL_KNOWN_MIN_BYTES && text.len >= known[i].len &&
            text.data[0] == known[i].data[0] && memcmp(text.data, known[i].data, known[i].len) == 0)
            return (struct find){0, known[i].len};
    }
    return (struct find){0, 0};
}

/* "authentication" is a word, and follows "basic" in many a message. */
static bool is_lowercase(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!islower((unsigned char)text.data[i]))
            return false;
    return true;
}

/* "Bearer abc…", "Basic abc…". */
static struct find find_scheme(struct slice text)
{
    static const char *const schemes[] = {"bearer ", "basic "};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!starts_nocase(text, schemes[i]))
            continue;
        size_t before = strlen(schemes[i]);
        before += blanks(after(text, before));
        size_t len = value_length(after(text, before));
        if (len >= CREDENTIAL_MIN_BYTES && !is_lowercase((struct slice){text.data + before, len}))
            return (struct find){before, len};
    }
    return (struct find){0, 0};
}

/* "password=abc", "api_key": "abc", "token: abc…". */
static struct find find_named(struct slice text)
{
    static const struct {
        const char *name;
        size_t least; /* a short value of the others is a word of a sentence */
    } names[] = {{"password", 1}, {"passwd", 1}, {"api_key", 1}, {"api-key", 1}, {"apikey", 1},
        {"auth_token", 1}, {"access_token", 1}, {"client_secret", 1}, {"token", 8}, {"secret", 8},
        {"signature", 8}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!starts_nocase(text, names[i].name))
            continue;
        size_t before = strlen(names[i].name);
        before += before < text.len && text.data[before] == '"';
        before += blanks(after(text, before));
        if (before >= text.len || !strchr("=:", text.data[before]))
            continue;
        before++;
        before += blanks(after(text, before));
        before += before < text.len && strchr("\"'", text.data[before]) != NULL;
        size_t len = value_length(after(text, before));
        if (len >= names[i].least)
            return (struct find){before, len};
    }
    return (struct find){0, 0};
}

/* "sk-abc…", "sk_abc…": as OpenAI and ElevenLabs begin theirs. */
static struct find find_prefixed(struct slice text)
{
    static const char *const prefixes[] = {"sk-", "sk_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t len = 0;
        while (len < text.len && is_word_byte(text.data[len]))
            len++;
        if (slice_starts(text, prefixes[i]) && len >= PREFIXED_MIN_BYTES)
            return (struct find){0, len};
    }
    return (struct find){0, 0};
}

/* "://user:password@": up to the last '@' before the path, as a password may hold one. */
static struct find find_in_url(struct slice text)
{
    if (!slice_starts(text, "://"))
        return (struct find){0, 0};
    size_t at = 3, colon = 0, end = 0;
    for (;
         at < text.len && !isspace((unsigned char)text.data[at]) && !strchr("/?#\"", text.data[at]);
         at++) {
        if (text.data[at] == ':' && !colon)
            colon = at;
        else if (text.data[at] == '@')
            end = at;
    }
    if (!colon || end <= colon + 1)
        return (struct find){0, 0};
    return (struct find){colon + 1, end - colon - 1};
}

static struct find find_here(struct slice text, bool begins_word, bool has_names,
    const struct slice *known, size_t known_count)
{
    struct find find = find_known(text, known, known_count);
    if (!find.len && text.data[0] == ':')
        find = find_in_url(text);
    if (!find.len && begins_word && memchr("bBs", text.data[0], 3)) /* first letters, as below */
        find = text.data[0] == 's' ? find_prefixed(text) : find_scheme(text);
    if (!find.len && has_names && memchr("acpstACPST", text.data[0], 10))
        find = find_named(text);
    return find;
}

void conceal(struct strbuf *out, struct slice text, const struct slice *known, size_t known_count)
{
    bool has_names = memchr(text.data, '=', text.len) || memchr(text.data, ':', text.len);
    bool begins_word = true;
    size_t plain = 0; /* bytes before `at` that are not written yet */
    for (size_t at = 0; at < text.len;) {
        struct find find = find_here(after(text, at), begins_word, has_names, known, known_count);
        begins_word = !find.len && !is_word_byte(text.data[at]);
        plain += find.len ? find.before : 1;
        at += find.len ? find.before : 1;
        if (!find.len)
            continue;
        strbuf_add(out, text.data + at - plain, plain);
        strbuf_add_text(out, HIDDEN);
        at += find.len;
        plain = 0;
    }
    strbuf_add(out, text.data + text.len - plain, plain);
}

/*
   text ──► token starts: id? kept │ e-mail? │ digits: phone_find │ words: spoken_phone, spoken_email
*/
#include "text/redact.h"

#include <ctype.h>
#include <string.h>

#include "text/phone_shape.h"
#include "text/spoken.h"

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_local_char(char c)
{
    return is_word_char(c) || (unsigned char)c >= 0x80 || (c && strchr(".+-", c));
}

static struct slice from(struct slice text, size_t at)
{
    return (struct slice){text.data + at, text.len - at};
}

/* 8-4-4-4-12 hexadecimal digits. */
static size_t uuid_length(struct slice text)
{
    if (text.len < 36)
        return 0;
    for (size_t i = 0; i < 36; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text.data[i] != '-' : !isxdigit((unsigned char)text.data[i]))
            return 0;
    }
    return text.len > 36 && is_word_char(text.data[36]) ? 0 : 36;
}

/* Bytes of "@", also as a form writes it; 0 when it is neither. */
static size_t at_sign(struct slice text)
{
    return slice_starts(text, "@") ? 1 : slice_starts(text, "%40") ? 3 : 0;
}

/* The labels behind the "@": at least two, the dot of a sentence's end left out. */
static size_t domain_length(struct slice text)
{
    size_t len = 0, labels = 0;
    for (;;) {
        size_t start = len;
        while (len < text.len &&
            (isalnum((unsigned char)text.data[len]) || text.data[len] == '-' ||
                (unsigned char)text.data[len] >= 0x80))
            len++;
        if (len == start)
            return labels >= 2 ? len - 1 : 0;
        labels++;
        if (len >= text.len || text.data[len] != '.')
            return labels >= 2 ? len : 0;
        len++;
    }
}

static size_t email_length(struct slice text)
{
    size_t local = 0;
    while (local < text.len && is_local_char(text.data[local]))
        local++;
    size_t sign = local ? at_sign(from(text, local)) : 0;
    size_t domain = sign ? domain_length(from(text, local + sign)) : 0;
    return domain ? local + sign + domain : 0;
}

/* Letters, digits and underscores in one: a word or an id. */
static size_t word_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && is_word_char(text.data[len]))
        len++;
    return len;
}

static bool has_written_trace(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (isdigit((unsigned char)text.data[i]) || text.data[i] == '@')
            return true;
    return false;
}

/* One token from `at`: appends it, or what hides it. Returns the bytes used. */
static size_t redact_token(struct strbuf *out, struct slice text, size_t at, bool is_written)
{
    struct slice rest = from(text, at);
    bool after_local = at && is_local_char(text.data[at - 1]);
    size_t len = is_written ? uuid_length(rest) : 0;
    if (len) {
        strbuf_add(out, rest.data, len);
        return len;
    }
    len = is_written && !after_local ? email_length(rest) : 0;
    if (!len)
        len = spoken_email(rest);
    if (len) {
        strbuf_add_text(out, "[email]");
        return len;
    }
    len = spoken_phone(rest);
    if (len) {
        strbuf_add_text(out, "[phone]");
        return len;
    }
    if (phone_may_start(text, at)) {
        struct phone_span span = phone_find(text, at);
        strbuf_add(out, rest.data, span.before);
        if (span.len)
            strbuf_add_text(out, "[phone]");
        return span.before + span.len;
    }
    len = word_length(rest);
    len = len ? len : 1;
    strbuf_add(out, rest.data, len);
    return len;
}

/* Bytes that begin nothing: blanks and signs. */
static size_t plain_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !is_local_char(text.data[len]) && text.data[len] != '(' &&
        text.data[len] != '%')
        len++;
    return len;
}

void redact(struct strbuf *out, struct slice text)
{
    bool is_written = has_written_trace(text);
    for (size_t at = 0; at < text.len;) {
        size_t plain = plain_length(from(text, at));
        strbuf_add(out, text.data + at, plain);
        at += plain;
        if (at < text.len)
            at += redact_token(out, text, at, is_written);
    }
}

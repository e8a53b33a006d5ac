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
        while (len < text.len && (isalnum((unsigned char)text.data[len]) || text.data[len] == '-' ||
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

static size_t local_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && is_local_char(text.data[len]))
        len++;
    return len;
}

static size_t email_length(struct slice text)
{
    size_t local = local_length(text);
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

struct scan {
    struct strbuf *out;
    struct slice text;
    size_t at;
    size_t no_email_before; /* what begins before this was looked at with what it belongs to */
    bool is_written; /* figures or an "@" are there: without them only spoken things need a look */
};

static void keep(struct scan *scan, size_t len)
{
    strbuf_add(scan->out, scan->text.data + scan->at, len);
    scan->at += len;
}

static void hide(struct scan *scan, size_t len, const char *label)
{
    strbuf_add_text(scan->out, label);
    scan->at += len;
}

static size_t find_email(struct scan *scan, struct slice rest)
{
    size_t len = 0;
    if (scan->is_written && scan->at >= scan->no_email_before) {
        len = email_length(rest);
        if (!len)
            scan->no_email_before = scan->at + local_length(rest);
    }
    return len ? len : spoken_email(rest);
}

/* One token: keeps it, or says what it was. */
static void redact_token(struct scan *scan)
{
    struct slice rest = from(scan->text, scan->at);
    size_t len = scan->is_written ? uuid_length(rest) : 0;
    if (len) {
        keep(scan, len);
    } else if ((len = find_email(scan, rest)) > 0) {
        hide(scan, len, "[email]");
    } else if ((len = spoken_phone(rest)) > 0) {
        hide(scan, len, "[phone]");
    } else if (phone_may_start(scan->text, scan->at)) {
        struct phone_span span = phone_find(scan->text, scan->at);
        keep(scan, span.before);
        if (span.len)
            hide(scan, span.len, "[phone]");
    } else {
        len = word_length(rest);
        keep(scan, len ? len : 1);
    }
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
    struct scan scan = {.out = out, .text = text, .is_written = has_written_trace(text)};
    while (scan.at < text.len) {
        keep(&scan, plain_length(from(text, scan.at)));
        if (scan.at < text.len)
            redact_token(&scan);
    }
}

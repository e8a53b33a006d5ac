/*
   text ──► token starts: label, id? kept │ e-mail? │ date of birth? │ digits read out? │ figures: phone_find
               │                                                                                  │
               └► what it names ("my number is") ──► how few digits are enough       "at" ◄── word kept
                                                              domain behind it? the name is taken back from the output
*/
#include "text/redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "text/phone_shape.h"
#include "text/redact_date.h"
#include "text/redact_email.h"
#include "text/redact_escapes.h"
#include "text/redact_run.h"
#include "text/redact_words.h"

#define NAMED_WORDS 8       /* so long what was named is waited for */
#define NAMED_ORDER_WORDS 4 /* "order number is …" */
#define MAIL_WORDS_MAX 32   /* of an address that is not finished */

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
    bool has_sign = local && slice_starts(from(text, local), "@");
    size_t domain = has_sign ? domain_length(from(text, local + 1)) : 0;
    return domain ? local + 1 + domain : 0;
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
    size_t no_run_before;   /* so, digits that were read out */
    bool is_written; /* figures or an "@" are there: without them only spoken things need a look */
    struct named named;
    size_t
        mail_words; /* words since "my e-mail is": when the text ends in them, they are the address */
    size_t mail_out_len;
    struct trail trail;
};

static void keep(struct scan *scan, size_t len)
{
    strbuf_add(scan->out, scan->text.data + scan->at, len);
    scan->at += len;
}

/* What was named is there now. */
static void forget(struct scan *scan)
{
    scan->named = (struct named){0};
    scan->mail_words = 0;
}

static void put_hidden(struct scan *scan)
{
    struct redact_word word = {.sense = SENSE_HIDDEN, .before = JOINT_BLANK};
    trail_put(&scan->trail, &word, scan->out->len);
    forget(scan);
}

static void hide(struct scan *scan, size_t len, const char *label)
{
    put_hidden(scan);
    strbuf_add_text(scan->out, label);
    scan->at += len;
}

/* ---- what is named ---- */

static enum cue cue_of(enum sense sense)
{
    switch (sense) {
    case SENSE_NAMES_PHONE:
        return CUE_PHONE;
    case SENSE_NAMES_CALL:
        return CUE_CALL;
    case SENSE_NAMES_EMAIL:
        return CUE_EMAIL;
    case SENSE_NAMES_CARD:
        return CUE_CARD;
    case SENSE_NAMES_BIRTH:
        return CUE_BIRTH;
    case SENSE_NAMES_BIRTHDAY:
        return CUE_BIRTHDAY;
    case SENSE_NAMES_ORDER:
        return CUE_ORDER;
    case SENSE_NAMES_PARTY:
    case SENSE_NAMES_END:
    case SENSE_PLAIN:
    case SENSE_STOP:
    case SENSE_IS:
    case SENSE_FILLER:
    case SENSE_DIGIT:
    case SENSE_PAIR:
    case SENSE_TENS:
    case SENSE_ROUND:
    case SENSE_REPEAT:
    case SENSE_NUMERAL:
    case SENSE_ORDINAL:
    case SENSE_MONTH:
    case SENSE_LETTER:
    case SENSE_SPELLING:
    case SENSE_JOINT:
    case SENSE_DOT:
    case SENSE_AT:
    case SENSE_THEN:
    case SENSE_PLUS:
    case SENSE_MAILBOX:
    case SENSE_TOP:
    case SENSE_EXTENSION:
    case SENSE_HIDDEN:
        return CUE_NONE;
    }
    return CUE_NONE;
}

static void note_name(struct named *named, const struct redact_word *word)
{
    enum cue cue = cue_of(word->sense);
    bool is_of_it =
        word->sense == SENSE_NAMES_PHONE && (named->cue == CUE_ORDER || named->cue == CUE_CARD);
    if (cue != CUE_NONE && !is_of_it) /* "order number" names an order */
        *named = (struct named){
            cue, word->is_possessive, cue == CUE_ORDER ? NAMED_ORDER_WORDS : NAMED_WORDS};
    else if (named->words_left && !--named->words_left)
        *named = (struct named){0};
    bool is_over = word->sense == SENSE_NAMES_PARTY || word->sense == SENSE_NAMES_END;
    bool is_verb = named->cue == CUE_EMAIL && word->sense == SENSE_STOP &&
                   word->value == STOP_PERSON; /* "email me when …" */
    if (is_over || is_verb)
        *named = (struct named){0};
    named->is_linked |=
        named->cue != CUE_NONE && (word->sense == SENSE_IS || is_of_it || word->is_possessive);
    if (named->cue == CUE_BIRTHDAY && named->is_linked)
        named->cue = CUE_BIRTH; /* "my birthday is …" */
}

/* "my e-mail is jane dot": an address that the text ends in before its domain came. */
static void note_mail(struct scan *scan, const struct redact_word *word, size_t out_len)
{
    bool is_part =
        word->sense != SENSE_STOP && word->sense != SENSE_IS && cue_of(word->sense) == CUE_NONE;
    bool may_begin = is_part && word->sense != SENSE_FILLER && word->sense != SENSE_AT;
    if (scan->mail_words)
        scan->mail_words =
            is_part && word->before != JOINT_STOP && scan->mail_words < MAIL_WORDS_MAX
                ? scan->mail_words + 1
                : 0;
    else if (scan->named.cue == CUE_EMAIL && scan->named.is_linked && may_begin) {
        scan->mail_words = 1;
        scan->mail_out_len = out_len;
    }
}

/* "d o b" */
static bool is_birth_letters(const struct scan *scan, const struct redact_word *word)
{
    const char *said = scan->text.data + word->start;
    return word->start >= 4 && word->sense == SENSE_LETTER &&
           tolower((unsigned char)said[0]) == 'b' && strncasecmp(said - 4, "d o ", 4) == 0;
}

/* ---- one token ---- */

/* Takes the name before an "at" back from the output when a domain follows. */
static bool hide_spoken_email(struct scan *scan, const struct redact_word *word)
{
    size_t end = word->sense == SENSE_AT ? redact_spoken_domain(scan->text, word->end) : 0;
    size_t count = end ? redact_spoken_name(&scan->trail) : 0;
    if (!count)
        return false;
    scan->out->len = trail_at(&scan->trail, count - 1)->out_len;
    if (scan->out->data)
        scan->out->data[scan->out->len] = 0;
    scan->trail.count = 0; /* its last words are out of the output */
    hide(scan, end - scan->at, "[email]");
    return true;
}

/* "call=CA…", "\"card\":1": machines name things too. */
static bool is_key(struct slice text, size_t end)
{
    return end < text.len && (text.data[end] == '=' || text.data[end] == '"');
}

static void keep_word(struct scan *scan, const struct redact_word *word)
{
    size_t out_len = scan->out->len;
    struct redact_word known = *word;
    if (is_birth_letters(scan, word))
        known.sense = SENSE_NAMES_BIRTH;
    if (is_key(scan->text, word->end))
        known.sense = SENSE_PLAIN;
    note_mail(scan, &known, out_len);
    note_name(&scan->named, &known);
    trail_put(&scan->trail, word, out_len);
    keep(scan, word->end - scan->at);
}

static bool may_begin_number(const struct redact_word *word)
{
    return word->sense == SENSE_DIGIT || word->sense == SENSE_PAIR || word->sense == SENSE_TENS ||
           word->sense == SENSE_REPEAT || word->sense == SENSE_PLUS || word->sense == SENSE_NUMERAL;
}

/* Hides a run, or keeps it when it was named as nobody's. */
static bool take_run(struct scan *scan, const struct redact_word *word)
{
    if (!may_begin_number(word) || scan->at < scan->no_run_before)
        return false;
    struct redact_run run;
    redact_run_read(scan->text, word, &run);
    const char *label = run.count ? redact_run_label(&run, &scan->named) : NULL;
    scan->no_run_before = run.end;
    if (label) {
        hide(scan, run.end - scan->at, label);
    } else if (scan->named.cue == CUE_ORDER && run.count) {
        struct redact_word whole = *word;
        whole.end = run.end;
        keep_word(scan, &whole);
    } else {
        return false;
    }
    return true;
}

static bool take_birth(struct scan *scan, const struct redact_word *word)
{
    bool may_begin =
        may_begin_number(word) || word->sense == SENSE_ORDINAL || word->sense == SENSE_MONTH;
    size_t end = may_begin ? redact_birth_date(scan->text, word, &scan->named) : 0;
    if (end)
        hide(scan, end - scan->at, "[birth_date]");
    return end > 0;
}

/* "bytes=1048576", "took_ms=1234567": what a key says is no number of somebody. */
static bool is_measure(struct slice text, size_t at)
{
    static const char *const units[] = {
        "bytes", "ms", "us", "ns", "samples", "tokens", "frames", "size", "count"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        size_t len = strlen(units[i]);
        if (at > len && text.data[at - 1] == '=' &&
            memcmp(text.data + at - 1 - len, units[i], len) == 0)
            return true;
    }
    return false;
}

/* Figures as they are written. */
static bool take_figures(struct scan *scan, const struct redact_word *word)
{
    if (!phone_may_start(scan->text, scan->at))
        return false;
    struct phone_span span = phone_find(scan->text, scan->at);
    bool is_begun = !span.len && !isdigit((unsigned char)scan->text.data[scan->at]) &&
                    scan->named.cue != CUE_NONE;
    if (is_begun)
        return false; /* "my number is (212) 5": the figures behind the sign are looked at by themselves */
    if (span.len && !is_measure(scan->text, scan->at)) {
        struct slice number = {scan->text.data + scan->at + span.before, span.len};
        size_t count = 0;
        char first = 0;
        for (size_t i = 0; i < number.len; i++)
            if (isdigit((unsigned char)number.data[i]) && count++ == 0)
                first = number.data[i];
        keep(scan, span.before);
        hide(scan, span.len, number.data[0] == '+' ? "[phone]" : redact_digits_label(count, first));
        return true;
    }
    struct redact_word whole = {
        .sense = SENSE_NUMERAL, .before = word->before, .end = scan->at + span.before + span.len};
    keep_word(scan, &whole);
    return true;
}

static size_t find_email(struct scan *scan, struct slice rest)
{
    size_t len = 0;
    if (scan->is_written && scan->at >= scan->no_email_before) {
        len = email_length(rest);
        if (!len)
            scan->no_email_before = scan->at + local_length(rest);
    }
    return len;
}

/* The word that begins here, with what stands between it and the one before. */
static bool read_word(struct scan *scan, size_t gap_start, struct redact_word *word)
{
    if (!redact_word_read(scan->text, scan->at, word) || word->start != scan->at)
        return false;
    word->before = redact_joint(scan->text, gap_start, scan->at);
    return true;
}

/* One token: keeps it, or says what it was. False: it was a sign. */
static bool redact_token(struct scan *scan, size_t gap_start)
{
    struct slice rest = from(scan->text, scan->at);
    struct redact_word word = {.sense = SENSE_PLAIN};
    size_t len = scan->is_written ? uuid_length(rest) : 0;
    if (len) {
        keep(scan, len);
    } else if ((len = redact_label(scan->text, scan->at)) > 0) {
        put_hidden(scan);
        keep(scan, len);
    } else if ((len = find_email(scan, rest)) > 0) {
        hide(scan, len, "[email]");
    } else if (!read_word(scan, gap_start, &word)) {
        if (!take_figures(scan, &word)) {
            len = utf8_length(rest.data, rest.len);
            keep(scan, len ? len : 1); /* no word begins within a sign */
            return false;
        }
    } else if (!hide_spoken_email(scan, &word) && !take_birth(scan, &word) &&
               !take_run(scan, &word) && !take_figures(scan, &word)) {
        keep_word(scan, &word);
    }
    return true;
}

/* Bytes that begin nothing: blanks and signs. */
static size_t plain_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && !is_local_char(text.data[len]) && text.data[len] != '(' &&
           text.data[len] != '%' && text.data[len] != '[')
        len++;
    return len;
}

static void redact_plain(struct strbuf *out, struct slice text)
{
    struct scan scan = {.out = out, .text = text, .is_written = has_written_trace(text)};
    if (!scan.is_written && !memchr(text.data, ' ', text.len)) {
        keep(&scan, text.len);
        return;
    }
    size_t word_end = 0;
    while (scan.at < text.len) {
        size_t plain = plain_length(from(text, scan.at));
        if (memchr(text.data + scan.at, '\n', plain))
            forget(&scan); /* lines are apart */
        keep(&scan, plain);
        if (scan.at < text.len && redact_token(&scan, word_end))
            word_end = scan.at;
    }
    if (scan.mail_words && !out->failed) {
        out->len = scan.mail_out_len;
        strbuf_add_text(out, "[email]");
    }
}

void redact(struct strbuf *out, struct slice text)
{
    struct strbuf plain;
    strbuf_init(&plain, text.len);
    bool is_escaped = redact_unescape(&plain, text);
    redact_plain(out, is_escaped ? strbuf_slice(&plain) : text);
    out->failed |= plain.failed;
    strbuf_free(&plain);
}

void redact_copy(struct slice text, char *out, size_t size)
{
    struct strbuf hidden;
    strbuf_init(&hidden, text.len * 2 + sizeof "[birth_date]");
    redact(&hidden, text);
    slice_copy(hidden.failed ? SLICE("[hidden]") : strbuf_slice(&hidden), out, size);
    strbuf_free(&hidden);
}

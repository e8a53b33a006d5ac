/*
   log_event ──► format line (any thread) ──► mailbox ──wake──► log_flush ──► write(fd)
*/
#include "observe/log.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mailbox.h"
#include "base/strbuf.h"
#include "observe/metrics.h"
#include "text/redact.h"

#define LINE_MAX_BYTES 4096
#define VALUE_MAX_BYTES 2048
#define LINES_WAITING_MAX 16384

struct line {
    struct letter letter;
    size_t len;
    char text[];
};

static struct mailbox lines;
static atomic_bool is_started;
static atomic_int least_level = LOG_INFO;
static int out_fd = STDERR_FILENO;

static void write_all(const char *text, size_t len)
{
    while (len) {
        ssize_t written = write(out_fd, text, len);
        if (written <= 0)
            return; /* nowhere left to say so */
        text += written;
        len -= (size_t)written;
    }
}

void log_start(int fd, enum log_level least, void (*wake)(void *owner), void *owner)
{
    out_fd = fd;
    log_set_level(least);
    mailbox_init(&lines, LINES_WAITING_MAX, wake, owner);
    atomic_store(&is_started, true);
}

void log_flush(void)
{
    struct letter *letter = mailbox_take_all(&lines);
    while (letter) {
        struct line *line = (struct line *)letter;
        letter = letter->next;
        write_all(line->text, line->len);
        free(line);
    }
}

void log_stop(void)
{
    if (!atomic_exchange(&is_started, false))
        return;
    log_flush();
    mailbox_destroy(&lines);
}

void log_set_level(enum log_level least)
{
    atomic_store(&least_level, (int)least);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        return "error";
    }
    return "error";
}

/* One conversion of a format: flags and precision as written, its length modifiers, its letter. */
struct conversion {
    char text[16]; /* "%5.2f" without length modifiers */
    int longs;
    bool is_size;
    bool has_star;
    char letter;
};

static const char *conversion_read(struct conversion *out, const char *format)
{
    *out = (struct conversion){0};
    size_t len = 0;
    while (*format && !isalpha((unsigned char)*format)) {
        out->has_star |= *format == '*';
        if (len < sizeof out->text - 2)
            out->text[len++] = *format;
        format++;
    }
    for (; *format == 'l' || *format == 'z' || *format == 'h'; format++) {
        out->longs += *format == 'l';
        out->is_size |= *format == 'z';
    }
    out->letter = *format;
    return *format ? format + 1 : format;
}

static void add_string(struct strbuf *line, struct slice value)
{
    struct strbuf hidden;
    strbuf_init(&hidden, VALUE_MAX_BYTES);
    redact(&hidden, (struct slice){value.data,
                        value.len < VALUE_MAX_BYTES / 2 ? value.len : VALUE_MAX_BYTES / 2});
    strbuf_add_json(line, strbuf_slice(&hidden));
    strbuf_free(&hidden);
}

static void add_double(struct strbuf *line, const struct conversion *conversion, double value)
{
    int precision = 3;
    const char *dot = strchr(conversion->text, '.');
    if (dot)
        precision = atoi(dot + 1);
    strbuf_printf(line, "%.*f", precision, value);
}

/* Takes the argument of one conversion off `args` and appends it as a JSON value. */
static void add_value(struct strbuf *line, const struct conversion *conversion, va_list *args)
{
    int star = conversion->has_star ? va_arg(*args, int) : -1;
    bool is_wide = conversion->longs > 0 || conversion->is_size;
    if (conversion->letter == 's') {
        const char *text = va_arg(*args, const char *);
        if (!text)
            text = "";
        size_t len = star >= 0 ? strnlen(text, (size_t)star) : strlen(text);
        add_string(line, (struct slice){text, len});
    } else if (conversion->letter == 'd' || conversion->letter == 'i') {
        strbuf_printf(
            line, "%lld", is_wide ? va_arg(*args, long long) : (long long)va_arg(*args, int));
    } else if (conversion->letter == 'u') {
        strbuf_printf(line, "%llu",
            is_wide ? va_arg(*args, unsigned long long)
                    : (unsigned long long)va_arg(*args, unsigned));
    } else if (conversion->letter == 'f') {
        add_double(line, conversion, va_arg(*args, double));
    } else {
        abort(); /* a format the header does not allow: found by the first test that logs it */
    }
}

/* "key=%spec key=%spec …" → ,"key":value… ; literal values ("key=word") become strings. */
static void add_fields(struct strbuf *line, const char *format, va_list *args)
{
    while (*format) {
        while (*format == ' ')
            format++;
        const char *equals = strchr(format, '=');
        if (!equals)
            return;
        strbuf_add_char(line, ',');
        strbuf_add_json(line, (struct slice){format, (size_t)(equals - format)});
        strbuf_add_char(line, ':');
        format = equals + 1;
        if (*format == '%') {
            struct conversion conversion;
            format = conversion_read(&conversion, format);
            add_value(line, &conversion, args);
        } else {
            size_t len = strcspn(format, " ");
            strbuf_add_json(line, (struct slice){format, len});
            format += len;
        }
        format += strcspn(format, " ");
    }
}

static void hand_over(const struct strbuf *text)
{
    if (!atomic_load(&is_started)) {
        write_all(text->data, text->len);
        return;
    }
    struct line *line = malloc(sizeof *line + text->len);
    if (!line) {
        metric_add(METRIC_LOG_LINES_DROPPED, 1);
        return;
    }
    line->len = text->len;
    memcpy(line->text, text->data, text->len);
    if (mailbox_put(&lines, &line->letter) != ERR_OK) {
        metric_add(METRIC_LOG_LINES_DROPPED, 1);
        free(line);
    }
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < atomic_load(&least_level))
        return;
    char when[CLOCK_TEXT_SIZE];
    clock_wall_text(clock_wall_ms(), when);
    struct strbuf line;
    strbuf_init(&line, LINE_MAX_BYTES);
    strbuf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", when,
        level_name(level), event);
    va_list args;
    va_start(args, format);
    add_fields(&line, format, &args);
    va_end(args);
    if (line.failed) { /* too long: the event still gets its line */
        strbuf_clear(&line);
        strbuf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\",\"cut\":true",
            when, level_name(level), event);
    }
    strbuf_add_text(&line, "}\n");
    hand_over(&line);
    strbuf_free(&line);
}

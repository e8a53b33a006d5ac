/*
   log_event ──► wanted? ──► limited? ──► format line (any thread) ──► log_sink
*/
#include "observe/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "observe/log_sink.h"
#include "observe/metrics.h"
#include "text/conceal.h"
#include "text/redact.h"

#define VALUE_SHOWN_BYTES 1024
#define VALUE_BEHIND_BYTES                                                                         \
    256 /* looked at behind it: of a number or key that is cut in two neither half is known as one */
#define VALUE_MAX_BYTES (2 * (VALUE_SHOWN_BYTES + VALUE_BEHIND_BYTES))
#define LINE_END "}\n"
#define SECRETS_MAX 16

static atomic_uint lines_a_second = LOG_RATE_USUAL;
static struct slice secrets[SECRETS_MAX];
static size_t secret_count;

void log_start(int fd, enum log_level least, void (*wake)(void *owner), void *owner)
{
    log_set_level(least);
    log_sink_open(fd, wake, owner);
}

bool log_flush(void)
{
    return log_sink_write();
}

void log_stop(void)
{
    if (log_sink_is_open())
        log_report();
    log_sink_close();
}

void log_set_level(enum log_level least)
{
    log_levels_all((int)least);
}

void log_set_rate(unsigned rate)
{
    atomic_store(&lines_a_second, rate);
}

unsigned log_rate(void)
{
    return atomic_load(&lines_a_second);
}

void log_hide(const char *secret)
{
    struct slice text = slice_from(secret);
    if (text.len < CONCEAL_KNOWN_MIN_BYTES || secret_count == SECRETS_MAX)
        return;
    for (size_t i = 0; i < secret_count; i++)
        if (slice_is(secrets[i], secret))
            return;
    char *copy = slice_dup(text);
    if (copy)
        secrets[secret_count++] = (struct slice){copy, text.len};
}

/* ---- the line ---- */

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

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void add_string(struct strbuf *line, struct slice value)
{
    struct strbuf concealed, redacted;
    struct slice looked_at = {
        value.data, smaller(value.len, VALUE_SHOWN_BYTES + VALUE_BEHIND_BYTES)};
    strbuf_init(&concealed, VALUE_MAX_BYTES);
    strbuf_init(&redacted, VALUE_MAX_BYTES);
    conceal(&concealed, looked_at, secrets, secret_count);
    redact(&redacted, strbuf_slice(&concealed));
    struct slice shown = strbuf_slice(&redacted);
    if (looked_at.len < value.len)
        shown.len -= smaller(shown.len, VALUE_BEHIND_BYTES);
    shown.len = smaller(shown.len, VALUE_SHOWN_BYTES);
    strbuf_add_json(line, shown);
    strbuf_free(&concealed);
    strbuf_free(&redacted);
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

static void begin_line(struct strbuf *line, enum log_level level, const char *event)
{
    char when[CLOCK_TEXT_SIZE];
    clock_wall_text(clock_wall_ms(), when);
    strbuf_init(line, LOG_LINE_MAX_BYTES - strlen(LINE_END));
    strbuf_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"", when,
        log_level_name((int)level), event);
}

static bool names_call(const char *format)
{
    const char *found = strstr(format, "call=");
    return found && (found == format || found[-1] == ' ');
}

static void put_line(enum log_level level, const char *event, const char *format, va_list *args)
{
    struct strbuf line;
    begin_line(&line, level, event);
    if (log_call_id()[0] && !names_call(format))
        strbuf_printf(&line, ",\"call\":\"%s\"", log_call_id());
    add_fields(&line, format, args);
    if (line.failed) { /* too long: the event still gets its line */
        strbuf_free(&line);
        begin_line(&line, level, event);
        strbuf_add_text(&line, ",\"cut\":true");
    }
    line.limit = LOG_LINE_MAX_BYTES;
    strbuf_add_text(&line, LINE_END);
    log_sink_put(line.data, line.len);
    strbuf_free(&line);
}

/* ---- how much ---- */

static enum log_class class_of(const struct log_kind *kind, enum log_level level)
{
    if ((int)level < atomic_load_explicit(kind->least, memory_order_relaxed))
        return LOG_CLASS_CALL;
    return level >= LOG_WARN ? LOG_CLASS_TROUBLE : LOG_CLASS_USUAL;
}

static bool is_allowed(struct log_kind *kind, enum log_level level)
{
    unsigned rate = atomic_load_explicit(&lines_a_second, memory_order_relaxed);
    if (log_bucket_take(&kind->buckets[class_of(kind, level)], clock_us(), rate))
        return true;
    metric_add(METRIC_LOG_LINES_LIMITED, 1);
    return false;
}

/* Past the limit: these say what it did. */
static void put_report(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void put_report(enum log_level level, const char *event, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_line(level, event, format, &args);
    va_end(args);
}

static void report_limited(const char *event, enum log_class of, unsigned long long lines)
{
    static const char *const names[LOG_CLASS_COUNT] = {"usual", "trouble", "call"};
    put_report(LOG_WARN, "log.limited", "name=%s of=%s lines=%llu", event, names[of], lines);
}

void log_report(void)
{
    static int64_t told; /* of dropped lines */
    int64_t dropped = metric_get(METRIC_LOG_LINES_DROPPED);
    log_kinds_report(report_limited);
    if (dropped <= told || log_sink_is_behind())
        return; /* it would be dropped too */
    put_report(LOG_WARN, "log.dropped", "lines=%lld", (long long)(dropped - told));
    told = dropped;
}

void log_write(struct log_kind *kind, enum log_level level, const char *format, ...)
{
    if (!is_allowed(kind, level))
        return;
    va_list args;
    va_start(args, format);
    put_line(level, kind->name, format, &args);
    va_end(args);
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    struct log_kind *kind = log_kind_of(event);
    if (!log_is_wanted(kind, level) || !is_allowed(kind, level))
        return;
    va_list args;
    va_start(args, format);
    put_line(level, event, format, &args);
    va_end(args);
}

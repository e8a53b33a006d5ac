/* A string that grows up to a limit. Appending past the limit (or out of memory) sets `failed`,
   drops what did not fit and goes on, so that a run of appends is checked once at its end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct strbuf {
    char *data; /* always terminated once something was appended; NULL before */
    size_t len;
    size_t capacity;
    size_t limit; /* most bytes it may hold */
    bool failed;  /* something did not fit */
};

void strbuf_init(struct strbuf *buf, size_t limit_bytes);
void strbuf_free(struct strbuf *buf);
void strbuf_clear(struct strbuf *buf); /* keeps the memory */
void strbuf_reserve(struct strbuf *buf, size_t extra); /* once, instead of growing bit by bit */
void strbuf_add(struct strbuf *buf, const void *data, size_t len);
void strbuf_add_slice(struct strbuf *buf, struct slice text);
void strbuf_add_text(struct strbuf *buf, const char *text);
void strbuf_add_char(struct strbuf *buf, char c);
void strbuf_printf(struct strbuf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
/* A JSON string with its quotes. Invalid UTF-8 becomes U+FFFD, so the result is always valid JSON.
 */
void strbuf_add_json(struct strbuf *buf, struct slice text);
void strbuf_drop_front(struct strbuf *buf, size_t len);
/* Hands the terminated text over (caller frees) and empties the buffer; NULL when it failed. */
char *strbuf_take(struct strbuf *buf);
struct slice strbuf_slice(const struct strbuf *buf);

#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void strbuf_init(struct strbuf *buf, size_t limit_bytes)
{
    *buf = (struct strbuf){.limit = limit_bytes};
}

void strbuf_free(struct strbuf *buf)
{
    free(buf->data);
    strbuf_init(buf, buf->limit);
}

void strbuf_clear(struct strbuf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = 0;
}

/* Room for `extra` more bytes and the terminator. */
static bool reserve(struct strbuf *buf, size_t extra)
{
    if (extra > buf->limit || buf->len > buf->limit - extra) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + extra + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < need)
        capacity *= 2;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void strbuf_reserve(struct strbuf *buf, size_t extra)
{
    (void)reserve(buf, extra);
}

void strbuf_add(struct strbuf *buf, const void *data, size_t len)
{
    if (!reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = 0;
}

void strbuf_add_slice(struct strbuf *buf, struct slice text)
{
    strbuf_add(buf, text.data, text.len);
}

void strbuf_add_text(struct strbuf *buf, const char *text)
{
    strbuf_add(buf, text, strlen(text));
}

void strbuf_add_char(struct strbuf *buf, char c)
{
    strbuf_add(buf, &c, 1);
}

void strbuf_vprintf(struct strbuf *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len >= 0 && reserve(buf, (size_t)len)) {
        vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    strbuf_vprintf(buf, format, args);
    va_end(args);
}

void strbuf_add_json(struct strbuf *buf, struct slice text)
{
    strbuf_add_char(buf, '"');
    for (size_t i = 0; i < text.len;) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\') {
            strbuf_add_char(buf, '\\');
            strbuf_add_char(buf, (char)c);
            i++;
        } else if (c == '\n') {
            strbuf_add_text(buf, "\\n");
            i++;
        } else if (c < 0x20 || c == 0x7f) {
            strbuf_printf(buf, "\\u%04x", c);
            i++;
        } else {
            size_t len = utf8_length(text.data + i, text.len - i);
            if (len)
                strbuf_add(buf, text.data + i, len);
            else
                strbuf_add_text(buf, "\\ufffd");
            i += len ? len : 1;
        }
    }
    strbuf_add_char(buf, '"');
}

void strbuf_drop_front(struct strbuf *buf, size_t len)
{
    if (len > buf->len)
        len = buf->len;
    if (!len)
        return;
    memmove(buf->data, buf->data + len, buf->len - len + 1);
    buf->len -= len;
}

char *strbuf_take(struct strbuf *buf)
{
    if (buf->failed || !reserve(buf, 0)) {
        strbuf_free(buf);
        return NULL;
    }
    char *text = buf->data;
    text[buf->len] = 0;
    strbuf_init(buf, buf->limit);
    return text;
}

struct slice strbuf_slice(const struct strbuf *buf)
{
    return (struct slice){buf->data ? buf->data : "", buf->len};
}

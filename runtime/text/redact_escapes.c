#include "text/redact_escapes.h"

#include <string.h>

#include "base/hex.h"

#define ESCAPE_BYTES 3

/* The sign that an escape stands for; 0: it is none, or stands for no sign of ASCII. */
static char escaped(struct slice text)
{
    if (text.len < ESCAPE_BYTES || text.data[0] != '%')
        return 0;
    int high = hex_value(text.data[1]), low = hex_value(text.data[2]), value = high * 16 + low;
    return high >= 0 && low >= 0 && value >= ' ' && value <= '~' ? (char)value : 0;
}

static struct slice after(struct slice text, size_t len)
{
    return (struct slice){text.data + len, text.len - len};
}

/* Bytes before the next escape. */
static size_t plain_length(struct slice text)
{
    for (struct slice rest = text; rest.len;) {
        const char *sign = memchr(rest.data, '%', rest.len);
        if (!sign)
            break;
        size_t at = (size_t)(sign - text.data);
        if (escaped(after(text, at)))
            return at;
        rest = after(text, at + 1);
    }
    return text.len;
}

bool redact_unescape(struct strbuf *out, struct slice text)
{
    size_t plain = plain_length(text);
    if (plain == text.len)
        return false;
    for (; text.len; plain = plain_length(text)) {
        strbuf_add(out, text.data, plain);
        text = after(text, plain);
        if (!text.len)
            break;
        strbuf_add_char(out, escaped(text));
        text = after(text, ESCAPE_BYTES);
    }
    return true;
}

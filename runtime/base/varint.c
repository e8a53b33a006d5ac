#include "base/varint.h"

size_t varint_write(uint8_t out[VARINT_MAX_BYTES], uint64_t number)
{
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        out[len++] = (uint8_t)(number | 0x80);
    out[len++] = (uint8_t)number;
    return len;
}

void varint_add(struct strbuf *out, uint64_t number)
{
    uint8_t bytes[VARINT_MAX_BYTES];
    strbuf_add(out, bytes, varint_write(bytes, number));
}

void varint_add_text(struct strbuf *out, struct slice text)
{
    varint_add(out, text.len);
    strbuf_add_slice(out, text);
}

bool varint_take(struct slice *rest, uint64_t *number)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rest->len && i < VARINT_MAX_BYTES; i++) {
        uint8_t byte = (uint8_t)rest->data[i];
        if (i == VARINT_MAX_BYTES - 1 && byte > 1)
            return false;
        sum |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte & 0x80)
            continue;
        *number = sum;
        rest->data += i + 1;
        rest->len -= i + 1;
        return true;
    }
    return false;
}

bool varint_take_text(struct slice *rest, struct slice *text)
{
    struct slice after = *rest;
    uint64_t len;
    if (!varint_take(&after, &len) || len > after.len)
        return false;
    *text = (struct slice){after.data, (size_t)len};
    *rest = (struct slice){after.data + len, after.len - (size_t)len};
    return true;
}

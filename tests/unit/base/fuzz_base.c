/* Whatever bytes come in: a JSON string we write is valid UTF-8 and reads back; base64 that is taken is the encoding of
   what it decodes to. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/strbuf.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_json(struct slice text)
{
    struct strbuf buf;
    strbuf_init(&buf, 1 << 20);
    strbuf_add_json(&buf, text);
    json_t *value = json_loadb(buf.data, buf.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!value || !utf8_is_valid(buf.data, buf.len))
        abort();
    bool is_same = json_string_length(value) == text.len &&
                   memcmp(json_string_value(value), text.data, text.len) == 0;
    if (utf8_is_valid(text.data, text.len) && !is_same)
        abort();
    json_decref(value);
    strbuf_free(&buf);
}

static void try_base64(struct slice text)
{
    uint8_t *plain = malloc(text.len + 1);
    char *again = malloc(BASE64_SIZE(text.len + 1));
    size_t len;
    if (base64_decode(&len, plain, text.len, text) == ERR_OK &&
        base64_encode(plain, len, again) != text.len)
        abort();
    free(plain);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    try_json(text);
    try_base64(text);
    return 0;
}

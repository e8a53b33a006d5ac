/* Any text: what is taken is the encoding of what it decodes to, character by character (but for the bits that
   padding leaves unused), and never more than three bytes for four. Any bytes: their encoding decodes to them. */
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_text(struct slice text)
{
    size_t most = text.len / 4 * 3, len = 0;
    uint8_t *plain = malloc(most + 1);
    char *again = malloc(BASE64_SIZE(most));
    if (base64_decode(&len, plain, most, text) == ERR_OK) {
        size_t exact = text.len && text.data[text.len - 1] == '=' ? text.len - 4 : text.len;
        if (len > most || base64_encode(plain, len, again) != text.len ||
            memcmp(again, text.data, exact) != 0)
            abort();
    }
    free(again);
    free(plain);
}

static void try_bytes(const uint8_t *data, size_t size)
{
    char *text = malloc(BASE64_SIZE(size));
    uint8_t *plain = malloc(size + 1);
    size_t text_len = base64_encode(data, size, text), len = 0;
    struct slice whole = {text, text_len};
    if (strlen(text) != text_len || base64_decode(&len, plain, size, whole) || len != size ||
        memcmp(plain, data, size) != 0)
        abort();
    if (size && base64_decode(&len, plain, size - 1, whole) == ERR_OK)
        abort(); /* there was no room */
    free(plain);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_text((struct slice){(const char *)data, size});
    try_bytes(data, size);
    return 0;
}

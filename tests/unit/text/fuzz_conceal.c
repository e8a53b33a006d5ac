/* Any bytes: no crash, and a key in a line of its own behind them is still hidden. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/conceal.h"

#define BEHIND "\nAuthorization: Bearer Abcdefgh1\n"
#define HIDDEN "\nAuthorization: Bearer [secret]\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice known[] = {{"known-secret", 12}};
    struct strbuf in, out;
    strbuf_init(&in, 1 << 20);
    strbuf_init(&out, 1 << 21);
    strbuf_add(&in, data, size);
    strbuf_add_text(&in, BEHIND);
    conceal(&out, strbuf_slice(&in), known, 1);
    size_t len = strlen(HIDDEN);
    if (out.failed || out.len < len || memcmp(out.data + out.len - len, HIDDEN, len) != 0)
        abort();
    strbuf_free(&in);
    strbuf_free(&out);
    return 0;
}

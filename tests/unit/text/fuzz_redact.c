/* Any bytes: no crash, and what stands in lines of its own behind them is still hidden. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/redact.h"

#define BEHIND "\n+15550100001\n(555) 010-0001\njane@example.com\n"
#define HIDDEN "\n[phone]\n[phone]\n[email]\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf in, out;
    strbuf_init(&in, 1 << 20);
    strbuf_init(&out, 1 << 20);
    strbuf_add(&in, data, size);
    strbuf_add_text(&in, BEHIND);
    redact(&out, strbuf_slice(&in));
    size_t len = strlen(HIDDEN);
    if (out.failed || out.len < len || memcmp(out.data + out.len - len, HIDDEN, len) != 0)
        abort();
    strbuf_free(&in);
    strbuf_free(&out);
    return 0;
}

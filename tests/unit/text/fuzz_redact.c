/* Any bytes: no crash, what stands in lines of its own behind them is still hidden, also a second time, and what was UTF-8
   stays so. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "text/redact.h"

#define BEHIND                                                                                     \
    "\n+15550100001\n(555) 010-0001\njane@example.com\nfive five five oh one two three\njane dot " \
    "doe at example dot com\n"                                                                     \
    "4111 1111 1111 1111\nmarch third nineteen eighty four\n"
#define HIDDEN "\n[phone]\n[phone]\n[email]\n[phone]\n[email]\n[card]\n[birth_date]\n"

static bool is_utf8(struct slice text)
{
    while (text.len) {
        size_t len = utf8_length(text.data, text.len);
        if (!len)
            return false;
        text = (struct slice){text.data + len, text.len - len};
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf in, out, again;
    strbuf_init(&in, 1 << 20);
    strbuf_init(&out, 1 << 21);
    strbuf_init(&again, 1 << 22);
    strbuf_add(&in, data, size);
    strbuf_add_text(&in, BEHIND);
    redact(&out, strbuf_slice(&in));
    size_t len = strlen(HIDDEN);
    if (out.failed || out.len < len || memcmp(out.data + out.len - len, HIDDEN, len) != 0)
        abort();
    redact(&again, strbuf_slice(&out));
    if (again.failed || again.len < len || memcmp(again.data + again.len - len, HIDDEN, len) != 0)
        abort();
    if (is_utf8(strbuf_slice(&in)) && !is_utf8(strbuf_slice(&out)))
        abort();
    strbuf_free(&in);
    strbuf_free(&out);
    strbuf_free(&again);
    return 0;
}

/* The request parser over arbitrary bytes: what it accepts must hold together, and reading byte by byte
   must come to the same end as reading at once. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "net/request.h"

static void check_slice(struct slice part, const char *data, size_t len)
{
    assert(!part.len || (part.data >= data && part.data + part.len <= data + len));
}

static void check_head(const char *data, size_t len)
{
    struct request whole, grown;
    int used = request_parse(&whole, data, len), used_grown = 0;
    for (size_t i = 1; i <= len && !used_grown; i++)
        used_grown = request_parse(&grown, data, i);
    assert(used_grown == used || (used < 0 && used_grown < 0));
    if (used <= 0)
        return;
    assert((size_t)used <= len);
    check_slice(whole.method, data, len);
    check_slice(whole.path, data, len);
    check_slice(whole.query, data, len);
    check_slice(whole.upgrade, data, len);
    assert(whole.path.len > 0 && whole.path.data[0] == '/');
    int status = request_check_upgrade(&whole);
    assert(status == 101 || status == 400 || status == 426);
}

static void check_chunks(const char *data, size_t len)
{
    struct chunked once = {0}, grown = {0};
    struct strbuf a, b;
    size_t used = 0, at = 0;
    strbuf_init(&a, 300);
    strbuf_init(&b, 300);
    int result = chunked_take(&once, &a, (struct slice){data, len}, &used), result_grown = 0;
    assert(used <= len);
    for (size_t i = 1; i <= len && !result_grown; i++) {
        size_t took = 0;
        result_grown = chunked_take(&grown, &b, (struct slice){data + at, i - at}, &took);
        at += took;
    }
    assert(result_grown == result || (result < 0 && result_grown < 0));
    if (result == 1)
        assert(a.len == b.len && !memcmp(a.len ? a.data : "", b.len ? b.data : "", a.len));
    strbuf_free(&a);
    strbuf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2000)
        return 0;
    char *copy = malloc(size + 1); /* of the exact size, so that a read past it is seen */
    memcpy(copy, data, size);
    copy = realloc(copy, size ? size : 1);
    check_head(copy, size);
    check_chunks(copy, size);
    free(copy);
    return 0;
}

/* Origins from the settings: an address that is made begins with its scheme, ends with the path and has a
   host between; percent-encoding leaves unreserved characters only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "providers/origin.h"

#define PATH "/v1/x"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct strbuf *out, const char *scheme)
{
    struct slice text = strbuf_slice(out);
    size_t len = strlen(scheme);
    if (!slice_starts(text, scheme) || text.len <= len + 3 + strlen(PATH))
        abort();
    bool is_secure = text.data[len] == 's';
    const char *host = text.data + len + is_secure;
    if (memcmp(host, "://", 3) != 0 || host[3] == '/' ||
        memcmp(text.data + text.len - strlen(PATH), PATH, strlen(PATH)) != 0)
        abort();
}

static void try_origin(const char *origin)
{
    struct strbuf http, ws;
    strbuf_init(&http, 1 << 16);
    strbuf_init(&ws, 1 << 16);
    enum err err = origin_http(&http, origin, PATH);
    if (origin_ws(&ws, origin, PATH) != err)
        abort();
    if (!err) {
        check(&http, "http");
        check(&ws, "ws");
    }
    strbuf_free(&http);
    strbuf_free(&ws);
}

static void try_encoding(struct slice text)
{
    struct strbuf out;
    strbuf_init(&out, 1 << 16);
    origin_add_encoded(&out, text);
    for (size_t i = 0; i < out.len; i++) {
        if (!strchr(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%", out.data[i]))
            abort();
    }
    strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    char *origin = slice_dup(text);
    try_origin(origin);
    try_encoding(text);
    free(origin);
    return 0;
}

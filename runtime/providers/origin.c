#include "providers/origin.h"

#include <stdbool.h>
#include <string.h>

/* What stands after "scheme://" with trailing slashes and one "/v1" off. */
static struct slice authority(struct slice rest)
{
    while (rest.len && rest.data[rest.len - 1] == '/')
        rest.len--;
    if (rest.len > 3 && !memcmp(rest.data + rest.len - 3, "/v1", 3))
        rest.len -= 3;
    while (rest.len && rest.data[rest.len - 1] == '/')
        rest.len--;
    return rest;
}

static enum err split(const char *origin, bool *is_secure, struct slice *rest)
{
    static const struct {
        const char *prefix;
        bool is_secure;
    } schemes[] = {{"https://", true}, {"http://", false}, {"wss://", true}, {"ws://", false}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
        struct slice text = slice_from(origin);
        if (!slice_starts(text, schemes[i].prefix))
            continue;
        size_t len = strlen(schemes[i].prefix);
        *is_secure = schemes[i].is_secure;
        *rest = authority((struct slice){text.data + len, text.len - len});
        return rest->len && rest->data[0] != '/' ? ERR_OK : ERR_BAD;
    }
    return ERR_BAD;
}

static enum err build(struct strbuf *out, const char *origin, const char *path, const char *scheme)
{
    bool is_secure;
    struct slice rest;
    enum err err = split(origin, &is_secure, &rest);
    if (err)
        return err;
    strbuf_add_text(out, scheme);
    strbuf_add_text(out, is_secure ? "s://" : "://");
    strbuf_add_slice(out, rest);
    strbuf_add_text(out, path);
    return out->failed ? ERR_NOMEM : ERR_OK;
}

enum err origin_http(struct strbuf *out, const char *origin, const char *path)
{
    return build(out, origin, path, "http");
}

enum err origin_ws(struct strbuf *out, const char *origin, const char *path)
{
    return build(out, origin, path, "ws");
}

static bool is_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("-._~", c));
}

void origin_add_encoded(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (is_unreserved(c))
            strbuf_add_char(out, (char)c);
        else
            strbuf_printf(out, "%%%02X", c);
    }
}

#include "caller/url.h"

#include <stdio.h>
#include <string.h>

#include "base/slice.h"

static size_t origin_len(const char *url)
{
    const char *mark = strstr(url, "://");
    return mark ? (size_t)(mark - url) + 3 + strcspn(mark + 3, "/?#") : 0;
}

/* Up to and with the last / of the path. */
static size_t folder_len(const char *base)
{
    size_t end = origin_len(base);
    end += strcspn(base + end, "?#");
    size_t start = origin_len(base);
    while (end > start && base[end - 1] != '/')
        end--;
    return end;
}

enum err url_resolve(char out[URL_SIZE], const char *base, const char *reference)
{
    size_t keep = 0;
    const char *between = "";
    if (!strstr(reference, "://")) {
        keep = reference[0] == '/' ? origin_len(base) : folder_len(base);
        if (reference[0] != '/' && (keep == 0 || base[keep - 1] != '/'))
            between = "/";
    }
    int len = snprintf(out, URL_SIZE, "%.*s%s%s", (int)keep, base, between, reference);
    return len < 0 || len >= URL_SIZE ? ERR_BAD : ERR_OK;
}

bool url_has_origin(const char *url, const char *origin)
{
    size_t len = origin_len(url);
    return len > 0 && len == origin_len(origin) && strncmp(url, origin, len) == 0;
}

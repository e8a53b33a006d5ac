/* URLs of webhooks. Input: base, newline, reference. What is resolved is absolute when the base is, and a
   URL never passes for one of another origin. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "caller/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    char *base = slice_dup(slice_split(&rest, '\n')), *reference = slice_dup(rest);
    char out[URL_SIZE];
    enum err err = url_resolve(out, base, reference);
    if (!err && strstr(base, "://") && !strstr(out, "://"))
        abort();
    if (!err && strlen(out) > strlen(base) + strlen(reference) + 1)
        abort();
    /* A path keeps the origin. */
    if (!err && reference[0] == '/' && !strstr(reference, "://") && url_has_origin(base, base) &&
        !url_has_origin(out, base))
        abort();
    if (url_has_origin(base, reference) != url_has_origin(reference, base))
        abort();
    free(base);
    free(reference);
    return 0;
}

/* Any bytes: no crash, and hiding twice hides nothing more. */
#include <stdint.h>
#include <stdlib.h>

#include "text/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf once, twice;
    strbuf_init(&once, 1 << 20);
    strbuf_init(&twice, 1 << 20);
    redact(&once, (struct slice){(const char *)data, size});
    redact(&twice, strbuf_slice(&once));
    if (!slice_equal(strbuf_slice(&once), strbuf_slice(&twice)))
        abort();
    strbuf_free(&once);
    strbuf_free(&twice);
    return 0;
}

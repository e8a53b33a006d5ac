/* No query made without the key is a link; whatever is read without one comes back when it is written. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/transfer_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice query = {(const char *)data, size}, key = SLICE("a key the input does not know");
    struct transfer_link link, again;
    if (transfer_link_read(&link, query, key) == ERR_OK)
        abort();
    if (transfer_link_read(&link, query, SLICE("")))
        return 0;
    struct strbuf text;
    strbuf_init(&text, 8192);
    transfer_link_add(&text, &link, NULL, key);
    if (!text.failed && (transfer_link_read(&again, strbuf_slice(&text), key) ||
                            strcmp(link.to, again.to) != 0 || link.attempt != again.attempt ||
                            strcmp(link.whisper, again.whisper) != 0))
        abort();
    strbuf_free(&text);
    return 0;
}

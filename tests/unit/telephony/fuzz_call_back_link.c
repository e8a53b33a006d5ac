#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "telephony/call_back_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written as it would be read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct call_back_link link, again;
    if (call_back_link_read(&link, (struct slice){(const char *)data, size}) != ERR_OK)
        return 0;
    struct strbuf query;
    strbuf_init(&query, 4096);
    call_back_link_write(&query, &link);
    assert(call_back_link_read(&again, strbuf_slice(&query)) == ERR_OK);
    assert(strcmp(link.row_id, again.row_id) == 0 && strcmp(link.tenant_id, again.tenant_id) == 0 &&
           strcmp(link.title, again.title) == 0 && strcmp(link.details, again.details) == 0);
    strbuf_free(&query);
    return 0;
}

/* What decodes, encodes and decodes to the same fields. */
#include <stdint.h>
#include <stdlib.h>

#include "telephony/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form form, again;
    if (form_parse(&form, (struct slice){(const char *)data, size}))
        return 0;
    struct strbuf text;
    strbuf_init(&text, 16 * size + 1024);
    for (size_t i = 0; i < form.count; i++)
        form_encode(&text, form.fields[i].name, form.fields[i].value);
    if (text.failed || form_parse(&again, strbuf_slice(&text)) || again.count != form.count)
        abort();
    for (size_t i = 0; i < form.count; i++)
        if (!slice_equal(form.fields[i].name, again.fields[i].name) ||
            !slice_equal(form.fields[i].value, again.fields[i].value))
            abort();
    form_free(&form);
    form_free(&again);
    strbuf_free(&text);
    return 0;
}

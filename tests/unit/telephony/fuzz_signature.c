/* Any URL and form: our own signature is accepted, and no other text is. Input: url, newline, body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct form form;
    struct slice body = {(const char *)data, size};
    struct slice url = slice_split(&body, '\n');
    struct slice token = SLICE("token");
    if (form_parse(&form, body))
        return 0;
    char made[SIGNATURE_SIZE];
    if (signature_make(made, token, url, &form) == ERR_OK) {
        bool has_hash = memmem(url.data, url.len, "bodySHA256", 10) != NULL;
        bool is_good = signature_check(slice_from(made), token, SLICE(""), url, &form, body);
        if (!is_good && !has_hash)
            abort();
        made[0] = made[0] == 'A' ? 'B' : 'A';
        if (signature_check(slice_from(made), token, SLICE(""), url, &form, body))
            abort();
    }
    if (signature_check(url, token, token, body, &form, url))
        abort();
    form_free(&form);
    return 0;
}

/* No text made without the key is a token; any tenant that is taken comes back. Input: CallSid,
   newline, tenant or token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/stream_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct slice call_sid = slice_split(&text, '\n');
    struct slice key = SLICE("a key the input does not know");
    struct stream_token token, read;
    if (stream_token_check(&token, text, call_sid, key, 1) != ERR_BAD)
        abort();
    memset(&token, 0, sizeof token);
    token.attempt = (unsigned)size;
    token.expires_wall_ms = 2;
    if (!slice_copy(call_sid, token.call_sid, sizeof token.call_sid) ||
        !slice_copy(text, token.tenant, sizeof token.tenant))
        return 0;
    char made[STREAM_TOKEN_SIZE];
    if (stream_token_make(made, &token, key))
        return 0;
    struct slice sid = slice_from(token.call_sid);
    if (stream_token_check(&read, slice_from(made), sid, key, 1) ||
        strcmp(read.tenant, token.tenant) != 0 || read.attempt != token.attempt)
        abort();
    return 0;
}

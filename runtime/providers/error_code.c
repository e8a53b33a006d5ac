#include "providers/error_code.h"

#include <string.h>

#include "text/redact.h"

#define LOOKED_AT_BYTES 256

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_-.", c));
}

/* Redacted first: without its signs nobody knows an address. */
void error_code_copy(char *code, size_t size, struct slice text)
{
    char redacted[LOOKED_AT_BYTES];
    size_t len = 0;
    redact_copy(text, redacted, sizeof redacted);
    for (const char *at = redacted; *at && len < size - 1; at++)
        if (is_safe(*at))
            code[len++] = *at;
    code[len] = 0;
}

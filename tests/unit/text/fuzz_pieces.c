/* Any bytes in any steps: every byte that is not a blank comes out once, in order, and the buffer never
   blocks. The first byte is the step. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/pieces.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void expect_next(const char *text, size_t len, size_t *at, struct slice piece)
{
    if (!piece.len)
        abort();
    for (size_t i = 0; i < piece.len; i++) {
        if (is_blank(piece.data[i]))
            continue;
        while (*at < len && is_blank(text[*at]))
            (*at)++;
        if (*at >= len || text[(*at)++] != piece.data[i])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct pieces pieces;
    struct slice piece;
    const char *text = (const char *)data + 1;
    size_t len = size - 1, step = 1 + data[0] % 300, seen = 0;
    pieces_init(&pieces);
    for (size_t at = 0; at < len; at += step) {
        if (!pieces_add(&pieces, (struct slice){text + at, len - at < step ? len - at : step}))
            abort();
        while (pieces_next(&pieces, &piece))
            expect_next(text, len, &seen, piece);
    }
    pieces_flush(&pieces);
    while (pieces_next(&pieces, &piece))
        expect_next(text, len, &seen, piece);
    while (seen < len && is_blank(text[seen]))
        seen++;
    if (seen != len)
        abort();
    return 0;
}

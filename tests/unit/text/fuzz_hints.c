/* Any bytes as a caller's words: hints lie within the text, in order and apart, with values of their kind; tidying twice is
   tidying once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text/hints.h"
#include "text/transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_tidy(struct slice text)
{
    struct strbuf once, twice;
    strbuf_init(&once, text.len + 2);
    strbuf_init(&twice, text.len + 3);
    transcript_tidy(&once, text, SLICE("en"));
    transcript_tidy(&twice, strbuf_slice(&once), SLICE("en"));
    if (once.failed || twice.failed || !slice_equal(strbuf_slice(&once), strbuf_slice(&twice)))
        abort();
    strbuf_free(&once);
    strbuf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hints hints;
    struct slice text = {(const char *)data, size};
    struct hints_place place = {.today = 20783, .country = SLICE("US")};
    hints_find(&hints, text, &place);
    const char *end = text.data;
    for (size_t i = 0; i < hints.count; i++) {
        const struct hint *hint = &hints.list[i];
        size_t len = strlen(hint->value);
        bool is_clock = hint->kind == HINT_TIME && (len != 5 || strcmp(hint->value, "23:59") > 0);
        if (hint->said.data < end || !hint->said.len || !len || is_clock)
            abort();
        end = hint->said.data + hint->said.len;
    }
    if (end > text.data + text.len)
        abort();
    check_tidy(text);
    return 0;
}

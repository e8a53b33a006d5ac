/* Lines of a .env file: a name that is taken could be a variable's, value and name lie inside the line, and
   writing both down again reads the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "main/env_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static void check(struct slice name, struct slice value)
{
    struct slice name_again, value_again;
    struct strbuf line;
    must(!memchr(name.data, '=', name.len) && !memchr(name.data, 0, name.len));
    must(!memchr(value.data, 0, value.len));
    strbuf_init(&line, 1 << 16);
    strbuf_add_slice(&line, name);
    strbuf_add_text(&line, " = \"");
    strbuf_add_slice(&line, value);
    strbuf_add_text(&line, "\" ");
    if (line.len <= ENV_LINE_MAX_BYTES)
        must(!env_line_read(strbuf_slice(&line), &name_again, &value_again) &&
             slice_equal(name, name_again) && slice_equal(value, value_again));
    strbuf_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size}, name, value;
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        if (env_line_read(line, &name, &value) == ERR_OK && name.len)
            check(name, value);
    }
    return 0;
}

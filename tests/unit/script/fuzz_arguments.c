/* The first line is a schema, the rest are arguments. Whatever they are, it ends, with a reason that is UTF-8 when they do not fit;
   what fits goes on fitting, and so does what comes of it when it is written down and read again. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "script/arguments.h"
#include "script/strict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(json_t *arguments, const json_t *schema)
{
    char why[ARGUMENTS_WHY_SIZE] = "";
    if (arguments_check(arguments, schema, why)) {
        if (!why[0] || !utf8_is_valid(why, strlen(why)))
            abort();
        return;
    }
    char *text = json_dumps(arguments, JSON_COMPACT);
    json_t *again = text ? json_loads(text, 0, NULL) : NULL;
    if (arguments_check(arguments, schema, why) || (again && arguments_check(again, schema, why)))
        abort();
    json_decref(again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct slice first = slice_split(&rest, '\n');
    json_t *schema = json_loadb(first.data, first.len, JSON_DECODE_ANY, NULL);
    json_t *arguments = json_loadb(rest.data, rest.len, JSON_DECODE_ANY, NULL);
    if (schema && arguments)
        check(arguments, schema);
    if (json_is_object(schema))
        json_decref(strict_schema(schema));
    json_decref(schema);
    json_decref(arguments);
    return 0;
}

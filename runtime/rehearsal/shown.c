#include "rehearsal/shown.h"

#include <string.h>

#define SHOWN_MAX 200

/* A character is not cut. */
static size_t end_before(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

char *shown_values(const json_t *values)
{
    char *text = json_dumps(values, JSON_COMPACT);
    size_t len = text ? strlen(text) : 0;
    if (len < 2)
        return text;
    text[0] = '(';
    text[len - 1] = ')';
    if (len > SHOWN_MAX)
        strcpy(text + end_before(text, SHOWN_MAX - 4), "…)");
    return text;
}

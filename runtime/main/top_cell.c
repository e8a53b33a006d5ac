#include "main/top_cell.h"

#include <limits.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

/* One character of `*text`, which moves on behind it; the columns it takes. 0: it is left out. */
static unsigned take_character(const char **text, char out[MB_LEN_MAX], size_t *len)
{
    mbstate_t state = {0};
    wchar_t character;
    size_t taken = mbrtowc(&character, *text, strlen(*text), &state);
    bool is_valid = taken != (size_t)-1 && taken != (size_t)-2 && taken != 0;
    int width = is_valid && iswprint((wint_t)character) ? wcwidth(character) : -1;
    *len = width > 0 ? taken : 1;
    memcpy(out, width > 0 ? *text : "?", *len);
    *text += is_valid ? taken : 1;
    return width < 0 ? 1 : (unsigned)width;
}

/* Of all of it. */
static unsigned width_of(const char *text)
{
    char character[MB_LEN_MAX];
    unsigned width = 0;
    for (size_t len; *text;)
        width += take_character(&text, character, &len);
    return width;
}

unsigned top_text(struct strbuf *out, const char *text, unsigned width)
{
    char character[MB_LEN_MAX];
    bool is_cut = width_of(text) > width;
    unsigned room = is_cut && width ? width - 1 : width, used = 0;
    while (*text) {
        size_t len;
        unsigned columns = take_character(&text, character, &len);
        if (used + columns > room)
            break;
        if (columns)
            strbuf_add(out, character, len);
        used += columns;
    }
    if (is_cut && width)
        strbuf_add_char(out, '~');
    return used + (is_cut && width ? 1 : 0);
}

static void add_blanks(struct strbuf *out, unsigned count)
{
    while (count--)
        strbuf_add_char(out, ' ');
}

void top_cell(struct strbuf *out, const char *text, unsigned width, bool is_right)
{
    unsigned wanted = width_of(text);
    unsigned missing = wanted < width ? width - wanted : 0;
    if (is_right)
        add_blanks(out, missing);
    unsigned used = top_text(out, text, width);
    if (!is_right && used < width)
        add_blanks(out, width - used);
}

#include "net/message_kind.h"

#include <string.h>

#define LOOK_BYTES 256
#define KIND_MAX_BYTES 48

static struct slice after(struct slice text, size_t len)
{
    return (struct slice){text.data + len, text.len - len};
}

/* The plain letters that a string in quotes holds; empty: it holds others, or is none. */
static struct slice word_in_quotes(struct slice text)
{
    text = slice_trim(text);
    size_t len = 1;
    if (!text.len || text.data[0] != '"')
        return (struct slice){"", 0};
    while (len < text.len && len <= KIND_MAX_BYTES && text.data[len] != '"') {
        char c = text.data[len];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!is_plain)
            return (struct slice){"", 0};
        len++;
    }
    if (len >= text.len || text.data[len] != '"')
        return (struct slice){"", 0};
    return (struct slice){text.data + 1, len - 1};
}

static struct slice value_of(struct slice text, const char *quoted_name)
{
    size_t len = strlen(quoted_name);
    for (size_t at = 0; at + len < text.len; at++) {
        if (memcmp(text.data + at, quoted_name, len) != 0)
            continue;
        struct slice rest = slice_trim(after(text, at + len));
        return rest.len && rest.data[0] == ':' ? word_in_quotes(after(rest, 1))
                                               : (struct slice){"", 0};
    }
    return (struct slice){"", 0};
}

struct slice message_kind(struct slice message)
{
    struct slice head = {message.data, message.len < LOOK_BYTES ? message.len : LOOK_BYTES};
    struct slice kind = value_of(head, "\"event\"");
    if (!kind.len)
        kind = value_of(head, "\"type\"");
    head = slice_trim(head);
    if (!kind.len && head.len && head.data[0] == '{')
        kind = word_in_quotes(after(head, 1));
    return kind.len ? kind : SLICE("other");
}

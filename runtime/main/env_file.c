#include "main/env_file.h"

#include <stdbool.h>
#include <string.h>

static struct slice unquoted(struct slice value)
{
    bool is_quoted = value.len >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
                     value.data[value.len - 1] == value.data[0];
    return is_quoted ? (struct slice){value.data + 1, value.len - 2} : value;
}

static bool is_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return text.len > 0;
}

enum err env_line_read(struct slice line, struct slice *name, struct slice *value)
{
    *name = *value = (struct slice){"", 0};
    line = slice_trim(line);
    if (!line.len || line.data[0] == '#')
        return ERR_OK;
    if (line.len > ENV_LINE_MAX_BYTES || memchr(line.data, 0, line.len) ||
        !memchr(line.data, '=', line.len))
        return ERR_BAD;
    struct slice rest = line;
    struct slice read = slice_trim(slice_split(&rest, '='));
    if (!is_name(read))
        return ERR_BAD;
    *name = read;
    *value = unquoted(slice_trim(rest));
    return ERR_OK;
}

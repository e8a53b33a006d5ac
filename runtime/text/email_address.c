#include "text/email_address.h"

#include <ctype.h>
#include <string.h>

#include "base/utf8.h"

#define NAME_MAX_BYTES 64
#define LABEL_MAX_BYTES 63

/* Letters of other alphabets are as good as ours; quoted names are nobody's. */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < 0x80 && !isalnum(c) && !strchr("!#$%&'*+-/=?^_`{|}~.", c))
            return false;
        if (c == '.' && (i == 0 || i + 1 == name.len || name.data[i + 1] == '.'))
            return false;
    }
    return name.len > 0 && name.len <= NAME_MAX_BYTES;
}

static bool is_label(struct slice label)
{
    for (size_t i = 0; i < label.len; i++) {
        unsigned char c = (unsigned char)label.data[i];
        if (c < 0x80 && !isalnum(c) && c != '-')
            return false;
    }
    return label.len > 0 && label.len <= LABEL_MAX_BYTES && label.data[0] != '-' &&
           label.data[label.len - 1] != '-';
}

static bool is_domain(struct slice domain)
{
    size_t labels = 0;
    struct slice label = {0};
    bool is_last = false;
    while (!is_last) {
        is_last = !memchr(domain.data, '.', domain.len);
        label = slice_split(&domain, '.');
        if (!is_label(label))
            return false;
        labels++;
    }
    return labels >= 2 && label.len >= 2 && !isdigit((unsigned char)label.data[0]);
}

enum err email_address_read(char out[EMAIL_ADDRESS_SIZE], struct slice text)
{
    text = slice_trim(text);
    if (text.len && text.data[text.len - 1] == '.')
        text.len--;
    if (!text.len || text.len >= EMAIL_ADDRESS_SIZE || !utf8_is_valid(text.data, text.len) ||
        memchr(text.data, 0, text.len))
        return ERR_BAD;
    struct slice domain = text, name = slice_split(&domain, '@');
    if (name.len == text.len || !domain.len || !is_name(name) || !is_domain(domain))
        return ERR_BAD;
    for (size_t i = 0; i < text.len; i++)
        out[i] = (char)((unsigned char)text.data[i] < 0x80 ? tolower((unsigned char)text.data[i])
                                                           : text.data[i]);
    out[text.len] = 0;
    return ERR_OK;
}

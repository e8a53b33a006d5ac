#include "telephony/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

/* Decodes `raw` to `out`, which has room for raw.len bytes; false: a cut or wrong escape. */
static bool decode(struct slice raw, char *out, struct slice *decoded)
{
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            if (raw.len - i < 3)
                return false;
            int high = hex_value(raw.data[i + 1]);
            int low = hex_value(raw.data[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        out[len++] = c;
    }
    *decoded = (struct slice){out, len};
    return true;
}

static enum err parse_field(struct form *form, struct slice pair, char **out)
{
    if (form->count == FORM_MAX_FIELDS)
        return ERR_FULL;
    struct form_field *field = &form->fields[form->count];
    struct slice name = slice_split(&pair, '=');
    if (!decode(name, *out, &field->name))
        return ERR_BAD;
    *out += field->name.len;
    if (!decode(pair, *out, &field->value))
        return ERR_BAD;
    *out += field->value.len;
    form->count++;
    return ERR_OK;
}

enum err form_parse(struct form *form, struct slice body)
{
    form->count = 0;
    form->text = malloc(body.len + 1);
    if (!form->text)
        return ERR_NOMEM;
    char *out = form->text;
    while (body.len) {
        struct slice pair = slice_split(&body, '&');
        enum err err = pair.len ? parse_field(form, pair, &out) : ERR_OK;
        if (err) {
            form_free(form);
            return err;
        }
    }
    return ERR_OK;
}

void form_free(struct form *form)
{
    free(form->text);
    form->text = NULL;
    form->count = 0;
}

struct slice form_get(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (slice_is(form->fields[i].name, name))
            return form->fields[i].value;
    return (struct slice){"", 0};
}

static bool stays_as_it_is(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '*';
}

static void encode(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (stays_as_it_is(c))
            strbuf_add_char(out, c);
        else if (c == ' ')
            strbuf_add_char(out, '+');
        else
            strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

void form_encode(struct strbuf *out, struct slice name, struct slice value)
{
    if (out->len)
        strbuf_add_char(out, '&');
    encode(out, name);
    strbuf_add_char(out, '=');
    encode(out, value);
}

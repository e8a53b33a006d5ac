#include "caller/xml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"

struct reader {
    const char *start;
    const char *at;
    const char *end;
    const char *why; /* the first thing that was wrong */
};

static bool complain(struct reader *reader, const char *why)
{
    if (!reader->why)
        reader->why = why;
    return false;
}

static bool take(struct reader *reader, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
        return false;
    reader->at += len;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Whether there was at least one. */
static bool skip_blanks(struct reader *reader)
{
    const char *start = reader->at;
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
    return reader->at > start;
}

/* Behind "<!--". */
static bool skip_comment(struct reader *reader)
{
    const char *dashes = memmem(reader->at, (size_t)(reader->end - reader->at), "--", 2);
    if (!dashes || reader->end - dashes < 3 || dashes[2] != '>')
        return complain(reader, "a comment that does not end");
    reader->at = dashes + 3;
    return true;
}

/* Blanks and comments around the root element. */
static bool skip_misc(struct reader *reader)
{
    skip_blanks(reader);
    while (take(reader, "<!--")) {
        if (!skip_comment(reader))
            return false;
        skip_blanks(reader);
    }
    return true;
}

static bool skip_declaration(struct reader *reader)
{
    take(reader, "\xef\xbb\xbf");
    if (!take(reader, "<?xml "))
        return true;
    const char *close = memmem(reader->at, (size_t)(reader->end - reader->at), "?>", 2);
    if (!close)
        return complain(reader, "a declaration that does not end");
    reader->at = close + 2;
    return true;
}

static bool is_name_char(char c, bool is_first)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_')
        return true;
    return !is_first && ((c >= '0' && c <= '9') || c == '-' || c == '.');
}

static bool read_name(struct reader *reader, char **out)
{
    const char *start = reader->at;
    while (reader->at < reader->end && is_name_char(*reader->at, reader->at == start))
        reader->at++;
    if (reader->at == start)
        return complain(reader, "a name was expected");
    *out = slice_dup((struct slice){start, (size_t)(reader->at - start)});
    return *out || complain(reader, "out of memory");
}

static bool is_xml_char(unsigned long code)
{
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xd800) ||
           (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code < 0x110000);
}

static void add_code(struct strbuf *out, unsigned long code)
{
    if (code < 0x80) {
        strbuf_add_char(out, (char)code);
        return;
    }
    int rest = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    strbuf_add_char(out, (char)(lead[rest] | code >> (6 * rest)));
    for (int i = rest - 1; i >= 0; i--)
        strbuf_add_char(out, (char)(0x80 | (code >> (6 * i) & 0x3f)));
}

/* "#38" or "#x26". */
static bool add_reference(struct reader *reader, struct strbuf *out, struct slice name)
{
    char digits[12];
    bool is_hex = name.len > 1 && name.data[1] == 'x';
    size_t skip = is_hex ? 2 : 1;
    struct slice text = {name.data + skip, name.len - skip};
    char *rest;
    if (text.len == 0 || !slice_copy(text, digits, sizeof digits) ||
        strspn(digits, is_hex ? "0123456789abcdefABCDEF" : "0123456789") != text.len)
        return complain(reader, "a wrong character reference");
    unsigned long code = strtoul(digits, &rest, is_hex ? 16 : 10);
    if (!is_xml_char(code))
        return complain(reader, "a character XML forbids");
    add_code(out, code);
    return true;
}

/* Behind "&". */
static bool add_entity(struct reader *reader, struct strbuf *out)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    const char *semicolon = memchr(reader->at, ';', (size_t)(reader->end - reader->at));
    if (!semicolon || semicolon == reader->at || semicolon - reader->at > 12)
        return complain(reader, "an & that begins no entity");
    struct slice name = {reader->at, (size_t)(semicolon - reader->at)};
    reader->at = semicolon + 1;
    if (name.data[0] == '#')
        return add_reference(reader, out, name);
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (!slice_is(name, entities[i].name))
            continue;
        strbuf_add_char(out, entities[i].c);
        return true;
    }
    return complain(reader, "an unknown entity");
}

/* One character of text or of an attribute's value. */
static bool add_character(struct reader *reader, struct strbuf *out)
{
    if (take(reader, "&"))
        return add_entity(reader, out);
    size_t len = utf8_length(reader->at, (size_t)(reader->end - reader->at));
    unsigned char c = (unsigned char)*reader->at;
    if (len == 0 || (len == 1 && !is_xml_char(c)))
        return complain(reader, "a byte that is no character of XML");
    strbuf_add(out, reader->at, len);
    reader->at += len;
    return true;
}

static bool finish_text(struct reader *reader, struct strbuf *text, bool is_good, char **out)
{
    if (is_good) {
        *out = slice_dup(strbuf_slice(text));
        is_good = *out && !text->failed;
        if (!is_good)
            complain(reader, "out of memory");
    }
    strbuf_free(text);
    return is_good;
}

static bool read_value(struct reader *reader, char **out)
{
    if (!take(reader, "="))
        return complain(reader, "an attribute without a value");
    char quote = reader->at < reader->end ? *reader->at : 0;
    if (quote != '"' && quote != '\'')
        return complain(reader, "an attribute's value without quotes");
    reader->at++;
    struct strbuf text;
    strbuf_init(&text, XML_MAX_BYTES);
    bool is_good = true;
    while (is_good && reader->at < reader->end && *reader->at != quote)
        is_good = *reader->at == '<' ? complain(reader, "a < inside an attribute")
                                     : add_character(reader, &text);
    if (is_good && reader->at++ >= reader->end)
        is_good = complain(reader, "an attribute that does not end");
    return finish_text(reader, &text, is_good, out);
}

static bool read_attribute(struct reader *reader, struct xml_node *node)
{
    struct xml_attribute *attribute = calloc(1, sizeof *attribute);
    if (!attribute)
        return complain(reader, "out of memory");
    bool is_good = read_name(reader, &attribute->name);
    if (is_good && xml_attribute(node, attribute->name))
        is_good = complain(reader, "an attribute that is there twice");
    attribute->next = node->attributes;
    node->attributes = attribute;
    return is_good && read_value(reader, &attribute->value);
}

/* What may stand between two tags, up to the next element or closing tag. */
static bool read_text(struct reader *reader, struct strbuf *text)
{
    while (reader->at < reader->end) {
        if (take(reader, "<!--")) {
            if (!skip_comment(reader))
                return false;
        } else if (take(reader, "<![CDATA[")) {
            const char *close = memmem(reader->at, (size_t)(reader->end - reader->at), "]]>", 3);
            if (!close)
                return complain(reader, "CDATA that does not end");
            strbuf_add(text, reader->at, (size_t)(close - reader->at));
            reader->at = close + 3;
        } else if (*reader->at == '<') {
            return true;
        } else if (!add_character(reader, text)) {
            return false;
        }
    }
    return complain(reader, "an element that does not end");
}

static struct xml_node *read_element(struct reader *reader, unsigned depth);

static bool read_inside(
    struct reader *reader, struct xml_node *node, struct strbuf *text, unsigned depth)
{
    struct xml_node **tail = &node->first;
    for (;;) {
        if (!read_text(reader, text))
            return false;
        if (take(reader, "</"))
            break;
        struct xml_node *child = read_element(reader, depth + 1);
        if (!child)
            return false;
        *tail = child;
        tail = &child->next;
    }
    if (!take(reader, node->name))
        return complain(reader, "a closing tag of another element");
    skip_blanks(reader);
    return take(reader, ">") || complain(reader, "a closing tag of another element");
}

static bool read_content(struct reader *reader, struct xml_node *node, unsigned depth)
{
    struct strbuf text;
    strbuf_init(&text, XML_MAX_BYTES);
    bool is_good = read_inside(reader, node, &text, depth);
    if (is_good && !text.failed) {
        node->text = slice_dup(slice_trim(strbuf_slice(&text)));
        is_good = node->text || complain(reader, "out of memory");
    }
    strbuf_free(&text);
    return is_good;
}

static bool read_tag(struct reader *reader, struct xml_node *node, unsigned depth)
{
    if (!read_name(reader, &node->name))
        return false;
    for (;;) {
        bool has_blank = skip_blanks(reader);
        if (take(reader, "/>")) {
            node->text = slice_dup((struct slice){"", 0});
            return node->text || complain(reader, "out of memory");
        }
        if (take(reader, ">"))
            return read_content(reader, node, depth);
        if (!has_blank)
            return complain(reader, "a tag that does not end");
        if (!read_attribute(reader, node))
            return false;
    }
}

static struct xml_node *read_element(struct reader *reader, unsigned depth)
{
    if (!take(reader, "<") || depth > XML_DEPTH_MAX) {
        complain(reader, depth > XML_DEPTH_MAX ? "too deep" : "an element was expected");
        return NULL;
    }
    struct xml_node *node = calloc(1, sizeof *node);
    if (!node) {
        complain(reader, "out of memory");
        return NULL;
    }
    if (read_tag(reader, node, depth))
        return node;
    xml_free(node);
    return NULL;
}

enum err xml_read(struct xml_node **out, struct slice document, char why[XML_WHY_SIZE])
{
    if (document.len == 0 || document.len > XML_MAX_BYTES) {
        snprintf(why, XML_WHY_SIZE, "%s", document.len ? "longer than 64 KiB" : "empty document");
        return ERR_BAD;
    }
    struct reader reader = {document.data, document.data, document.data + document.len, NULL};
    struct xml_node *root = NULL;
    if (skip_declaration(&reader) && skip_misc(&reader))
        root = read_element(&reader, 1);
    if (root && skip_misc(&reader) && reader.at < reader.end)
        complain(&reader, "something behind the root element");
    if (!reader.why) {
        *out = root;
        return ERR_OK;
    }
    snprintf(why, XML_WHY_SIZE, "%s (byte %zu)", reader.why, (size_t)(reader.at - reader.start));
    xml_free(root);
    return ERR_BAD;
}

void xml_free(struct xml_node *node)
{
    while (node) {
        struct xml_node *next = node->next;
        xml_free(node->first);
        while (node->attributes) {
            struct xml_attribute *attribute = node->attributes;
            node->attributes = attribute->next;
            free(attribute->name);
            free(attribute->value);
            free(attribute);
        }
        free(node->name);
        free(node->text);
        free(node);
        node = next;
    }
}

const char *xml_attribute(const struct xml_node *node, const char *name)
{
    for (const struct xml_attribute *a = node->attributes; a; a = a->next)
        if (a->value && strcmp(a->name, name) == 0)
            return a->value;
    return NULL;
}

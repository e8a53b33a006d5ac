/* Whatever names, values and URLs hold: our documents stay well-formed by the reader that Twilio's stand-in
   uses, and the values come back. Input: lines url, name, value, words. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "caller/xml.h"
#include "telephony/twiml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *take_line(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    return slice_dup(line);
}

/* What XML cannot hold at all, or changes by its own rules (blanks in attributes, line ends). */
static bool is_carried(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 || *at == 0x7f)
            return false;
    }
    return utf8_is_valid(text, strlen(text)) && !strstr(text, "\xef\xbf\xbe") &&
           !strstr(text, "\xef\xbf\xbf");
}

static struct xml_node *read_back(const struct strbuf *text)
{
    struct xml_node *root;
    char why[XML_WHY_SIZE];
    if (xml_read(&root, strbuf_slice(text), why))
        abort();
    return root;
}

static void try_stream(const char *url, const char *name, const char *value)
{
    struct twiml_parameter parameter = {name, value};
    struct strbuf text;
    strbuf_init(&text, XML_MAX_BYTES);
    twiml_stream(&text, url, url, &parameter, 1, url);
    struct xml_node *root = read_back(&text);
    const struct xml_node *stream = root->first->first, *found = stream->first;
    if (is_carried(url) && strcmp(xml_attribute(stream, "url"), url) != 0)
        abort();
    if (is_carried(value) && strcmp(xml_attribute(found, "value"), value) != 0)
        abort();
    xml_free(root);
    strbuf_free(&text);
}

static void try_others(const char *words, const char *number)
{
    struct strbuf text;
    strbuf_init(&text, XML_MAX_BYTES);
    twiml_say_and_hangup(&text, words);
    xml_free(read_back(&text));
    strbuf_clear(&text);
    twiml_dial(&text, "", number, words, words);
    xml_free(read_back(&text));
    strbuf_clear(&text);
    twiml_voicemail(&text, words, number);
    xml_free(read_back(&text));
    strbuf_clear(&text);
    twiml_dial(&text, words, number, NULL, words);
    xml_free(read_back(&text));
    strbuf_clear(&text);
    twiml_reject(&text, words);
    xml_free(read_back(&text));
    strbuf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4000)
        return 0;
    struct slice rest = {(const char *)data, size};
    char *url = take_line(&rest), *name = take_line(&rest), *value = take_line(&rest),
         *words = take_line(&rest);
    try_stream(url, name, value);
    try_others(words, value);
    free(url);
    free(name);
    free(value);
    free(words);
    return 0;
}

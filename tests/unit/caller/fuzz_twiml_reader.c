/* TwiML from anywhere: it is read or refused with a reason, and what was read keeps the reader's promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "caller/twiml_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

static void check_stream(const struct twiml_verb *verb, bool allows_plain)
{
    struct slice url = slice_from(verb->stream.url);
    must(slice_starts(url, "wss://") || (allows_plain && slice_starts(url, "ws://")));
    must(verb->stream.parameter_count <= TWIML_PARAMETERS_MAX);
    for (size_t i = 0; i < verb->stream.parameter_count; i++)
        must(verb->stream.parameters[i].name && verb->stream.parameters[i].value);
}

static void check(const struct twiml_document *document, bool allows_plain)
{
    must(document->count <= TWIML_VERBS_MAX);
    for (size_t i = 0; i < document->count; i++) {
        const struct twiml_verb *verb = &document->verbs[i];
        if (verb->kind == TWIML_CONNECT)
            check_stream(verb, allows_plain);
        if (verb->kind == TWIML_SAY || verb->kind == TWIML_REDIRECT || verb->kind == TWIML_DIAL)
            must(verb->text != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct twiml_document document;
    for (int allows_plain = 0; allows_plain < 2; allows_plain++) {
        char why[TWIML_WHY_SIZE] = "";
        struct slice text = {(const char *)data, size};
        enum err err = twiml_read(&document, text, allows_plain, why);
        must((err != ERR_OK) == (why[0] != '\0') && memchr(why, 0, sizeof why));
        if (!err) {
            check(&document, allows_plain);
            twiml_document_free(&document);
        }
    }
    return 0;
}

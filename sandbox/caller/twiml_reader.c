#include "caller/twiml_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller/xml.h"

#define PARAMETER_MAX_BYTES 500
#define RINGS_S 30  /* Twilio's */
#define GATHERS_S 5 /* likewise */

static enum err complain(char *why, const char *what, const char *detail)
{
    snprintf(why, TWIML_WHY_SIZE, "%s%.200s", what, detail);
    return ERR_BAD;
}

static bool is_get(const struct xml_node *node)
{
    const char *method = xml_attribute(node, "method");
    return method && strcmp(method, "GET") == 0;
}

static bool is_absolute(const char *url, const char *first, const char *second)
{
    struct slice text = slice_from(url);
    return slice_starts(text, first) || slice_starts(text, second);
}

static enum err read_parameter(struct twiml_verb *verb, const struct xml_node *node, char *why)
{
    const char *name = xml_attribute(node, "name");
    const char *value = xml_attribute(node, "value");
    if (strcmp(node->name, "Parameter") != 0)
        return complain(why, "12200: unknown element in <Stream>: ", node->name);
    if (!name || !value)
        return complain(why, "12200: <Parameter> needs name and value", "");
    if (strlen(name) + strlen(value) >= PARAMETER_MAX_BYTES)
        return complain(why, "12200: <Parameter> of 500 characters or more: ", name);
    if (verb->stream.parameter_count == TWIML_PARAMETERS_MAX)
        return complain(why, "more than 32 <Parameter>", "");
    size_t i = verb->stream.parameter_count++;
    verb->stream.parameters[i].name = name;
    verb->stream.parameters[i].value = value;
    return ERR_OK;
}

static enum err check_stream_url(const char *url, bool allows_plain, char *why)
{
    if (!url)
        return complain(why, "31923: <Stream> without a url", "");
    if (!is_absolute(url, "wss://", allows_plain ? "ws://" : "wss://"))
        return complain(why, "31922: the stream's URL is not wss: ", url);
    if (strchr(url, '?'))
        return complain(why, "31920: the stream's URL has a query string: ", url);
    return ERR_OK;
}

static enum err read_connect(
    struct twiml_verb *verb, const struct xml_node *node, bool allows_plain, char *why)
{
    const struct xml_node *stream = node->first;
    if (!stream || stream->next || strcmp(stream->name, "Stream") != 0)
        return complain(why, "12200: <Connect> needs exactly one <Stream>", "");
    verb->action = xml_attribute(node, "action");
    verb->stream.url = xml_attribute(stream, "url");
    verb->stream.name = xml_attribute(stream, "name");
    verb->stream.status_url = xml_attribute(stream, "statusCallback");
    if (verb->stream.status_url && !is_absolute(verb->stream.status_url, "http://", "https://"))
        return complain(why, "statusCallback is not absolute: ", verb->stream.status_url);
    enum err err = check_stream_url(verb->stream.url, allows_plain, why);
    for (const struct xml_node *p = stream->first; p && !err; p = p->next)
        err = read_parameter(verb, p, why);
    return err;
}

static enum err read_seconds(
    unsigned *out, const struct xml_node *node, const char *name, unsigned otherwise, char *why)
{
    const char *text = xml_attribute(node, name);
    char what[60];
    *out = otherwise;
    if (!text)
        return ERR_OK;
    size_t digits = strspn(text, "0123456789");
    snprintf(what, sizeof what, "12200: <%.20s %.20s> is no number of seconds: ", node->name, name);
    if (digits == 0 || digits > 3 || text[digits])
        return complain(why, what, text);
    *out = (unsigned)strtoul(text, NULL, 10);
    return ERR_OK;
}

static enum err read_dial(struct twiml_verb *verb, const struct xml_node *node, char *why)
{
    const struct xml_node *number = node->first;
    if (number && (number->next || strcmp(number->name, "Number") != 0))
        return complain(why, "only one <Number> is understood in <Dial>", "");
    verb->action = xml_attribute(node, "action");
    verb->text = number ? number->text : node->text;
    verb->caller_id = xml_attribute(node, "callerId");
    verb->number_url = number ? xml_attribute(number, "url") : NULL;
    verb->is_number_get = number && is_get(number);
    if (!verb->text[0])
        return complain(why, "13224: <Dial> without a number", "");
    return read_seconds(&verb->length_s, node, "timeout", RINGS_S, why);
}

static enum err read_gather(struct twiml_verb *verb, const struct xml_node *node, char *why)
{
    verb->action = xml_attribute(node, "action");
    for (const struct xml_node *said = node->first; said; said = said->next) {
        if (strcmp(said->name, "Say") != 0)
            return complain(why, "only <Say> is understood in <Gather>, not ", said->name);
        if (verb->said_count == TWIML_SAID_MAX)
            return complain(why, "more than 8 <Say> in <Gather>", "");
        verb->said[verb->said_count++] = said->text;
    }
    return read_seconds(&verb->length_s, node, "timeout", GATHERS_S, why);
}

static enum err read_reject(struct twiml_verb *verb, const struct xml_node *node, char *why)
{
    const char *reason = xml_attribute(node, "reason");
    verb->text = reason ? reason : "rejected";
    if (strcmp(verb->text, "rejected") != 0 && strcmp(verb->text, "busy") != 0)
        return complain(why, "12200: <Reject reason> is neither rejected nor busy: ", reason);
    return node->first || node->text[0] ? complain(why, "12200: <Reject> holds something", "")
                                        : ERR_OK;
}

static bool find_kind(const char *name, enum twiml_kind *out)
{
    static const char *const names[] = {
        "Say", "Pause", "Connect", "Redirect", "Dial", "Record", "Hangup", "Reject", "Gather"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *out = (enum twiml_kind)i;
        return true;
    }
    return false;
}

static enum err read_verb(
    struct twiml_verb *verb, const struct xml_node *node, bool allows_plain, char *why)
{
    memset(verb, 0, sizeof *verb);
    if (!find_kind(node->name, &verb->kind))
        return complain(why, "12200: unknown verb: ", node->name);
    verb->text = node->text;
    verb->is_get = is_get(node);
    switch (verb->kind) {
    case TWIML_CONNECT:
        return read_connect(verb, node, allows_plain, why);
    case TWIML_DIAL:
        return read_dial(verb, node, why);
    case TWIML_GATHER:
        return read_gather(verb, node, why);
    case TWIML_PAUSE:
        return read_seconds(&verb->length_s, node, "length", 1, why);
    case TWIML_REJECT:
        return read_reject(verb, node, why);
    case TWIML_RECORD:
        verb->action = xml_attribute(node, "action");
        verb->recording_url = xml_attribute(node, "recordingStatusCallback");
        break;
    case TWIML_SAY:
    case TWIML_REDIRECT:
    case TWIML_HANGUP:
        break;
    }
    return node->first ? complain(why, "12200: unexpected element in ", node->name) : ERR_OK;
}

static enum err read_document(struct twiml_document *out, bool allows_plain, char *why)
{
    if (strcmp(out->root->name, "Response") != 0)
        return complain(why, "12100: the document is no <Response> but ", out->root->name);
    if (out->root->text[0])
        return complain(why, "12200: text outside of a verb: ", out->root->text);
    for (const struct xml_node *node = out->root->first; node; node = node->next) {
        if (out->count == TWIML_VERBS_MAX)
            return complain(why, "more than 32 verbs", "");
        enum err err = read_verb(&out->verbs[out->count], node, allows_plain, why);
        if (err)
            return err;
        out->count++;
    }
    return ERR_OK;
}

enum err twiml_read(
    struct twiml_document *out, struct slice text, bool allows_plain, char why[TWIML_WHY_SIZE])
{
    char xml_why[XML_WHY_SIZE];
    out->count = 0;
    out->root = NULL;
    if (xml_read(&out->root, text, xml_why))
        return complain(why, "12100: not well-formed: ", xml_why);
    enum err err = read_document(out, allows_plain, why);
    if (err)
        twiml_document_free(out);
    return err;
}

void twiml_document_free(struct twiml_document *document)
{
    xml_free(document->root);
    document->root = NULL;
    document->count = 0;
}

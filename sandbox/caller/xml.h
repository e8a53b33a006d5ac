/* A small strict XML reader for documents of a known, shallow kind: elements, attributes, text,
   comments, CDATA and the five named entities. No DTD, no namespaces, no processing instructions
   but the declaration. Pure. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

#define XML_MAX_BYTES 65536
#define XML_DEPTH_MAX 8
#define XML_WHY_SIZE 160

struct xml_attribute {
    struct xml_attribute *next;
    char *name;
    char *value;
};

struct xml_node {
    struct xml_node *next;  /* sibling */
    struct xml_node *first; /* child */
    struct xml_attribute *attributes;
    char *name;
    char *text; /* all character data directly inside, trimmed */
};

/* ERR_BAD: not well-formed; `why` tells the byte and the reason. */
must_use enum err xml_read(struct xml_node **out, struct slice document, char why[XML_WHY_SIZE]);
void xml_free(struct xml_node *node); /* with all below and behind it */
const char *xml_attribute(const struct xml_node *node, const char *name); /* NULL when missing */

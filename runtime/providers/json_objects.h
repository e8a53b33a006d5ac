/* JSON objects one after the other in a stream of bytes, with or without lines between them. Finds where each ends; what is in it is
   for whoever reads it. Pure. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

struct json_objects {
    struct strbuf object; /* so far */
    unsigned depth;
    bool is_text;    /* inside a string, */
    bool is_escaped; /* behind a backslash of it */
    bool is_whole;   /* `object` was given out */
};

void json_objects_init(struct json_objects *objects, size_t most_object_bytes);
void json_objects_free(struct json_objects *objects);
/* Takes from the front of `data` up to the end of the next object, which is valid until the next call; empty: all of `data` was taken
   and more is needed. ERR_BAD: something that is no object, or one that is too long; the stream cannot be read on. */
must_use enum err json_objects_next(
    struct json_objects *objects, struct slice *data, struct slice *object);
bool json_objects_is_inside(const struct json_objects *objects); /* of one that is not whole */

#include "providers/json_objects.h"

#include <string.h>

void json_objects_init(struct json_objects *objects, size_t most_object_bytes)
{
    *objects = (struct json_objects){0};
    strbuf_init(&objects->object, most_object_bytes);
}

void json_objects_free(struct json_objects *objects)
{
    strbuf_free(&objects->object);
}

static void step_text(struct json_objects *objects, char c)
{
    if (objects->is_escaped)
        objects->is_escaped = false;
    else if (c == '\\')
        objects->is_escaped = true;
    else if (c == '"')
        objects->is_text = false;
}

/* True: the object ends here. */
static bool step(struct json_objects *objects, char c)
{
    if (objects->is_text) {
        step_text(objects, c);
        return false;
    }
    objects->is_text = c == '"';
    objects->depth += c == '{';
    objects->depth -= c == '}';
    return !objects->depth;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err json_objects_next(struct json_objects *objects, struct slice *data, struct slice *object)
{
    *object = SLICE("");
    if (objects->is_whole)
        strbuf_clear(&objects->object);
    objects->is_whole = false;
    while (!objects->depth && data->len && is_blank(data->data[0]))
        *data = (struct slice){data->data + 1, data->len - 1};
    if (!objects->depth && data->len && data->data[0] != '{')
        return ERR_BAD;
    size_t len = 0;
    while (len < data->len && !objects->is_whole)
        objects->is_whole = step(objects, data->data[len++]);
    strbuf_add(&objects->object, data->data, len);
    *data = (struct slice){data->data + len, data->len - len};
    if (objects->object.failed)
        return ERR_BAD;
    if (objects->is_whole)
        *object = strbuf_slice(&objects->object);
    return ERR_OK;
}

bool json_objects_is_inside(const struct json_objects *objects)
{
    return objects->depth > 0;
}

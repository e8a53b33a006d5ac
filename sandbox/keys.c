#include "keys.h"

enum err keys_set(struct keys *keys, const json_t *wish)
{
    const char *label;
    json_t *key, *valid = json_object_get(wish, "valid");
    if (!json_is_object(valid))
        return ERR_BAD;
    json_t *labels = json_object();
    json_object_foreach(valid, label, key)
    {
        if (!json_is_string(key) ||
            json_object_set_new(labels, json_string_value(key), json_string(label)) != 0) {
            json_decref(labels);
            return ERR_BAD;
        }
    }
    json_decref(keys->labels);
    keys->labels = labels;
    return ERR_OK;
}

void keys_clear(struct keys *keys)
{
    json_decref(keys->labels);
    json_decref(keys->uses);
    *keys = (struct keys){0};
}

static void count(struct keys *keys, const char *label, enum service service)
{
    if (!keys->uses)
        keys->uses = json_object();
    json_t *uses = json_object_get(keys->uses, label);
    if (!uses) {
        json_object_set_new(keys->uses, label, json_object());
        uses = json_object_get(keys->uses, label);
    }
    json_int_t before = json_integer_value(json_object_get(uses, service_name(service)));
    json_object_set_new(uses, service_name(service), json_integer(before + 1));
}

bool keys_use(struct keys *keys, enum service service, struct slice key)
{
    if (!keys->labels)
        return true;
    const json_t *label = json_object_getn(keys->labels, key.data ? key.data : "", key.len);
    if (!label)
        return false;
    count(keys, json_string_value(label), service);
    return true;
}

json_t *keys_uses(const struct keys *keys)
{
    return keys->uses ? json_deep_copy(keys->uses) : json_object();
}

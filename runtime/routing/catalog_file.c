#include "routing/catalog_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/catalog_fields.h"

#define NAMES_MAX_BYTES 2000
#define FIELD_NAME_SIZE 64

struct reading {
    struct catalog_file *file;
    const char *name;            /* the file's */
    struct catalog_entry *entry; /* at hand; NULL: none yet */
    char *why;                   /* CATALOG_WHY_SIZE */
};

/* ---- what is wrong ---- */

/* Returns false. */
__attribute__((format(printf, 2, 3))) static bool wrong(
    const struct reading *reading, const char *format, ...)
{
    char what[CATALOG_WHY_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    const struct catalog_entry *entry = reading->entry;
    if (!entry)
        snprintf(reading->why, CATALOG_WHY_SIZE, "%.200s: %s", reading->name, what);
    else
        snprintf(reading->why, CATALOG_WHY_SIZE, "%.200s: entry %td%s%s: %s", reading->name,
            entry - reading->file->entries + 1, entry->provider.name[0] ? " " : "",
            entry->provider.name, what);
    return false;
}

/* May be shown: what somebody wrote in the wrong place could be a key. */
static const char *shown(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789");
    return len && len <= 32 && !name[len] ? name : "(not shown)";
}

static bool wrong_field(const struct reading *reading, const char *name)
{
    enum provider_slot slot = reading->entry->provider.driver->slot;
    struct strbuf names;
    strbuf_init(&names, NAMES_MAX_BYTES);
    catalog_field_names(slot, &names);
    wrong(reading, "%s is no field of %s: it has name, slot, driver, comment%s", name,
        slot_name(slot), names.data ? names.data : "");
    strbuf_free(&names);
    return false;
}

/* ---- an entry ---- */

static bool is_name(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return len && len < PROVIDER_NAME_SIZE && !text[len];
}

static bool read_name(struct reading *reading, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    if (!name || !is_name(name))
        return wrong(reading,
            "name must be 1 to %d of a-z, 0-9, - and _: it is what scripts, "
            "logs and rows call it",
            PROVIDER_NAME_SIZE - 1);
    memcpy(reading->entry->provider.name, name, strlen(name) + 1);
    return true;
}

static bool wrong_driver(const struct reading *reading, const char *name)
{
    struct strbuf names;
    strbuf_init(&names, NAMES_MAX_BYTES);
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)); i++)
        strbuf_printf(&names, "%s%s (%s)", i ? ", " : "", driver->name, slot_name(driver->slot));
    if (name)
        wrong(reading, "there is no driver %s: it must be one of %s", shown(name), names.data);
    else
        wrong(reading, "driver is missing: it must be one of %s", names.data);
    strbuf_free(&names);
    return false;
}

static bool read_driver(struct reading *reading, const json_t *object)
{
    const json_t *slot = json_object_get(object, "slot");
    const char *name = json_string_value(json_object_get(object, "driver"));
    const struct driver *driver = name ? driver_find(name) : NULL;
    if (!driver)
        return wrong_driver(reading, name);
    if (slot && !slice_is(slice_from(json_string_value(slot)), slot_name(driver->slot)))
        return wrong(reading,
            "slot must be \"%s\": that is what %s is for, or choose another driver",
            slot_name(driver->slot), driver->name);
    reading->entry->provider = provider_usual(driver, reading->entry->provider.name);
    return true;
}

static bool is_head(const char *name)
{
    static const char *const heads[] = {"name", "slot", "driver", "comment"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (strcmp(name, heads[i]) == 0)
            return true;
    return false;
}

static bool is_key(const char *name)
{
    return strcmp(name, "key") == 0 || strcmp(name, "api_key") == 0;
}

static bool read_fields(struct reading *reading, const char *group, json_t *object);

static bool read_field(struct reading *reading, const char *group, const char *name, json_t *value)
{
    enum provider_slot slot = reading->entry->provider.driver->slot;
    char full[FIELD_NAME_SIZE], fault[FIELD_FAULT_SIZE];
    if (is_key(name))
        return wrong(reading,
            "a key must not stand in this file, which is shown and copied: put it "
            "into a file that others cannot read (key_file), or into an "
            "environment variable (key_env)");
    bool is_whole =
        snprintf(full, sizeof full, "%s%s%s", group, group[0] ? "." : "", name) < (int)sizeof full;
    if (is_whole && catalog_field_is_group(slot, full))
        return json_is_object(value) ? read_fields(reading, full, value)
                                     : wrong(reading, "%s must be an object", full);
    const struct catalog_field *field = is_whole ? catalog_field_find(slot, full) : NULL;
    if (!field)
        return wrong_field(reading, shown(name));
    return catalog_field_take(field, value, reading->entry, fault) ||
           wrong(reading, "%s %s", full, fault);
}

static bool read_fields(struct reading *reading, const char *group, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (!(is_head(name) && !group[0]) && !read_field(reading, group, name, value))
            return false;
    }
    return true;
}

/* What the driver's vendor uses. Its key goes to its own address only. */
static bool complete(struct reading *reading)
{
    struct catalog_entry *entry = reading->entry;
    struct provider *provider = &entry->provider;
    const struct vendor *vendor = driver_vendor(provider->driver);
    const char **base_url = provider_base_url(provider);
    if (entry->key_env && entry->key_file)
        return wrong(reading, "key_env and key_file are both there: one place holds the key");
    if (!*base_url && !vendor)
        return wrong(
            reading, "base_url is missing: %s has no address of its own", provider->driver->name);
    if (!*base_url && !entry->key_env && !entry->key_file)
        entry->key_env = vendor->key_env;
    if (!*base_url)
        *base_url = vendor->base_url;
    if (!provider_model(provider))
        return wrong(reading, "model is missing: write the name that the server knows it by");
    if (provider->driver->slot == SLOT_SPEAK && !provider->tts.voice_id)
        return wrong(
            reading, "voice is missing: write the voice of callers whose tenant names none");
    return true;
}

static bool is_first_of_its_name(const struct reading *reading)
{
    const struct provider *own = &reading->entry->provider;
    for (const struct catalog_entry *each = reading->file->entries; each < reading->entry; each++)
        if (each->provider.driver->slot == own->driver->slot &&
            strcmp(each->provider.name, own->name) == 0)
            return false;
    return true;
}

static bool read_entry(struct reading *reading, json_t *object)
{
    if (!json_is_object(object))
        return wrong(reading, "must be an object with name, driver and model");
    if (!read_name(reading, object) || !read_driver(reading, object) ||
        !read_fields(reading, "", object) || !complete(reading))
        return false;
    return is_first_of_its_name(reading) ||
           wrong(reading, "there is another %s of that name: give one of them another",
               slot_name(reading->entry->provider.driver->slot));
}

/* ---- the file ---- */

static bool read_list(struct reading *reading)
{
    json_t *root = reading->file->root, *list = json_object_get(root, "providers"), *value;
    const char *name;
    size_t i;
    json_object_foreach(root, name, value)
    {
        if (strcmp(name, "providers") != 0 && strcmp(name, "comment") != 0)
            return wrong(reading, "%s is no field of the file: it has providers", shown(name));
    }
    if (!json_is_array(list) || !json_array_size(list))
        return wrong(
            reading, "providers must be a list of those to ask, in order, of one at least");
    if (json_array_size(list) > PROVIDERS_MAX)
        return wrong(reading, "providers must hold at most %d", PROVIDERS_MAX);
    json_array_foreach(list, i, value)
    {
        reading->entry = &reading->file->entries[i];
        if (!read_entry(reading, value))
            return false;
        reading->file->count++;
    }
    return true;
}

static bool has_all_slots(struct reading *reading)
{
    size_t counts[PROVIDER_SLOTS] = {0};
    for (size_t i = 0; i < reading->file->count; i++)
        counts[reading->file->entries[i].provider.driver->slot]++;
    reading->entry = NULL;
    for (size_t slot = 0; slot < PROVIDER_SLOTS; slot++)
        if (!counts[slot])
            return wrong(reading, "nobody is there to %s: add an entry whose driver does",
                slot_name((enum provider_slot)slot));
    return true;
}

/* jansson quotes what it stumbles over, and that could be of a key. */
static void wrong_syntax(const struct reading *reading, json_error_t *error)
{
    char *quoted = strstr(error->text, " near ");
    if (quoted)
        *quoted = 0;
    snprintf(reading->why, CATALOG_WHY_SIZE, "%.200s:%d:%d: this is no JSON: %s", reading->name,
        error->line, error->column, error->text);
}

enum err catalog_file_read(
    struct catalog_file *out, const char *name, struct slice text, char why[CATALOG_WHY_SIZE])
{
    struct reading reading = {.file = out, .name = name, .why = why};
    json_error_t error;
    *out = (struct catalog_file){0};
    if (text.len > CATALOG_FILE_MAX_BYTES) {
        wrong(&reading, "is larger than %u KiB", CATALOG_FILE_MAX_BYTES >> 10);
        return ERR_BAD;
    }
    out->root = json_loadb(text.len ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (!out->root)
        wrong_syntax(&reading, &error);
    else if (!json_is_object(out->root))
        wrong(&reading, "must be an object: {\"providers\": [ … ]}");
    else if (read_list(&reading) && has_all_slots(&reading))
        return ERR_OK;
    catalog_file_free(out);
    return ERR_BAD;
}

void catalog_file_free(struct catalog_file *file)
{
    json_decref(file->root);
    *file = (struct catalog_file){0};
}

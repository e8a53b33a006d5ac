#include "script/shelf_index.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

#define LATEST_MS 253402300800000 /* the year 10000: no clock says so */
#define PRINTED_MAX_BYTES (SHELF_VERSIONS_MAX * 2048)

bool shelf_is_version(const char *text)
{
    return strlen(text) == VERSION_SIZE - 1 && strspn(text, "0123456789abcdef") == VERSION_SIZE - 1;
}

struct shelf_entry *shelf_index_find(struct shelf_index *index, const char *version)
{
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->entries[i].version, version) == 0)
            return &index->entries[i];
    return NULL;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t last_ms(const struct shelf_entry *entry)
{
    return later(later(entry->kept_at_ms, entry->applied_at_ms), entry->rolled_back_at_ms);
}

bool shelf_entry_is_rolled_back(const struct shelf_entry *entry)
{
    return entry->rolled_back_at_ms > entry->applied_at_ms;
}

static void merge(struct shelf_entry *into, const struct shelf_entry *entry)
{
    into->kept_at_ms = later(into->kept_at_ms, entry->kept_at_ms);
    into->applied_at_ms = later(into->applied_at_ms, entry->applied_at_ms);
    if (entry->rolled_back_at_ms <= into->rolled_back_at_ms)
        return;
    into->rolled_back_at_ms = entry->rolled_back_at_ms;
    memcpy(into->why, entry->why, sizeof into->why);
}

/* Of what began to answer and was not rolled back, the last counts. */
static bool answers_instead(const struct shelf_entry *entry, const struct shelf_entry *other)
{
    return entry->applied_at_ms && !shelf_entry_is_rolled_back(entry) &&
           (!other || entry->applied_at_ms > other->applied_at_ms);
}

const struct shelf_entry *shelf_index_applied(const struct shelf_index *index)
{
    const struct shelf_entry *found = NULL;
    for (size_t i = 0; i < index->count; i++)
        if (answers_instead(&index->entries[i], found))
            found = &index->entries[i];
    return found;
}

static struct shelf_entry *oldest(struct shelf_index *index)
{
    const struct shelf_entry *applied = shelf_index_applied(index);
    struct shelf_entry *found = NULL;
    for (size_t i = 0; i < index->count; i++) {
        struct shelf_entry *entry = &index->entries[i];
        if (entry != applied && (!found || last_ms(entry) < last_ms(found)))
            found = entry;
    }
    return found;
}

void shelf_index_put(
    struct shelf_index *index, const struct shelf_entry *entry, char forgotten[VERSION_SIZE])
{
    struct shelf_entry *known = shelf_index_find(index, entry->version);
    forgotten[0] = 0;
    if (known) {
        merge(known, entry);
    } else if (index->count < SHELF_VERSIONS_MAX) {
        index->entries[index->count++] = *entry;
    } else {
        struct shelf_entry *old = oldest(index);
        bool is_older =
            last_ms(entry) < last_ms(old) && !answers_instead(entry, shelf_index_applied(index));
        memcpy(forgotten, is_older ? entry->version : old->version, VERSION_SIZE);
        if (!is_older)
            *old = *entry;
    }
}

uint64_t shelf_index_next_ms(const struct shelf_index *index, uint64_t now_ms)
{
    for (size_t i = 0; i < index->count; i++)
        now_ms = later(now_ms, last_ms(&index->entries[i]) + 1);
    return now_ms;
}

static int by_age(const void *a, const void *b)
{
    uint64_t left = last_ms(a), right = last_ms(b);
    return left < right ? 1 : left > right ? -1 : 0;
}

void shelf_index_sort(struct shelf_index *index)
{
    qsort(index->entries, index->count, sizeof *index->entries, by_age);
}

/* ---- as text ---- */

static void add_entry(struct strbuf *out, const struct shelf_entry *entry)
{
    strbuf_printf(out,
        "{\"version\":\"%s\",\"kept_at_ms\":%" PRIu64 ",\"applied_at_ms\":%" PRIu64
        ",\"rolled_back_at_ms\":%" PRIu64 ",\"why\":",
        entry->version, entry->kept_at_ms, entry->applied_at_ms, entry->rolled_back_at_ms);
    strbuf_add_json(out, slice_from(entry->why));
    strbuf_add_char(out, '}');
}

char *shelf_index_print(const struct shelf_index *index)
{
    struct strbuf out;
    strbuf_init(&out, PRINTED_MAX_BYTES);
    strbuf_add_text(&out, "{\"versions\":[\n");
    for (size_t i = 0; i < index->count; i++) {
        if (i)
            strbuf_add_text(&out, ",\n");
        add_entry(&out, &index->entries[i]);
    }
    strbuf_add_text(&out, "\n]}\n");
    return strbuf_take(&out);
}

static uint64_t time_of(const json_t *value, const char *name)
{
    json_int_t number = json_integer_value(json_object_get(value, name));
    return number > 0 && number < LATEST_MS ? (uint64_t)number : 0;
}

enum err shelf_index_parse(struct shelf_index *index, struct slice text)
{
    json_t *root = json_loadb(text.data, text.len, 0, NULL);
    json_t *versions = json_object_get(root, "versions"), *value;
    enum err err = json_is_array(versions) ? ERR_OK : ERR_BAD;
    size_t i;
    *index = (struct shelf_index){0};
    json_array_foreach(versions, i, value)
    {
        const char *version = json_string_value(json_object_get(value, "version"));
        const char *why = json_string_value(json_object_get(value, "why"));
        if (!version || !shelf_is_version(version))
            continue;
        struct shelf_entry entry = {.kept_at_ms = time_of(value, "kept_at_ms"),
            .applied_at_ms = time_of(value, "applied_at_ms"),
            .rolled_back_at_ms = time_of(value, "rolled_back_at_ms")};
        char forgotten[VERSION_SIZE];
        memcpy(entry.version, version, VERSION_SIZE);
        slice_copy(slice_from(why), entry.why, sizeof entry.why);
        shelf_index_put(index, &entry, forgotten);
    }
    json_decref(root);
    return err;
}

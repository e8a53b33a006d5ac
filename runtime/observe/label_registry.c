#include "observe/label_registry.h"

#include <stdio.h>
#include <string.h>

static bool find(
    const struct label_registry *registry, const char *labels, size_t count, size_t *place)
{
    for (*place = 0; *place < count; (*place)++)
        if (strcmp(registry->labels[*place], labels) == 0)
            return true;
    return false;
}

bool label_registry_place(struct label_registry *registry, const char *labels, size_t *place)
{
    size_t count = atomic_load_explicit(&registry->count, memory_order_acquire);
    if (find(registry, labels, count, place))
        return true;
    if (count == registry->capacity)
        return false;
    pthread_mutex_lock(&registry->lock);
    count = atomic_load_explicit(&registry->count, memory_order_relaxed);
    bool has_place = find(registry, labels, count, place);
    if (!has_place && count < registry->capacity) {
        snprintf(registry->labels[count], LABELS_SIZE, "%s", labels);
        *place = count;
        has_place = true;
        atomic_store_explicit(&registry->count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&registry->lock);
    return has_place;
}

/* One character, as a label's value has it; NULL: as it is. */
static const char *escape_of(char character)
{
    return character == '\\'   ? "\\\\"
           : character == '"'  ? "\\\""
           : character == '\n' ? "\\n"
                               : NULL;
}

static size_t character_len(const char *text)
{
    size_t len = 1;
    while (((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    return len;
}

void metrics_label(char labels[LABELS_SIZE], const char *name, const char *value)
{
    size_t len = strlen(labels);
    len += (size_t)snprintf(labels + len, LABELS_SIZE - len, "%s%s=\"", len ? "," : "", name);
    while (*value) {
        const char *escape = escape_of(*value);
        size_t taken = character_len(value), given = escape ? 2 : taken;
        if (len + given + sizeof "\"" > LABELS_SIZE)
            break;
        memcpy(labels + len, escape ? escape : value, given);
        len += given;
        value += taken;
    }
    memcpy(labels + len, "\"", sizeof "\"");
}

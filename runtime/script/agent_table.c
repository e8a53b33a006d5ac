#include "script/agent_table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One tenant: its live version (NULL: none ever loaded) and why its newest files did not load ("": they did). */
struct entry {
    struct entry *next;
    char tenant_id[TENANT_ID_SIZE];
    struct agent *agent;
    char failure[512];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *entries;

static struct entry *find_entry(struct slice tenant_id)
{
    for (struct entry *entry = entries; entry; entry = entry->next)
        if (slice_is(tenant_id, entry->tenant_id))
            return entry;
    return NULL;
}

/* Entries stand in order of id, so that lists read the same every time. NULL: no memory. */
static struct entry *make_entry(const char *tenant_id)
{
    struct entry *entry = find_entry(slice_from(tenant_id));
    if (entry)
        return entry;
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    slice_copy(slice_from(tenant_id), entry->tenant_id, sizeof entry->tenant_id);
    struct entry **at = &entries;
    while (*at && strcmp((*at)->tenant_id, tenant_id) < 0)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
    return entry;
}

static bool has_number(const struct agent *agent, struct slice number)
{
    for (size_t i = 0; i < agent->number_count; i++)
        if (slice_is(number, agent->numbers[i]))
            return true;
    return false;
}

/* The other tenant that has one of this agent's numbers; NULL: none. */
static const struct entry *find_rival(const struct agent *agent, const char **number)
{
    for (const struct entry *entry = entries; entry; entry = entry->next) {
        if (!entry->agent || strcmp(entry->tenant_id, agent->tenant_id) == 0)
            continue;
        for (size_t i = 0; i < agent->number_count; i++) {
            *number = agent->numbers[i];
            if (has_number(entry->agent, slice_from(*number)))
                return entry;
        }
    }
    return NULL;
}

struct agent *agent_table_find_number(struct slice number)
{
    struct agent *found = NULL;
    pthread_mutex_lock(&lock);
    for (struct entry *entry = entries; entry && !found; entry = entry->next)
        if (entry->agent && has_number(entry->agent, number))
            found = agent_hold(entry->agent);
    pthread_mutex_unlock(&lock);
    return found;
}

struct agent *agent_table_find(struct slice tenant_id)
{
    pthread_mutex_lock(&lock);
    struct entry *entry = find_entry(tenant_id);
    struct agent *found = entry && entry->agent ? agent_hold(entry->agent) : NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static bool publish_locked(struct agent *agent, char why[256], struct agent **old)
{
    const char *number;
    const struct entry *rival = find_rival(agent, &number);
    if (rival) {
        if (why)
            snprintf(why, 256, "number %s belongs to tenant %s", number, rival->tenant_id);
        return false;
    }
    struct entry *entry = make_entry(agent->tenant_id);
    if (!entry) {
        if (why)
            snprintf(why, 256, "no memory");
        return false;
    }
    *old = entry->agent;
    entry->agent = agent_hold(agent);
    entry->failure[0] = 0;
    return true;
}

bool agent_table_publish(struct agent *agent, char why[256])
{
    struct agent *old = NULL;
    pthread_mutex_lock(&lock);
    bool is_published = publish_locked(agent, why, &old);
    pthread_mutex_unlock(&lock);
    agent_release(old);
    return is_published;
}

void agent_table_note_failure(const char *tenant_id, const char *message)
{
    pthread_mutex_lock(&lock);
    struct entry *entry = make_entry(tenant_id);
    if (entry)
        slice_copy(slice_from(message), entry->failure, sizeof entry->failure);
    pthread_mutex_unlock(&lock);
}

size_t agent_table_count(void)
{
    size_t count = 0;
    pthread_mutex_lock(&lock);
    for (const struct entry *entry = entries; entry; entry = entry->next)
        count += entry->agent != NULL;
    pthread_mutex_unlock(&lock);
    return count;
}

static void add_text_or_null(struct strbuf *out, const char *text)
{
    if (text && text[0])
        strbuf_add_json(out, slice_from(text));
    else
        strbuf_add_text(out, "null");
}

static void add_entry(struct strbuf *out, const struct entry *entry)
{
    const struct agent *agent = entry->agent;
    strbuf_add_text(out, "{\"id\":");
    strbuf_add_json(out, slice_from(entry->tenant_id));
    strbuf_add_text(out, ",\"name\":");
    add_text_or_null(out, agent ? agent->name : NULL);
    strbuf_add_text(out, ",\"version\":");
    add_text_or_null(out, agent ? agent->version : NULL);
    strbuf_add_text(out, ",\"numbers\":[");
    for (size_t i = 0; agent && i < agent->number_count; i++) {
        if (i)
            strbuf_add_char(out, ',');
        strbuf_add_json(out, slice_from(agent->numbers[i]));
    }
    strbuf_add_text(out, "],\"status\":");
    strbuf_add_text(out, entry->failure[0] ? "\"failed\"" : "\"live\"");
    strbuf_add_text(out, ",\"error\":");
    add_text_or_null(out, entry->failure);
    strbuf_add_char(out, '}');
}

void agent_table_json(struct strbuf *out)
{
    strbuf_add_char(out, '[');
    pthread_mutex_lock(&lock);
    for (const struct entry *entry = entries; entry; entry = entry->next) {
        if (entry != entries)
            strbuf_add_char(out, ',');
        add_entry(out, entry);
    }
    pthread_mutex_unlock(&lock);
    strbuf_add_char(out, ']');
}

void agent_table_clear(void)
{
    pthread_mutex_lock(&lock);
    struct entry *entry = entries;
    entries = NULL;
    pthread_mutex_unlock(&lock);
    while (entry) {
        struct entry *next = entry->next;
        agent_release(entry->agent);
        free(entry);
        entry = next;
    }
}

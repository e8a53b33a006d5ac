#include "script/agent_table.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

/* One tenant: its live version (NULL: none ever loaded) and why its newest files did not load ("": they did). */
struct entry {
    struct entry *next;
    char tenant_id[TENANT_ID_SIZE];
    struct agent *agent;
    struct agent *canary; /* NULL: none */
    unsigned canary_percent;
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

bool agent_is_for_canary(const char *call_sid, unsigned percent)
{
    uint8_t digest[SHA256_BYTES];
    crypto_sha256(slice_from(call_sid), digest);
    return (unsigned)(digest[0] << 16 | digest[1] << 8 | digest[2]) % 100 < percent;
}

/* Of an entry that may be NULL; `call_sid` NULL: no canary. */
static struct agent *hold_chosen(const struct entry *entry, const char *call_sid)
{
    if (!entry || !entry->agent)
        return NULL;
    bool is_canary =
        entry->canary && call_sid && agent_is_for_canary(call_sid, entry->canary_percent);
    return agent_hold(is_canary ? entry->canary : entry->agent);
}

struct agent *agent_table_choose_number(struct slice number, const char *call_sid)
{
    pthread_mutex_lock(&lock);
    const struct entry *entry = entries;
    while (entry && !(entry->agent && has_number(entry->agent, number)))
        entry = entry->next;
    struct agent *found = hold_chosen(entry, call_sid);
    pthread_mutex_unlock(&lock);
    return found;
}

struct agent *agent_table_choose(struct slice tenant_id, const char *call_sid)
{
    pthread_mutex_lock(&lock);
    struct agent *found = hold_chosen(find_entry(tenant_id), call_sid);
    pthread_mutex_unlock(&lock);
    return found;
}

struct agent *agent_table_find_number(struct slice number)
{
    return agent_table_choose_number(number, NULL);
}

struct agent *agent_table_find(struct slice tenant_id)
{
    return agent_table_choose(tenant_id, NULL);
}

/* `percent` 0: current. What was there before goes to `old` and `old_canary`. */
static bool publish_locked(struct agent *agent, unsigned percent, char why[256], struct agent **old,
    struct agent **old_canary)
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
    *old_canary = entry->canary;
    entry->canary = percent ? agent_hold(agent) : NULL;
    entry->canary_percent = percent;
    if (!percent) {
        *old = entry->agent;
        entry->agent = agent_hold(agent);
    }
    entry->failure[0] = 0;
    return true;
}

static bool publish(struct agent *agent, unsigned percent, char why[256])
{
    struct agent *old = NULL, *old_canary = NULL;
    pthread_mutex_lock(&lock);
    bool is_published = publish_locked(agent, percent, why, &old, &old_canary);
    pthread_mutex_unlock(&lock);
    agent_release(old);
    agent_release(old_canary);
    return is_published;
}

bool agent_table_publish(struct agent *agent, char why[256])
{
    return publish(agent, 0, why);
}

bool agent_table_publish_canary(struct agent *agent, unsigned percent, char why[256])
{
    return publish(agent, percent, why);
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
    if (entry->canary) {
        char percent[32];
        snprintf(percent, sizeof percent, ",\"percent\":%u}", entry->canary_percent);
        strbuf_add_text(out, ",\"canary\":{\"version\":");
        strbuf_add_json(out, slice_from(entry->canary->version));
        strbuf_add_text(out, percent);
    }
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
    strbuf_add_text(out, ",\"time_zone\":");
    add_text_or_null(out, agent ? agent->time_zone : NULL);
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

static void free_entry(struct entry *entry)
{
    agent_release(entry->agent);
    agent_release(entry->canary);
    free(entry);
}

void agent_table_withdraw(const char *tenant_id)
{
    pthread_mutex_lock(&lock);
    struct entry **link = &entries;
    while (*link && strcmp((*link)->tenant_id, tenant_id) != 0)
        link = &(*link)->next;
    struct entry *entry = *link;
    if (entry)
        *link = entry->next;
    pthread_mutex_unlock(&lock);
    if (entry)
        free_entry(entry);
}

void agent_table_clear(void)
{
    pthread_mutex_lock(&lock);
    struct entry *entry = entries;
    entries = NULL;
    pthread_mutex_unlock(&lock);
    while (entry) {
        struct entry *next = entry->next;
        free_entry(entry);
        entry = next;
    }
}

/* What the database says of each tenant that scripts run for, asked anew every half a minute, so that a prompt finds it at
   hand (script/business.h).

     first asked about ─► due ─► one question of up to 64 tenants ─► known ─► due again
                                                                └─ no answer: what was known stays, due again */
#include "script/business.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "bindings/modules.h"
#include "observe/log.h"
#include "script/agent.h"
#include "store/business.h"

#define EVERY_MS 30000
#define NO_DATABASE_MS 1000 /* until it is looked at again */
#define TIMEOUT_MS 5000

struct business_entry {
    struct business_entry *next;
    char tenant_id[TENANT_ID_SIZE];
    char *text;     /* the answer; NULL: none yet */
    json_t *values; /* of it; NULL: there are none */
    uint64_t due_ms;
    bool is_asked;
};

static void ask(struct bindings *bindings);

static void on_timer(void *owner)
{
    ask(owner);
}

static unsigned every_ms(const struct bindings *bindings)
{
    unsigned every_ms = bindings->options.business_every_ms;
    return every_ms ? every_ms : EVERY_MS;
}

static struct business_entry *find(const struct bindings *bindings, struct slice tenant_id)
{
    struct business_entry *entry;
    LL_FOREACH(bindings->business.entries, entry)
    {
        if (slice_is(tenant_id, entry->tenant_id))
            return entry;
    }
    return NULL;
}

/* Most answers say what the one before said. */
static void take_answer(struct business_entry *entry, struct slice text)
{
    if (entry->text && slice_is(text, entry->text))
        return;
    json_t *values = json_loadb(text.data, text.len, 0, NULL);
    free(entry->text);
    json_decref(entry->values);
    entry->text = slice_dup(text);
    entry->values = json_object_size(values) ? json_incref(values) : NULL;
    json_decref(values);
}

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct bindings *bindings = owner;
    struct business_entry *entry;
    bindings->business.query = NULL;
    if (answer->err)
        log_debug("business.missed", "why=%s", answer->why ? answer->why : "");
    for (size_t row = 0; !answer->err && row < rows_count(answer->rows); row++) {
        entry = find(bindings, rows_get(answer->rows, row, 0));
        if (entry)
            take_answer(entry, rows_get(answer->rows, row, 1));
    }
    uint64_t due_ms = clock_ms() + every_ms(bindings);
    LL_FOREACH(bindings->business.entries, entry)
    {
        if (entry->is_asked)
            entry->due_ms = due_ms;
        entry->is_asked = false;
    }
    ask(bindings);
}

/* Those whose time has come, and when it comes for the next one. */
static size_t choose(
    struct bindings *bindings, const char *ids[BUSINESS_TENANTS_MAX], uint64_t *next_ms)
{
    struct business_entry *entry;
    uint64_t now_ms = clock_ms();
    size_t count = 0;
    *next_ms = now_ms + every_ms(bindings);
    LL_FOREACH(bindings->business.entries, entry)
    {
        if (entry->due_ms > now_ms && entry->due_ms < *next_ms)
            *next_ms = entry->due_ms;
        entry->is_asked = entry->due_ms <= now_ms && count < BUSINESS_TENANTS_MAX;
        if (entry->is_asked)
            ids[count++] = entry->tenant_id;
    }
    return count;
}

/* One question at a time; the timer comes back for what is due later, or could not be asked. */
static void ask(struct bindings *bindings)
{
    struct database *database = bindings->options.database;
    const char *ids[BUSINESS_TENANTS_MAX];
    uint64_t next_ms;
    if (bindings->business.query)
        return;
    size_t count = choose(bindings, ids, &next_ms);
    if (count && (!database_is_up(database) || business_ask(&bindings->business.query, database,
                                                   ids, count, TIMEOUT_MS, on_answer, bindings)))
        next_ms = clock_ms() + NO_DATABASE_MS;
    net_timer_set(bindings->business.timer, next_ms);
}

static struct business_entry *add(struct bindings *bindings, const char *tenant_id)
{
    struct business *business = &bindings->business;
    if (!business->timer &&
        net_timer_create(&business->timer, bindings->options.loop, on_timer, bindings))
        return NULL;
    struct business_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    slice_copy(slice_from(tenant_id), entry->tenant_id, sizeof entry->tenant_id);
    LL_PREPEND(business->entries, entry);
    ask(bindings);
    return entry;
}

static json_t *known(void *owner, const char *tenant_id)
{
    struct bindings *bindings = owner;
    if (!bindings->options.database)
        return NULL;
    const struct business_entry *entry = find(bindings, slice_from(tenant_id));
    if (!entry)
        entry = add(bindings, tenant_id);
    return entry ? entry->values : NULL;
}

bool bindings_has_heard_of(const struct bindings *bindings, const char *tenant_id)
{
    const struct business_entry *entry = find(bindings, slice_from(tenant_id));
    return entry && entry->text;
}

void business_fill(struct bindings *bindings)
{
    bindings->business.script = (struct script_business){known, bindings};
}

void business_clear(struct bindings *bindings)
{
    struct business_entry *entry, *next;
    if (bindings->business.query)
        query_cancel(bindings->business.query);
    net_timer_destroy(bindings->business.timer);
    LL_FOREACH_SAFE(bindings->business.entries, entry, next)
    {
        free(entry->text);
        json_decref(entry->values);
        free(entry);
    }
}

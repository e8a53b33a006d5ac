/* A row whose request got no answer, or whose node died: is it in the carrier's list? That it is not there proves nothing (a
   request may still be under way, the list may be late), so it is looked at several times, and nothing is ever sent again
   for want of it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "outreach/outbox_internal.h"
#include "telephony/form.h"

#define QUERY_MAX_BYTES 1024
#define SIDS_MAX_BYTES 8192
#define CLOCKS_DIFFER_S 600 /* ours and the carrier's, at most */

/* "Thu, 26 Nov 2026 18:53:58 +0000"; true when it cannot be read. */
static bool is_since(const json_t *entry, int64_t since_s)
{
    const char *text = json_string_value(json_object_get(entry, "date_created"));
    struct tm when = {0};
    if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S", &when))
        return true;
    return (int64_t)timegm(&when) >= since_s;
}

static bool is_sid(const char *sid)
{
    size_t len = strspn(sid, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    return len > 0 && len < 64 && sid[len] == '\0';
}

static bool may_be(const json_t *entry, const struct taken *taken)
{
    const struct outbox_item *item = &taken->item;
    return is_since(entry, taken->asked_at_s - CLOCKS_DIFFER_S) &&
           outbox_entry_has(entry, "to", item->to_number) &&
           outbox_entry_has(entry, "from", item->from_number) && taken->kind->is_it(entry, item);
}

/* NULL: none. */
static char *find_sids(const struct taken *taken, struct slice body)
{
    json_t *answer = json_loadb(body.data, body.len, 0, NULL), *entry;
    struct strbuf sids;
    size_t i;
    strbuf_init(&sids, SIDS_MAX_BYTES);
    json_array_foreach(json_object_get(answer, taken->kind->entries), i, entry)
    {
        const char *sid = json_string_value(json_object_get(entry, "sid"));
        if (sid && is_sid(sid) && may_be(entry, taken))
            strbuf_printf(&sids, "%s%s", sids.len ? "," : "{", sid);
    }
    json_decref(answer);
    if (sids.len)
        strbuf_add_char(&sids, '}');
    if (sids.len && !sids.failed)
        return strbuf_take(&sids);
    strbuf_free(&sids);
    return NULL;
}

static void on_outcome(void *owner, const struct rest_outcome *outcome)
{
    struct taken *taken = owner;
    taken->rest = NULL;
    char *sids = outcome->err ? NULL : find_sids(taken, outcome->body);
    if (outcome->err)
        taken_write_unsure(taken, false, outcome->why);
    else if (sids)
        taken_write_found(taken, sids);
    else
        taken_write_unsure(taken, true, "no answer came, and the carrier does not list it");
}

/* The newest hundred between the two numbers. Not by date: the carrier's filter is about when a text was sent, and one that
   still waits there has no such date. */
static void narrow(struct strbuf *query, const struct outbox_item *item)
{
    form_encode(query, SLICE("To"), slice_from(item->to_number));
    form_encode(query, SLICE("From"), slice_from(item->from_number));
    form_encode(query, SLICE("PageSize"), SLICE("100"));
}

void taken_find(struct taken *taken)
{
    static const struct rest_listener listener = {.on_outcome = on_outcome};
    struct outbox *outbox = taken->outbox;
    struct strbuf query;
    strbuf_init(&query, QUERY_MAX_BYTES);
    narrow(&query, &taken->item);
    enum err err = query.failed ? ERR_NOMEM
                                : rest_read_list(&taken->rest, outbox->loop, &outbox->options.rest,
                                      taken->kind->list, strbuf_slice(&query), &listener, taken);
    strbuf_free(&query);
    if (err) {
        taken->rest = NULL;
        taken_write_unsure(taken, false, "the carrier could not be asked for its list");
    }
}

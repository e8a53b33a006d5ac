/* Texts. The callback's URL names the row, so that it finds it before the answer to our request is read, too. */
#include <string.h>

#include "outreach/outbox_kind.h"
#include "telephony/form.h"
#include "text/segments.h"

static void ask(
    struct strbuf *form, const struct outbox_options *options, const struct outbox_item *item)
{
    struct strbuf url;
    strbuf_init(&url, 1024);
    strbuf_printf(&url, "%s/twilio/sms-status?", options->public_url);
    struct strbuf query;
    strbuf_init(&query, 512);
    form_encode(&query, SLICE("id"), slice_from(item->id));
    form_encode(&query, SLICE("tenant"), slice_from(item->tenant_id));
    strbuf_add_slice(&url, strbuf_slice(&query));
    form_encode(form, SLICE("From"), slice_from(item->from_number));
    form_encode(form, SLICE("To"), slice_from(item->to_number));
    form_encode(form, SLICE("Body"), slice_from(item->body));
    form_encode(form, SLICE("StatusCallback"), strbuf_slice(&url));
    strbuf_free(&query);
    strbuf_free(&url);
}

/* The newest hundred to that number. Not by date: the carrier's filter is about when a text was sent, and one that still
   waits there has no such date. */
static void narrow(struct strbuf *query, const struct outbox_item *item)
{
    form_encode(query, SLICE("To"), slice_from(item->to_number));
    form_encode(query, SLICE("From"), slice_from(item->from_number));
    form_encode(query, SLICE("PageSize"), SLICE("100"));
}

static bool has(const json_t *entry, const char *name, const char *value)
{
    const char *text = json_string_value(json_object_get(entry, name));
    return text && strcmp(text, value) == 0;
}

static bool is_it(const json_t *entry, const struct outbox_item *item)
{
    return has(entry, "to", item->to_number) && has(entry, "from", item->from_number) &&
           has(entry, "body", item->body);
}

static unsigned segments(const struct outbox_item *item)
{
    return text_segments(slice_from(item->body)).count;
}

const struct outbox_kind OUTBOX_TEXT = {
    "sms", "Messages", "messages", ask, narrow, is_it, segments};

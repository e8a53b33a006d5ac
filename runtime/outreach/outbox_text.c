/* Texts. The callback's URL names the row, so that it finds it before the answer to our request is read, too. */
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

static bool is_it(const json_t *entry, const struct outbox_item *item)
{
    return outbox_entry_has(entry, "body", item->body);
}

static unsigned segments(const struct outbox_item *item)
{
    return text_segments(slice_from(item->body)).count;
}

const struct outbox_kind OUTBOX_TEXT = {"sms", "Messages", "messages", ask, is_it, segments};

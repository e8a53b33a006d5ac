/* Calls that a task asked for. The carrier asks our webhook for the document when somebody answers, and tells beside the call
   who did (async detection: the person is spoken to at once, a machine's beep is waited for). */
#include "outreach/outbox_kind.h"
#include "telephony/call_back_link.h"
#include "telephony/form.h"

#define RING_SECONDS "30"
#define LONGEST_SECONDS "3600"

static void read_link(struct call_back_link *link, const struct outbox_item *item)
{
    json_t *details = json_loads(item->details, 0, NULL);
    *link = (struct call_back_link){0};
    slice_copy(slice_from(item->tenant_id), link->tenant_id, sizeof link->tenant_id);
    slice_copy(slice_from(item->id), link->row_id, sizeof link->row_id);
    slice_copy(slice_from(item->task_id), link->task_id, sizeof link->task_id);
    call_back_link_set(link, slice_from(json_string_value(json_object_get(details, "title"))),
        slice_from(json_string_value(json_object_get(details, "details"))));
    json_decref(details);
}

static void add_url(struct strbuf *form, struct slice name, const struct outbox_options *options,
    const char *path, const struct call_back_link *link)
{
    struct strbuf url, query;
    strbuf_init(&url, CALL_BACK_QUERY_MAX_BYTES + 340);
    strbuf_init(&query, CALL_BACK_QUERY_MAX_BYTES);
    call_back_link_write(&query, link);
    strbuf_printf(&url, "%s%s?", options->public_url, path);
    strbuf_add_slice(&url, strbuf_slice(&query));
    form->failed = form->failed || url.failed || query.failed;
    form_encode(form, name, strbuf_slice(&url));
    strbuf_free(&query);
    strbuf_free(&url);
}

static void ask(
    struct strbuf *form, const struct outbox_options *options, const struct outbox_item *item)
{
    struct call_back_link link;
    read_link(&link, item);
    form_encode(form, SLICE("From"), slice_from(item->from_number));
    form_encode(form, SLICE("To"), slice_from(item->to_number));
    add_url(form, SLICE("Url"), options, "/twilio/voice", &link);
    link.title[0] = link.details[0] = 0;
    add_url(form, SLICE("StatusCallback"), options, "/twilio/status", &link);
    form_encode(form, SLICE("StatusCallbackEvent"), SLICE("completed")); /* and what ends without */
    form_encode(form, SLICE("MachineDetection"), SLICE("DetectMessageEnd"));
    form_encode(form, SLICE("AsyncAmd"), SLICE("true"));
    add_url(form, SLICE("AsyncAmdStatusCallback"), options, "/twilio/amd", &link);
    form_encode(form, SLICE("Timeout"), SLICE(RING_SECONDS));
    form_encode(form, SLICE("TimeLimit"), SLICE(LONGEST_SECONDS));
}

static bool is_it(const json_t *entry, const struct outbox_item *item)
{
    return outbox_entry_has(entry, "direction", "outbound-api");
}

const struct outbox_kind OUTBOX_CALL = {"call", "Calls", "calls", ask, is_it};

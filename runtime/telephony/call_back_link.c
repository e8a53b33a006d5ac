#include "telephony/call_back_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "telephony/form.h"

static void cut(struct slice text, char *out, size_t size)
{
    slice_copy(text, out, size);
    size_t len = strlen(out);
    while (!utf8_is_valid(out, len))
        out[--len] = 0;
}

void call_back_link_set(struct call_back_link *out, struct slice title, struct slice details)
{
    cut(title, out->title, sizeof out->title);
    cut(details, out->details, sizeof out->details);
}

static void add_task(struct strbuf *query, const struct call_back_link *link)
{
    if (link->task_id[0])
        form_encode(query, SLICE("task"), slice_from(link->task_id));
    if (link->title[0])
        form_encode(query, SLICE("title"), slice_from(link->title));
    if (link->details[0])
        form_encode(query, SLICE("details"), slice_from(link->details));
}

void call_back_link_write(struct strbuf *query, const struct call_back_link *link)
{
    form_encode(query, SLICE("row"), slice_from(link->row_id));
    form_encode(query, SLICE("tenant"), slice_from(link->tenant_id));
    add_task(query, link);
}

void call_back_link_add(struct strbuf *query, const struct call_back_link *link)
{
    form_encode(query, SLICE("row"), slice_from(link->row_id));
    add_task(query, link);
}

static enum err read_form(struct call_back_link *out, const struct form *form)
{
    if (!form_get(form, "row").len)
        return ERR_NOT_FOUND;
    bool fits = slice_copy(form_get(form, "row"), out->row_id, sizeof out->row_id) &&
                slice_copy(form_get(form, "tenant"), out->tenant_id, sizeof out->tenant_id) &&
                slice_copy(form_get(form, "task"), out->task_id, sizeof out->task_id);
    call_back_link_set(out, form_get(form, "title"), form_get(form, "details"));
    bool is_good = fits && id_is(slice_from(out->row_id)) && out->tenant_id[0] &&
                   (!out->task_id[0] || id_is(slice_from(out->task_id)));
    return is_good ? ERR_OK : ERR_BAD;
}

enum err call_back_link_read(struct call_back_link *out, struct slice query)
{
    memset(out, 0, sizeof *out);
    if (!query.len)
        return ERR_NOT_FOUND;
    struct form *form = calloc(1, sizeof *form);
    enum err err = form ? form_parse(form, query) : ERR_NOMEM;
    if (!err)
        err = read_form(out, form);
    if (form && form->text)
        form_free(form);
    free(form);
    return err;
}

/* A row that was taken: the carrier is asked, once. */
#include <stdio.h>

#include "observe/log.h"
#include "outreach/outbox_internal.h"

#define FORM_MAX_BYTES 16384
#define HTTP_UNAUTHORIZED 401 /* the operator's mistake, not the text's */

static void on_outcome(void *owner, const struct rest_outcome *outcome)
{
    struct taken *taken = owner;
    taken->rest = NULL;
    bool is_for_now = outcome->may_pass || outcome->status == HTTP_UNAUTHORIZED;
    if (outcome->err == ERR_OK)
        taken_write_sent(taken, outcome->sid);
    else if (outcome->is_untaken && is_for_now)
        taken_write_later(taken, outcome->after_ms, outcome->code, outcome->why);
    else if (outcome->is_untaken)
        taken_write_failed(taken, outcome->code, outcome->why);
    else
        taken_write_unsure(taken, false, outcome->why);
}

void taken_ask(struct taken *taken)
{
    static const struct rest_listener listener = {.on_outcome = on_outcome};
    struct outbox *outbox = taken->outbox;
    struct strbuf form;
    strbuf_init(&form, FORM_MAX_BYTES);
    taken->kind->ask(&form, &outbox->options, &taken->item);
    enum err err = form.failed ? ERR_NOMEM
                               : rest_create(&taken->rest, outbox->loop, &outbox->options.rest,
                                     taken->kind->list, strbuf_slice(&form), taken->before_ms,
                                     &listener, taken);
    strbuf_free(&form);
    if (err) {
        taken->rest = NULL;
        taken_write_later(taken, 0, 0, "the request could not be made");
    }
}

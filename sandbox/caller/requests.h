/* What Twilio asks and tells about a call: forms with the fields of every request, signed, sent to `via`
   when they are for the public URL. */
#pragma once

#include "base/strbuf.h"
#include "caller/switchboard.h"
#include "caller/webhook.h"

#define REQUESTS_FORM_MAX_BYTES 16384

void requests_add_field(struct strbuf *form, const char *name, const char *value);
/* The fields of every request about a call. */
void requests_add_call_fields(
    const struct switchboard *board, struct strbuf *form, const char *status);
/* Of every request about the leg to the number that is dialled. */
void requests_add_leg_fields(
    const struct switchboard *board, struct strbuf *form, const char *sid, const char *number);
/* What became of a <Dial>. */
void requests_add_dial_fields(const struct switchboard *board, struct strbuf *form);
/* Of the message that a caller left: seven seconds, in the one file there ever is. */
void requests_add_recording(const struct switchboard *board, struct strbuf *form);
/* `fn` as in webhook_send, with the switchboard as owner. Frees the form. */
must_use enum err requests_send(struct switchboard *board, const char *url, bool is_get,
    struct strbuf *form, void (*fn)(void *owner, const struct webhook_answer *answer));
/* Status callbacks: one that fails is shown as a warning. `error` may be NULL. */
void requests_tell_stream(struct switchboard *board, const char *event, const char *error);
void requests_tell_recorded(struct switchboard *board, const char *url);
void requests_tell_completed(struct switchboard *board);

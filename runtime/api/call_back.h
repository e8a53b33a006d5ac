/* What the carrier asks and tells of calls that we make (outreach/outbox_call.c): its URLs name the outbox's row.

       /twilio/voice?row=…    somebody, or something, answered: the stream, with the task for the agent (voice.c)
       /twilio/amd?row=…      who: a machine hears the tenant's words after its beep, or nothing; then the call ends
       /twilio/status?row=…   what came of it */
#pragma once

#include "api/incoming.h"
#include "api/public.h"
#include "telephony/call_back_link.h"
#include "telephony/form.h"

#define AMD_PATH "/twilio/amd"

/* {"direction":"outbound","row","task":{"id","title","details"}}: what the stream carries of it to the agent; without the longer
   texts where they do not fit. */
void call_back_facts(const struct call_back_link *link, char out[INCOMING_FACTS_SIZE]);
/* False: no room for the row; the carrier is to tell again. */
must_use bool call_back_put_status(const struct public_settings *settings,
    const struct call_back_link *link, struct slice call_sid, struct slice status);

struct call_back_desk; /* ends calls that machines answered; one a media thread */
must_use enum err call_back_desk_create(
    struct call_back_desk **out, struct net_loop *loop, const struct public_settings *settings);
void call_back_answered(struct call_back_desk *desk, struct exchange *exchange,
    const struct http_request *request, const struct form *form);
void call_back_desk_destroy(struct call_back_desk *desk); /* NULL is fine */

/* POST /twilio/sms: a person's text to a tenant's number. It is a row in `messages` before the carrier is told that it came (500
   when there is no room: it tells us again), once however often it is told; the answer is always empty. Who wrote STOP,
   START or HELP in whatever words is heard by Postgres with that row (migration 15), the rest waits for the tenant's agent
   (texting/texting.h), or the staff. */
#pragma once

#include "api/public.h"
#include "net/server.h"
#include "telephony/form.h"

#define TEXTS_PATH "/twilio/sms"

void texts_take(
    const struct public_settings *settings, struct exchange *exchange, const struct form *form);

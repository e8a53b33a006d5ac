/* What the carrier tells of a recording that a call asked for (live/recorder.c): its row. The address says kind=call, and which
   call; a voicemail's does not, and is overflow.h's. */
#pragma once

#include "api/public.h"
#include "net/server.h"
#include "telephony/form.h"

/* False: it is about none of these, and nothing was done. */
bool call_recording_told(const struct public_settings *settings, struct exchange *exchange,
    const struct http_request *request, const struct form *form);

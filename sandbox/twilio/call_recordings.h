/* Calls that are recorded: POST Calls/{CA}/Recordings.json, POST and GET of Calls/{CA}/Recordings/{RE}.json, the list, and what
   the callback is told. A recording ends with Status=stopped, with its call (Status=completed), or when the control port says
   so; its sound is a second of silence. A second one while one goes on is refused. */
#pragma once

#include <jansson.h>

#include "error_body.h"
#include "telephony/form.h"
#include "twilio/recordings.h"

/* NULL: refused, with the error to answer. Else the new recording, to be answered with. */
json_t *call_recording_start(struct world *world, const char *account, const char *call_sid,
    const char *secret, const struct form *form, struct api_error *error);
json_t *call_recording_update(struct world *world, const char *call_sid, struct slice sid,
    const struct form *form, struct api_error *error);
json_t *call_recordings_of(const struct world *world, const char *call_sid);
/* Whatever goes on of that call: completed, or absent. */
void call_recordings_end(struct world *world, const char *call_sid, bool is_absent);

/* Whom a script's text may go to, whatever a model was talked into: one rule for sms.send and tasks.add. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"
#include "script/wait.h"

enum recipient {
    RECIPIENT_STAFF, /* in `texts.to` of agent.lua: wherever they are */
    RECIPIENT_HOME,  /* of the business's own country (profile.country) */
    RECIPIENT_FOREIGN,
    RECIPIENT_PREMIUM,
};

/* `number` as phone_number_read writes it. */
enum recipient recipient_of(struct script_run *run, struct slice country, const char *number);

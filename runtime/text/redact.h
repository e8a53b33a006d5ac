/* Hides phone numbers (as "[phone]") and e-mail addresses (as "[email]") in text that leaves the
   process. Ids (UUIDs, CA…/MZ… sids), times and amounts stay. Pure. */
#pragma once

#include "base/strbuf.h"

void redact(struct strbuf *out, struct slice text);

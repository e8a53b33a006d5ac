/* Hides what is somebody's own in text that leaves the process: telephone numbers, social security numbers ("[phone]"), e-mail
   addresses ("[email]"), card numbers ("[card]") and days of birth ("[birth_date]"), as they are written and as they are spoken.
   Ids (UUIDs, CA…/MZ… sids), times, appointments, amounts and orders' numbers stay. docs/redaction.md has what is found, how
   much of it, and what is not. Pure; linear; allocates nothing but what `out` needs, and for a text with escapes of URLs, which
   are read and written as what they stand for. UTF-8 stays UTF-8. */
#pragma once

#include "base/strbuf.h"

void redact(struct strbuf *out, struct slice text);
/* Into a buffer of `size`, cut at its end behind the redaction; always terminated. */
void redact_copy(struct slice text, char *out, size_t size);

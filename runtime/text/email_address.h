/* E-mail addresses as typed or written down by a model, into one form that can be compared: trimmed, lower case, without
   the full stop of the sentence around it. Plausible is enough: whether mail arrives is not known here. Pure. */
#pragma once

#include "base/err.h"
#include "base/slice.h"

#define EMAIL_ADDRESS_SIZE 255

/* ERR_BAD: not one name, one "@" and a domain of at least two parts. */
must_use enum err email_address_read(char out[EMAIL_ADDRESS_SIZE], struct slice text);

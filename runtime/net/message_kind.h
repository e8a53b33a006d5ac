/* What a message of a carrier or vendor is, for the log: the value of its "event" or "type", else its first key; never
   more of its contents. "other" for what is no such text. Pure. */
#pragma once

#include "base/slice.h"

struct slice message_kind(struct slice message); /* points into the message, or to a constant */

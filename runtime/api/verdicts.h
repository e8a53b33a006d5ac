/* What was decided for calls that rang: the carrier may ask again, on any thread of this process, and gets the same answer.
   Any thread. The newest 4096 calls are remembered; another node asks its own script. */
#pragma once

#include "base/slice.h"

/* What holds for the call: what was decided first, or else `verdict` (JSON), which is remembered. Heap; NULL: no memory. */
char *verdicts_settle(struct slice call_sid, const char *verdict);
char *verdicts_find(struct slice call_sid); /* heap; NULL: none yet */

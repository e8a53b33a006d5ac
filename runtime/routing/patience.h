/* How long a request to the chat model waits for what, out of the time that is left until the caller has waited too long. Pure. */
#pragma once

#include <stdbool.h>

#include "providers/failure.h"

#define PATIENCE_ANSWER_MS 2200 /* until the first token, where nobody says otherwise */
#define PATIENCE_WORTH_MS 300   /* with less left, nobody else is asked */
#define PATIENCE_LATE_MS 2000   /* what was silent for so long was late, whoever gave it up */

/* Of one provider for its first token; 0: as long as its own deadlines allow, because nobody else could be asked after it. */
unsigned patience_share_ms(unsigned left_ms, bool has_others);
/* Of one provider whose key has as many under way as may be; 0: not at all. */
unsigned patience_permit_ms(unsigned left_ms, bool has_others);
/* Whether the provider that failed is asked once more, and after which pause. */
bool patience_again(
    const struct failure *failure, unsigned left_ms, bool has_others, unsigned *pause_ms);
/* When a second provider is asked as well, given how long the first one usually takes; 0: never, not enough is known. */
unsigned patience_hedge_ms(unsigned usual_ms);

#include "routing/kept_failure.h"

#include <stdio.h>

void kept_failure_set(struct kept_failure *kept, const struct failure *failure)
{
    if (failure == &kept->of)
        return;
    snprintf(kept->why, sizeof kept->why, "%s", failure->why ? failure->why : "");
    kept->of = *failure;
    kept->of.why = kept->why;
}

#include "routing/patience.h"

#define PERMIT_MS 150     /* while others are left */
#define PAUSE_MS 250      /* a longer one is not waited out while others are left */
#define BUSY_PAUSE_MS 200 /* of a provider that names none */
#define AGAIN_MS 1000     /* with less left, others are asked instead of the same once more */
#define HEDGE_LEAST_MS 250
#define HEDGE_MOST_MS 1200

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

unsigned patience_share_ms(unsigned left_ms, bool has_others)
{
    bool leaves_enough = left_ms * 2 / 5 >= PATIENCE_WORTH_MS;
    return has_others && leaves_enough ? left_ms * 3 / 5 + 1 : 0;
}

unsigned patience_permit_ms(unsigned left_ms, bool has_others)
{
    unsigned wait_ms = left_ms > PATIENCE_WORTH_MS ? left_ms - PATIENCE_WORTH_MS : 0;
    return has_others ? at_most(wait_ms, PERMIT_MS) : wait_ms;
}

bool patience_again(
    const struct failure *failure, unsigned left_ms, bool has_others, unsigned *pause_ms)
{
    bool is_strained = failure->kind == FAILURE_BUSY || failure->kind == FAILURE_BROKEN;
    *pause_ms = is_strained ? BUSY_PAUSE_MS : 0;
    if (failure->retry_after_ms)
        *pause_ms = failure->retry_after_ms;
    bool is_for_others = has_others && (*pause_ms > PAUSE_MS || left_ms < AGAIN_MS);
    if (!failure_rule(failure->kind)->is_worth_again || is_for_others)
        return false;
    return left_ms >= PATIENCE_WORTH_MS && *pause_ms <= left_ms - PATIENCE_WORTH_MS;
}

unsigned patience_hedge_ms(unsigned usual_ms)
{
    if (!usual_ms)
        return 0;
    return at_most(usual_ms < HEDGE_LEAST_MS ? HEDGE_LEAST_MS : usual_ms, HEDGE_MOST_MS);
}

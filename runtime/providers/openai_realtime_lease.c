#include "providers/openai_realtime_lease.h"

#define LEAST_LIFE_MS 500
#define MOST_LIFE_MS (24 * 3600 * 1000ull)
#define LONG_LIFE_MS (600 * 1000ull)
#define LEAD_MS 60000

struct realtime_lease realtime_lease(uint64_t expires_at_s, uint64_t wall_ms, uint64_t now_ms)
{
    if (expires_at_s <= wall_ms / 1000 || expires_at_s - wall_ms / 1000 > MOST_LIFE_MS / 1000)
        return (struct realtime_lease){0};
    uint64_t life_ms = expires_at_s * 1000 - wall_ms;
    if (life_ms < LEAST_LIFE_MS)
        return (struct realtime_lease){0};
    uint64_t lead_ms = life_ms >= LONG_LIFE_MS ? LEAD_MS : life_ms / 10;
    return (struct realtime_lease){
        .renew_ms = now_ms + life_ms - lead_ms, .leave_by_ms = now_ms + life_ms - lead_ms / 4};
}

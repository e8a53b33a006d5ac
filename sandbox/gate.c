#include "gate.h"

void gate_init(struct gate *gate, const struct fault *fault)
{
    *gate = (struct gate){.fault = *fault, .random = fault->seed ? fault->seed : 1};
}

static bool is_broken(const struct gate *gate, size_t len_bytes)
{
    const struct fault *fault = &gate->fault;
    bool has_point = fault->cut_after_messages >= 0 || fault->cut_after_bytes >= 0;
    if (!has_point)
        return fault->hang || fault->garbage || fault->flood_bytes;
    if (fault->cut_after_messages >= 0 && gate->messages >= fault->cut_after_messages)
        return true;
    return fault->cut_after_bytes >= 0 && gate->bytes + (int64_t)len_bytes > fault->cut_after_bytes;
}

enum gate_verdict gate_next(struct gate *gate, size_t len_bytes, size_t *allowed)
{
    *allowed = len_bytes;
    bool is_flooded = gate->fault.flood_bytes && gate->flooded_bytes >= gate->fault.flood_bytes;
    if (is_flooded || !is_broken(gate, len_bytes)) {
        gate->messages++;
        gate->bytes += (int64_t)len_bytes;
        return GATE_PASS;
    }
    *allowed = 0;
    if (gate->fault.hang)
        return GATE_SWALLOW;
    if (gate->fault.garbage)
        return GATE_GARBAGE;
    if (gate->fault.flood_bytes)
        return GATE_FLOOD;
    if (gate->fault.cut_after_bytes > gate->bytes)
        *allowed = (size_t)(gate->fault.cut_after_bytes - gate->bytes);
    return GATE_CUT;
}

void gate_flooded(struct gate *gate, size_t len_bytes)
{
    gate->flooded_bytes += len_bytes;
}

/* Xorshift, and a multiplication that tells neighbouring seeds apart. */
static uint32_t next_random(struct gate *gate)
{
    uint32_t x = gate->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    gate->random = x;
    return (x * 2654435761u) >> 8;
}

unsigned gate_delay_ms(struct gate *gate, unsigned fixed_ms)
{
    unsigned jitter_ms = gate->fault.jitter_ms;
    return fixed_ms + (jitter_ms ? next_random(gate) % (jitter_ms + 1) : 0);
}

bool gate_loses(struct gate *gate, unsigned percent)
{
    return percent && next_random(gate) % 100 < percent;
}

#include "live/quiet.h"

enum quiet_kind quiet_kind_of(const struct turn *turn)
{
    if (turn->is_speech)
        return QUIET_NONE;
    switch (turn->state) {
    case TURN_LISTENING:
        return turn->listening_ms ? QUIET_SILENCE : QUIET_HOLD;
    case TURN_THINKING:
        return QUIET_HOLD;
    case TURN_PAUSED:
        return QUIET_SILENCE;
    case TURN_SPEAKING:
    case TURN_INTERRUPTED:
    case TURN_ENDING:
        return QUIET_NONE;
    }
    return QUIET_NONE;
}

uint64_t quiet_ms(const struct quiet *quiet, enum quiet_kind kind, uint64_t now_ms)
{
    bool is_running = quiet->kind == kind && quiet->since_ms;
    return quiet->sums_ms[kind] + (is_running ? now_ms - quiet->since_ms : 0);
}

void quiet_tell(struct quiet *quiet, enum quiet_kind kind, uint64_t now_ms)
{
    quiet->sums_ms[quiet->kind] = quiet_ms(quiet, quiet->kind, now_ms);
    quiet->kind = kind;
    quiet->since_ms = now_ms;
}

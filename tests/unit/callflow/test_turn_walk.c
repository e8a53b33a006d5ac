#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "walk.h"

#define WALKS 200
#define STEPS 5000

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct turn_event random_event(uint32_t *seed, const struct turn *turn)
{
    uint32_t kind = next_random(seed) % (TURN_EVENT_TIME + 1);
    if (kind == TURN_EVENT_STREAM_ENDED && next_random(seed) % 50)
        kind = TURN_EVENT_TIME;
    if (kind == TURN_EVENT_STT_FAILED && next_random(seed) % 50)
        kind = TURN_EVENT_FINAL;
    return (struct turn_event){.kind = (enum turn_event_kind)kind,
        .epoch = turn->epoch - (next_random(seed) % 8 == 0),
        .item = turn->last_item + next_random(seed) % 2,
        .lag_ms = kind == TURN_EVENT_SPEECH_STARTED ? 80 : 200,
        .flag = next_random(seed) % 2,
        .words = {.count = (uint16_t)(next_random(seed) % 6),
            .is_backchannel = next_random(seed) % 4 == 0}};
}

static void test_random_walks(void **state)
{
    for (uint32_t walk_number = 1; walk_number <= WALKS; walk_number++) {
        struct walk walk = {.now_ms = 1000};
        turn_init(&walk.turn, &turn_defaults);
        walk.turn.settings.early_ms = walk_number % 2 ? 0 : walk.turn.settings.early_ms;
        uint32_t seed = walk_number * 7919;
        walk_step(&walk, (struct turn_event){.kind = TURN_EVENT_STARTED, .flag = true}, 0);
        for (int step = 0; step < STEPS && !walk.ended; step++) {
            struct turn_event event = random_event(&seed, &walk.turn);
            const char *wrong = walk_step(&walk, event, next_random(&seed) % 400);
            if (wrong)
                fail_msg("seed %u, step %d, event %s in state %s: %s", walk_number, step,
                    turn_event_name(event.kind), turn_state_name(walk.turn.state), wrong);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_walks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "walk.h"

#define STEPS 5000 /* of one walk */
#define STEPS_IN_ALL 1000000ul

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Seldom, so that a walk gets somewhere. */
static bool leads_to_the_end(uint32_t kind)
{
    return kind == TURN_EVENT_STREAM_ENDED || kind == TURN_EVENT_STT_FAILED ||
           kind == TURN_EVENT_HANGUP_ASKED || kind == TURN_EVENT_MODEL_FAILED ||
           kind == TURN_EVENT_PROMPT_FAILED || kind == TURN_EVENT_TTS_FAILED;
}

static bool is_answer(uint32_t kind)
{
    return kind == TURN_EVENT_END_OF_TURN || kind == TURN_EVENT_SILENCE_ANSWERED;
}

static struct turn_event random_event(uint32_t *seed, const struct turn *turn)
{
    uint32_t kind = next_random(seed) % (TURN_EVENT_TIME + 1);
    if (leads_to_the_end(kind) && next_random(seed) % 40)
        kind = TURN_EVENT_TIME;
    return (struct turn_event){.kind = (enum turn_event_kind)kind,
        .epoch = turn->epoch - (next_random(seed) % 8 == 0),
        .item = is_answer(kind) ? turn->question - next_random(seed) % 4 / 3
                                : turn->last_item + next_random(seed) % 2,
        .lag_ms = kind == TURN_EVENT_SPEECH_STARTED ? 80 : 200,
        .sentences = next_random(seed) % 2,
        .flag = next_random(seed) % 2,
        .words = {.count = (uint16_t)(next_random(seed) % 6),
            .is_backchannel = next_random(seed) % 4 == 0,
            .is_hanging = next_random(seed) % 4 == 0},
        .opinion = (enum turn_opinion)(next_random(seed) % (OPINION_MORE + 1)),
        .rules = walk_rules(next_random(seed))};
}

static void check(const struct walk *walk, const char *wrong, uint32_t number, unsigned step)
{
    if (wrong)
        fail_msg("walk %u, step %u, in state %s: %s", number, step,
            turn_state_name(walk->turn.state), wrong);
}

/* Until the call ends, or for STEPS; returns how many steps it took. */
static unsigned run_walk(uint32_t number)
{
    struct walk walk = {.now_ms = 1000};
    turn_init(&walk.turn, &turn_defaults);
    walk.turn.settings.early_ms = number % 2 ? 0 : walk.turn.settings.early_ms;
    walk.turn.settings.asks_script = number % 3 != 0;
    walk.turn.settings.asks_on_silence = number % 5 != 0;
    uint32_t seed = number * 7919;
    unsigned step = 0;
    struct turn_event event = {.kind = TURN_EVENT_STARTED, .flag = true};
    for (; step < STEPS && !walk.ended; step++) {
        check(&walk, walk_step(&walk, event, next_random(&seed) % 400), number, step);
        event = random_event(&seed, &walk.turn);
    }
    check(&walk, walk_settle(&walk), number, step);
    return step;
}

static void test_a_million_random_steps(void **state)
{
    unsigned long steps = 0;
    uint32_t number = 1;
    for (; steps < STEPS_IN_ALL; number++)
        steps += run_walk(number);
    print_message("%lu steps in %u walks\n", steps, number - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_million_random_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

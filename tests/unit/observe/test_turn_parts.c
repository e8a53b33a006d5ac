#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "observe/turn_parts.h"

#define ENDED_MS 10000 /* of the caller's speech; below, moments are counted from it */

enum told { WAIT, COMMIT, END };

struct moment {
    uint64_t at_ms;
    enum told told;
    enum turn_part part; /* WAIT */
    uint64_t silence_ms; /* COMMIT; here and below */
    uint64_t final_ms;   /* 0: none */
};

#define MOMENTS 12
struct row {
    const char *name;
    struct moment moments[MOMENTS];
    uint64_t expected_ms
        [TURN_PART_COUNT]; /* silence, hearing, script, model, tools, synthesis, playout, own */
};

static void tell(struct turn_parts *parts, const struct moment *moment)
{
    uint64_t now_ms = ENDED_MS + moment->at_ms;
    const struct turn_wait wait = {.silence_ms = moment->silence_ms,
        .final_ms = moment->final_ms ? ENDED_MS + moment->final_ms : 0};
    switch (moment->told) {
    case WAIT:
        turn_parts_wait_for(parts, moment->part, now_ms);
        break;
    case COMMIT:
        turn_parts_commit(parts, &wait, now_ms);
        break;
    case END:
        turn_parts_end(parts, now_ms);
        break;
    }
}

static const struct row rows[] = {
    {"one after the other",
        {{500, COMMIT, .silence_ms = 500, .final_ms = 430}, {500, WAIT, TURN_PART_SCRIPT},
            {503, WAIT, TURN_PART_OWN}, {504, WAIT, TURN_PART_MODEL}, {804, WAIT, TURN_PART_OWN},
            {805, WAIT, TURN_PART_SYNTHESIS}, {965, WAIT, TURN_PART_PLAYOUT}, {966, END}},
        {500, 0, 3, 300, 0, 160, 1, 2}},
    {"the final is late",
        {{830, COMMIT, .silence_ms = 500, .final_ms = 830}, {831, WAIT, TURN_PART_MODEL},
            {900, END}},
        {500, 330, 0, 69, 0, 0, 0, 1}},
    {"the final is late, and then no new words are waited for",
        {{1100, COMMIT, .silence_ms = 500, .final_ms = 700}, {1100, WAIT, TURN_PART_MODEL},
            {1200, END}},
        {900, 200, 0, 100}},
    {"the final never comes", {{1300, COMMIT, .silence_ms = 500}, {1400, END}},
        {500, 800, 0, 0, 0, 0, 0, 100}},
    {"a script says early that the turn is over",
        {{260, COMMIT, .silence_ms = 500, .final_ms = 240}, {260, WAIT, TURN_PART_MODEL},
            {300, END}},
        {260, 0, 0, 40}},
    {"a draft is ready before the commit: it costs nothing",
        {{250, WAIT, TURN_PART_SCRIPT}, {252, WAIT, TURN_PART_MODEL}, {480, WAIT, TURN_PART_OWN},
            {500, COMMIT, .silence_ms = 500, .final_ms = 240}, {501, WAIT, TURN_PART_SYNTHESIS},
            {600, WAIT, TURN_PART_PLAYOUT}, {600, END}},
        {500, 0, 0, 0, 0, 99, 0, 1}},
    {"a draft is not ready: its rest counts",
        {{250, WAIT, TURN_PART_SCRIPT}, {252, WAIT, TURN_PART_MODEL},
            {500, COMMIT, .silence_ms = 500, .final_ms = 240}, {700, WAIT, TURN_PART_OWN},
            {710, END}},
        {500, 0, 0, 200, 0, 0, 0, 10}},
    {"tools, and the model again",
        {{500, COMMIT, .silence_ms = 500, .final_ms = 300}, {500, WAIT, TURN_PART_MODEL},
            {700, WAIT, TURN_PART_TOOLS}, {1700, WAIT, TURN_PART_OWN},
            {1701, WAIT, TURN_PART_MODEL}, {1900, WAIT, TURN_PART_SYNTHESIS},
            {2000, WAIT, TURN_PART_PLAYOUT}, {2400, END}},
        {500, 0, 0, 399, 1000, 100, 400, 1}},
    {"what is told after the first sound",
        {{500, COMMIT, .silence_ms = 500, .final_ms = 300}, {500, WAIT, TURN_PART_MODEL},
            {800, END}, {900, WAIT, TURN_PART_TOOLS}, {1900, END}},
        {500, 0, 0, 300}},
    {"a second commit",
        {{500, COMMIT, .silence_ms = 500, .final_ms = 300},
            {600, COMMIT, .silence_ms = 500, .final_ms = 300}, {700, END}},
        {500, 0, 0, 0, 0, 0, 0, 200}},
    {"a sound without a commit", {{250, WAIT, TURN_PART_MODEL}, {400, END}}, {400}},
};

static void parts_are_whose_they_are(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct turn_parts parts;
        uint64_t end_ms = 0;
        turn_parts_begin(&parts, ENDED_MS);
        for (size_t k = 0; k < MOMENTS; k++) {
            tell(&parts, &rows[i].moments[k]);
            if (rows[i].moments[k].told == END && !end_ms)
                end_ms = rows[i].moments[k].at_ms;
        }
        for (int part = 0; part < TURN_PART_COUNT; part++)
            if (parts.ms[part] != rows[i].expected_ms[part])
                fail_msg("%s: %s is %u ms", rows[i].name, turn_part_name((enum turn_part)part),
                    (unsigned)parts.ms[part]);
        assert_int_equal(turn_parts_sum_ms(&parts), end_ms);
    }
}

/* Any moments in any order, with clocks that stand still: the parts are the response time. */
static void any_story_adds_up(void **state)
{
    for (unsigned seed = 1; seed <= 20000; seed++) {
        unsigned dice = seed;
        struct turn_parts parts;
        turn_parts_begin(&parts, ENDED_MS);
        uint64_t at_ms = 0;
        unsigned count = (unsigned)rand_r(&dice) % 20;
        for (unsigned i = 0; i < count; i++) {
            at_ms += (uint64_t)rand_r(&dice) % 400;
            struct moment moment = {.at_ms = at_ms,
                .told = rand_r(&dice) % 4 ? WAIT : COMMIT,
                .part = (enum turn_part)(rand_r(&dice) % TURN_PART_COUNT),
                .silence_ms = (uint64_t)rand_r(&dice) % 1200,
                .final_ms = (uint64_t)rand_r(&dice) % 1500};
            tell(&parts, &moment);
        }
        turn_parts_end(&parts, ENDED_MS + at_ms);
        if (turn_parts_sum_ms(&parts) != at_ms)
            fail_msg(
                "seed %u: %u of %u ms", seed, (unsigned)turn_parts_sum_ms(&parts), (unsigned)at_ms);
    }
}

static void nobody_is_answered(void **state)
{
    struct turn_parts parts;
    turn_parts_begin(&parts, 0);
    turn_parts_wait_for(&parts, TURN_PART_SYNTHESIS, 100);
    turn_parts_end(&parts, 400);
    assert_int_equal(turn_parts_sum_ms(&parts), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_whose_they_are),
        cmocka_unit_test(any_story_adds_up),
        cmocka_unit_test(nobody_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

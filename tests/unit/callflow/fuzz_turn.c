#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *wrong)
{
    if (!wrong)
        return;
    fprintf(stderr, "%s\n", wrong);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct walk walk = {.now_ms = 1000};
    turn_init(&walk.turn, &turn_defaults);
    walk.turn.settings.early_ms = size % 2 ? 0 : walk.turn.settings.early_ms;
    walk.turn.settings.asks_script = size / 4 % 2;
    walk.turn.settings.asks_on_silence = size / 8 % 2;
    for (size_t i = 0; i + 4 <= size; i += 4) {
        struct turn_event event = {.kind = (enum turn_event_kind)(data[i] % (TURN_EVENT_TIME + 1)),
            .epoch = walk.turn.epoch - (data[i + 1] & 1),
            .item = data[i + 1] >> 7 ? walk.turn.question
                                     : walk.turn.last_item + (data[i + 1] >> 1 & 1),
            .lag_ms = (uint32_t)(data[i + 1] >> 2 & 15) * 20,
            .sentences = data[i + 1] >> 7,
            .flag = data[i + 1] >> 6 & 1,
            .words = {.count = data[i + 2] & 7,
                .is_backchannel = data[i + 2] >> 3 & 1,
                .is_hanging = data[i + 2] >> 4 & 1},
            .opinion = (enum turn_opinion)((data[i + 2] >> 5) % (OPINION_MORE + 1)),
            .rules = walk_rules(data[i + 2])};
        check(walk_step(&walk, event, (uint64_t)data[i + 3] * 4));
    }
    check(walk_settle(&walk));
    return 0;
}

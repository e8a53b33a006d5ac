#include "replay/steps.h"

#include <stdio.h>

#define DESCRIBED_BYTES 1024

void steps_check_init(struct steps_check *check, const struct turn_settings *settings)
{
    *check = (struct steps_check){0};
    turn_init(&check->turn, settings);
}

static void tell(struct steps_check *check, const struct capture_record *record, uint64_t number,
    const char *what, const struct turn_step *now)
{
    struct strbuf recorded, ours;
    strbuf_init(&recorded, DESCRIBED_BYTES);
    strbuf_init(&ours, DESCRIBED_BYTES);
    turn_step_describe(&recorded, &check->step);
    turn_step_describe(&ours, now);
    held_differ(
        &check->held, number, record->at_ms, what, strbuf_slice(&recorded), strbuf_slice(&ours));
    strbuf_free(&recorded);
    strbuf_free(&ours);
}

enum err steps_check_take(struct steps_check *check, const struct capture_record *record,
    uint64_t number, const struct turn_dictionary *dictionary)
{
    if (check->held.differs)
        return ERR_OK;
    enum err err = turn_step_decode(&check->step, record->content, dictionary);
    if (err == ERR_NOT_FOUND) {
        held_differ(&check->held, number, record->at_ms, "vocabulary",
            SLICE("something that this build has no name for"), SLICE("it cannot be run here"));
        return ERR_OK;
    }
    if (err)
        return err;
    uint64_t now_ms = REPLAY_BEGAN_MS + record->at_ms;
    check->before = check->turn;
    turn_step(&check->turn, check->step.event, now_ms, &check->actions);
    struct turn_step now;
    turn_step_of(&now, &check->step.event, &check->turn, &check->actions, now_ms);
    check->held.count++;
    const char *what = turn_step_differs(&check->step, &now);
    if (what)
        tell(check, record, number, what, &now);
    return ERR_OK;
}

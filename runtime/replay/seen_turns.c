#include "replay/seen_turns.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_KNOWN 8      /* utterances of late, whose words may still grow */
#define NO_TURN UINT32_MAX /* noise */

struct known_item {
    uint32_t item;
    uint32_t words;
    uint32_t turn; /* that used it; 0: none did */
};

struct seeing {
    struct seen_turns *seen;
    uint32_t epoch;         /* of the newest turn's reply */
    bool is_turn_open;      /* its reply is alive */
    bool is_heard;          /* so is its sound */
    uint64_t speech_end_ms; /* the newest */
    uint64_t began_ms;      /* the newest voice, */
    bool is_voice_counted;  /* whose words were looked at */
    uint64_t turn_end_ms;   /* the end of speech before the newest turn */
    uint32_t speeches;
    uint32_t turn; /* number of the newest, those that were taken back included */
    struct known_item items[ITEMS_KNOWN];
    unsigned next_item;
};

static struct seen_turn *newest(struct seeing *seeing)
{
    return seeing->seen->count ? &seeing->seen->list[seeing->seen->count - 1] : NULL;
}

/* ---- words ---- */

static struct known_item *item_of(struct seeing *seeing, uint32_t item)
{
    for (unsigned i = 0; i < ITEMS_KNOWN; i++)
        if (seeing->items[i].item == item)
            return &seeing->items[i];
    struct known_item *place = &seeing->items[seeing->next_item++ % ITEMS_KNOWN];
    *place = (struct known_item){.item = item};
    return place;
}

static void take_words(struct seeing *seeing, const struct turn_event *event)
{
    struct seen_turn *turn = newest(seeing);
    struct known_item *item = item_of(seeing, event->item);
    uint32_t more = event->words.count > item->words ? event->words.count - item->words : 0;
    if (turn && item->turn == seeing->turn)
        turn->words_after += more;
    item->words += more;
    bool is_voice_after = turn && seeing->began_ms > seeing->turn_end_ms && !item->turn;
    if (!is_voice_after || !more || event->words.is_backchannel || seeing->is_voice_counted)
        return;
    seeing->is_voice_counted = true;
    if (seeing->began_ms <= turn->commit_ms + CUT_OFF_MS) {
        turn->is_cut_off = true;
        turn->went_on_ms =
            seeing->began_ms > turn->commit_ms ? (uint32_t)(seeing->began_ms - turn->commit_ms) : 0;
    }
}

/* Words that nobody used yet, and utterances that have none yet, are this turn's. */
static uint32_t use_items(struct seeing *seeing, uint32_t turn)
{
    uint32_t words = 0;
    for (unsigned i = 0; i < ITEMS_KNOWN; i++) {
        struct known_item *item = &seeing->items[i];
        if (item->turn)
            continue;
        words += item->words;
        item->turn = turn;
    }
    return words;
}

/* ---- turns ---- */

static enum err add_turn(struct seeing *seeing, struct seen_turn turn)
{
    struct seen_turns *seen = seeing->seen;
    if (seen->count == SEEN_TURNS_MAX) {
        seen->is_all = false;
        return ERR_OK;
    }
    struct seen_turn *list = realloc(seen->list, (seen->count + 1) * sizeof *list);
    if (!list)
        return ERR_NOMEM;
    seen->list = list;
    seen->list[seen->count++] = turn;
    return ERR_OK;
}

static enum err commit(struct seeing *seeing, uint32_t epoch, uint64_t at_ms)
{
    if (!seeing->speeches)
        return ERR_OK; /* the agent's first words: nobody waits for them */
    seeing->epoch = epoch;
    seeing->is_turn_open = true;
    seeing->is_heard = false;
    seeing->turn_end_ms = seeing->speech_end_ms;
    uint64_t silence_ms = at_ms > seeing->speech_end_ms ? at_ms - seeing->speech_end_ms : 0;
    return add_turn(seeing, (struct seen_turn){.commit_ms = at_ms,
                                .silence_ms = (uint32_t)silence_ms,
                                .words = use_items(seeing, ++seeing->turn),
                                .speech = seeing->speeches});
}

static void reopen(struct seeing *seeing)
{
    struct seen_turn *turn = newest(seeing);
    if (!turn || !seeing->is_turn_open)
        return; /* a draft: nobody heard of it */
    turn->is_taken_back = true;
    for (unsigned i = 0; i < ITEMS_KNOWN; i++)
        if (seeing->items[i].turn == seeing->turn)
            seeing->items[i].turn = 0;
}

static void take_event(struct seeing *seeing, const struct turn_event *event, uint64_t at_ms)
{
    struct seen_turn *turn = newest(seeing);
    if (event->kind == TURN_EVENT_SPEECH_STARTED) {
        seeing->began_ms = at_ms - event->lag_ms;
        seeing->is_voice_counted = false;
        seeing->speeches++;
    } else if (event->kind == TURN_EVENT_SPEECH_ENDED) {
        seeing->speech_end_ms = at_ms - event->lag_ms;
    } else if (event->kind == TURN_EVENT_KEY_TYPED) {
        seeing->speech_end_ms = at_ms;
        seeing->speeches++;
    } else if (event->kind == TURN_EVENT_COMMITTED) {
        (void)item_of(seeing, event->item);
    } else if (event->kind == TURN_EVENT_PARTIAL || event->kind == TURN_EVENT_FINAL) {
        take_words(seeing, event);
    } else if (event->kind == TURN_EVENT_AUDIO && turn && seeing->is_turn_open &&
               event->epoch == seeing->epoch && !turn->is_answered) {
        turn->is_answered = seeing->is_heard = true;
        turn->wait_ms = (uint32_t)(at_ms - seeing->turn_end_ms);
    }
}

static enum err take_action(struct seeing *seeing, const struct turn_action *action, uint64_t at_ms)
{
    struct seen_turn *turn = newest(seeing);
    switch (action->kind) {
    case TURN_ACTION_COMMIT_TURN:
        return commit(seeing, action->epoch, at_ms);
    case TURN_ACTION_REOPEN_TURN:
        reopen(seeing);
        seeing->is_turn_open = false;
        break;
    case TURN_ACTION_FILL:
        if (turn && seeing->is_turn_open)
            turn->fillers++;
        break;
    case TURN_ACTION_APOLOGISE:
        if (turn)
            turn->is_apology = true;
        break;
    case TURN_ACTION_CLEAR:
        if (turn && seeing->is_turn_open && seeing->is_heard)
            turn->is_interrupted = true;
        break;
    case TURN_ACTION_CLOSE_REPLY:
        seeing->is_turn_open = false;
        break;
    case TURN_ACTION_GREET:
    case TURN_ACTION_NUDGE:
    case TURN_ACTION_FAREWELL:
    case TURN_ACTION_SAY:
        seeing->is_turn_open = false;
        break;
    case TURN_ACTION_DISCARD_SPEECH:
        (void)use_items(seeing, NO_TURN);
        break;
    case TURN_ACTION_COMMIT_SPEECH:
    case TURN_ACTION_ASK_END_OF_TURN:
    case TURN_ACTION_ASK_SILENCE:
    case TURN_ACTION_DRAFT_TURN:
    case TURN_ACTION_START_MODEL:
    case TURN_ACTION_SPEAK:
    case TURN_ACTION_END_TEXT:
    case TURN_ACTION_END_MODEL:
    case TURN_ACTION_FINISH_SEGMENT:
    case TURN_ACTION_RUN_TOOLS:
    case TURN_ACTION_FAIL_OPEN:
    case TURN_ACTION_DUCK:
    case TURN_ACTION_PAUSE:
    case TURN_ACTION_RESUME:
    case TURN_ACTION_CANCEL_REPLY:
    case TURN_ACTION_HUSH:
    case TURN_ACTION_END_CALL:
        break;
    }
    return ERR_OK;
}

enum err seen_turns_of(struct seen_turns *seen, const struct call_steps *steps)
{
    struct seeing seeing = {.seen = seen};
    enum err err = ERR_OK;
    *seen = (struct seen_turns){.is_all = true};
    for (unsigned i = 0; i < ITEMS_KNOWN; i++)
        seeing.items[i].item = UINT32_MAX;
    for (size_t i = 0; i < steps->count && !err; i++) {
        const struct call_step *it = &steps->list[i];
        take_event(&seeing, &it->step.event, it->at_ms);
        for (unsigned n = 0; n < it->step.actions.count && !err; n++)
            err = take_action(&seeing, &it->step.actions.list[n], it->at_ms);
    }
    return err;
}

void seen_turns_free(struct seen_turns *seen)
{
    free(seen->list);
    *seen = (struct seen_turns){0};
}

/* ---- sums ---- */

const struct seen_turn *seen_turn_after(const struct seen_turns *turns, uint32_t speech)
{
    for (size_t i = 0; i < turns->count; i++)
        if (turns->list[i].speech == speech)
            return &turns->list[i];
    return NULL;
}

enum err seen_turns_join(struct seen_turns *all, const struct seen_turns *more)
{
    if (!more->count)
        return ERR_OK;
    struct seen_turn *list = realloc(all->list, (all->count + more->count) * sizeof *list);
    if (!list)
        return ERR_NOMEM;
    memcpy(list + all->count, more->list, more->count * sizeof *list);
    all->list = list;
    all->count += more->count;
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

enum err seen_turns_sum(struct seen_sums *sums, const struct seen_turns *seen)
{
    uint32_t *waits = calloc(seen->count + 1, sizeof *waits);
    *sums = (struct seen_sums){.turns = (unsigned)seen->count};
    if (!waits)
        return ERR_NOMEM;
    for (size_t i = 0; i < seen->count; i++) {
        const struct seen_turn *turn = &seen->list[i];
        sums->cut_offs += turn->is_cut_off;
        sums->taken_back += turn->is_taken_back;
        sums->words_after += turn->words_after;
        sums->interrupted += turn->is_interrupted;
        sums->apologies += turn->is_apology;
        sums->fillers += turn->fillers;
        if (turn->is_answered)
            waits[sums->answered++] = turn->wait_ms;
    }
    qsort(waits, sums->answered, sizeof *waits, compare);
    if (sums->answered) {
        sums->wait_p50_ms = waits[sums->answered / 2];
        sums->wait_p90_ms = waits[sums->answered * 9 / 10];
        sums->wait_max_ms = waits[sums->answered - 1];
    }
    free(waits);
    return ERR_OK;
}

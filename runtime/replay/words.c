#include "replay/words.h"

#include <stdio.h>
#include <string.h>

#include "live/policy.h"

void words_check_init(struct words_check *check)
{
    *check = (struct words_check){0};
}

static const char *event_of(const json_t *record)
{
    const char *event = json_string_value(json_object_get(record, "event"));
    return event ? event : "";
}

static struct slice text_of(const json_t *record)
{
    const json_t *text = json_object_get(record, "text");
    return json_is_string(text) ? (struct slice){json_string_value(text), json_string_length(text)}
                                : (struct slice){0};
}

static uint32_t number_of(const json_t *record, const char *name)
{
    return (uint32_t)json_integer_value(json_object_get(record, name));
}

/* ---- transcripts ---- */

void words_check_hear(
    struct words_check *check, const struct replay_head *head, const json_t *record)
{
    bool is_final = strcmp(event_of(record), "final") == 0;
    if (!is_final && strcmp(event_of(record), "partial") != 0)
        return;
    if (check->item_count == WORDS_ITEMS) {
        memmove(check->items, check->items + 1, (WORDS_ITEMS - 1) * sizeof *check->items);
        check->item_count--;
    }
    struct slice text = is_final ? slice_trim(text_of(record)) : text_of(record);
    struct words_item *item = &check->items[check->item_count++];
    *item = (struct words_item){.is_final = is_final,
        .item = number_of(record, "item"),
        .words = policy_words_of(&head->policy, text)};
    slice_copy(text, item->text, sizeof item->text);
}

static bool is_same(const struct turn_words *a, const struct turn_words *b)
{
    return a->count == b->count && a->is_backchannel == b->is_backchannel &&
           a->is_command == b->is_command && a->is_hanging == b->is_hanging;
}

struct text {
    char text[HELD_TEXT_SIZE];
};

static struct text words_text(const struct turn_words *words, const char *of)
{
    struct text out;
    snprintf(out.text, sizeof out.text, "%u words%s%s%s of \"%s\"", words->count,
        words->is_backchannel ? ", backchannel" : "", words->is_command ? ", command" : "",
        words->is_hanging ? ", hanging" : "", of);
    return out;
}

/* The newest transcript of the event's item; those before it are done with. */
static bool take_item(
    struct words_check *check, const struct turn_event *event, struct words_item *out)
{
    bool is_final = event->kind == TURN_EVENT_FINAL;
    for (unsigned i = 0; i < check->item_count; i++) {
        if (check->items[i].item != event->item || check->items[i].is_final != is_final)
            continue;
        *out = check->items[i];
        check->item_count -= i + 1;
        memmove(check->items, check->items + i + 1, check->item_count * sizeof *check->items);
        return true;
    }
    return false;
}

static void check_transcript(
    struct words_check *check, const struct turn_step *step, uint64_t number, uint64_t at_ms)
{
    struct words_item item;
    if (!take_item(check, &step->event, &item)) {
        check->untold++;
        return;
    }
    check->held.count++;
    if (!is_same(&step->event.words, &item.words))
        held_differ(&check->held, number, at_ms, "transcript",
            slice_from(words_text(&step->event.words, item.text).text),
            slice_from(words_text(&item.words, item.text).text));
}

/* ---- pieces ---- */

static void begin_round(struct words_check *check, uint32_t epoch)
{
    check->is_round = true;
    check->epoch = epoch;
    check->cut_count = 0;
    pieces_init(&check->pieces);
    room_init(&check->room);
}

static void cut(struct words_check *check)
{
    struct slice piece;
    unsigned before = check->pieces.sentences;
    while (pieces_next(&check->pieces, &piece)) {
        if (check->cut_count < WORDS_PIECES_MAX)
            check->cut[check->cut_count++] = (struct words_piece){
                .sentences = check->pieces.sentences - before, .needs_room = check->room.is_asked};
        before = check->pieces.sentences;
    }
}

static void add_text(struct words_check *check, struct slice text)
{
    while (text.len) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&check->pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        cut(check);
    }
}

void words_check_model(struct words_check *check, const json_t *record)
{
    const char *event = event_of(record);
    if (strcmp(event, "ask") == 0 || (strcmp(event, "restart") == 0 && check->is_round)) {
        const json_t *epoch = json_object_get(record, "epoch");
        begin_round(check, epoch ? number_of(record, "epoch") : check->epoch);
    } else if (!check->is_round) {
        return;
    } else if (strcmp(event, "text") == 0) {
        struct slice held, text = text_of(record);
        room_take(&check->room, &held, &text);
        add_text(check, held);
        add_text(check, text);
    } else if (strcmp(event, "done") == 0) {
        add_text(check, room_end(&check->room));
        pieces_flush(&check->pieces);
        cut(check);
    } else if (strcmp(event, "failed") == 0 || strcmp(event, "cancel") == 0) {
        check->is_round = false;
    }
}

static struct text piece_text(const struct words_piece *piece)
{
    struct text out;
    snprintf(out.text, sizeof out.text, "a piece in which %u sentences end%s", piece->sentences,
        piece->needs_room ? ", of an answer that needs room" : "");
    return out;
}

static void check_piece(
    struct words_check *check, const struct turn_step *step, uint64_t number, uint64_t at_ms)
{
    if (!check->is_round || step->event.epoch != check->epoch) {
        check->untold++; /* the script's words */
        return;
    }
    struct words_piece told = {step->event.sentences, step->event.flag};
    struct words_piece now = check->cut[0];
    struct text text = check->cut_count ? piece_text(&now) : (struct text){"no piece"};
    check->held.count++;
    if (!check->cut_count || told.sentences != now.sentences || told.needs_room != now.needs_room)
        held_differ(&check->held, number, at_ms, "piece", slice_from(piece_text(&told).text),
            slice_from(text.text));
    else
        memmove(check->cut, check->cut + 1, --check->cut_count * sizeof *check->cut);
}

/* The model's end is told behind its last piece. */
static void check_end(
    struct words_check *check, const struct turn_step *step, uint64_t number, uint64_t at_ms)
{
    if (!check->is_round || step->event.epoch != check->epoch)
        return;
    check->is_round = false;
    check->held.count++;
    if (check->cut_count)
        held_differ(&check->held, number, at_ms, "piece", SLICE("no more pieces"),
            slice_from(piece_text(&check->cut[0]).text));
}

/* What the model writes after these is not cut into pieces any more. */
static bool ends_round(const struct turn_step *step)
{
    for (unsigned i = 0; i < step->actions.count; i++) {
        enum turn_action_kind kind = step->actions.list[i].kind;
        if (kind == TURN_ACTION_END_TEXT || kind == TURN_ACTION_CANCEL_REPLY ||
            kind == TURN_ACTION_CLOSE_REPLY)
            return true;
    }
    return false;
}

void words_check_step(struct words_check *check, const struct replay_head *head,
    const struct turn_step *step, uint64_t number, uint64_t at_ms)
{
    if (check->held.differs)
        return;
    enum turn_event_kind kind = step->event.kind;
    if (kind == TURN_EVENT_PARTIAL || kind == TURN_EVENT_FINAL)
        check_transcript(check, step, number, at_ms);
    else if (kind == TURN_EVENT_PIECE && head->is_reworded)
        check->untold++;
    else if (kind == TURN_EVENT_PIECE)
        check_piece(check, step, number, at_ms);
    else if (kind == TURN_EVENT_MODEL_DONE && !head->is_reworded)
        check_end(check, step, number, at_ms);
    if (ends_round(step))
        check->is_round = false;
}

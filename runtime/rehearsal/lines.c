/* The agent's lines: the model's text into pieces, as far as the engine lets them be spoken; what was heard of them into the
   conversation. */
#include <stdlib.h>
#include <string.h>

#include "rehearsal/stage.h"

static void begin_round(struct stage_reply *reply)
{
    pieces_init(&reply->pieces);
    room_init(&reply->room);
    strbuf_clear(&reply->backlog);
    reply->has_text = false;
    reply->is_text_over = false;
    reply->is_round_complete = false;
    reply->may_speak = false;
    reply->is_own = false;
}

void lines_close(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    strbuf_free(&reply->backlog);
    strbuf_free(&reply->text);
    json_decref(reply->tool_calls);
    free(reply->failure_text);
    free(reply->heard_words);
    free(reply->caller_text);
    free(reply->model_text);
    *reply = (struct stage_reply){0};
}

void lines_open(struct stage *stage, uint32_t epoch)
{
    struct stage_reply *reply = &stage->reply;
    lines_close(stage);
    reply->epoch = epoch;
    strbuf_init(&reply->backlog, WORDS_MAX_BYTES);
    strbuf_init(&reply->text, WORDS_MAX_BYTES);
    stage->playing.pieces_asked = 0;
    stage->playing.owes_played = false;
    stage->playing.is_protected = false;
    begin_round(reply);
}

static void speak(struct stage *stage, struct slice piece, bool is_protected)
{
    strbuf_add_slice(&stage->reply.text, piece);
    strbuf_add_char(&stage->reply.text, ' ');
    playing_say(stage, piece, true, is_protected);
}

void lines_pump(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    char line[PIECES_BUFFER_BYTES + 1];
    while (reply->may_speak && reply->backlog.len) {
        struct slice rest = strbuf_slice(&reply->backlog);
        slice_copy(slice_split(&rest, '\n'), line, sizeof line);
        strbuf_drop_front(&reply->backlog, reply->backlog.len - rest.len);
        speak(stage, slice_from(line), reply->is_protected);
    }
    if (reply->may_speak && reply->is_round_complete)
        playing_finish(stage);
}

/* As before_say words it. False: none is ready. A piece that it drops leaves nothing behind, and is not counted. */
static bool keep_piece(struct stage *stage, bool *is_kept)
{
    struct stage_reply *reply = &stage->reply;
    struct slice piece;
    if (!pieces_next(&reply->pieces, &piece))
        return false;
    char *words = reply->is_own ? NULL : stage_hooks_word(stage, piece);
    reply->has_text = true;
    if (words)
        piece = slice_trim(slice_from(words));
    *is_kept = piece.len > 0;
    if (*is_kept) {
        strbuf_add_slice(&reply->backlog, piece);
        strbuf_add_char(&reply->backlog, '\n');
    }
    free(words);
    return true;
}

static bool is_under_way(const struct stage_reply *reply, uint32_t epoch)
{
    return reply->epoch == epoch && !reply->is_text_over;
}

/* Piece by piece, because the engine may say after any of them that it is enough. */
static void tell_pieces(struct stage *stage, uint32_t epoch)
{
    struct stage_reply *reply = &stage->reply;
    unsigned before = reply->pieces.sentences;
    bool is_kept;
    while (is_under_way(reply, epoch) && keep_piece(stage, &is_kept)) {
        unsigned ended = reply->pieces.sentences - before;
        before = reply->pieces.sentences;
        if (!is_kept)
            continue;
        stage_event(stage, (struct turn_event){.kind = TURN_EVENT_PIECE,
                               .epoch = epoch,
                               .sentences = ended,
                               .flag = reply->room.is_asked});
    }
}

static void add(struct stage *stage, uint32_t epoch, struct slice text)
{
    struct stage_reply *reply = &stage->reply;
    while (text.len && is_under_way(reply, epoch)) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&reply->pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        tell_pieces(stage, epoch);
    }
}

void lines_add(struct stage *stage, struct slice text, bool is_end)
{
    struct stage_reply *reply = &stage->reply;
    uint32_t epoch = reply->epoch;
    struct slice held = {0};
    if (text.len)
        room_take(&reply->room, &held, &text);
    add(stage, epoch, held);
    add(stage, epoch, text);
    if (!is_end)
        return;
    add(stage, epoch, room_end(&reply->room));
    pieces_flush(&reply->pieces);
    tell_pieces(stage, epoch);
}

static void say(struct stage *stage, struct slice text, bool is_own)
{
    struct stage_reply *reply = &stage->reply;
    bool is_kept;
    begin_round(reply);
    reply->is_own = is_own;
    while (text.len) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&reply->pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        while (keep_piece(stage, &is_kept)) {
        }
    }
    pieces_flush(&reply->pieces);
    while (keep_piece(stage, &is_kept)) {
    }
    reply->may_speak = true;
    lines_finish(stage);
}

/* Fixed text is the whole of a round, and never cut. */
void lines_say(struct stage *stage, struct slice text)
{
    say(stage, text, false);
}

void lines_say_own(struct stage *stage, struct slice text)
{
    say(stage, text, true);
}

void lines_write(struct stage *stage, struct slice text)
{
    stage->reply.is_own = true;
    uint32_t epoch = stage->reply.epoch;
    add(stage, epoch, text);
    pieces_flush(&stage->reply.pieces);
    tell_pieces(stage, epoch);
    if (stage->reply.epoch != epoch)
        return;
    stage->reply.is_round_complete = true;
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_MODEL_DONE, .epoch = epoch});
}

/* Who waits for more would wait for ever. */
static void tell_no_words(struct stage *stage, struct happening *it)
{
    struct stage_reply *reply = &stage->reply;
    if (it->number != reply->epoch || reply->is_wordless || stage->playing.pieces ||
        stage->turn.phase != REPLY_COMPLETE || stage->turn.state != TURN_THINKING)
        return;
    reply->is_wordless = true;
    stage_event(stage, (struct turn_event){.kind = TURN_EVENT_NO_WORDS, .epoch = reply->epoch});
}

void lines_finish(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    reply->is_round_complete = true;
    lines_pump(stage);
    if (!reply->backlog.len && !stage->playing.pieces)
        stage_later(stage, 0, tell_no_words)->number = reply->epoch;
}

static bool carries_words(struct stage *stage, struct slice text)
{
    bool is_alive = stage->turn.phase != REPLY_NONE && stage->turn.phase != REPLY_APOLOGY;
    if (!is_alive || stage->turn.is_draft)
        stage_note(stage, "say", "not heard, no reply is alive: %.*s", (int)text.len, text.data);
    return is_alive && !stage->turn.is_draft;
}

void lines_interject(struct stage *stage, struct slice text, bool is_protected)
{
    if (carries_words(stage, text))
        speak(stage, text, is_protected || stage->reply.is_protected);
}

void lines_play(struct stage *stage, struct slice text, uint32_t length_ms, bool is_protected)
{
    if (!carries_words(stage, text))
        return;
    strbuf_add_slice(&stage->reply.text, text);
    strbuf_add_char(&stage->reply.text, ' ');
    playing_play(stage, text, length_ms, is_protected || stage->reply.is_protected);
}

void lines_note(struct stage *stage, struct slice text)
{
    if (!text.len)
        return;
    stage_note(stage, "carrier", "%.*s", (int)text.len, text.data);
    if (stage->happened.words.len)
        strbuf_add_char(&stage->happened.words, ' ');
    strbuf_add_slice(&stage->happened.words, text);
}

void lines_begin_round(struct stage *stage)
{
    struct stage_reply *reply = &stage->reply;
    json_decref(reply->tool_calls);
    reply->tool_calls = json_array();
    free(reply->failure_text); /* of another round's tool */
    reply->failure_text = NULL;
    reply->is_failure_own = false;
    begin_round(reply);
}

/* History keeps what was heard. */
void lines_keep(struct stage *stage, bool was_interrupted)
{
    struct stage_reply *reply = &stage->reply;
    struct slice all = strbuf_slice(&reply->text);
    if (!all.len)
        return;
    size_t end = was_interrupted && reply->heard_bytes < all.len ? reply->heard_bytes : all.len;
    size_t told = reply->told_bytes < end ? reply->told_bytes : end;
    struct slice heard = {all.data + told, end - told};
    struct slice unheard = {all.data + end, all.len - end};
    conversation_add_agent(&stage->conversation, slice_trim(heard));
    if (slice_trim(heard).len)
        history_add(&stage->call.history, "agent", slice_trim(heard), stage->turn_number);
    conversation_add_unheard(&stage->conversation, slice_trim(unheard));
    if (was_interrupted && slice_trim(unheard).len)
        stage_note(stage, "(cut)", "not heard: %.*s", (int)slice_trim(unheard).len,
            slice_trim(unheard).data);
}

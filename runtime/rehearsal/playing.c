/* The agent's words in time: a piece is heard as long as its text takes to say, one after the other. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "callflow/heard.h"
#include "rehearsal/stage.h"

#define NEVER UINT64_MAX
#define MS_PER_CHARACTER 65 /* telephone English */
#define PIECE_LEAST_MS 200

static void emit(struct stage *stage, enum turn_event_kind kind, bool flag)
{
    stage_event(
        stage, (struct turn_event){.kind = kind, .epoch = stage->reply.epoch, .flag = flag});
}

static void drop_piece(struct playing *playing, struct playing_piece *piece)
{
    DL_DELETE(playing->pieces, piece);
    free(piece->text);
    free(piece);
}

static void tell_protection(struct stage *stage)
{
    bool is_protected = false;
    struct playing_piece *piece;
    DL_FOREACH(stage->playing.pieces, piece) is_protected |= piece->is_protected;
    if (is_protected == stage->playing.is_protected)
        return;
    stage->playing.is_protected = is_protected;
    emit(stage, TURN_EVENT_PROTECTED, is_protected);
}

static void add_piece(
    struct stage *stage, struct slice text, uint32_t length_ms, bool is_reply, bool is_protected)
{
    struct playing *playing = &stage->playing;
    struct playing_piece *piece = calloc(1, sizeof *piece);
    char *copy = slice_dup(text);
    if (!piece || !copy) {
        free(piece);
        free(copy);
        stage_fail(stage, "no memory");
        return;
    }
    *piece = (struct playing_piece){.text = copy,
        .length_ms = length_ms > PIECE_LEAST_MS ? length_ms : PIECE_LEAST_MS,
        .is_reply = is_reply,
        .is_protected = is_protected};
    piece->ready_ms = stage->now_ms + stage->latency.voice_ms;
    if (playing->pieces && playing->pieces->prev->ready_ms > piece->ready_ms)
        piece->ready_ms = playing->pieces->prev->ready_ms;
    DL_APPEND(playing->pieces, piece);
    playing->pieces_asked += is_reply;
    if (is_reply)
        again_on_said(stage, piece->text);
    playing->owes_played = false;
    tell_protection(stage);
}

void playing_say(struct stage *stage, struct slice text, bool is_reply, bool is_protected)
{
    add_piece(stage, text, (uint32_t)(text.len * MS_PER_CHARACTER), is_reply, is_protected);
}

void playing_play(struct stage *stage, struct slice text, uint32_t length_ms, bool is_protected)
{
    add_piece(stage, text, length_ms, true, is_protected);
}

/* Everything asked for was heard, and the round is at its end only now. */
static void tell_played(struct stage *stage, struct happening *it)
{
    if (it->number == stage->reply.epoch && stage->playing.owes_played && !stage->playing.pieces) {
        stage->playing.owes_played = false;
        emit(stage, TURN_EVENT_PLAYED, true);
    }
}

void playing_finish(struct stage *stage)
{
    if (stage->playing.owes_played)
        stage_later(stage, 0, tell_played)->number = stage->reply.epoch;
}

/* ---- time ---- */

static struct playing_piece *untold(const struct playing *playing)
{
    struct playing_piece *piece;
    DL_FOREACH(playing->pieces, piece)
    {
        if (!piece->is_told)
            return piece;
    }
    return NULL;
}

uint64_t playing_deadline(const struct stage *stage)
{
    const struct playing *playing = &stage->playing;
    const struct playing_piece *next = untold(playing);
    uint64_t ready_ms = next ? next->ready_ms : NEVER;
    if (!playing->pieces || playing->is_paused)
        return ready_ms;
    uint64_t due_ms =
        playing->is_playing ? playing->since_ms + playing->left_ms : playing->pieces->ready_ms;
    return due_ms < ready_ms ? due_ms : ready_ms;
}

static void start_first(struct stage *stage)
{
    struct playing *playing = &stage->playing;
    struct playing_piece *piece = playing->pieces;
    playing->is_playing = true;
    playing->since_ms = stage->now_ms;
    playing->left_ms = piece->length_ms;
    stage_note(stage, piece->is_reply ? "agent" : "(filler)", "%s", piece->text);
    if (!piece->is_reply)
        return;
    if (stage->happened.words.len)
        strbuf_add_char(&stage->happened.words, ' ');
    strbuf_add_text(&stage->happened.words, piece->text);
}

/* Audio of a reply that comes while none is there is news to the engine. */
static void tell_ready(struct stage *stage, struct playing_piece *piece)
{
    piece->is_told = true;
    struct playing_piece *other;
    bool is_news = piece->is_reply;
    DL_FOREACH(stage->playing.pieces, other)
    {
        if (other == piece)
            break;
        is_news &= !other->is_reply;
    }
    if (is_news)
        emit(stage, TURN_EVENT_AUDIO, false);
}

static void finish_first(struct stage *stage)
{
    struct playing *playing = &stage->playing;
    struct stage_reply *reply = &stage->reply;
    stage->agent_talk_ms += playing->pieces->length_ms;
    if (playing->pieces->is_reply)
        reply->heard_bytes += strlen(playing->pieces->text) + 1;
    drop_piece(playing, playing->pieces);
    playing->is_playing = false;
    tell_protection(stage);
    if (playing->pieces)
        return;
    bool is_all = playing->pieces_asked > 0 && reply->is_round_complete && !reply->backlog.len;
    playing->owes_played = !is_all;
    emit(stage, TURN_EVENT_PLAYED, is_all);
}

void playing_tick(struct stage *stage)
{
    struct playing *playing = &stage->playing;
    struct playing_piece *next = untold(playing);
    if (next && next->ready_ms <= stage->now_ms)
        tell_ready(stage, next);
    if (!playing->pieces || playing->is_paused)
        return;
    if (playing->is_playing && stage->now_ms >= playing->since_ms + playing->left_ms)
        finish_first(stage);
    if (!playing->is_playing && playing->pieces && playing->pieces->ready_ms <= stage->now_ms)
        start_first(stage);
}

void playing_pause(struct stage *stage, bool is_paused)
{
    struct playing *playing = &stage->playing;
    if (playing->is_paused == is_paused)
        return;
    playing->is_paused = is_paused;
    if (is_paused && playing->is_playing)
        playing->left_ms -= (uint32_t)(stage->now_ms - playing->since_ms);
    playing->since_ms = stage->now_ms;
}

/* ---- an end before the end ---- */

static void hear_first(struct stage *stage)
{
    const struct playing *playing = &stage->playing;
    const struct playing_piece *piece = playing->pieces;
    if (!piece || !piece->is_reply || !playing->is_playing)
        return;
    uint32_t left_ms = playing->left_ms;
    if (!playing->is_paused)
        left_ms -= (uint32_t)(stage->now_ms - playing->since_ms);
    struct heard_segment view = {
        .text = slice_from(piece->text), .audio_ms = piece->length_ms, .is_all_audio = true};
    stage->reply.heard_bytes += heard_cut(&view, piece->length_ms - left_ms).bytes;
}

void playing_clear(struct stage *stage)
{
    struct playing *playing = &stage->playing;
    hear_first(stage);
    while (playing->pieces)
        drop_piece(playing, playing->pieces);
    *playing = (struct playing){.pieces_asked = playing->pieces_asked};
}

void playing_drop_fillers(struct stage *stage)
{
    struct playing *playing = &stage->playing;
    struct playing_piece *piece, *next;
    DL_FOREACH_SAFE(playing->pieces, piece, next)
    {
        if (piece->is_reply)
            continue;
        if (piece == playing->pieces)
            playing->is_playing = false;
        drop_piece(playing, piece);
    }
}

bool playing_is_heard(const struct stage *stage)
{
    const struct playing *playing = &stage->playing;
    return playing->is_playing && playing->pieces && playing->pieces->is_reply;
}

/* What the agent says, piece by piece as before_say words it. */
#include <stdio.h>
#include <string.h>

#include "rehearsal/chat_internal.h"
#include "text/pieces.h"

static void add(struct strbuf *text, struct slice piece)
{
    if (text->len)
        strbuf_add_char(text, ' ');
    strbuf_add_slice(text, piece);
}

static void speak(struct chat *chat, struct slice piece)
{
    FILE *out = chat->options.out;
    if (!chat->is_line_open)
        fprintf(out, "%s:", chat->agent->name);
    chat->is_line_open = true;
    fprintf(out, " %.*s", (int)piece.len, piece.data);
    fflush(out);
    add(&chat->untold, piece);
    add(&chat->reply, piece);
}

static void end_line(struct chat *chat)
{
    if (chat->is_line_open)
        fprintf(chat->options.out, "\n");
    chat->is_line_open = false;
}

/* What is said for it, kept by `value_out`; empty: nothing. */
static struct slice reword(struct chat *chat, struct slice piece, json_t **value_out)
{
    *value_out =
        chat_ask_hook(chat, HOOK_BEFORE_SAY, NULL, json_pack("[s%]", piece.data, piece.len));
    if (json_is_string(*value_out))
        return slice_trim(slice_from(json_string_value(*value_out)));
    return json_is_false(*value_out) ? SLICE("") : piece;
}

/* False: before_say dropped it. */
static bool say_piece(struct chat *chat, struct slice piece, struct strbuf *also)
{
    json_t *value = NULL;
    struct slice words = chat_has_hook(chat, HOOK_BEFORE_SAY) ? reword(chat, piece, &value) : piece;
    if (words.len)
        speak(chat, words);
    else
        chat_note(chat, "before_say drops: %.*s", (int)piece.len, piece.data);
    if (words.len && also)
        add(also, words);
    bool is_said = words.len > 0;
    json_decref(value);
    return is_said;
}

/* ---- fixed text ---- */

static void say_pieces(struct chat *chat, struct pieces *pieces)
{
    struct slice piece;
    while (pieces_next(pieces, &piece))
        say_piece(chat, piece, NULL);
}

void chat_say(struct chat *chat, struct slice text)
{
    struct pieces pieces;
    pieces_init(&pieces);
    while (text.len) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        say_pieces(chat, &pieces);
    }
    pieces_flush(&pieces);
    say_pieces(chat, &pieces);
    end_line(chat);
}

void chat_say_own(struct chat *chat, struct slice text)
{
    end_line(chat);
    if (!text.len)
        return;
    speak(chat, text);
    end_line(chat);
}

/* ---- the model's ---- */

void chat_words_begin(struct chat *chat)
{
    json_array_clear(chat->pieces);
    strbuf_clear(&chat->round);
    strbuf_clear(&chat->unsaid);
    chat->sentences = 0;
}

/* A piece that before_say drops is not counted. */
static void take(struct chat *chat, struct slice piece, unsigned sentences, bool has_room)
{
    unsigned max = chat->agent->turn.max_sentences;
    if (max && !has_room && chat->sentences >= max)
        add(&chat->unsaid, piece);
    else if (say_piece(chat, piece, &chat->round))
        chat->sentences += sentences;
}

/* The model's words come within the loop, where nobody can wait for a hook. */
void chat_words_piece(void *owner, struct slice piece, unsigned sentences, bool has_room)
{
    struct chat *chat = owner;
    if (chat->options.is_text) /* the answer is one text: chat_text.c */
        return;
    if (chat_has_hook(chat, HOOK_BEFORE_SAY))
        json_array_append_new(chat->pieces,
            json_pack("[s%, i, b]", piece.data, piece.len, (int)sentences, (int)has_room));
    else
        take(chat, piece, sentences, has_room);
}

void chat_words_end(struct chat *chat)
{
    size_t i;
    json_t *piece;
    json_array_foreach(chat->pieces, i, piece)
    {
        take(chat, slice_from(json_string_value(json_array_get(piece, 0))),
            (unsigned)json_integer_value(json_array_get(piece, 1)),
            json_is_true(json_array_get(piece, 2)));
    }
    json_array_clear(chat->pieces);
    end_line(chat);
    if (chat->unsaid.len)
        chat_note(chat, "not spoken, past the limit of sentences: %.*s", (int)chat->unsaid.len,
            chat->unsaid.data);
}

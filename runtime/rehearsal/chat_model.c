#include "rehearsal/chat_model.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "text/pieces.h"
#include "text/room.h"

#define ANSWER_MAX_BYTES 65536

struct chat_model {
    struct net_loop *loop;
    const struct llm_ops *ops;
    const struct chat_model_listener *listener;
    void *owner;
    struct llm *llm;
    struct pieces pieces;
    struct room room;
    struct strbuf written;
    json_t *calls;
    unsigned sentences; /* of the pieces so far */
    uint64_t asked_ms, first_ms;
};

enum err chat_model_create(struct chat_model **out, struct net_loop *loop,
    const struct llm_ops *ops, const struct chat_model_listener *listener, void *owner)
{
    struct chat_model *model = calloc(1, sizeof *model);
    if (!model)
        return ERR_NOMEM;
    model->loop = loop;
    model->ops = ops;
    model->listener = listener;
    model->owner = owner;
    strbuf_init(&model->written, ANSWER_MAX_BYTES);
    *out = model;
    return ERR_OK;
}

static void stop(struct chat_model *model)
{
    if (model->llm)
        model->ops->cancel(model->llm);
    model->llm = NULL;
}

void chat_model_destroy(struct chat_model *model)
{
    if (!model)
        return;
    stop(model);
    strbuf_free(&model->written);
    json_decref(model->calls);
    free(model);
}

/* ---- the answer ---- */

static void take_pieces(struct chat_model *model)
{
    struct slice piece;
    while (pieces_next(&model->pieces, &piece)) {
        unsigned ended = model->pieces.sentences - model->sentences;
        model->sentences = model->pieces.sentences;
        model->listener->on_piece(model->owner, piece, ended, model->room.is_asked);
    }
}

static void add(struct chat_model *model, struct slice text)
{
    while (text.len) {
        size_t len = text.len < PIECES_ADD_MAX_BYTES ? text.len : PIECES_ADD_MAX_BYTES;
        if (pieces_add(&model->pieces, (struct slice){text.data, len}))
            text = (struct slice){text.data + len, text.len - len};
        take_pieces(model);
    }
}

static void on_text(void *owner, struct slice text)
{
    struct chat_model *model = owner;
    struct slice held;
    if (!model->first_ms)
        model->first_ms = clock_ms();
    strbuf_add_slice(&model->written, text);
    room_take(&model->room, &held, &text);
    add(model, held);
    add(model, text);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
    struct chat_model *model = owner;
    json_array_append_new(
        model->calls, json_pack("{s:s%, s:s%, s:s%}", "id", id.data, id.len, "name", name.data,
                          name.len, "arguments", arguments.data, arguments.len));
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct chat_model *model = owner;
    uint64_t now_ms = clock_ms();
    struct llm_usage used = *usage;
    stop(model);
    add(model, room_end(&model->room));
    pieces_flush(&model->pieces);
    take_pieces(model);
    json_t *calls = json_incref(model->calls); /* the next question may come within on_answer */
    struct chat_answer answer = {.written = strbuf_slice(&model->written),
        .calls = calls,
        .usage = used,
        .first_ms = (unsigned)((model->first_ms ? model->first_ms : now_ms) - model->asked_ms),
        .total_ms = (unsigned)(now_ms - model->asked_ms)};
    model->listener->on_answer(model->owner, &answer);
    json_decref(calls);
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct chat_model *model = owner;
    model->listener->on_failed(model->owner, failure);
    stop(model);
}

static const struct llm_listener listener = {
    .on_text = on_text, .on_tool_call = on_tool_call, .on_done = on_done, .on_failed = on_failed};

enum err chat_model_ask(struct chat_model *model, const struct llm_settings *settings,
    struct slice messages, struct slice tools)
{
    stop(model);
    pieces_init(&model->pieces);
    room_init(&model->room);
    strbuf_clear(&model->written);
    json_decref(model->calls);
    model->calls = json_array();
    model->sentences = 0;
    model->asked_ms = clock_ms();
    model->first_ms = 0;
    return model->ops->start(&model->llm, model->loop, settings, messages, tools, &listener, model);
}

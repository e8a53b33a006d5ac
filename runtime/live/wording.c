/* before_say: the script sees each piece before it is spoken, one at a time and in order. What it answers is what is said,
   recorded and told to the model; a piece it does not answer about in time is said as it is.

   pieces ─► unsaid ─► before_say ─► reply_take_piece */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/call.h"
#include "observe/log.h"

#define LATE_MS 10 /* of the script thread, beyond its own deadline */

/* A piece that waits, as it stands in `unsaid`. */
struct piece {
    unsigned sentences;
    struct slice text;
};

static bool first_piece(const struct reply *reply, struct piece *piece)
{
    struct slice rest = strbuf_slice(&reply->unsaid);
    if (!rest.len)
        return false;
    struct slice line = slice_split(&rest, '\n');
    piece->sentences = (unsigned)(line.data[0] - '0');
    piece->text = (struct slice){line.data + 1, line.len - 1};
    return true;
}

static bool ask(struct call *call, const struct piece *piece)
{
    struct reply *reply = &call->reply;
    uint32_t number = ++call->wording_number;
    if (!hooks_ask(
            call, HOOK_BEFORE_SAY, number, json_pack("[s%]", piece->text.data, piece->text.len)))
        return false;
    reply->wording_asked = number;
    reply->wording_by_ms = clock_ms() + hook_rules[HOOK_BEFORE_SAY].timeout_ms + LATE_MS;
    call_arm(call);
    return true;
}

/* Removes the first piece, and lets it be said in these words; none: not at all. */
static void let_through(struct call *call, const char *words)
{
    struct reply *reply = &call->reply;
    struct piece piece;
    reply->wording_asked = 0;
    if (!first_piece(reply, &piece))
        return;
    unsigned sentences = piece.sentences;
    strbuf_drop_front(&reply->unsaid, piece.text.len + 2);
    struct slice text = slice_trim(slice_from(words));
    if (text.len)
        reply_take_piece(call, text, sentences);
}

static void let_through_as_it_is(struct call *call)
{
    struct piece piece;
    if (!first_piece(&call->reply, &piece))
        return;
    char *words = slice_dup(piece.text);
    let_through(call, words ? words : "");
    free(words);
}

/* Those that cannot be asked about are said as they are. What is said may end the reply. */
static void go_on(struct call *call)
{
    struct reply *reply = &call->reply;
    uint32_t epoch = reply->epoch;
    struct piece piece;
    while (reply->epoch == epoch && !reply->wording_asked && first_piece(reply, &piece))
        if (!ask(call, &piece))
            let_through_as_it_is(call);
    if (reply->epoch == epoch && !wording_is_open(reply) && reply->ends_with_wording)
        reply_end_pieces(call);
}

/* The digit before a piece: more sentences than one end in none. */
static char digit_of(unsigned sentences)
{
    return (char)('0' + (sentences < 9 ? sentences : 9));
}

void wording_add(struct call *call, struct slice piece, unsigned sentences)
{
    struct strbuf *unsaid = &call->reply.unsaid;
    if (unsaid->len + piece.len + 2 > unsaid->limit) {
        log_warn("before_say.dropped", "call=%s bytes=%zu", call->facts.call_id, piece.len);
        return;
    }
    strbuf_add_char(unsaid, digit_of(sentences));
    strbuf_add_slice(unsaid, piece);
    strbuf_add_char(unsaid, '\n');
    go_on(call);
}

bool wording_is_open(const struct reply *reply)
{
    return reply->unsaid.len > 0;
}

void wording_clear(struct reply *reply)
{
    strbuf_clear(&reply->unsaid);
    reply->wording_asked = 0;
}

/* A piece is one line. */
static void one_line(char *words)
{
    for (; *words; words++)
        if ((unsigned char)*words < ' ')
            *words = ' ';
}

void wording_result(struct call *call, const struct script_result *result, const json_t *value)
{
    if (!call->reply.wording_asked || result->epoch != call->reply.wording_asked)
        return;
    char *words = json_is_string(value) ? strdup(json_string_value(value)) : NULL;
    if (words) {
        one_line(words);
        let_through(call, words);
    } else if (json_is_false(value)) {
        let_through(call, "");
    } else {
        let_through_as_it_is(call);
    }
    free(words);
    go_on(call);
    call_arm(call);
}

uint64_t wording_deadline(const struct call *call)
{
    return call->reply.wording_asked ? call->reply.wording_by_ms : 0;
}

void wording_tick(struct call *call, uint64_t now_ms)
{
    if (!wording_deadline(call) || now_ms < wording_deadline(call))
        return;
    log_warn("before_say.late", "call=%s", call->facts.call_id);
    let_through_as_it_is(call);
    go_on(call);
}

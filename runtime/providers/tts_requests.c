#include "providers/tts_requests.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define SAID_BYTES 300 /* of earlier text that a piece's melody follows */

/* --- life --- */

static void free_piece(struct tts_piece *piece)
{
    strbuf_free(&piece->text);
    strbuf_free(&piece->body);
    json_objects_free(&piece->objects);
    free(piece);
}

static void free_context(struct tts_context *context)
{
    struct tts_piece *piece, *next;
    LL_FOREACH_SAFE(context->pieces, piece, next)
    {
        free_piece(piece);
    }
    strbuf_free(&context->gathered);
    strbuf_free(&context->said);
    ulaw_stream_free(&context->audio);
    free(context);
}

void tts_requests_free(struct tts_requests *requests)
{
    while (requests->contexts)
        tts_requests_remove(requests, requests->contexts);
}

void tts_requests_remove(struct tts_requests *requests, struct tts_context *context)
{
    LL_DELETE(requests->contexts, context);
    requests->gone[requests->gone_count++ % TTS_CONTEXTS_MOST] = context->number;
    free_context(context);
}

/* --- contexts --- */

struct tts_context *tts_requests_find(struct tts_requests *requests, uint32_t number)
{
    struct tts_context *context;
    LL_SEARCH_SCALAR(requests->contexts, context, number, number);
    return context;
}

static bool is_gone(const struct tts_requests *requests, uint32_t number)
{
    for (size_t i = 0; i < requests->gone_count && i < TTS_CONTEXTS_MOST; i++)
        if (requests->gone[i] == number)
            return true;
    return false;
}

static enum err find_or_add(
    struct tts_requests *requests, uint32_t number, struct tts_context **out)
{
    size_t count;
    struct tts_context *context = tts_requests_find(requests, number);
    if (is_gone(requests, number) || (context && (context->is_ended || context->is_cancelled)))
        return ERR_CLOSED;
    LL_COUNT(requests->contexts, *out, count);
    if (!context && count >= TTS_CONTEXTS_MOST)
        return ERR_FULL;
    *out = context ? context : calloc(1, sizeof *context);
    if (context || !*out)
        return context ? ERR_OK : ERR_NOMEM;
    (*out)->requests = requests;
    (*out)->number = number;
    strbuf_init(&(*out)->gathered, TTS_WAITING_BYTES);
    strbuf_init(&(*out)->said, 2 * TTS_WAITING_BYTES);
    ulaw_stream_init(&(*out)->audio, requests->pcm_hz);
    LL_APPEND(requests->contexts, *out);
    return ERR_OK;
}

/* --- text --- */

static size_t waiting_bytes(const struct tts_requests *requests)
{
    size_t sum = 0;
    for (const struct tts_context *context = requests->contexts; context; context = context->next) {
        sum += context->gathered.len;
        for (const struct tts_piece *piece = context->pieces; piece; piece = piece->next)
            sum += piece->is_asked ? 0 : piece->text.len;
    }
    return sum;
}

/* Without one there is nothing to speak, and services answer with noise or not at all: it waits for words behind it. */
static bool has_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))
            return true;
    }
    return false;
}

/* As much as one request may ask for, whole words where there are any. */
static size_t piece_len(struct slice text, size_t most)
{
    if (text.len <= most)
        return text.len;
    size_t len = most;
    while (len > 1 && text.data[len - 1] != ' ')
        len--;
    if (len > 1)
        return len;
    for (len = most; len > 1 && ((unsigned char)text.data[len] & 0xc0) == 0x80;)
        len--;
    return len;
}

static enum err add_piece(
    const struct tts_requests *requests, struct tts_context *context, struct slice text)
{
    struct tts_piece *piece = calloc(1, sizeof *piece);
    if (!piece)
        return ERR_NOMEM;
    piece->context = context;
    piece->is_follower = context->has_begun;
    context->has_begun = true;
    strbuf_init(&piece->text, text.len + 1);
    strbuf_add_slice(&piece->text, text);
    strbuf_init(&piece->body, requests->most_answer_bytes);
    json_objects_init(&piece->objects, requests->most_object_bytes);
    LL_APPEND(context->pieces, piece);
    return piece->text.failed ? ERR_NOMEM : ERR_OK;
}

static enum err make_pieces(struct tts_requests *requests, struct tts_context *context)
{
    struct slice rest = slice_trim(strbuf_slice(&context->gathered));
    enum err err = ERR_OK;
    if (!has_word(rest))
        return ERR_OK;
    while (rest.len && !err) {
        size_t len = piece_len(rest, requests->most_piece_bytes);
        err = add_piece(requests, context, slice_trim((struct slice){rest.data, len}));
        rest = slice_trim((struct slice){rest.data + len, rest.len - len});
    }
    strbuf_clear(&context->gathered);
    return err;
}

enum err tts_requests_text(
    struct tts_requests *requests, uint32_t number, struct slice text, bool flush)
{
    struct tts_context *context;
    text = slice_trim(text);
    if (waiting_bytes(requests) + text.len + 1 >= TTS_WAITING_BYTES)
        return ERR_FULL;
    enum err err = find_or_add(requests, number, &context);
    if (err)
        return err;
    if (context->gathered.len && text.len)
        strbuf_add_char(&context->gathered, ' ');
    strbuf_add_slice(&context->gathered, text);
    if (context->gathered.failed)
        return ERR_NOMEM;
    return flush ? make_pieces(requests, context) : ERR_OK;
}

enum err tts_requests_end(struct tts_requests *requests, uint32_t number)
{
    struct tts_context *context;
    enum err err = find_or_add(requests, number, &context);
    if (err)
        return err;
    context->is_ended = true;
    return make_pieces(requests, context);
}

void tts_requests_cancel(struct tts_requests *requests, uint32_t number)
{
    struct tts_context *context = tts_requests_find(requests, number);
    if (context)
        context->is_cancelled = true;
    else if (!is_gone(requests, number))
        requests->gone[requests->gone_count++ % TTS_CONTEXTS_MOST] = number;
}

/* --- order --- */

static bool is_under_way(const struct tts_piece *piece)
{
    return piece->is_asked && !piece->is_whole;
}

struct tts_piece *tts_requests_next(struct tts_requests *requests)
{
    size_t all = 0;
    struct tts_piece *first = NULL;
    for (struct tts_context *context = requests->contexts; context; context = context->next) {
        size_t own = 0;
        for (struct tts_piece *piece = context->pieces; piece; piece = piece->next) {
            all += is_under_way(piece);
            own += is_under_way(piece);
            bool is_next = !piece->is_asked && own < TTS_CONTEXT_ASKED_MOST;
            if (is_next && !first && !context->is_cancelled)
                first = piece;
            if (!piece->is_asked)
                break;
        }
    }
    return all < TTS_ASKED_MOST ? first : NULL;
}

void tts_piece_asked(struct tts_piece *piece)
{
    struct strbuf *said = &piece->context->said;
    piece->is_asked = true;
    if (said->len)
        strbuf_add_char(said, ' ');
    strbuf_add_slice(said, strbuf_slice(&piece->text));
    struct slice end = strbuf_slice(said);
    if (end.len <= SAID_BYTES)
        return;
    end = (struct slice){end.data + end.len - SAID_BYTES, SAID_BYTES};
    (void)slice_split(&end, ' '); /* half a word */
    strbuf_drop_front(said, said->len - end.len);
}

struct slice tts_requests_following(const struct tts_piece *piece)
{
    return strbuf_slice(piece->next ? &piece->next->text : &piece->context->gathered);
}

bool tts_piece_is_first(const struct tts_piece *piece)
{
    return piece->context->pieces == piece;
}

void tts_context_drop_first(struct tts_context *context)
{
    struct tts_piece *piece = context->pieces;
    LL_DELETE(context->pieces, piece);
    ulaw_stream_cut(&context->audio);
    if (context->pieces)
        context->pieces->begin_len = context->ulaw_len;
    free_piece(piece);
}

bool tts_context_is_over(const struct tts_context *context)
{
    return context->is_ended && !context->pieces;
}

uint64_t tts_requests_due_ms(const struct tts_requests *requests)
{
    uint64_t first = 0;
    for (const struct tts_context *context = requests->contexts; context; context = context->next) {
        const struct tts_piece *piece = context->pieces;
        if (piece && is_under_way(piece) && (!first || piece->due_ms < first))
            first = piece->due_ms;
    }
    return first;
}

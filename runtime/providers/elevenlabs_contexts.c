#include "providers/elevenlabs_contexts.h"

#include <string.h>

#define CANCELLED_KEPT_MS 5000
#define STALL_MS 10000
#define MOST_RESEND_BYTES (32 * 1024)

void contexts_init(struct contexts *contexts, unsigned keep_alive_ms)
{
    memset(contexts, 0, sizeof(*contexts));
    contexts->keep_alive_ms = keep_alive_ms;
    contexts->first_audio_ms = contexts->idle_ms = STALL_MS;
}

void contexts_free(struct contexts *contexts)
{
    for (size_t i = 0; i < contexts->count; i++) {
        strbuf_free(&contexts->list[i].text);
        ulaw_stream_free(&contexts->list[i].audio);
    }
    contexts->count = 0;
}

/* --- the table --- */

static struct context *find(struct contexts *contexts, uint32_t number)
{
    for (size_t i = 0; i < contexts->count; i++) {
        if (contexts->list[i].id.number == number)
            return &contexts->list[i];
    }
    return NULL;
}

static struct context *find_on_wire(struct contexts *contexts, struct elevenlabs_id id)
{
    struct context *context = find(contexts, id.number);
    if (!context || context->state == CONTEXT_WAITING || context->id.generation != id.generation)
        return NULL;
    return context;
}

static bool is_gone(const struct contexts *contexts, uint32_t number)
{
    for (size_t i = 0; i < contexts->gone_count && i < CONTEXTS_MOST; i++) {
        if (contexts->gone[i] == number)
            return true;
    }
    return false;
}

static void remember_gone(struct contexts *contexts, uint32_t number)
{
    if (!is_gone(contexts, number))
        contexts->gone[contexts->gone_count++ % CONTEXTS_MOST] = number;
}

static void remove_context(struct contexts *contexts, struct context *context)
{
    size_t at = (size_t)(context - contexts->list);
    remember_gone(contexts, context->id.number);
    strbuf_free(&context->text);
    ulaw_stream_free(&context->audio);
    contexts->count--;
    memmove(context, context + 1, (contexts->count - at) * sizeof(*context));
}

static enum err find_or_add(struct contexts *contexts, uint32_t number, struct context **out)
{
    struct context *context = find(contexts, number);
    if (is_gone(contexts, number) ||
        (context && (context->wants_end || context->state == CONTEXT_CANCELLED)))
        return ERR_CLOSED;
    if (!context && contexts->count == CONTEXTS_MOST)
        return ERR_FULL;
    if (!context) {
        context = &contexts->list[contexts->count++];
        *context = (struct context){.id = {number, 0}, .is_resendable = true};
        strbuf_init(&context->text, MOST_RESEND_BYTES);
        ulaw_stream_init(&context->audio, contexts->pcm_hz);
    }
    *out = context;
    return ERR_OK;
}

static size_t unsent_len(const struct context *context)
{
    return context->state == CONTEXT_CANCELLED ? 0 : context->text.len - context->sent_len;
}

/* --- from our side --- */

static bool has_room(const struct contexts *contexts, size_t len)
{
    size_t waiting = 0;
    for (size_t i = 0; i < contexts->count; i++)
        waiting += unsent_len(&contexts->list[i]);
    return waiting + len < CONTEXTS_WAITING_BYTES;
}

static void forget_sent(struct context *context)
{
    strbuf_drop_front(&context->text, context->sent_len);
    context->sent_len = 0;
    context->is_resendable = false;
}

enum err contexts_text(struct contexts *contexts, uint32_t number, struct slice text, bool flush)
{
    struct context *context;
    text = slice_trim(text);
    if (!has_room(contexts, text.len))
        return ERR_FULL;
    enum err err = find_or_add(contexts, number, &context);
    if (err)
        return err;
    context->wants_flush |= flush;
    if (!text.len)
        return ERR_OK;
    if (context->text.len + text.len + 1 > MOST_RESEND_BYTES)
        forget_sent(context);
    strbuf_add_slice(&context->text, text);
    strbuf_add_char(&context->text, ' ');
    context->is_flushed = false;
    return context->text.failed ? ERR_NOMEM : ERR_OK;
}

enum err contexts_end(struct contexts *contexts, uint32_t number)
{
    struct context *context;
    enum err err = find_or_add(contexts, number, &context);
    if (!err)
        context->wants_end = true;
    return err;
}

void contexts_cancel(struct contexts *contexts, uint32_t number)
{
    struct context *context = find(contexts, number);
    if (!context) {
        remember_gone(contexts, number);
        return;
    }
    if (context->state == CONTEXT_WAITING) {
        remove_context(contexts, context);
        return;
    }
    context->owes_close = context->state == CONTEXT_OPEN || context->owes_close;
    context->state = CONTEXT_CANCELLED;
}

/* --- to the wire --- */

static bool has_wire_room(const struct contexts *contexts)
{
    size_t on_wire = 0;
    for (size_t i = 0; i < contexts->count; i++)
        on_wire += contexts->list[i].state != CONTEXT_WAITING;
    return on_wire < CONTEXTS_ON_WIRE;
}

/* The next message of an open context: text, flush, close or a sign of life. */
static bool next_of_open(
    struct context *context, unsigned keep_alive_ms, uint64_t now_ms, struct strbuf *out)
{
    bool flush = context->wants_flush || context->wants_end;
    if (unsent_len(context)) {
        struct slice text = strbuf_slice(&context->text);
        elevenlabs_text(out, context->id,
            (struct slice){text.data + context->sent_len, text.len - context->sent_len}, flush);
        context->sent_len = text.len;
        context->is_flushed = flush;
    } else if (flush && !context->is_flushed) {
        elevenlabs_flush(out, context->id);
        context->is_flushed = true;
    } else if (context->wants_end) {
        elevenlabs_close(out, context->id);
        context->state = CONTEXT_CLOSING;
    } else if (now_ms - context->sent_ms >= keep_alive_ms) {
        elevenlabs_keep_alive(out, context->id);
    } else {
        context->wants_flush = false;
        return false;
    }
    context->wants_flush = false;
    return true;
}

static bool next_of(struct contexts *contexts, struct context *context,
    const struct tts_settings *settings, uint64_t now_ms, struct strbuf *out)
{
    switch (context->state) {
    case CONTEXT_WAITING:
        if (!unsent_len(context) || !has_wire_room(contexts))
            return false;
        elevenlabs_open(out, context->id, settings);
        context->state = CONTEXT_OPEN;
        return true;
    case CONTEXT_OPEN:
        return next_of_open(context, contexts->keep_alive_ms, now_ms, out);
    case CONTEXT_CANCELLED:
        if (!context->owes_close)
            return false;
        elevenlabs_close(out, context->id);
        context->owes_close = false;
        return true;
    case CONTEXT_CLOSING:
        return false;
    }
    return false;
}

bool contexts_next_message(struct contexts *contexts, const struct tts_settings *settings,
    uint64_t now_ms, struct strbuf *out)
{
    for (size_t i = 0; i < contexts->count; i++) {
        struct context *context = &contexts->list[i];
        if (!next_of(contexts, context, settings, now_ms, out))
            continue;
        context->sent_ms = now_ms;
        return true;
    }
    return false;
}

/* --- from the wire --- */

struct context *contexts_hear(struct contexts *contexts, struct elevenlabs_id id, uint64_t now_ms)
{
    struct context *context = find_on_wire(contexts, id);
    if (!context || context->state == CONTEXT_CANCELLED)
        return NULL;
    if (now_ms)
        context->heard_ms = now_ms;
    return context;
}

void contexts_count_audio(struct context *context, size_t len)
{
    context->audio_len += len;
    if (len)
        forget_sent(context);
}

bool contexts_final(struct contexts *contexts, struct elevenlabs_id id)
{
    struct context *context = find_on_wire(contexts, id);
    if (!context)
        return false;
    bool is_complete = context->state == CONTEXT_CLOSING;
    if (context->state == CONTEXT_OPEN) { /* closed by the service; more text opens it anew */
        forget_sent(context);
        ulaw_stream_cut(&context->audio);
        context->state = CONTEXT_WAITING;
        context->id.generation++;
        context->is_flushed = false;
        return false;
    }
    remove_context(contexts, context);
    return is_complete;
}

static bool is_ended(const struct context *context)
{
    return context->state == CONTEXT_WAITING && context->wants_end && !unsent_len(context);
}

uint32_t contexts_take_ended(struct contexts *contexts)
{
    for (size_t i = 0; i < contexts->count; i++) {
        if (!is_ended(&contexts->list[i]))
            continue;
        uint32_t number = contexts->list[i].id.number;
        remove_context(contexts, &contexts->list[i]);
        return number;
    }
    return 0;
}

/* --- connections and time --- */

bool contexts_have_work(const struct contexts *contexts)
{
    for (size_t i = 0; i < contexts->count; i++) {
        if (unsent_len(&contexts->list[i]))
            return true;
    }
    return false;
}

enum contexts_loss contexts_disconnect(struct contexts *contexts)
{
    enum contexts_loss loss = CONTEXTS_IDLE;
    for (size_t i = contexts->count; i-- > 0;) {
        struct context *context = &contexts->list[i];
        if (context->state == CONTEXT_CANCELLED) {
            remove_context(contexts, context);
            continue;
        }
        if (context->state == CONTEXT_WAITING)
            continue;
        if (!context->is_resendable)
            return CONTEXTS_BROKEN;
        context->wants_flush = context->is_flushed || context->wants_flush;
        context->is_flushed = false;
        context->sent_len = 0;
        ulaw_stream_cut(&context->audio);
        context->state = CONTEXT_WAITING;
    }
    if (contexts_have_work(contexts))
        loss = CONTEXTS_RESEND;
    return loss;
}

void contexts_expire(struct contexts *contexts, uint64_t now_ms)
{
    for (size_t i = contexts->count; i-- > 0;) {
        struct context *context = &contexts->list[i];
        if (context->state == CONTEXT_CANCELLED && !context->owes_close &&
            now_ms - context->sent_ms >= CANCELLED_KEPT_MS)
            remove_context(contexts, context);
    }
}

/* When silence of the service about this context is a defect; 0: it may be silent. */
static uint64_t stall_at(const struct contexts *contexts, const struct context *context)
{
    bool owes_first = context->state == CONTEXT_OPEN && context->is_flushed && !context->audio_len;
    if (context->state != CONTEXT_CLOSING && !owes_first)
        return 0;
    uint64_t last_ms = context->heard_ms > context->sent_ms ? context->heard_ms : context->sent_ms;
    return last_ms + (context->audio_len ? contexts->idle_ms : contexts->first_audio_ms);
}

bool contexts_are_stalled(const struct contexts *contexts, uint64_t now_ms)
{
    for (size_t i = 0; i < contexts->count; i++) {
        uint64_t at = stall_at(contexts, &contexts->list[i]);
        if (at && at <= now_ms)
            return true;
    }
    return false;
}

static uint64_t deadline_of(const struct contexts *contexts, const struct context *context)
{
    if (is_ended(context))
        return 1; /* at once */
    if (context->state == CONTEXT_CANCELLED)
        return context->sent_ms + CANCELLED_KEPT_MS;
    uint64_t stall = stall_at(contexts, context);
    if (context->state != CONTEXT_OPEN)
        return stall;
    uint64_t keep_alive = context->sent_ms + contexts->keep_alive_ms;
    return stall && stall < keep_alive ? stall : keep_alive;
}

uint64_t contexts_deadline(const struct contexts *contexts)
{
    uint64_t first = 0;
    for (size_t i = 0; i < contexts->count; i++) {
        uint64_t at = deadline_of(contexts, &contexts->list[i]);
        if (at && (!first || at < first))
            first = at;
    }
    return first;
}

#include "paced.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MAX_WAITING_BYTES (16u << 20)
#define RETRY_MS 20
#define CUT_MS 20
#define FLOOD_BYTES (256u << 10) /* every RETRY_MS: 100 MB in eight seconds */

struct paced_item {
    struct paced_item *next;
    uint64_t due_ms;
    bool is_finish;
    size_t len;
    char data[];
};

const struct pace pace_defaults = {
    .first_token_ms = 150,
    .token_ms = 20,
    .final_ms = 120,
    .word_ms = 300,
    .first_audio_ms = 80,
    .speedup = 8,
};

static void drop_first(struct paced *paced)
{
    struct paced_item *item = paced->first;
    paced->first = item->next;
    if (!paced->first)
        paced->last = NULL;
    paced->waiting_bytes -= item->len;
    free(item);
}

static void drop_all(struct paced *paced)
{
    while (paced->first)
        drop_first(paced);
}

/* What became of the first item. After SENT_ENDED the queue may be gone. */
enum sent { SENT_ON, SENT_LATER, SENT_ENDED };

/* The cut itself comes a moment later, so that what was sent before it has left. */
static enum sent cut_soon(struct paced *paced, size_t allowed)
{
    if (allowed) /* the rest of the connection is lost either way */
        (void)!paced->sink->send(paced->owner, (struct slice){paced->first->data, allowed});
    drop_all(paced);
    paced->is_cutting = true;
    net_timer_set(paced->timer, clock_ms() + CUT_MS);
    return SENT_ENDED;
}

static enum sent pass(struct paced *paced, struct slice message)
{
    enum err err = paced->sink->send(paced->owner, message);
    if (err == ERR_FULL)
        return SENT_LATER;
    if (err) {
        drop_all(paced);
        paced->sink->cut(paced->owner);
        return SENT_ENDED;
    }
    drop_first(paced);
    return SENT_ON;
}

/* Padding; what waits is offered again behind it. It is one JSON object, so that a
   socket's reader may skip it, and no line of a stream ends in it. */
static enum sent flood(struct paced *paced)
{
    static const char begin[] = "{\"type\":\"padding\",\"padding\":\"";
    char *padding = malloc(FLOOD_BYTES);
    if (!padding)
        return SENT_LATER;
    memset(padding, 'x', FLOOD_BYTES);
    memcpy(padding, begin, sizeof begin - 1);
    memcpy(padding + FLOOD_BYTES - 2, "\"}", 2);
    enum err err = paced->sink->send(paced->owner, (struct slice){padding, FLOOD_BYTES});
    free(padding);
    if (!err)
        gate_flooded(paced->gate, FLOOD_BYTES);
    if (!err || err == ERR_FULL)
        return SENT_LATER;
    drop_all(paced);
    paced->sink->cut(paced->owner);
    return SENT_ENDED;
}

static enum sent finish(struct paced *paced)
{
    size_t allowed;
    enum gate_verdict verdict = gate_next(paced->gate, 0, &allowed);
    if (verdict == GATE_FLOOD)
        return flood(paced);
    drop_all(paced);
    if (verdict == GATE_CUT)
        return cut_soon(paced, 0);
    if (verdict != GATE_SWALLOW)
        paced->sink->finish(paced->owner);
    return SENT_ENDED;
}

static enum sent send_first(struct paced *paced)
{
    struct paced_item *item = paced->first;
    if (item->is_finish)
        return finish(paced);
    struct gate before = *paced->gate;
    size_t allowed;
    if (gate_loses(paced->gate, paced->gate->fault.drop_percent)) {
        drop_first(paced);
        return SENT_ON;
    }
    switch (gate_next(paced->gate, item->len, &allowed)) {
    case GATE_PASS:
        break;
    case GATE_GARBAGE:
        return pass(paced, SLICE("data: {\"garb\x01"
                                 "age\": [\n\n"));
    case GATE_FLOOD:
        return flood(paced);
    case GATE_SWALLOW:
        drop_first(paced);
        return SENT_ON;
    case GATE_CUT:
        return cut_soon(paced, allowed);
    }
    enum sent sent = pass(paced, (struct slice){item->data, item->len});
    if (sent == SENT_LATER)
        *paced->gate = before;
    return sent;
}

static void on_timer(void *owner)
{
    struct paced *paced = owner;
    uint64_t now_ms = clock_ms();
    if (paced->is_cutting) {
        paced->sink->cut(paced->owner);
        return;
    }
    while (paced->first && paced->first->due_ms <= now_ms) {
        enum sent sent = send_first(paced);
        if (sent == SENT_ENDED)
            return;
        if (sent == SENT_LATER) {
            net_timer_set(paced->timer, now_ms + RETRY_MS);
            return;
        }
    }
    if (paced->first)
        net_timer_set(paced->timer, paced->first->due_ms);
}

enum err paced_init(struct paced *paced, struct net_loop *loop, struct gate *gate,
    const struct paced_sink *sink, void *owner)
{
    *paced = (struct paced){.loop = loop, .gate = gate, .sink = sink, .owner = owner};
    return net_timer_create(&paced->timer, loop, on_timer, paced);
}

void paced_close(struct paced *paced)
{
    drop_all(paced);
    net_timer_destroy(paced->timer);
    paced->timer = NULL;
}

static enum err append(struct paced *paced, uint64_t due_ms, struct slice message, bool is_finish)
{
    if (paced->is_cutting)
        return ERR_OK;
    if (message.len > MAX_WAITING_BYTES - paced->waiting_bytes)
        return ERR_FULL;
    struct paced_item *item = malloc(sizeof *item + message.len);
    if (!item)
        return ERR_NOMEM;
    if (due_ms < paced->last_due_ms)
        due_ms = paced->last_due_ms;
    if (paced->gate->fault.drip_bytes_per_s)
        due_ms += message.len * 1000 / paced->gate->fault.drip_bytes_per_s;
    *item = (struct paced_item){.due_ms = due_ms, .is_finish = is_finish, .len = message.len};
    if (message.len)
        memcpy(item->data, message.data, message.len);
    paced->last_due_ms = due_ms;
    paced->waiting_bytes += message.len;
    if (paced->last)
        paced->last->next = item;
    else
        paced->first = item;
    paced->last = item;
    if (paced->first == item)
        net_timer_set(paced->timer, due_ms);
    return ERR_OK;
}

enum err paced_put(struct paced *paced, uint64_t due_ms, struct slice message)
{
    return append(
        paced, due_ms + gate_delay_ms(paced->gate, paced->gate->fault.delay_ms), message, false);
}

enum err paced_finish(struct paced *paced)
{
    return append(paced, paced->last_due_ms, (struct slice){"", 0}, true);
}

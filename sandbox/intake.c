#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define MAX_WAITING_BYTES (16u << 20)

struct intake_item {
    struct intake_item *next;
    uint64_t due_ms;
    size_t len;
    char data[];
};

static struct intake_item *pop(struct intake *intake)
{
    struct intake_item *item = intake->first;
    intake->first = item->next;
    if (!intake->first)
        intake->last = NULL;
    intake->waiting_bytes -= item->len;
    return item;
}

static void arm(struct intake *intake)
{
    uint64_t at_ms = intake->busy_until_ms;
    if (intake->first && (!at_ms || intake->first->due_ms < at_ms))
        at_ms = intake->first->due_ms;
    if (at_ms)
        net_timer_set(intake->timer, at_ms);
}

static void be_busy(struct intake *intake, size_t len)
{
    unsigned rate = intake->gate->fault.read_bytes_per_s;
    if (!rate)
        return;
    uint64_t now_ms = clock_ms();
    if (intake->busy_until_ms < now_ms)
        intake->busy_until_ms = now_ms;
    intake->busy_until_ms += len * 1000 / rate + 1;
    ws_hold(intake->ws, true);
    arm(intake);
}

static void on_timer(void *owner)
{
    struct intake *intake = owner;
    uint64_t now_ms = clock_ms();
    while (intake->first && intake->first->due_ms <= now_ms) {
        struct intake_item *item = pop(intake);
        intake->deliver(intake->owner, (struct slice){item->data, item->len});
        free(item);
    }
    if (intake->busy_until_ms && intake->busy_until_ms <= now_ms) {
        intake->busy_until_ms = 0;
        ws_hold(intake->ws, false);
    }
    arm(intake);
}

enum err intake_init(struct intake *intake, struct net_loop *loop, struct ws *ws, struct gate *gate,
    void (*deliver)(void *owner, struct slice message), void *owner)
{
    *intake = (struct intake){.ws = ws, .gate = gate, .deliver = deliver, .owner = owner};
    return net_timer_create(&intake->timer, loop, on_timer, intake);
}

void intake_close(struct intake *intake)
{
    while (intake->first)
        free(pop(intake));
    if (intake->timer)
        net_timer_destroy(intake->timer);
    intake->timer = NULL;
}

static enum err keep(struct intake *intake, struct slice message, uint64_t due_ms)
{
    if (message.len > MAX_WAITING_BYTES - intake->waiting_bytes)
        return ERR_FULL;
    struct intake_item *item = malloc(sizeof *item + message.len);
    if (!item)
        return ERR_NOMEM;
    if (due_ms < intake->last_due_ms)
        due_ms = intake->last_due_ms;
    *item = (struct intake_item){.due_ms = due_ms, .len = message.len};
    memcpy(item->data, message.data, message.len);
    intake->last_due_ms = due_ms;
    intake->waiting_bytes += message.len;
    if (intake->last)
        intake->last->next = item;
    else
        intake->first = item;
    intake->last = item;
    arm(intake);
    return ERR_OK;
}

enum err intake_take(struct intake *intake, struct slice message)
{
    const struct fault *fault = &intake->gate->fault;
    be_busy(intake, message.len);
    if (gate_loses(intake->gate, fault->drop_received_percent))
        return ERR_OK;
    unsigned delay_ms = gate_delay_ms(intake->gate, fault->receive_delay_ms);
    if (delay_ms || intake->first)
        return keep(intake, message, clock_ms() + delay_ms);
    intake->deliver(intake->owner, message);
    return ERR_OK;
}

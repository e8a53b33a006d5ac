#include "unit/script/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define LONGEST_MS 20000

static void stop_loop(void *owner)
{
    net_loop_stop(((struct answers *)owner)->loop);
}

void answers_open(struct answers *answers, struct net_loop *loop)
{
    *answers = (struct answers){.loop = loop};
    assert_int_equal(net_timer_create(&answers->timer, loop, stop_loop, answers), ERR_OK);
    mailbox_init(&answers->box, 256, stop_loop, answers);
}

static void take(struct answers *answers)
{
    if (!answers->unread)
        answers->unread = mailbox_take_all(&answers->box);
}

static struct script_result *first(struct answers *answers)
{
    struct script_result *result = (struct script_result *)answers->unread;
    if (result)
        answers->unread = answers->unread->next;
    return result;
}

void answers_close(struct answers *answers)
{
    while (!answers_are_all_read(answers))
        script_result_free(first(answers));
    mailbox_destroy(&answers->box);
    net_timer_destroy(answers->timer);
}

bool answers_are_all_read(struct answers *answers)
{
    take(answers);
    return !answers->unread;
}

struct script_result *answers_next(struct answers *answers)
{
    uint64_t end_ms = clock_ms() + LONGEST_MS;
    while (answers_are_all_read(answers) && clock_ms() < end_ms) {
        net_timer_set(answers->timer, end_ms);
        net_loop_run(answers->loop);
    }
    net_timer_clear(answers->timer);
    assert_non_null(answers->unread);
    return first(answers);
}

void answers_run_for(struct answers *answers, unsigned ms)
{
    uint64_t end_ms = clock_ms() + ms;
    while (clock_ms() < end_ms) {
        net_timer_set(answers->timer, end_ms);
        net_loop_run(answers->loop);
    }
}

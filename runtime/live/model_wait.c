/* The model ahead of its answer: the connection that will be needed, and how long it may take. */
#include "base/clock.h"
#include "live/call.h"

#define SPEAKING_MS 600 /* from the first token to the first sound */

void model_warm(struct call *call)
{
    const struct llm_ops *ops = call_settings(call)->llm_ops;
    struct llm_settings settings = {.route = routes_of(call, SLOT_THINK)};
    if (ops->warm)
        ops->warm(call->worker->loop, &settings);
}

unsigned model_answer_within_ms(const struct call *call)
{
    uint64_t due_ms = turn_answer_due_ms(&call->turn), now_ms = clock_ms();
    if (!due_ms)
        return 0;
    return due_ms > now_ms + SPEAKING_MS ? (unsigned)(due_ms - now_ms - SPEAKING_MS) : 1;
}

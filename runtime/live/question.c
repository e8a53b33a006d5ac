/* What the model is asked, as short as its provider wants it, and what that cost. */
#include "live/agent_route.h"
#include "live/call.h"
#include "observe/log.h"
#include "text/tokens.h"

/* The prompt stays what it is once the model was asked: counted once a reply. */
static size_t beside_tokens(struct call *call)
{
    struct reply *reply = &call->reply;
    if (!reply->beside_tokens)
        reply->beside_tokens =
            tokens_estimate(slice_from(call->system_prompt)) + call->agent->tools_tokens;
    return reply->beside_tokens;
}

static bool shorten(struct call *call, size_t beside, size_t budget)
{
    unsigned before = call->conversation.dropped;
    if (!conversation_fit(&call->conversation, beside, budget))
        return false;
    log_info("llm.shortened", "call=%s exchanges=%u tokens=%zu budget=%zu", call->facts.call_id,
        call->conversation.dropped - before, call->conversation.tokens + beside, budget);
    return true;
}

void question_fit(struct call *call)
{
    (void)shorten(call, beside_tokens(call), agent_route_tokens(routes_of(call, SLOT_THINK)));
}

bool question_shorten(struct call *call)
{
    struct reply *reply = &call->reply;
    if (reply->was_shortened)
        return false;
    reply->was_shortened = true;
    size_t beside = beside_tokens(call);
    return shorten(call, beside, (call->conversation.tokens + beside) * 2 / 3);
}

/* ---- what it cost ---- */

void question_begin(struct call *call)
{
    call->reply.asked_tokens = call->conversation.tokens + beside_tokens(call);
    call->reply.written_tokens = 0;
}

void question_used(struct call *call, const struct llm_usage *told)
{
    struct reply *reply = &call->reply;
    const struct route *route = routes_of(call, SLOT_THINK);
    bool is_known = reply->provider[0] || !route->count;
    const char *provider = is_known ? reply->provider : route_provider(route, 0);
    struct usage_amount amount =
        agent_route_amount(route, provider, told, reply->asked_tokens, reply->written_tokens);
    tracing_used(call, &amount);
    usage_amount_add(&reply->used, &amount);
    usage_add(&call->usage, SLOT_THINK, provider, is_known ? reply->model : route_model(route, 0),
        &amount);
    log_debug("llm.usage", "call=%s prompt_tokens=%llu cached_tokens=%llu completion_tokens=%llu%s",
        call->facts.call_id, (unsigned long long)amount.prompt_tokens,
        (unsigned long long)amount.cached_tokens, (unsigned long long)amount.completion_tokens,
        amount.is_estimate ? " estimate=1" : "");
}

/* What the model is asked, as short as its provider wants it, and what that cost. */
#include "live/call.h"
#include "observe/log.h"
#include "text/tokens.h"

/* Of whoever on the route takes least: when it is asked, there is no time left to find out. */
static size_t budget_of(const struct route *route)
{
    size_t least = 0;
    for (size_t i = 0; i < route->count; i++) {
        unsigned own = route->list[i].provider->llm.context_tokens;
        size_t tokens = own ? own : LLM_CONTEXT_TOKENS;
        if (!least || tokens < least)
            least = tokens;
    }
    return least ? least : LLM_CONTEXT_TOKENS;
}

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
    (void)shorten(call, beside_tokens(call), budget_of(routes_of(call, SLOT_THINK)));
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

static struct usage_amount amount_of(const struct reply *reply, const struct llm_usage *told)
{
    bool is_told = told && (told->prompt_tokens || told->completion_tokens);
    if (!is_told)
        return (struct usage_amount){.requests = 1,
            .prompt_tokens = reply->asked_tokens,
            .completion_tokens = reply->written_tokens,
            .is_estimate = true};
    return (struct usage_amount){.requests = 1,
        .prompt_tokens = told->prompt_tokens,
        .cached_tokens = told->cached_tokens,
        .completion_tokens = told->completion_tokens};
}

/* Of the catalog that holds now: it is as good as the question's. */
static void price(struct usage_amount *amount, const struct route *route, const char *name)
{
    const struct provider *provider = catalog_find(route->catalog, SLOT_THINK, name);
    if (provider)
        usage_price(amount, &provider->prices);
}

void question_used(struct call *call, const struct llm_usage *told)
{
    struct reply *reply = &call->reply;
    const struct route *route = routes_of(call, SLOT_THINK);
    bool is_known = reply->provider[0] || !route->count;
    struct usage_amount amount = amount_of(reply, told);
    price(&amount, route, is_known ? reply->provider : route_provider(route, 0));
    usage_amount_add(&reply->used, &amount);
    usage_add(&call->usage, SLOT_THINK, is_known ? reply->provider : route_provider(route, 0),
        is_known ? reply->model : route_model(route, 0), &amount);
    log_debug("llm.usage", "call=%s prompt_tokens=%llu cached_tokens=%llu completion_tokens=%llu%s",
        call->facts.call_id, (unsigned long long)amount.prompt_tokens,
        (unsigned long long)amount.cached_tokens, (unsigned long long)amount.completion_tokens,
        amount.is_estimate ? " estimate=1" : "");
}

#include "live/conversation_length.h"

#include <string.h>

#include "text/tokens.h"

#define MESSAGES_KEPT (CONVERSATION_MESSAGES_MAX * 3 / 4)
#define EXCHANGES_KEPT 2 /* the newest, and the one it answers, while they fit at all */
#define MESSAGE_TOKENS 4 /* what stands around a message's text */
#define CALL_TOKENS 8    /* and around a tool call */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool has_role(const json_t *message, const char *role)
{
    return strcmp(text_of(message, "role"), role) == 0;
}

static size_t tokens_of(const json_t *object, const char *name)
{
    return tokens_estimate(slice_from(text_of(object, name)));
}

size_t conversation_count(const json_t *message)
{
    size_t count = MESSAGE_TOKENS + tokens_of(message, "content"), i;
    json_t *call;
    json_array_foreach(json_object_get(message, "tool_calls"), i, call)
    {
        const json_t *function = json_object_get(call, "function");
        count += CALL_TOKENS + tokens_of(function, "name") + tokens_of(function, "arguments");
    }
    return count;
}

void conversation_remove(struct conversation *conversation, size_t index)
{
    conversation->tokens -= conversation_count(json_array_get(conversation->messages, index));
    json_array_remove(conversation->messages, index);
}

/* ---- keeping it short ---- */

/* Where the second exchange begins: each begins with a caller's message. 0: there is none. */
static size_t second_exchange(const struct conversation *conversation)
{
    for (size_t i = 1; i < json_array_size(conversation->messages); i++)
        if (has_role(json_array_get(conversation->messages, i), "user"))
            return i;
    return 0;
}

/* Of one exchange that has no end: anywhere but between a tool call and its results. */
static size_t second_part(const struct conversation *conversation)
{
    for (size_t i = 1; i < json_array_size(conversation->messages); i++)
        if (!has_role(json_array_get(conversation->messages, i), "tool"))
            return i;
    return 0;
}

static void drop_front(struct conversation *conversation, size_t count)
{
    while (count-- > 0)
        conversation_remove(conversation, 0);
    conversation->dropped++;
}

void conversation_keep_bounded(struct conversation *conversation)
{
    if (json_array_size(conversation->messages) <= CONVERSATION_MESSAGES_MAX)
        return;
    while (json_array_size(conversation->messages) > MESSAGES_KEPT) {
        size_t end = second_exchange(conversation);
        end = end ? end : second_part(conversation);
        if (!end)
            return;
        drop_front(conversation, end);
    }
}

static size_t exchange_count(const struct conversation *conversation)
{
    size_t count = 0, i;
    json_t *message;
    json_array_foreach(conversation->messages, i, message)
    {
        count += has_role(message, "user");
    }
    return count;
}

/* Whether the oldest exchange has to go. */
static bool is_too_long(
    const struct conversation *conversation, size_t beside_tokens, size_t budget_tokens)
{
    bool is_short = exchange_count(conversation) <= EXCHANGES_KEPT;
    size_t limit = is_short ? budget_tokens : budget_tokens * 3 / 4;
    return conversation->tokens + beside_tokens > limit && second_exchange(conversation);
}

bool conversation_fit(struct conversation *conversation, size_t beside_tokens, size_t budget_tokens)
{
    if (conversation->tokens + beside_tokens <= budget_tokens)
        return false;
    unsigned before = conversation->dropped;
    while (is_too_long(conversation, beside_tokens, budget_tokens))
        drop_front(conversation, second_exchange(conversation));
    return conversation->dropped != before;
}

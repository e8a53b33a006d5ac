#include "providers/failure.h"

#include <string.h>

static const struct failure_rule rules[FAILURE_KINDS] = {
    [FAILURE_NETWORK] = {"network", .is_worth_again = true, .counts = true},
    [FAILURE_LATE] = {"late", .counts = true},
    [FAILURE_CUT] = {"cut", .is_worth_again = true, .counts = true},
    [FAILURE_GARBLED] = {"garbled", .counts = true},
    [FAILURE_BUSY] = {"busy", .is_worth_again = true, .counts = true},
    [FAILURE_BROKEN] = {"broken", .is_worth_again = true, .counts = true},
    [FAILURE_QUOTA] = {"quota", .opens = true, .is_for_people = true},
    [FAILURE_KEY] = {"key", .opens = true, .is_for_people = true},
    [FAILURE_REQUEST] = {"request", .is_for_people = true},
    [FAILURE_OURS] = {"ours"},
};

const struct failure_rule *failure_rule(enum failure_kind kind)
{
    return &rules[kind];
}

/* OpenAI says insufficient_quota with 429, ElevenLabs quota_exceeded with 401. */
enum failure_kind failure_of_status(int status, const char *code)
{
    if (!strcmp(code, "insufficient_quota") || !strcmp(code, "quota_exceeded") || status == 402)
        return FAILURE_QUOTA;
    if (status == 401 || status == 403)
        return FAILURE_KEY;
    if (status == 408 || status == 409 || status == 425 || status == 429)
        return FAILURE_BUSY;
    return status >= 500 ? FAILURE_BROKEN : FAILURE_REQUEST;
}

enum failure_kind failure_of_err(enum err err)
{
    switch (err) {
    case ERR_TIMEOUT:
        return FAILURE_LATE;
    case ERR_CLOSED:
        return FAILURE_CUT;
    case ERR_BAD:
        return FAILURE_GARBLED;
    case ERR_REFUSED:
        return FAILURE_BROKEN;
    case ERR_NOMEM:
    case ERR_FULL:
    case ERR_OK:
        return FAILURE_OURS;
    case ERR_UNREACHABLE:
    case ERR_NOT_FOUND:
    case ERR_SYSTEM:
        return FAILURE_NETWORK;
    }
    return FAILURE_NETWORK;
}

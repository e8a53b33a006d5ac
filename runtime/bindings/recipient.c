#include "bindings/recipient.h"

#include <string.h>

#include "script/agent.h"
#include "text/phone_cost.h"

static bool is_listed(const struct agent_texts *texts, const char *number)
{
    for (size_t i = 0; i < texts->to_count; i++)
        if (strcmp(texts->to[i], number) == 0)
            return true;
    return false;
}

enum recipient recipient_of(struct script_run *run, struct slice country, const char *number)
{
    if (is_listed(&script_run_agent(run)->texts, number))
        return RECIPIENT_STAFF;
    switch (phone_cost(number, country)) {
    case PHONE_PREMIUM:
        return RECIPIENT_PREMIUM;
    case PHONE_FOREIGN:
        return RECIPIENT_FOREIGN;
    case PHONE_HOME:
        break;
    }
    return RECIPIENT_HOME;
}

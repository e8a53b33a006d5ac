/* The hooks at a call's ends, and what a script says that it came to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "unit/rehearsal/studio.h"

#define TALK(fields, steps)                                                                        \
    "{ name = 'talk', " fields                                                                     \
    " stubs = { db = { rows = { { name = 'Ann' } }, after_ms = 20 }, sms = 'SM1' },\n" steps "\n}"

static const char AGENT[] =
    "return {\n"
    "  name = 'Bakery', numbers = { '+15550100005' }, greeting = 'Bakery. How can I help?',\n"
    "  prompt = function(call) return #call.history .. ' lines' end,\n"
    "  on_incoming = function(call)\n"
    "    if call.incoming and call.incoming.country == 'XX' then return { reject = 'busy' } end\n"
    "  end,\n"
    "  on_call_start = function(call)\n"
    "    if call.caller == '+15550100009' then return false end\n"
    "    local rows = db.query('x')\n"
    "    call.tags['known caller'] = true\n"
    "    return 'Hello ' .. rows[1].name .. '.'\n"
    "  end,\n"
    "  on_call_end = function(call, summary)\n"
    "    if summary.turns == 0 then call.outcome = 'lead' end\n"
    "    if summary.turns > 1 then error('too long') end\n"
    "    sms.send(call.caller, 'That was ' .. summary.end_reason)\n"
    "  end,\n"
    "}\n";

static int setup(void **state)
{
    int failed = studio_setup(state);
    studio_write(*state, "agent.lua", AGENT);
    return failed;
}

static void each_hook_has_its_say(void **state)
{
    static const char *const conversations[] = {
        TALK("", "{ expect_say = 'Hello Ann', expect_tags = 'known caller', expect_incoming = true "
                 "}, { absent = 'Bakery' }"),
        TALK("incoming = { country = 'XX' },", "{ expect_incoming = { reject = 'busy' } }"),
        TALK("caller = '+15550100009',",
            "{ absent = 'Bakery' }, { say = 'Hello?', model = 'Yes?', expect_words = 'yes' }"),
        /* later than 250 ms: the agent's own */
        TALK("latency = { outside_ms = 20 },", "{ expect_say = 'Hello' }"),
        "{ name = 'slow', stubs = { db = { rows = { { name = 'Ann' } }, after_ms = 600 }, sms = "
        "'SM1' },\n"
        "{ expect_say = 'Bakery' }, { absent = 'Ann' }, { expect_tags = 'known caller' } }",
        TALK("", "{ expect_say = 'Ann' }, { hangup = true, expect_sms = 'caller_hangup', "
                 "expect_outcome = 'lead' }"),
        TALK("", "{ say = 'Hello there', model = 'Hi.', expect_prompt = '1 lines' }, { hangup = "
                 "true, expect_outcome = 'answered' }"),
    };
    for (size_t i = 0; i < sizeof conversations / sizeof *conversations; i++)
        studio_holds(*state, conversations[i]);
}

static void what_fails_at_the_end_is_told(void **state)
{
    studio_fails(*state,
        TALK("", "{ say = 'Hello there', model = 'Hi.' }, { say = 'Me again', model = 'Hi.' }"),
        "the hook on_call_end failed: agent.lua:15: too long");
    studio_fails(*state, TALK("", "{ expect_incoming = { reject = 'busy' } }"),
        "on_incoming to answer {\"reject\":\"busy\"}, got: true");
    studio_fails(*state, TALK("", "{ expect_tags = { 'known caller', 'vip' } }"),
        "the tag vip, got: [\"known caller\"]");
    studio_fails(*state, TALK("incoming = { country = 'XX' },", "{ say = 'Hello you' }"),
        "the call is over");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_hook_has_its_say, setup, studio_teardown),
        cmocka_unit_test_setup_teardown(what_fails_at_the_end_is_told, setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

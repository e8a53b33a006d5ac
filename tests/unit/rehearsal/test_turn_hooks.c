/* The hooks about turns do in a rehearsal what they do in a call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "unit/rehearsal/studio.h"

#define TALK(steps)                                                                                \
    "{ name = 'talk', stubs = { db = { rows = { { name = 'Ann' } }, after_ms = 100 } },\n" steps   \
    "\n}"

static const char AGENT[] =
    "local fail = { name = 'fail', description = 'd', parameters = { type = 'object', properties = "
    "{} }, timeout_ms = 500,\n"
    "  run = function(call) if call.state.table then error('no') end return nil, 'x' .. "
    "error('no') end }\n"
    "return {\n"
    "  name = 'Bakery', numbers = { '+15550100005' }, greeting = 'Bakery. How can I help?', tools "
    "= { fail },\n"
    "  prompt = function(call) return 'said ' .. (call.utterance or '') end,\n"
    "  on_user_turn = function(call, text)\n"
    "    if text:find('how many') then return #call.history .. ' lines before.' end\n"
    "    if text:find('hours') then return 'From six to noon.' end\n"
    "    if text:find('usual') then return { rewrite = 'Two rolls, please.' } end\n"
    "    if text:find('person') then return { transfer = '+15550100099', say = 'One second.' } "
    "end\n"
    "    if text:find('bye') then return { hangup = true, say = 'See you.' } end\n"
    "    if text:find('table') then call.state.table = true end\n"
    "    if text:find('who am I') then return 'You are ' .. db.query('x')[1].name end\n"
    "  end,\n"
    "  on_partial = function(call, text) if text:find('number') then call.phase = 'phone' end "
    "end,\n"
    "  on_silence = function(call, nudges) if nudges == 0 then return false end return 'Take your "
    "time.' end,\n"
    "  before_say = function(call, text)\n"
    "    if text:find('secret') then return false end\n"
    "    return (text:gsub('SUV', 'S U V'))\n"
    "  end,\n"
    "  on_tool_error = function(call, name, problem)\n"
    "    if call.state.table then return { ok = false, hint = problem } end\n"
    "    return 'Our book is closed.'\n"
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
        TALK("{ say = 'how many lines?', expect_words = '1 lines before' }, { say = 'how many "
             "lines now?', expect_words = '3 lines before' }"),
        TALK("{ say = 'What are your hours?', expect_words = 'six to noon', within_ms = 1500 },"
             "{ say = 'And now?', model = 'Open.', expect_words = 'open' }"),
        TALK(
            "{ say = 'The usual, please', model = 'Two rolls it is.', expect_words = 'two rolls' },"
            "{ expect_prompt = 'said Two rolls, please.' }"),
        TALK("{ say = 'I want a person', expect_words = 'one second', expect_transfer = "
             "'+15550100099' }"),
        TALK("{ say = 'Okay, bye bye', expect_words = 'see you', expect_hangup = true }"),
        TALK("{ say = 'Tell me who am I', expect_words = 'You are Ann' }"),
        TALK("{ say = 'My number is five five', model = 'Thanks.', expect_phase = 'phone' }"),
        TALK("{ silence_ms = 10000 }, { absent = 'there' },"
             "{ silence_ms = 9000, expect_words = 'Take your time' }"),
        TALK("{ say = 'What do you drive?', model = 'An SUV. It is secret. Fast. Not said.' },"
             "{ expect_words = { 'An S U V.', 'Fast' }, absent = { 'secret', 'Not said' } }"),
        /* nothing is left of an answer: the call goes on */
        TALK("{ say = 'What do you know?', model = 'A secret.' }, { absent = 'secret' },"
             "{ say = 'Well then', model = 'Yes.', expect_words = 'yes' }"),
        TALK("{ say = 'Do fail now', model = { tool = 'fail' }, expect_words = 'Our book is "
             "closed' }"),
        TALK("{ say = 'A table, and do fail', model = { { tool = 'fail' }, 'No luck.' }, "
             "expect_words = 'no luck' }"),
    };
    for (size_t i = 0; i < sizeof conversations / sizeof *conversations; i++)
        studio_holds(*state, conversations[i]);
}

static void a_slow_one_leaves_the_turn_to_the_model(void **state)
{
    struct studio *studio = *state;
    studio_holds(studio,
        "{ name = 'slow', stubs = { db = { rows = {}, after_ms = 5000 } },\n"
        "{ say = 'Tell me who am I', model = 'I do not know.', expect_words = 'do not know' } }");
    assert_non_null(strstr(studio->transcript, "on_user_turn is late"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_hook_has_its_say, setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_slow_one_leaves_the_turn_to_the_model, setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

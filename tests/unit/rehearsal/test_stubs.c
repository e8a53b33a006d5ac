/* What answers for the outside, in every form it can be written in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "unit/rehearsal/studio.h"

#define ASKS                                                                                       \
    "{ say = 'A roll please', model = { { tool = 'lookup', args = { item = 'roll' } }, 'Here you " \
    "are.' } },\n"
#define LEAVES "{ say = 'Goodbye then', model = { { tool = 'leave' }, 'Goodbye.' } },\n"
#define WITH(stubs, steps)                                                                         \
    "{ name = 'stubbed', caller = '+15550100123', now = '2026-11-27T10:00', stubs = { " stubs      \
    " },\n" steps "}"

static void every_form_of_a_stub(void **state)
{
    static const char *const conversations[] = {
        WITH("db = { rows = { { price = 2 } } }",
            ASKS "{ expect_tool = 'lookup', result = { price = 2, at = '15:00' } }"),
        WITH("db = { { match = 'FROM other', rows = {} }, { match = 'prices', rows = { { price = 3 "
             "} } } }",
            ASKS "{ expect_tool = 'lookup', result = { price = 3 } }"),
        WITH("db = { { match = 'ROLL', rows = { { price = 4 } } } }",
            ASKS "{ expect_tool = 'lookup', result = { price = 4 } }"),
        WITH("db = function(sql, item) return { { price = #item } } end",
            ASKS "{ expect_tool = 'lookup', result = { price = 4 } }"),
        WITH("db = { query = function() return nil, 'timeout', 'slow' end }",
            ASKS "{ expect_tool = 'lookup', result = { ok = false, reason = 'timeout', message = "
                 "'slow' } }"),
        WITH("db = { fail = { '23P01', 'taken' } }",
            ASKS "{ expect_tool = 'lookup', result = { reason = '23P01', message = 'taken' } }"),
        WITH("db = { fail = 'unavailable' }",
            ASKS "{ expect_tool = 'lookup', result = { reason = 'unavailable' } }"),
        WITH("db = {}",
            ASKS "{ expect_tool = 'lookup', result = { ok = true } }, { expect_outcome = 'lead' }"),
        /* one after the other */
        WITH("db = { { rows = { { price = 1 } }, times = 1 }, { rows = { { price = 2 } } } }",
            ASKS ASKS "{ expect_tool = 'lookup', result = { price = 2 } }"),
        WITH("sms = 'SM1', http = { answer = { status = 200, body = '' } }",
            LEAVES "{ expect_sms = 'thanks for', expect_hangup = true },\n{ expect_sms = { to = "
                   "'+15550100123', text = 'bakery' } }"),
        WITH("sms = 'SM1', http = function(request) return { status = request.method == 'POST' and "
             "302 or 200 } end",
            LEAVES "{ expect_transfer = true, expect_outcome = 'transferred' }"),
    };
    for (size_t i = 0; i < sizeof conversations / sizeof *conversations; i++)
        studio_holds(*state, conversations[i]);
}

static void what_nobody_answers_is_a_failure_that_says_what_to_add(void **state)
{
    static const struct {
        const char *conversation;
        const char *part;
    } cases[] = {
        {WITH("", ASKS), "agent_test.lua:3: stubbed: db.query(\"SELECT price"},
        {WITH("", ASKS), "is answered by nothing: add stubs = { db = … }"},
        {WITH("db = { { match = 'other', rows = {} } }", ASKS), "or an answer there that fits"},
        {WITH("db = function() error('no such table') end", ASKS),
            "agent_test.lua:2: no such table"},
        {WITH("db = function() return print end", ASKS), "'print' is not defined"},
        {WITH("db = function() return function() end end", ASKS), "the stub's answer"},
        {WITH("db = function() return db.query('x') end", ASKS), "cannot wait"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        studio_fails(*state, cases[i].conversation, cases[i].part);
}

static void a_slow_answer_takes_virtual_time(void **state)
{
    struct studio *studio = *state;
    studio_holds(
        studio, WITH("db = { rows = { { price = 2 } }, after_ms = 600 }",
                    ASKS "{ expect_tool = 'lookup', result = { price = 2 }, within_ms = 3000 }"));
    /* past the tool's limit of a second the caller hears its failure_text; it is done all the same */
    studio_holds(studio,
        WITH("db = { rows = { { price = 2 } }, after_ms = 3000 }",
            "{ say = 'A roll please', model = { tool = 'lookup', args = { item = 'roll' } } },\n"
            "{ expect_words = 'I will text you' }, { expect_outcome = 'lead' }"));
    assert_non_null(strstr(studio->transcript, "no answer in time"));
    /* past ten seconds it is given up */
    studio_holds(studio,
        WITH("db = { rows = { { price = 2 } }, after_ms = 30000 }",
            "{ say = 'A roll please', model = { tool = 'lookup', args = { item = 'roll' } } },\n"
            "{ expect_words = 'I will text you' }, { expect_outcome = 'answered' }"));
    assert_non_null(strstr(studio->transcript, "lookup is given up"));
}

static void what_is_known_comes_from_a_stub(void **state)
{
    struct studio *studio = *state;
    studio_write(studio, "agent.lua",
        "return { name = 'N', numbers = { '+15550100005' }, greeting = 'Hi.', knowledge = { limit "
        "= 3 },\n"
        "prompt = function(call) return 'known: ' .. (call.knowledge and call.knowledge[1] and "
        "call.knowledge[1].text or 'nothing') end }");
    studio_holds(
        studio, WITH("knowledge = function(words) return { { title = 't', text = 'of ' .. words, "
                     "score = 1 } } end",
                    "{ say = 'Parking?', model = 'Yes.', expect_prompt = 'known: of Parking?' }"));
    studio_holds(
        studio, WITH("", "{ say = 'Parking?', model = 'Yes.', expect_prompt = 'known: nothing' }"));
}

static void what_a_script_does_to_its_call(void **state)
{
    struct studio *studio = *state;
    studio_write(studio, "agent.lua",
        "return { name = 'N', numbers = { '+15550100005' }, greeting = 'Hi.', prompt = function() "
        "return 'p' end,\n"
        "on_dtmf = function(call, key)\n"
        "if key == '1' then call:voicemail({ say = 'Speak after the tone.' }) end\n"
        "if key == '2' then call:transfer('+15550100099', { say = 'One second.' }) end\n"
        "if key == '3' then call:send_dtmf('12#') end\n"
        "return true end,\n"
        "tools = { { name = 't', description = 'd', parameters = { type = 'object', properties = "
        "{} }, run = function()\n"
        "local answer = http.get('https://api.example.com/', { headers = { Authorization = "
        "secret.get('key') } })\n"
        "return { ok = answer:json().fine } end } } }");
    studio_holds(studio, WITH("", "{ press = '1', expect_voicemail = 'after the tone', "
                                  "expect_words = 'speak' }, { expect_hangup = false }"));
    studio_holds(studio,
        WITH("", "{ press = '2', expect_transfer = '+15550100099', expect_words = 'one second' }"));
    studio_holds(studio, WITH("", "{ press = '3', expect_words = '[keys 12#]' }"));
    studio_holds(studio, WITH("http = function(url, options) return { status = 200, body = "
                              "json.encode({ fine = options.headers.Authorization }) } end",
                             "{ say = 'Hello you', model = { { tool = 't' }, 'Yes.' }, expect_tool "
                             "= 't', result = { ok = '(userdata)' } }"));
}

static void the_log_is_in_the_transcript(void **state)
{
    struct studio *studio = *state;
    studio_holds(studio, WITH("sms = 'SM1', http = { answer = { status = 200 } }", LEAVES));
    assert_non_null(strstr(studio->transcript, "log      left"));
    assert_non_null(strstr(studio->transcript, "call:hangup()"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_form_of_a_stub, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            what_nobody_answers_is_a_failure_that_says_what_to_add, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            a_slow_answer_takes_virtual_time, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            what_a_script_does_to_its_call, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            what_is_known_comes_from_a_stub, studio_setup, studio_teardown),
        cmocka_unit_test_setup_teardown(
            the_log_is_in_the_transcript, studio_setup, studio_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

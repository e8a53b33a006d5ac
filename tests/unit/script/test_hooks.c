/* What hooks may answer, what their failures cost, and the phase they set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "unit/script/host_world.h"

/* A tenant with these members in agent.lua, beside a prompt. */
static void hooks_are(struct host_world *world, const char *members)
{
    static char text[4096];
    snprintf(text, sizeof text,
        "return { name = 'A', %s, prompt = function(call) return call.phase or 'none' end }",
        members);
    tenant_is(world, "acme", text);
    script_host_load(world->host);
}

static void ask_hook(
    struct host_world *world, enum script_hook hook, const char *value, const char *call_id)
{
    char values[256];
    struct script_job *job = script_job_make(SCRIPT_HOOK);
    job->hook = hook;
    if (hook == HOOK_ON_USER_TURN)
        job->utterance = slice_dup(SLICE("x"));
    snprintf(values, sizeof values, "[%s]", value);
    job->reply = &world->answers.box;
    job->call_key = 7;
    job->epoch = 3;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    job->arguments = slice_dup(slice_from(values));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

/* NULL text: it failed so. */
static void expect_hook(
    struct host_world *world, enum script_ending ending, const char *text, const char *phase)
{
    struct script_result *result = answers_next(&world->answers);
    assert_int_equal(result->ending, ending);
    assert_int_equal(result->epoch, 3);
    if (text)
        assert_string_equal(result->text, text);
    assert_string_equal(result->phase, phase);
    script_result_free(result);
}

static void end_of_turn_answers(void **state)
{
    struct host_world *world = *state;
    hooks_are(world,
        "end_of_turn = function(call, signals)\n"
        "  if signals.phase == 'phone_number' and signals.words < 3 then return false end\n"
        "  if signals.text == 'bye' then call.phase = 'phone_number' return true end\n"
        "end");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"hello\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "null", "");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"bye\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "phone_number");
    ask_hook(world, HOOK_END_OF_TURN, "{\"text\":\"bye\",\"words\":1}", "c1");
    expect_hook(world, SCRIPT_DONE, "false", "phone_number");
}

static void end_of_turn_fails_alone(void **state)
{
    static const struct {
        const char *body;
        enum script_ending ending;
    } rows[] = {
        {"error('no')", SCRIPT_ERROR},
        {"return 'yes'", SCRIPT_ERROR},
        {"call:say('hello')", SCRIPT_ERROR},
        {"sleep(1)", SCRIPT_ERROR},
        {"while true do end", SCRIPT_OUT_OF_TIME},
        {"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", SCRIPT_OUT_OF_MEMORY},
    };
    struct host_world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[512], id[8]; /* a call stays on its version until its next prompt */
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(
            members, sizeof members, "end_of_turn = function(call, signals) %s end", rows[i].body);
        hooks_are(world, members);
        ask_hook(world, HOOK_END_OF_TURN, "{}", id);
        expect_hook(world, rows[i].ending, NULL, "");
        send_job(world, SCRIPT_PROMPT, "acme", id, 1, NULL);
        expect_answer(world, SCRIPT_DONE, "none");
        ask_hook(world, HOOK_ON_DTMF, "\"1\"", id); /* which this tenant does not have */
        expect_hook(world, SCRIPT_ERROR, NULL, "");
    }
}

static void on_dtmf_answers(void **state)
{
    struct host_world *world = *state;
    hooks_are(world,
        "on_dtmf = function(call, digit)\n"
        "  call.state.keys = (call.state.keys or '') .. digit\n"
        "  if digit == '0' then return true end\n"
        "  if digit == '#' then call.phase = nil return 'I typed ' .. call.state.keys end\n"
        "  call.phase = 'typing'\n"
        "end");
    ask_hook(world, HOOK_ON_DTMF, "\"1\"", "c1");
    expect_hook(world, SCRIPT_DONE, "null", "typing");
    ask_hook(world, HOOK_ON_DTMF, "\"0\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "typing");
    ask_hook(world, HOOK_ON_DTMF, "\"#\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"I typed 10#\"", "");
}

/* What each may answer, and what is refused. */
static void turn_hooks_answer(void **state)
{
    static const struct {
        enum script_hook hook;
        const char *body;
        const char *text; /* NULL: refused */
    } rows[] = {
        {HOOK_ON_USER_TURN, "", "null"},
        {HOOK_ON_USER_TURN, "return 'You said ' .. a", "\"You said x\""},
        {HOOK_ON_USER_TURN, "return { rewrite = 'y' }", "{\"rewrite\":\"y\"}"},
        {HOOK_ON_USER_TURN, "return { say = 'Bye.', hangup = true }",
            "{\"hangup\":true,\"say\":\"Bye.\"}"},
        {HOOK_ON_USER_TURN, "return { transfer = '+15550100099' }",
            "{\"transfer\":\"+15550100099\"}"},
        {HOOK_ON_USER_TURN, "return { say = 'Yes.' }", "{\"say\":\"Yes.\"}"},
        {HOOK_ON_USER_TURN, "return sleep(1)", "\"rested\""},
        {HOOK_ON_USER_TURN, "return call.utterance", "\"x\""},
        {HOOK_ON_USER_TURN, "return true", NULL},
        {HOOK_ON_USER_TURN, "return ''", NULL},
        {HOOK_ON_USER_TURN, "return {}", NULL},
        {HOOK_ON_USER_TURN, "return { hangup = false }", NULL},
        {HOOK_ON_USER_TURN, "return { rewrite = 'y', say = 'z' }", NULL},
        {HOOK_ON_USER_TURN, "return { transfer = '+1', hangup = true }", NULL},
        {HOOK_ON_USER_TURN, "return { say = 'x', listen = true }", NULL},
        {HOOK_ON_USER_TURN, "return { say = function() end }", NULL},
        {HOOK_ON_USER_TURN, "return ('x'):rep(4097)", NULL},
        {HOOK_ON_PARTIAL, "call.state.last = a", "null"},
        {HOOK_ON_PARTIAL, "return 'x'", "null"},
        {HOOK_ON_PARTIAL, "sleep(1)", NULL},
        {HOOK_ON_SILENCE, "return false", "false"},
        {HOOK_ON_SILENCE, "return 'Hello?'", "\"Hello?\""},
        {HOOK_ON_SILENCE, "return true", NULL},
        {HOOK_BEFORE_SAY, "return (a:gsub('x', 'y'))", "\"y\""},
        {HOOK_BEFORE_SAY, "return false", "false"},
        {HOOK_BEFORE_SAY, "return ('x'):rep(1001)", NULL},
        {HOOK_BEFORE_SAY, "return '\\255'", NULL},
        {HOOK_BEFORE_SAY, "return 'a\\0b'", NULL},
        {HOOK_ON_TOOL_ERROR, "return a .. ' ' .. b", "\"x late\""},
        {HOOK_ON_TOOL_ERROR, "return { ok = true, list = { 1 } }", "{\"list\":[1],\"ok\":true}"},
        {HOOK_ON_TOOL_ERROR, "return 7", NULL},
    };
    struct host_world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[256], id[8];
        snprintf(id, sizeof id, "c%zu", i);
        snprintf(members, sizeof members, "%s = function(call, a, b) %s end",
            hook_rules[rows[i].hook].name, rows[i].body);
        hooks_are(world, members);
        ask_hook(world, rows[i].hook, "\"x\",\"late\"", id);
        expect_hook(world, rows[i].text ? SCRIPT_DONE : SCRIPT_ERROR, rows[i].text, "");
    }
}

static void a_hook_is_late(void **state)
{
    struct host_world *world = *state;
    hooks_are(world, "on_user_turn = function(call) call.state.n = 1 sleep(60000) end");
    uint64_t start_ms = clock_ms();
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_TIMEOUT, NULL, "");
    assert_true(clock_ms() - start_ms >= hook_rules[HOOK_ON_USER_TURN].timeout_ms);
    assert_int_equal(world->sleeping, 0); /* its wait ends with it */
    hooks_are(world, "on_user_turn = function(call) while true do end end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_OUT_OF_TIME, NULL, "");
}

/* It begins the turn on the version of now, and the prompt ends it there. */
static void on_user_turn_pins_the_version(void **state)
{
    struct host_world *world = *state;
    hooks_are(world, "on_user_turn = function(call) return 'one' end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"one\"", "");
    hooks_are(world, "on_user_turn = function(call) call.phase = 'two' return 'two' end");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1");
    expect_hook(world, SCRIPT_DONE, "\"two\"", "two");
    tenant_is(world, "acme", "return { name = 'A', prompt = function() return 'three' end }");
    script_host_load(world->host);
    struct script_job *job = job_for(world, SCRIPT_PROMPT, "acme", "c1", 1);
    job->is_turn_begun = true;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    expect_answer(world, SCRIPT_DONE, "two");
    ask_hook(world, HOOK_ON_USER_TURN, "\"x\"", "c1"); /* a reload took it away: no failure */
    expect_hook(world, SCRIPT_DONE, "null", "two");
    send_job(world, SCRIPT_PROMPT, "acme", "c1", 2, NULL);
    expect_answer(world, SCRIPT_DONE, "three");
}

static void a_phase_outlives_version_and_memory(void **state)
{
    struct host_world *world = *state;
    hooks_are(world,
        "on_dtmf = function(call, digit) call.phase = 'phone_number' return true end,\n"
        "end_of_turn = function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end "
        "end");
    ask_hook(world, HOOK_ON_DTMF, "\"1\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "phone_number");
    ask_hook(world, HOOK_END_OF_TURN, "{}", "c1");
    expect_hook(world, SCRIPT_OUT_OF_MEMORY, NULL, "phone_number");
    send_job(world, SCRIPT_PROMPT, "acme", "c1", 1, NULL);
    expect_answer(world, SCRIPT_DONE, "phone_number");
    hooks_are(world, "language = 'de'");
    send_job(world, SCRIPT_PROMPT, "acme", "c1", 2, NULL);
    expect_answer(world, SCRIPT_DONE, "phone_number");
}

static void a_phase_is_a_name(void **state)
{
    struct host_world *world = *state;
    hooks_are(world, "on_dtmf = function(call, digit)\n"
                     "  call.phase = ({ a = 'good', b = 7, c = 'no name', d = {} })[digit]\n"
                     "  return true\n"
                     "end");
    ask_hook(world, HOOK_ON_DTMF, "\"a\"", "c1");
    expect_hook(world, SCRIPT_DONE, "true", "good");
    for (const char *key = "bcd"; *key; key++) {
        ask_hook(world, HOOK_ON_DTMF, (char[]){'"', *key, '"', 0}, "c1");
        expect_hook(world, SCRIPT_DONE, "true", "good"); /* the last good one stays */
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(end_of_turn_answers, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(end_of_turn_fails_alone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(on_dtmf_answers, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(turn_hooks_answer, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_hook_is_late, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(on_user_turn_pins_the_version, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(
            a_phase_outlives_version_and_memory, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_phase_is_a_name, world_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

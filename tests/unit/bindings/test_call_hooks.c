/* The hooks at a call's ends, and what a script may say about its call: answers, what fails, what outlives the call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "script/sandbox.h"
#include "script/wait.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

struct world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
    unsigned sleeping;
    unsigned history_first; /* of the next job */
    const char *history;
};

/* ---- sleep(ms), a host function that waits ---- */

struct nap {
    struct world *world;
    struct script_run *run;
    uint64_t wait_id;
    struct net_timer *timer;
};

static void nap_end(void *operation)
{
    struct nap *nap = operation;
    nap->world->sleeping--;
    net_timer_destroy(nap->timer);
    free(nap);
}

static int nap_resume(lua_State *lua, void *operation)
{
    return 0;
}

static void nap_over(void *owner)
{
    struct nap *nap = owner;
    script_wait_end(nap->run, nap->wait_id, nap_resume, nap);
    nap_end(nap);
}

static int nap_begin(lua_State *lua)
{
    struct world *world = lua_touserdata(lua, lua_upvalueindex(1));
    lua_Integer ms = luaL_checkinteger(lua, 1);
    script_wait_check(lua, "sleep");
    struct nap *nap = calloc(1, sizeof *nap);
    *nap = (struct nap){.world = world, .run = script_run_of(lua)};
    assert_int_equal(net_timer_create(&nap->timer, world->loop, nap_over, nap), ERR_OK);
    net_timer_set(nap->timer, clock_ms() + (uint64_t)ms);
    nap->wait_id = script_wait_begin(nap->run, nap_end, nap);
    world->sleeping++;
    return lua_yield(lua, 0);
}

static void install(lua_State *lua, void *owner)
{
    struct world *world = owner;
    struct script_library library = bindings_library(world->bindings);
    library.install(lua, library.owner);
    lua_pushlightuserdata(lua, world);
    lua_pushcclosure(lua, nap_begin, 1);
    sandbox_give(lua, "sleep");
}

/* ---- the world ---- */

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    folder_make(&world->folder);
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    answers_open(&world->answers, world->loop);
    struct bindings_options bindings = {.loop = world->loop};
    assert_int_equal(bindings_create(&world->bindings, &bindings), ERR_OK);
    struct script_host_options options = {
        .scripts_path = world->folder.path, .lua_library = {install, world}};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    script_host_destroy(world->host);
    assert_int_equal(world->sleeping, 0);
    bindings_destroy(world->bindings);
    agent_table_clear();
    assert_true(answers_are_all_read(&world->answers));
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

/* A tenant with these members in agent.lua; its prompt says what it sees of the call. */
static void agent_is(struct world *world, const char *members)
{
    static char text[4096];
    snprintf(text, sizeof text,
        "local function list(t) local n = {} for k in pairs(t) do n[#n + 1] = k end table.sort(n)\n"
        "  return table.concat(n, ' ') end\n"
        "return { name = 'A', numbers = { '+15550100002' }, %s,\n"
        "prompt = function(call)\n" /* also of a call that was made up to try it */
        "  assert(#call.history == 0 and not call.incoming.city)\n"
        "  return tostring(call.outcome) .. '|' .. list(call.tags) .. '|'\n"
        "    .. (call.state.note or '') end }",
        members);
    folder_write(&world->folder, "tenants/acme/agent.lua", text);
    assert_int_equal(script_host_load(world->host), 1);
}

static struct script_job *job_of(struct world *world, enum script_job_kind kind, const char *call)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    job->call_key = 7;
    slice_copy(slice_from(call), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(SLICE("acme"), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100001"), job->facts.caller, sizeof job->facts.caller);
    job->history_first = world->history_first;
    job->history_json = world->history ? slice_dup(slice_from(world->history)) : NULL;
    return job;
}

static void ask(struct world *world, enum script_hook hook, const char *call, const char *arguments)
{
    struct script_job *job = job_of(world, SCRIPT_HOOK, call);
    job->hook = hook;
    job->arguments = arguments ? slice_dup(slice_from(arguments)) : NULL;
    if (hook == HOOK_ON_INCOMING)
        job->incoming_json = slice_dup(SLICE("{\"city\":\"Berlin\",\"name\":\"Ann\"}"));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

static void send(struct world *world, enum script_job_kind kind, const char *call)
{
    struct script_job *job = job_of(world, kind, call);
    if (kind == SCRIPT_TOOL) {
        job->tool_name = slice_dup(SLICE("t"));
        job->tool_call_id = slice_dup(SLICE("1"));
    }
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

static struct script_result *answer(struct world *world)
{
    struct script_result *result = answers_next(&world->answers);
    assert_true(answers_are_all_read(&world->answers));
    return result;
}

/* NULL text: it failed so. */
static void expect(struct world *world, enum script_ending ending, const char *text)
{
    struct script_result *result = answer(world);
    if (result->ending != ending)
        print_message("%s: %s\n", script_ending_name(result->ending), result->why);
    assert_int_equal(result->ending, ending);
    if (text)
        assert_string_equal(result->text, text);
    script_result_free(result);
}

static void expect_failure(struct world *world, const char *why)
{
    struct script_result *result = answer(world);
    assert_int_equal(result->ending, SCRIPT_ERROR);
    if (!strstr(result->why, why))
        fail_msg("%s: not in \"%s\"", why, result->why);
    script_result_free(result);
}

/* What a hook of this body leaves of the call's labels. */
static void expect_labels(
    struct world *world, const char *body, const char *outcome, const char *tags)
{
    char members[700];
    snprintf(members, sizeof members, "on_call_start = function(call) %s end", body);
    agent_is(world, members);
    send(world, SCRIPT_PROMPT, "c1");
    script_result_free(answer(world));
    ask(world, HOOK_ON_CALL_START, "c1", NULL);
    struct script_result *result = answer(world);
    if (result->ending != SCRIPT_DONE)
        fail_msg("%s: %s", body, result->why);
    assert_string_equal(result->labels.outcome, outcome);
    if (tags)
        assert_string_equal(result->labels.tags_json, tags);
    else
        assert_null(result->labels.tags_json);
    script_result_free(result);
}

/* ---- on_incoming ---- */

static void a_call_that_rings_is_judged(void **state)
{
    static const struct {
        const char *body;
        const char *answer; /* NULL: it fails */
        const char *why;
    } rows[] = {
        {"", "null", NULL},
        {"return true", "null", NULL},
        {"return { reject = 'busy' }", "{\"reject\":\"busy\"}", NULL},
        {"return { redirect = '+15550100099' }", "{\"redirect\":\"+15550100099\"}", NULL},
        {"return { voicemail = 'Speak' }", "{\"voicemail\":\"Speak\"}", NULL},
        {"return { say = call.incoming.city .. call.caller }", "{\"say\":\"Berlin+15550100001\"}",
            NULL},
        {"sleep(1) return { reject = 'rejected' }", "{\"reject\":\"rejected\"}", NULL},
        {"return false", NULL, "agent.lua:3: on_incoming: it must return nothing, or one of"},
        {"return 'busy'", NULL, "must return nothing, or one of"},
        {"return {}", NULL, "must return nothing, or one of"},
        {"return { 'busy' }", NULL, "must return nothing, or one of"},
        {"return { hang_up = 'now' }", NULL, "must return nothing, or one of"},
        {"return { say = 'a', reject = 'busy' }", NULL, "must return nothing, or one of"},
        {"return { reject = 'no' }", NULL, "reject must be \"busy\" or \"rejected\""},
        {"return { reject = true }", NULL, "must return nothing, or one of"},
        {"return { redirect = '5550100' }", NULL, "redirect must be a number such as"},
        {"return { redirect = '+15550100002' }", NULL, "is the agent's own number"},
        {"return { say = ('x'):rep(501) }", NULL, "must be texts of 1 to 500 bytes"},
        {"return { voicemail = '' }", NULL, "must be texts of 1 to 500 bytes"},
        {"call:hangup()", NULL, "on_incoming only answers: it cannot act on the call"},
        {"error('no')", NULL, "no"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[512];
        snprintf(members, sizeof members, "on_incoming = function(call) %s end", rows[i].body);
        agent_is(world, members);
        ask(world, HOOK_ON_INCOMING, "c1", NULL);
        if (rows[i].answer)
            expect(world, SCRIPT_DONE, rows[i].answer);
        else
            expect_failure(world, rows[i].why);
        send(world, SCRIPT_CALL_END, "c1");
    }
}

static void nobody_waits_for_ever(void **state)
{
    struct world *world = *state;
    agent_is(world, "on_incoming = function(call) sleep(60000) end");
    ask(world, HOOK_ON_INCOMING, "c1", NULL);
    expect(world, SCRIPT_TIMEOUT, NULL);
    ask(world, HOOK_ON_INCOMING, "c2", NULL);
    while (!world->sleeping) {
        net_timer_set(world->answers.timer, clock_ms());
        net_loop_run(world->loop);
    }
    send(world, SCRIPT_CALL_END, "c2"); /* who rang has hung up */
    while (world->sleeping) {
        net_timer_set(world->answers.timer, clock_ms());
        net_loop_run(world->loop);
    }
}

/* ---- on_call_start ---- */

static void a_call_begins_in_the_script_s_words(void **state)
{
    static const struct {
        const char *body;
        enum script_ending ending;
        const char *answer;
    } rows[] = {
        {"", SCRIPT_DONE, "null"},
        {"return false", SCRIPT_DONE, "false"},
        {"sleep(1) return 'Hello ' .. call.caller", SCRIPT_DONE, "\"Hello +15550100001\""},
        {"return true", SCRIPT_ERROR, NULL},
        {"return ''", SCRIPT_ERROR, NULL},
        {"return ('x'):rep(1001)", SCRIPT_ERROR, NULL},
        {"while true do end", SCRIPT_OUT_OF_TIME, NULL},
        {"sleep(60000)", SCRIPT_TIMEOUT, NULL},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[512];
        snprintf(members, sizeof members, "on_call_start = function(call) %s end", rows[i].body);
        agent_is(world, members);
        ask(world, HOOK_ON_CALL_START, "c1", NULL);
        expect(world, rows[i].ending, rows[i].answer);
        send(world, SCRIPT_CALL_END, "c1");
    }
}

/* ---- on_call_end ---- */

static void the_last_hook_outlives_its_call(void **state)
{
    struct world *world = *state;
    agent_is(world, "on_call_end = function(call, summary)\n"
                    "  sleep(20) call.state.note = 'late' call.tags.late = true\n"
                    "  call.outcome = summary.turns > 1 and 'lead' or nil end");
    ask(world, HOOK_ON_CALL_END, "c1", "[{\"turns\":2}]");
    send(world, SCRIPT_CALL_END, "c1");
    struct script_result *result = answer(world);
    assert_int_equal(result->ending, SCRIPT_DONE);
    assert_string_equal(result->labels.outcome, "lead");
    assert_string_equal(result->labels.tags_json, "[\"late\"]");
    assert_string_equal(result->state_json, "{\"note\":\"late\"}");
    script_result_free(result);
    send(world, SCRIPT_PROMPT, "c1"); /* the call is forgotten: this is another one */
    expect(world, SCRIPT_DONE, "nil||");
}

static void the_last_hook_may_fail(void **state)
{
    static const struct {
        const char *body;
        enum script_ending ending;
    } rows[] = {
        {"error('no')", SCRIPT_ERROR},
        {"while true do end", SCRIPT_OUT_OF_TIME},
        {"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end", SCRIPT_OUT_OF_MEMORY},
        {"call:say('hello')", SCRIPT_ERROR},
        {"return {}", SCRIPT_DONE},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char members[512];
        snprintf(members, sizeof members, "on_call_end = function(call) %s end", rows[i].body);
        agent_is(world, members);
        ask(world, HOOK_ON_CALL_END, "c1", "[{}]");
        send(world, SCRIPT_CALL_END, "c1");
        expect(world, rows[i].ending, NULL);
        send(world, SCRIPT_PROMPT, "c1");
        expect(world, SCRIPT_DONE, "nil||");
        send(world, SCRIPT_CALL_END, "c1");
    }
}

static void what_still_runs_ends_before_the_last_hook(void **state)
{
    struct world *world = *state;
    agent_is(world, "on_call_end = function(call) end, tools = { { name = 't', description = 'd',\n"
                    "  timeout_ms = 9000, parameters = { type = 'object', properties = {} },\n"
                    "  run = function(call) sleep(60000) end } }");
    send(world, SCRIPT_TOOL, "c1");
    ask(world, HOOK_ON_CALL_END, "c1", "[{}]");
    expect(world, SCRIPT_DONE, "null");
    assert_int_equal(world->sleeping, 0);
    send(world, SCRIPT_CALL_END, "c1");
}

/* ---- tags and outcome ---- */

static void labels_are_kept_and_checked(void **state)
{
    struct world *world = *state;
    expect_labels(world, "", "", NULL);
    expect_labels(world, "call.tags.vip = true call.tags['call back'] = true call.outcome = 'lead'",
        "lead", "[\"call back\",\"vip\"]");
    /* another version, the same call */
    expect_labels(world, "call.tags.vip = nil", "lead", "[\"call back\"]");
    expect_labels(
        world, "call.outcome = 'sold' call.tags.new = true", "lead", "[\"call back\",\"new\"]");
    expect_labels(world, "call.tags = { 'vip' } call.outcome = 'failed'", "failed",
        "[\"call back\",\"new\"]");
    expect_labels(world, "call.tags[('x'):rep(41)] = true", "failed", "[\"call back\",\"new\"]");
    expect_labels(world, "call.tags['a\\nb'] = true", "failed", "[\"call back\",\"new\"]");
    expect_labels(world, "for i = 1, 17 do call.tags['t' .. i] = true end", "failed",
        "[\"call back\",\"new\"]");
    expect_labels(
        world, "call.tags = 'vip' call.outcome = {}", "failed", "[\"call back\",\"new\"]");
    expect_labels(world, "call.tags = {} call.outcome = nil", "", "[]");
    expect_labels(world, "call.tags = nil call.state.note = 'n' call.phase = 'no name'", "", "[]");
}

static void a_tool_s_outcome_is_the_call_s(void **state)
{
    struct world *world = *state;
    agent_is(world, "tools = { { name = 't', description = 'd',\n"
                    "  parameters = { type = 'object', properties = {} },\n"
                    "  run = function(call) return { outcome = 'booked' } end } }");
    send(world, SCRIPT_PROMPT, "c1");
    expect(world, SCRIPT_DONE, "nil||");
    send(world, SCRIPT_TOOL, "c1");
    struct script_result *result = answer(world);
    assert_string_equal(result->labels.outcome, "booked");
    script_result_free(result);
    send(world, SCRIPT_PROMPT, "c1");
    expect(world, SCRIPT_DONE, "booked||");
}

static void a_caller_who_is_back_has_them(void **state)
{
    struct world *world = *state;
    agent_is(world, "language = 'en'");
    struct script_job *job = job_of(world, SCRIPT_PROMPT, "c1");
    slice_copy(SLICE("lead"), job->labels.outcome, sizeof job->labels.outcome);
    job->labels.tags_json = slice_dup(SLICE("[\"a\",\"b\"]"));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    expect(world, SCRIPT_DONE, "lead|a b|");
}

/* ---- history ---- */

static void history_is_what_was_heard(void **state)
{
    struct world *world = *state;
    agent_is(world, "on_dtmf = function(call, digit)\n"
                    "  if digit == '1' then call.history = {} end\n"
                    "  local texts = {}\n"
                    "  for i, line in ipairs(call.history) do\n"
                    "    texts[i] = line.turn .. line.role .. ':' .. line.text\n"
                    "    line.text = 'mine' end\n"
                    "  return table.concat(texts, ' ') .. '.'\n"
                    "end");
    ask(world, HOOK_ON_DTMF, "c1", "[\"0\"]");
    expect(world, SCRIPT_DONE, "\".\"");
    world->history = "[{\"role\":\"agent\",\"text\":\"Hi\",\"turn\":0},"
                     "{\"role\":\"caller\",\"text\":\"Bo\",\"turn\":1}]";
    ask(world, HOOK_ON_DTMF, "c1", "[\"0\"]");
    expect(world, SCRIPT_DONE, "\"0agent:Hi 1caller:Bo.\"");
    world->history_first = 2;
    world->history = NULL;
    ask(world, HOOK_ON_DTMF, "c1", "[\"0\"]");
    expect(world, SCRIPT_DONE, "\"0agent:Hi 1caller:Bo.\"");
    world->history_first = 1; /* the caller went on */
    world->history = "[{\"role\":\"caller\",\"text\":\"Book\",\"turn\":1}]";
    ask(world, HOOK_ON_DTMF, "c1", "[\"0\"]");
    expect(world, SCRIPT_DONE, "\"0agent:Hi 1caller:Book.\"");
    ask(world, HOOK_ON_DTMF, "c1", "[\"1\"]");
    expect_failure(world, "call.history can only be read");
}

/* Whoever heard of the turn before, and so told its line: the same look everywhere. */
static void where_a_turn_is_heard_its_words_are_no_history(void **state)
{
    struct world *world = *state;
    agent_is(world, "on_dtmf = function(call) return #call.history .. ' lines' end,\n"
                    "on_user_turn = function(call, text)\n"
                    "  return #call.history .. ' before ' .. call.utterance .. '/' .. text end");
    world->history = "[{\"role\":\"agent\",\"text\":\"Hi\",\"turn\":0},"
                     "{\"role\":\"caller\",\"text\":\"Book\",\"turn\":0},"
                     "{\"role\":\"tool\",\"text\":\"late\",\"turn\":0}]";
    struct script_job *job = job_of(world, SCRIPT_HOOK, "c1");
    job->hook = HOOK_ON_USER_TURN;
    job->arguments = slice_dup(SLICE("[\"Book\"]"));
    job->utterance = slice_dup(SLICE("Book"));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    expect(world, SCRIPT_DONE, "\"2 before Book/Book\"");
    world->history_first = 3;
    world->history = NULL;
    ask(world, HOOK_ON_DTMF, "c1", "[\"0\"]");
    expect(world, SCRIPT_DONE, "\"3 lines\"");
}

/* Whatever it is asked, it answers or refuses: prompts use it. */
static void hints_are_of_the_caller_s_words(void **state)
{
    struct world *world = *state;
    agent_is(world,
        "on_user_turn = function(call, text)\n"
        "  local hint, date = call:hints()[1], call:hints('on 2026-12-01, please')[1]\n"
        "  assert(not pcall(call.hints, 'x') and not pcall(call.hints, call, {}))\n"
        "  assert(not pcall(call.hints, call, ('5 '):rep(5000)))\n"
        "  assert(#call.hints({}) == 0 and #call.hints({ utterance = 5 }) == 0)\n"
        "  assert(#call:hints('') == 0 and #call:hints(('noon or '):rep(100)) == 16)\n"
        "  assert(#call:hints('\\0\\255 five \\0 five five') == 1)\n"
        "  return table.concat({ hint.kind, hint.value, tostring(hint.is_uncertain), hint.said,\n"
        "    date.value, date.weekday }, '|') end");
    struct script_job *job = job_of(world, SCRIPT_HOOK, "c1");
    job->hook = HOOK_ON_USER_TURN;
    job->arguments = slice_dup(SLICE("[\"Book\"]"));
    job->utterance = slice_dup(SLICE("It's five five five, oh one double oh."));
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
    expect(world, SCRIPT_DONE,
        "\"phone|5550100|true|five five five, oh one double oh|2026-12-01|Tuesday\"");
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_call_that_rings_is_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_for_ever, setup, teardown),
        cmocka_unit_test_setup_teardown(a_call_begins_in_the_script_s_words, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_hook_outlives_its_call, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_hook_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(what_still_runs_ends_before_the_last_hook, setup, teardown),
        cmocka_unit_test_setup_teardown(labels_are_kept_and_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tool_s_outcome_is_the_call_s, setup, teardown),
        cmocka_unit_test_setup_teardown(a_caller_who_is_back_has_them, setup, teardown),
        cmocka_unit_test_setup_teardown(history_is_what_was_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(
            where_a_turn_is_heard_its_words_are_no_history, setup, teardown),
        cmocka_unit_test_setup_teardown(hints_are_of_the_caller_s_words, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Texts answered by a tenant's agent: its real script, Postgres itself, and a model that is this file. */
#include "unit/texting/texts_world.h"

#include "script/agent_table.h"
#include "script/host.h"
#include "texting/texting.h"
#include "unit/script/scripts_folder.h"

/* ---- the model ---- */

struct saying {
    const char *text;
    const char *tool; /* asked for, with {} */
    bool is_failure, is_silence;
};

struct llm {
    const struct llm_listener *listener;
    void *owner;
    struct net_timer *timer;
    struct saying saying;
};

static struct {
    struct saying sayings[16];
    unsigned next;
    char asked[20000]; /* the newest question */
} model;

static void say(void *owner)
{
    struct llm *llm = owner;
    const struct saying *saying = &llm->saying;
    if (saying->is_silence)
        return;
    if (saying->is_failure) {
        llm->listener->on_failed(
            llm->owner, &(struct failure){.err = ERR_UNREACHABLE, .why = "it is away"});
        return;
    }
    llm->listener->on_source(llm->owner, "brain", "small");
    if (saying->text)
        llm->listener->on_text(llm->owner, slice_from(saying->text));
    if (saying->tool)
        llm->listener->on_tool_call(
            llm->owner, SLICE("call_1"), slice_from(saying->tool), SLICE("{}"));
    llm->listener->on_done(
        llm->owner, &(struct llm_usage){.prompt_tokens = 100, .completion_tokens = 10});
}

static enum err start(struct llm **out, struct net_loop *loop, const struct llm_settings *settings,
    struct slice messages, struct slice tools, const struct llm_listener *listener, void *owner)
{
    struct llm *llm = calloc(1, sizeof *llm);
    *llm =
        (struct llm){.listener = listener, .owner = owner, .saying = model.sayings[model.next++]};
    slice_copy(messages, model.asked, sizeof model.asked);
    assert_int_equal(net_timer_create(&llm->timer, loop, say, llm), ERR_OK);
    net_timer_set(llm->timer, 0);
    *out = llm;
    return ERR_OK;
}

static void cancel(struct llm *llm)
{
    net_timer_destroy(llm->timer);
    free(llm);
}

static const struct llm_ops ops = {.name = "test", .start = start, .cancel = cancel};

/* ---- the world ---- */

static const char AGENT[] =
    "return { name = 'Acme', numbers = { '" OFFICE "' },\n"
    "texts = { answer = true, max_segments = 2, failure_text = 'Sorry! We will call you.' },\n"
    "tools = { { name = 'book', description = 'd', parameters = { type = 'object', properties = {} "
    "},\n"
    "  run = function(call, args) call.state.booked = call.channel; call.outcome = 'booked'\n"
    "    return { ok = true } end } },\n"
    "prompt = function(call) return 'by ' .. call.channel .. ': ' .. (call.utterance or '') end,\n"
    "on_user_turn = function(call, text)\n"
    "  if text == 'ping' then return 'pong' end\n"
    "  if text == 'shh' then return { hangup = true } end\n"
    "end,\n"
    "before_say = function(call, text) if text:find('secret', 1, true) then return 'I may not "
    "say.' end end }\n";

static struct loop loop;
static struct scripts_folder folder;
static struct script_host *host;
static struct records *records;
static struct texting *texting;

static void install(struct lua_State *lua, void *owner)
{
}

static int set_up(void **state)
{
    *state = postgres_start("texting_turns");
    return 0;
}

static int tear_down(void **state)
{
    postgres_stop(*state);
    return 0;
}

static void open_texting(void)
{
    const struct texting_options options = {.database_url = url,
        .node = "here",
        .script = host,
        .records = records,
        .llm_ops = &ops,
        .answers_a_day = 3,
        .look_ms = 200};
    assert_int_equal(texting_open(&texting, loop.net, &options), ERR_OK);
}

static int begin(void **state)
{
    migrated_database(*state, url);
    memset(&model, 0, sizeof model);
    loop_start(&loop);
    folder_make(&folder);
    folder_write(&folder, "tenants/acme/agent.lua", AGENT);
    struct script_host_options options = {
        .scripts_path = folder.path, .lua_library = {install, NULL}};
    assert_int_equal(script_host_create(&host, loop.net, &options), ERR_OK);
    assert_int_equal(script_host_load(host), 1);
    assert_int_equal(records_open(&records, loop.net, url, 100), ERR_OK);
    open_texting();
    return 0;
}

static int end(void **state)
{
    script_host_destroy(host);
    texting_close(texting);
    records_close(records);
    agent_table_clear();
    folder_remove(&folder);
    loop_end(&loop);
    return 0;
}

/* Looks into the database every now and then. */
static bool holds(void *sql)
{
    return count(sql) > 0;
}

static void becomes_true(const char *sql)
{
    loop_run_until(&loop, holds, (void *)sql);
}

static void is_sent(const char *key, const char *text)
{
    char sql[500];
    snprintf(
        sql, sizeof sql, "select count(*) from outbox where key = '%s' and body = '%s'", key, text);
    becomes_true(sql);
    becomes_true("select (count(*) = 0)::int from conversations where answering is not null");
}

/* ---- stories ---- */

static void a_tool_books_and_the_answer_goes_out(void **state)
{
    model.sayings[0] = (struct saying){.text = "One moment", .tool = "book"};
    model.sayings[1] = (struct saying){.text = "**Booked** for six."};
    text_comes("SM1", "Book me", 5);
    is_sent("reply:SM1", "Booked for six.");
    assert_non_null(strstr(model.asked, "by sms: Book me"));
    assert_non_null(strstr(model.asked, "{\\\"ok\\\":true}"));
    becomes_true("select count(*) from tool_calls t join calls c on c.id = t.call_id"
                 " where t.name = 'book' and t.ending = 'done' and c.channel = 'sms' and c.outcome "
                 "= 'booked'"
                 " and c.state ->> 'booked' = 'sms' and t.turn_index = 1");
    becomes_true("select count(*) from usage where slot = 'think' and provider = 'brain' and "
                 "input_tokens = 200");
    becomes_true(
        "select count(*) from turns where provider = 'brain' and heard_text = 'Booked for six.'");
    assert_int_equal(
        count("select count(*) from messages where direction = 'in' and status = 'answered'"), 1);
    model.sayings[2] = (struct saying){.text = "Any time."};
    text_comes("SM2", "Thanks", 3);
    is_sent("reply:SM2", "Any time.");
    assert_non_null(strstr(model.asked, "by sms: Thanks"));
    assert_non_null(
        strstr(model.asked, "{\"role\":\"assistant\",\"content\":\"Booked for six.\"}"));
}

static void the_script_may_answer_itself(void **state)
{
    text_comes("SM1", "ping", 5);
    is_sent("reply:SM1", "pong");
    text_comes("SM2", "shh", 5);
    becomes_true(
        "select (count(*) = 2)::int from messages where direction = 'in' and status = 'answered'");
    assert_int_equal(count("select count(*) from outbox"), 1);
    assert_int_equal(model.next, 0);
}

static void before_say_has_the_last_word(void **state)
{
    model.sayings[0] = (struct saying){.text = "The secret is 42."};
    text_comes("SM1", "Tell me", 5);
    is_sent("reply:SM1", "I may not say.");
}

static void what_fails_is_left_to_the_staff(void **state)
{
    model.sayings[0] = (struct saying){.is_failure = true};
    text_comes("SM1", "Hello?", 5);
    is_sent("reply:SM1", "Sorry! We will call you.");
    assert_int_equal(
        count("select count(*) from messages where direction = 'in' and status = 'unanswered'"), 1);
    assert_int_equal(count("select count(*) from tasks where status = 'open'"), 1);
}

static void a_model_that_only_asks_for_tools_comes_to_an_end(void **state)
{
    for (int i = 0; i < 16; i++)
        model.sayings[i] = (struct saying){.tool = "book"};
    model.sayings[9] = (struct saying){.text = "Enough."};
    text_comes("SM1", "Book me", 5);
    is_sent("reply:SM1", "Enough.");
    assert_non_null(strstr(model.asked, "too_many_calls"));
}

/* Two robots. */
static void one_number_gets_so_many_answers_a_day(void **state)
{
    for (int i = 0; i < 5; i++) {
        char sid[8], sql[100];
        snprintf(sid, sizeof sid, "SM%d", i);
        text_comes(sid, "ping", 5);
        snprintf(sql, sizeof sql,
            "select count(*) from messages where carrier_sid = '%s' and status <> 'received'", sid);
        becomes_true(sql);
    }
    assert_int_equal(count("select count(*) from outbox"), 3);
    assert_int_equal(count("select count(*) from messages where status = 'unanswered'"), 2);
}

/* In the middle of a turn: the next process answers, once. */
static void what_a_dead_process_had_is_answered_by_the_next(void **state)
{
    model.sayings[0] = (struct saying){.tool = "book"};
    model.sayings[1] = (struct saying){.is_silence = true};
    text_comes("SM1", "Book me", 5);
    becomes_true("select count(*) from tool_calls where name = 'book'");
    texting_close(texting);
    postgres_run(url, "update conversations set answering_until = now() + interval '1 s'");
    model.sayings[2] = (struct saying){.text = "Booked."};
    open_texting();
    is_sent("reply:SM1", "Booked.");
    assert_non_null(strstr(model.asked, "do not do it again"));
    assert_int_equal(count("select count(*) from outbox"), 1);
    assert_int_equal(count("select count(*) from messages where status = 'answered'"), 1);
}

static void a_drain_begins_nothing(void **state)
{
    texting_drain(texting);
    text_comes("SM1", "ping", 5);
    becomes_true("select count(*) from messages where created_at < now() - interval '6 s'");
    assert_int_equal(texting_turns(texting), 0);
    assert_int_equal(count("select count(*) from outbox"), 0);
}

static void who_has_no_texts_on_leaves_them_to_the_staff(void **state)
{
    folder_write(&folder, "tenants/acme/agent.lua",
        "return { name = 'Acme', numbers = { '" OFFICE "' }, prompt = function() return 'p' end }");
    assert_int_equal(script_host_load(host), 1);
    text_comes("SM1", "ping", 5);
    becomes_true("select count(*) from tasks where details like '%the staff%'");
    assert_int_equal(count("select count(*) from outbox"), 0);
    assert_int_equal(count("select count(*) from messages where status = 'unanswered'"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_tool_books_and_the_answer_goes_out, begin, end),
        cmocka_unit_test_setup_teardown(the_script_may_answer_itself, begin, end),
        cmocka_unit_test_setup_teardown(before_say_has_the_last_word, begin, end),
        cmocka_unit_test_setup_teardown(what_fails_is_left_to_the_staff, begin, end),
        cmocka_unit_test_setup_teardown(
            a_model_that_only_asks_for_tools_comes_to_an_end, begin, end),
        cmocka_unit_test_setup_teardown(one_number_gets_so_many_answers_a_day, begin, end),
        cmocka_unit_test_setup_teardown(
            what_a_dead_process_had_is_answered_by_the_next, begin, end),
        cmocka_unit_test_setup_teardown(a_drain_begins_nothing, begin, end),
        cmocka_unit_test_setup_teardown(who_has_no_texts_on_leaves_them_to_the_staff, begin, end),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

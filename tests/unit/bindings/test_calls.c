/* Host functions that wait, and the repository's own tenant, on a script host with a real loop and a loopback server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bindings/bindings.h"
#include "media/wav.h"
#include "net/server.h"
#include "observe/log.h"
#include "script/agent_table.h"
#include "unit/script/answers.h"
#include "unit/script/scripts_folder.h"

struct world {
    struct scripts_folder folder;
    struct net_loop *loop;
    struct server *server;
    struct exchange *held; /* a request left unanswered */
    struct bindings *bindings;
    struct script_host *host;
    struct answers answers;
    unsigned timeout_ms; /* of the tool that expect makes */
    const char *fields;  /* more of agent.lua */
    unsigned transfers;  /* that found nobody */
    char done[256];      /* what call operations were asked for */
    enum call_channel channel;
};

/* --- the outside --- */

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct world *world = owner;
    char body[512];
    if (slice_is(request->path, "/hang")) {
        world->held = exchange;
        return;
    }
    if (slice_is(request->path, "/big")) {
        char *big = calloc(1, 300000);
        memset(big, 'x', 300000);
        exchange_answer(exchange, 200, "text/plain", (struct slice){big, 300000});
        free(big);
        return;
    }
    int len =
        snprintf(body, sizeof body, "{\"method\":\"%.*s\",\"auth\":\"%.*s\",\"got\":\"%.*s\"}",
            (int)request->method.len, request->method.data, (int)request->authorization.len,
            request->authorization.data, (int)request->body.len, request->body.data);
    exchange_answer(exchange, slice_is(request->path, "/gone") ? 404 : 200, "application/json",
        (struct slice){body, (size_t)len});
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    ((struct world *)owner)->held = NULL;
}

static enum err note(struct world *world, const char *what, struct slice text)
{
    size_t len = strlen(world->done);
    if (len + text.len + 8 > sizeof world->done)
        return ERR_OK;
    snprintf(
        world->done + len, sizeof world->done - len, "%s(%.*s);", what, (int)text.len, text.data);
    return ERR_OK;
}

static enum err say(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    assert_int_equal(call_key, 7);
    return note(owner, is_protected ? "say_all" : "say", text);
}

static enum err play(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_sound *sound, bool is_protected)
{
    char text[64];
    snprintf(text, sizeof text, "%.*s, %zu%s%s", (int)sound->text.len, sound->text.data,
        sound->ulaw.len, sound->is_label ? " label" : "", sound->is_tones ? " tones" : "");
    return note(owner, is_protected ? "play_all" : "play", slice_from(text));
}

static enum err voicemail(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice say_text)
{
    return note(owner, "voicemail", say_text);
}

static enum err hangup(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct call_asker from)
{
    return note(owner, "hangup", slice_from(facts->call_id));
}

static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_transfer *wanted)
{
    char how[40];
    enum err err = note(owner, "transfer", wanted->number);
    snprintf(how, sizeof how, "%u, %s", wanted->timeout_s, transfer_then_name(wanted->then));
    if (wanted->timeout_s != 20 || wanted->then != TRANSFER_BACK)
        err = note(owner, "how", slice_from(how));
    if (wanted->whisper.len)
        err = note(owner, "whisper", wanted->whisper);
    return wanted->say.len ? note(owner, "with", wanted->say) : err;
}

/* As the host: the script's own word, nobody having said otherwise. */
static enum err record(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, enum call_recording what, struct slice said,
    enum agent_recording by_agent)
{
    static const char *const names[] = {[CALL_RECORDING_AGREED] = "agreed",
        [CALL_RECORDING_REFUSED] = "refused",
        [CALL_RECORDING_STOP] = "stop",
        [CALL_RECORDING_PAUSE] = "pause",
        [CALL_RECORDING_RESUME] = "resume"};
    if (by_agent == RECORDING_NEVER)
        return ERR_REFUSED;
    return by_agent == RECORDING_ALWAYS ? ERR_UNREACHABLE : note(owner, names[what], said);
}

static const struct call_ops ops = {say, play, hangup, voicemail, transfer, record};

/* --- the world --- */

static void open_host(struct world *world, const char *scripts_path)
{
    struct script_host_options options = {
        .scripts_path = scripts_path, .lua_library = bindings_library(world->bindings)};
    assert_int_equal(script_host_create(&world->host, world->loop, &options), ERR_OK);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    static const struct server_handlers handlers = {
        .on_request = on_request, .on_cancelled = on_cancelled};
    struct server_options server = {.listen = "127.0.0.1:0",
        .max_body_bytes = 65536,
        .max_message_bytes = 1024,
        .max_queue_bytes = 1024,
        .request_timeout_ms = 5000,
        .max_connections = 16};
    char why[200];
    folder_make(&world->folder);
    world->timeout_ms = 9000;
    assert_int_equal(net_loop_create(&world->loop, "test", NULL), ERR_OK);
    assert_int_equal(
        server_start(&world->server, world->loop, &server, &handlers, world, why), ERR_OK);
    answers_open(&world->answers, world->loop);
    struct bindings_options options = {
        .loop = world->loop, .call_ops = &ops, .call_ops_owner = world, .allow_private_http = true};
    assert_int_equal(bindings_create(&world->bindings, &options), ERR_OK);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    script_host_destroy(world->host);
    bindings_destroy(world->bindings);
    server_destroy(world->server);
    agent_table_clear();
    answers_close(&world->answers);
    net_loop_destroy(world->loop);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

static void send(struct world *world, enum script_job_kind kind, const char *tenant,
    const char *tool, const char *arguments)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &world->answers.box;
    job->call_key = 7;
    job->turn = 1;
    slice_copy(SLICE("c1"), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100001"), job->facts.caller, sizeof job->facts.caller);
    slice_copy(SLICE("+15550100002"), job->facts.called, sizeof job->facts.called);
    job->facts.transfers = world->transfers;
    job->facts.channel = world->channel;
    job->tool_name = tool ? slice_dup(slice_from(tool)) : NULL;
    job->arguments = arguments ? slice_dup(slice_from(arguments)) : NULL;
    assert_int_equal(script_host_send(world->host, job), ERR_OK);
}

/* Runs `body` as the tool of a tenant made for it; `base` is the loopback server's origin in it. */
static void run(struct world *world, const char *body)
{
    static char agent[4096];
    snprintf(agent, sizeof agent,
        "local base = 'http://127.0.0.1:%d'\n"
        "return { name = 'A', %s tools = { { name = 't', description = 'd', timeout_ms = %u,\n"
        "parameters = { type = 'object', properties = {} }, run = function(call, args)\n%s\nend } "
        "},\n"
        "prompt = function(call) return 'p' end }",
        server_port(world->server), world->fields ? world->fields : "", world->timeout_ms, body);
    folder_write(&world->folder, "tenants/acme/agent.lua", agent);
    if (!world->host)
        open_host(world, world->folder.path);
    assert_int_equal(script_host_load(world->host), 1);
    send(world, SCRIPT_PROMPT, "acme", NULL, NULL);
    script_result_free(answers_next(&world->answers));
    send(world, SCRIPT_TOOL, "acme", "t", "{}");
}

static void expect_answer(struct world *world, enum script_ending ending, const char *text)
{
    struct script_result *result = answers_next(&world->answers);
    if (result->ending != ending || strcmp(result->text, text) != 0)
        print_message("%s %s %s\n", script_ending_name(result->ending), result->text,
            result->why ? result->why : "");
    assert_int_equal(result->ending, ending);
    assert_string_equal(result->text, text);
    script_result_free(result);
}

static void expect(
    struct world *world, const char *body, enum script_ending ending, const char *text)
{
    run(world, body);
    expect_answer(world, ending, text);
    send(world, SCRIPT_CALL_END, "acme", NULL, NULL);
}

/* --- stories --- */

static void http_asks_and_reads(void **state)
{
    struct world *world = *state;
    expect(world,
        "local a = http.request({ url = base .. '/x', method = 'POST', body = 'hello', headers = { "
        "Authorization = 'k' } })\n"
        "local b = json.decode(a.body) return { a.status, a.content_type, b.method, b.auth, b.got "
        "}",
        SCRIPT_DONE, "[200,\"application/json\",\"POST\",\"k\",\"hello\"]");
    expect(world, "return http.request({ url = base .. '/gone' }).status", SCRIPT_DONE, "404");
    expect(world,
        "local a, code = http.request({ url = base .. '/hang', timeout_ms = 50 }) return { a == "
        "nil, code }",
        SCRIPT_DONE, "[true,\"timeout\"]");
    expect(world,
        "local a, code = http.request({ url = base .. '/big' }) return { a == nil, code ~= nil }",
        SCRIPT_DONE, "[true,true]");
    expect(world,
        "local a, code = http.request({ url = 'file:///etc/passwd' }) return a == nil and code ~= "
        "nil",
        SCRIPT_DONE, "true");
    expect(world,
        "local a, code = http.request({ url = 'http://127.0.0.1:1/' }) return a == nil and code",
        SCRIPT_DONE, "\"unreachable\"");
}

/* The caller heard that it did not work, and the conversation went on. */
static void a_late_tool_cannot_act(void **state)
{
    struct world *world = *state;
    world->timeout_ms = 100;
    run(world, "http.request({ url = base .. '/hang', timeout_ms = 300 })\n"
               "local codes = {}\n"
               "for _, act in ipairs({ 'say', 'hangup', 'voicemail', 'transfer' }) do\n"
               "  local ok, code = call[act](call, act == 'say' and 'x' or act == 'transfer' and "
               "'+15550100099' or nil)\n"
               "  codes[#codes + 1] = code or 'done' end\n"
               "return codes");
    expect_answer(world, SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}");
    expect_answer(world, SCRIPT_DONE, "[\"late\",\"late\",\"late\",\"late\"]");
    assert_string_equal(world->done, "");
    send(world, SCRIPT_CALL_END, "acme", NULL, NULL);
}

static void http_ends_with_the_call(void **state)
{
    struct world *world = *state;
    expect(world, "return 1", SCRIPT_DONE, "1");
    world->timeout_ms = 1000;
    expect(world,
        "local ok, why = pcall(http.request, { url = base .. '/hang', timeout_ms = 3000 }) return "
        "ok",
        SCRIPT_TIMEOUT, "{\"error\":\"timeout\"}");
    uint64_t end_ms = clock_ms() + 2000;
    while (world->held && clock_ms() < end_ms) {
        net_timer_set(world->answers.timer, clock_ms() + 20);
        net_loop_run(world->loop);
    }
    assert_null(world->held);
}

static void calls_are_acted_on(void **state)
{
    struct world *world = *state;
    expect(world, "call:say('One moment.') call:transfer('+15550100009') return call:hangup()",
        SCRIPT_DONE, "true");
    assert_string_equal(world->done, "say(One moment.);transfer(+15550100009);hangup(c1);");
    expect(world,
        "local ok, why = pcall(call.say, {}, 'x') return { ok, (why:match('this is.*')) }",
        SCRIPT_DONE, "[false,\"this is not the call that is going on: use call:method()\"]");
    expect(world, "call.id = 'other' return call:say('x')", SCRIPT_DONE, "true");
    expect(world, "return pcall(call.say, call, ('x'):rep(5000))", SCRIPT_DONE, "false");
    world->done[0] = 0;
    expect(world, "call:say('a', {}) return call:say('b', { interruptible = false })", SCRIPT_DONE,
        "true");
    assert_string_equal(world->done, "say(a);say_all(b);");
    expect(world, "return pcall(call.say, call, 'x', { interruptible = 1 })", SCRIPT_DONE, "false");
    expect(world, "return pcall(call.say, call, 'x', 'y')", SCRIPT_DONE, "false");
}

/* There is nobody on a line. */
static void in_texts_there_is_no_line(void **state)
{
    struct world *world = *state;
    expect(world, "return call.channel", SCRIPT_DONE, "\"phone\"");
    world->channel = CHANNEL_SMS;
    expect(world,
        "local codes = { call.channel }\n"
        "for _, act in ipairs({ 'say', 'hangup', 'voicemail', 'transfer', 'send_dtmf' }) do\n"
        "  local ok, code = call[act](call, act == 'say' and 'x' or act == 'transfer' and "
        "'+15550100099' or act == 'send_dtmf' and '1' or nil)\n"
        "  codes[#codes + 1] = code or 'done' end\n"
        "return codes",
        SCRIPT_DONE,
        "[\"sms\",\"unavailable\",\"unavailable\",\"unavailable\",\"unavailable\","
        "\"unavailable\"]");
    assert_string_equal(world->done, "");
}

/* What a script may have recorded, and what it is told where it may not. */
static void calls_are_recorded_as_the_business_wants(void **state)
{
    static const struct {
        const char *fields, *act, *answer, *done;
    } rows[] = {
        {"", "record({ consent = 'Yes.' })", "\"not_allowed\"", ""},
        {"recording = 'never',", "pause_recording()", "\"not_allowed\"", ""},
        {"recording = 'always',", "stop_recording()", "\"unavailable\"", ""},
        {"recording = 'with_consent',", "record({ consent = 'Yes.' })", "true", "agreed(Yes.);"},
        {"recording = 'with_consent',", "record({ refused = true })", "true", "refused();"},
        {"recording = 'with_consent',", "record({ refused = true, said = 'No.' })", "true",
            "refused(No.);"},
        {"recording = 'with_consent',", "pause_recording()", "true", "pause();"},
        {"recording = 'with_consent',", "resume_recording()", "true", "resume();"},
        {"recording = 'with_consent',", "stop_recording()", "true", "stop();"},
    };
    struct world *world = *state;
    char body[256];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world->fields = rows[i].fields;
        world->done[0] = 0;
        snprintf(body, sizeof body, "local ok, code = call:%s return ok or code", rows[i].act);
        expect(world, body, SCRIPT_DONE, rows[i].answer);
        assert_string_equal(world->done, rows[i].done);
    }
    static const char *const wrong[] = {"record()", "record({})", "record('yes')",
        "record({ consent = '' })", "record({ consent = 5 })", "record({ refused = 1 })",
        "record({ refused = true, consent = 'Yes.' })", "record({ consent = ('x'):rep(1001) })"};
    world->done[0] = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(body, sizeof body, "return (pcall(function() call:%s end))", wrong[i]);
        expect(world, body, SCRIPT_DONE, "false");
    }
    world->channel = CHANNEL_SMS;
    expect(world, "local _, code = call:record({ consent = 'Yes.' }) return code", SCRIPT_DONE,
        "\"unavailable\"");
    assert_string_equal(world->done, "");
}

static void write_sound(struct world *world)
{
    char path[512];
    uint8_t header[WAV_HEADER_BYTES];
    int16_t pcm[800] = {0};
    folder_write(&world->folder, "tenants/acme/sounds/notice.wav", "");
    snprintf(path, sizeof path, "%s/tenants/acme/sounds/notice.wav", world->folder.path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    wav_header(header, 8000, 800);
    fwrite(header, 1, sizeof header, file);
    fwrite(pcm, 1, sizeof pcm, file);
    fclose(file);
}

/* Sounds, keys, voicemail and a transfer with words; what is asked wrongly is an error. */
static void calls_are_given_sounds(void **state)
{
    struct world *world = *state;
    write_sound(world);
    world->fields = "sounds = { notice = 'sounds/notice.wav' },";
    expect(world,
        "call:play('notice') call:play('notice', { text = 'Hé.', interruptible = false })\n"
        "return call:send_dtmf('1w2#')",
        SCRIPT_DONE, "true");
    assert_string_equal(world->done, "play([sound notice], 800 label);play_all(Hé., 800);"
                                     "play_all([keys 1w2#], 8800 label tones);");
    world->done[0] = 0;
    expect(world,
        "call:voicemail() call:voicemail({ say = 'Please speak.' })\n"
        "return call:transfer('+15550100009', { say = 'One moment.' })",
        SCRIPT_DONE, "true");
    assert_string_equal(world->done,
        "voicemail();voicemail(Please speak.);transfer(+15550100009);with(One moment.);");
    world->done[0] = 0;
    expect(world,
        "return call:transfer('+15550100009', { whisper = 'Ann & a tap', timeout_s = 30, "
        "on_no_answer = 'voicemail' })",
        SCRIPT_DONE, "true");
    assert_string_equal(
        world->done, "transfer(+15550100009);how(30, voicemail);whisper(Ann & a tap);");
    static const char *const wrong[] = {"call:play('other')", "call:play()",
        "call:play('notice', { text = 5 })", "call:play('notice', 'loud')", "call:send_dtmf('')",
        "call:send_dtmf('12a')", "call:send_dtmf(('1'):rep(33))", "call:send_dtmf('1\\0')",
        "call:voicemail({ say = ('x'):rep(513) })", "call:voicemail({ say = 'a\\0' })",
        "call:voicemail('x')", "call:transfer('+15550100009', { say = '\\255' })",
        "call:transfer('+15550100009', { whisper = ('x'):rep(301) })",
        "call:transfer('+15550100009', { timeout_s = 4 })",
        "call:transfer('+15550100009', { timeout_s = '20' })",
        "call:transfer('+15550100009', { timeout_s = 0/0 })",
        "call:transfer('+15550100009', { on_no_answer = 'away' })"};
    world->done[0] = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[256];
        snprintf(body, sizeof body, "return (pcall(function() %s end))", wrong[i]);
        expect(world, body, SCRIPT_DONE, "false");
    }
    assert_string_equal(world->done, "");
}

/* A caller who talks a model into dialling gets no further than the tenant's own list. */
static void callers_are_not_transferred_anywhere(void **state)
{
    struct world *world = *state;
    world->fields = "numbers = { '+15550100002' }, transfers = { '+15550100009' },";
    static const struct {
        const char *number;
        const char *code;
    } rows[] = {{"+15550100008", "not_allowed"}, {"+19005550100", "not_allowed"},
        {"+15550100002", "own_number"}, {"911", "bad_number"},
        {"+15550100009;ext=1", "bad_number"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[128], code[32];
        snprintf(
            body, sizeof body, "local _, code = call:transfer('%s') return code", rows[i].number);
        snprintf(code, sizeof code, "\"%s\"", rows[i].code);
        expect(world, body, SCRIPT_DONE, code);
    }
    assert_string_equal(world->done, "");
    world->transfers = 3;
    expect(world, "local _, code = call:transfer('+15550100009') return code", SCRIPT_DONE,
        "\"limit\"");
    assert_string_equal(world->done, "");
}

/* What one run may ask for is counted, and its call's thread serves other calls too. */
static void asking_has_an_end(void **state)
{
    struct world *world = *state;
    expect(world,
        "local n = 0 while pcall(call.say, call, 'x') do n = n + 1 end\n"
        "local ok, why = pcall(call.hangup, call) return { n, ok, (why:match('a run may.*')) }",
        SCRIPT_DONE, "[32,false,\"a run may ask 32 things of its call and has\"]");
    expect(world,
        "local n, ok, why = 0 repeat ok, why = pcall(http.request, { url = base .. '/x' }) n = n + "
        "1 until not ok\n"
        "return { n, (why:match('a run may.*')) }",
        SCRIPT_DONE, "[65,\"a run may ask 64 times and has\"]");
}

/* Names, numbers in all their spellings, tunnels: what is not a public address is not asked. */
static void http_stays_outside(void **state)
{
    struct world *world = *state;
    bindings_destroy(world->bindings);
    struct bindings_options options = {
        .loop = world->loop, .call_ops = &ops, .call_ops_owner = world};
    assert_int_equal(bindings_create(&world->bindings, &options), ERR_OK);
    expect(world,
        "local refused, other = 0, {}\n"
        "for _, host in ipairs({ '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', "
        "'0', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1', "
        "'169.254.169.254', '224.0.0.1', '255.255.255.255', '[::]', '[::1]', '[::ffff:10.0.0.1]', "
        "'[::127.0.0.1]', '[fd00::1]', '[fe80::1]', '[ff02::1]', '[64:ff9b::a00:1]', "
        "'[2002:7f00:1::]', '[2001:0:1::1]', 'localhost', 'LOCALHOST' }) do\n"
        "  local answer, code, why = http.request({ url = 'http://' .. host .. ':1/', timeout_ms = "
        "9000 })\n"
        "  if code == 'refused' and why == 'private address' then refused = refused + 1\n"
        "  else other[#other + 1] = host .. ' ' .. tostring(code) end\n"
        "end return { refused, table.concat(other, ', ') }",
        SCRIPT_DONE, "[26,\"\"]");
    expect(world,
        "local codes = {} for _, url in ipairs({ 'http://u:p@' .. base:sub(8) .. '/x', "
        "'gopher://example.com/', 'http://example.com@127.0.0.1/', 'dict://127.0.0.1/', "
        "'http://127.0.0.1\\\\@example.com/', '//127.0.0.1/', 'http:///x', 'HTTP://127.0.0.1 "
        ".example.com/' }) do\n"
        "  local answer, code = http.request({ url = url }) codes[#codes + 1] = answer and "
        "'answered' "
        "or code\n"
        "end return table.concat(codes, ' ')",
        SCRIPT_DONE, "\"bad bad bad bad bad bad bad bad\"");
}

static void what_is_not_there_says_so(void **state)
{
    struct world *world = *state;
    expect(world, "local r, code = db.query('SELECT 1') return { r == nil, code }", SCRIPT_DONE,
        "[true,\"unavailable\"]");
    expect(world, "local r, code = sms.send('+15550100001', 'hi') return { r == nil, code }",
        SCRIPT_DONE, "[true,\"unavailable\"]");
}

static void has_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (!at)
        print_message("no line '%s' in:\n%s\n", line, text);
    assert_non_null(at);
    assert_true((at == text || at[-1] == '\n') && at[strlen(line)] == '\n');
}

/* The tenant of the repository: loads, answers for its number, and its prompt holds the facts. */
static void the_dental_practice_answers(void **state)
{
    struct world *world = *state;
    open_host(world, SOURCE_DIR "/scripts");
    assert_true(script_host_load(world->host) >= 1);
    struct agent *agent = agent_table_find_number(SLICE("+15550100002"));
    assert_non_null(agent);
    assert_string_equal(agent->tenant_id, "acme-dental");
    assert_int_equal(agent->tool_count, 8);
    send(world, SCRIPT_PROMPT, "acme-dental", NULL, NULL);
    struct script_result *result = answers_next(&world->answers);
    assert_int_equal(result->ending, SCRIPT_DONE);
    has_line(result->text, "Business: Acme Dental");
    has_line(result->text, "Hours: Monday 08:00-17:00");
    has_line(result->text, "Hours: Saturday 09:00-13:00");
    has_line(result->text, "Hours: Sunday closed");
    has_line(result->text, "Services: cleaning (30 min), checkup (30 min), filling (60 min)");
    has_line(result->text, "Caller number: +15550100001");
    static const char *const sections[] = {
        "# Profile", "# Policies", "# Capabilities", "# Safety", "# Style"};
    const char *at = result->text;
    for (size_t i = 0; i < 5; i++) {
        has_line(result->text, sections[i]);
        at = strstr(at, sections[i]);
        assert_non_null(at);
    }
    script_result_free(result);
    agent_release(agent);
    /* Answers that need no database. */
    static const struct {
        const char *arguments, *text;
    } asked[] = {
        {"{\"name\":\"Ann\",\"phone\":\"5550100001\",\"service\":\"braces\",\"start\":\"2099-01-"
         "05T10:00\"}",
            "{\"ok\":false,\"reason\":\"unknown_service\",\"services\":[\"cleaning\",\"checkup\","
            "\"filling\"]}"},
        {"{\"name\":\"Ann\",\"phone\":\"5550100001\",\"service\":\"Cleaning\",\"start\":\"2099-01-"
         "04T10:00\"}",
            "{\"hours\":\"Sunday closed\",\"next\":[],\"ok\":false,\"reason\":\"closed\"}"},
        {"{\"name\":\"Ann\",\"phone\":\"5550100001\",\"service\":\"filling\",\"start\":\"2099-01-"
         "03T12:30\"}",
            "{\"hours\":\"Saturday 09:00-13:00\",\"next\":[],\"ok\":false,\"reason\":\"closed\"}"},
        {"{\"name\":\"Ann\",\"phone\":\"5550100001\",\"service\":\"filling\",\"start\":\"2026-01-"
         "05T10:00\"}",
            "{\"next\":[],\"ok\":false,\"reason\":\"past\"}"},
        {"{\"name\":\"Ann\",\"phone\":\"5550100001\",\"service\":\"filling\",\"start\":\"Monday\"}",
            "{\"message\":\"a time looks like "
            "2026-11-28T10:00\",\"ok\":false,\"reason\":\"bad_time\"}"},
        {"{\"name\":\"Ann\",\"phone\":\"55\",\"service\":\"filling\",\"start\":\"2099-01-05T10:"
         "00\"}",
            "{\"message\":\"that is not a whole phone "
            "number\",\"ok\":false,\"reason\":\"bad_phone\"}"},
        {"{\"name\":\"Ann\",\"phone\":\"555-010-0001\",\"service\":\"filling\",\"start\":\"2099-01-"
         "05T10:00\"}",
            "{\"message\":\"the appointment could not be "
            "saved\",\"ok\":false,\"reason\":\"not_saved\"}"},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        send(world, SCRIPT_TOOL, "acme-dental", "book_appointment", asked[i].arguments);
        result = answers_next(&world->answers);
        assert_string_equal(result->text, asked[i].text);
        script_result_free(result);
    }
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(http_asks_and_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_tool_cannot_act, setup, teardown),
        cmocka_unit_test_setup_teardown(http_ends_with_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_are_acted_on, setup, teardown),
        cmocka_unit_test_setup_teardown(in_texts_there_is_no_line, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_are_recorded_as_the_business_wants, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_are_given_sounds, setup, teardown),
        cmocka_unit_test_setup_teardown(callers_are_not_transferred_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(asking_has_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(http_stays_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(the_dental_practice_answers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Secrets go into headers of hosts that the tenant lists, and nowhere else: each test tries to get the value out. */
#include "unit/bindings/tool_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/log.h"

#define VALUE "v4lue-of-the-token"
#define LISTED "http = { allow = { '127.0.0.1' } },"

struct secrets_story {
    struct tool_story tool;
    char path[128];
    int log; /* what the process logs goes here */
    char log_path[128];
};

static void write_secret(const struct secrets_story *story, const char *tenant, const char *name,
    const char *value, mode_t mode)
{
    char file[256], path[320];
    snprintf(file, sizeof file, "secrets/%s/%s", tenant, name);
    folder_write(&story->tool.folder, file, value);
    snprintf(path, sizeof path, "%s/%s", story->tool.folder.path, file);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    struct secrets_story *story = calloc(1, sizeof *story);
    tool_story_prepare(&story->tool);
    snprintf(story->path, sizeof story->path, "%s/secrets", story->tool.folder.path);
    snprintf(story->log_path, sizeof story->log_path, "%s/log", story->tool.folder.path);
    story->log = open(story->log_path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    log_start(story->log, LOG_DEBUG, NULL, NULL);
    write_secret(story, "acme", "token", VALUE "\n", 0600);
    tool_story_begin(&story->tool,
        (struct bindings_options){.allow_private_http = true, .secrets_path = story->path});
    story->tool.fields = LISTED;
    *state = story;
    return 0;
}

/* Whatever the test did, nothing of the value is in the log. */
static int teardown(void **state)
{
    struct secrets_story *story = *state;
    static char text[1 << 20];
    log_flush();
    log_stop();
    ssize_t len = pread(story->log, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = 0;
    bool is_clean = !strstr(text, VALUE);
    close(story->log);
    tool_story_end(&story->tool);
    free(story);
    assert_true(is_clean);
    return 0;
}

static void gives(struct secrets_story *story, const char *body, const char *text)
{
    tool_story_gives(&story->tool, "acme", body, text);
}

static void it_arrives_where_it_should(void **state)
{
    struct secrets_story *story = *state;
    gives(story,
        "return http.get(base .. '/x', { headers = { Authorization = secret.get('token') } "
        "}):json().auth",
        "\"" VALUE "\"");
    gives(story,
        "return http.get(base .. '/x', { headers = { Authorization = secret.get('token'):bearer() "
        "} }):json().auth",
        "\"Bearer " VALUE "\"");
    gives(story,
        "return http.request({ url = base .. '/x', headers = { authorization = "
        "secret.get('token'):basic('me') } }):json().auth",
        "\"Basic bWU6djRsdWUtb2YtdGhlLXRva2Vu\"");
    /* A file that is replaced counts at once. */
    write_secret(story, "acme", "token", "rotated", 0640);
    gives(story,
        "return http.post(base .. '/x', {}, { headers = { Authorization = "
        "secret.get('token'):bearer() } }):json().auth",
        "\"Bearer rotated\"");
}

static void it_prints_as_its_name(void **state)
{
    gives(*state,
        "local s = secret.get('token') return { tostring(s), tostring(s:bearer()), "
        "('%s'):format(s:basic('me')), type(s) }",
        "[\"secret token\",\"secret token\",\"secret token\",\"userdata\"]");
    gives(*state,
        "return { getmetatable(secret.get('token')), secret.get('token') == '" VALUE
        "', secret.get('token') == secret.get('token') }",
        "[false,false,false]");
    gives(*state,
        "log.info(tostring(secret.get('token'):bearer())) return pcall(log.info, "
        "secret.get('token'))",
        "false");
}

/* Each way out is an error, and the error says nothing of the value. */
static void nothing_takes_it(void **state)
{
    static const char *const ways[] = {
        "return s .. ''",
        "return '' .. s",
        "return #s",
        "return s + 1",
        "return s < s",
        "return #s.value",
        "s.value = 1",
        "return s()",
        "return ('x'):rep(s)",
        "return string.byte(s)",
        "return table.concat({ s })",
        "return ('x'):gsub('x', s)",
        "return ('x'):gsub('x', { x = s })",
        "return rawget(s, 1)",
        "return next(s)",
        "for k in pairs(s) do return k end",
        "return setmetatable(s, {})",
        "return unpack(s)",
        "return ('%d'):format(s)",
        "return assert(false, s)",
        "error(s)",
        "error(s, 2)",
        "error({ s })",
        "return tonumber(s) .. ''",
        "return assert(json.encode({ s }))",
        "return s:basic('a:b')",
        "return s:basic(s)",
        "return s.bearer({})",
        "return s.bearer()",
        "return sms.send('+15550100001', s)",
        "return sms.send(s, 'x')",
        "return assert(kv.set('k', s))",
        "return assert(kv.set(s, 1))",
        "return assert(db.query('select $1', s))",
        "return assert(db.query(s))",
        "return call:say(s)",
        "return call:transfer(s)",
        "return http.get(s)",
        "return http.get(base .. '/x', { headers = s })",
        "return http.get(base .. '/x', { headers = { [s] = 'x' } })",
        "return http.get(base .. '/x', { timeout_ms = s })",
        "return http.post(base .. '/x', s)",
        "return http.post(base .. '/x', { s })",
        "return http.request({ url = base .. '/x', body = s })",
        "return http.request({ url = base .. '/x', json = s })",
        "return http.request({ url = base .. '/x', method = s })",
        "return time.at(s)",
        "return log.warn(s)",
        "return secret.get(s)",
    };
    struct secrets_story *story = *state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char body[512];
        snprintf(body, sizeof body,
            "local s = secret.get('token'):bearer()\n"
            "local ok, why = pcall(function() %s end)\n"
            "return { ok, tostring(why):find('" VALUE "', 1, true) == nil }",
            ways[i]);
        gives(story, body, "[false,true]");
    }
    assert_int_equal(story->tool.asked, 0);
}

static void it_is_in_no_state_and_no_answer(void **state)
{
    struct secrets_story *story = *state;
    gives(story, "call.state.s = secret.get('token') return 'kept?'", "\"kept?\"");
    gives(story, "return { secret.get('token') }", "{\"error\":\"error\"}");
    gives(story, "return secret.get('token'):bearer()", "{\"error\":\"error\"}");
    gives(story, "error(secret.get('token'))", "{\"error\":\"error\"}");
    gives(story, "return nil, 'code', secret.get('token')", "{\"ok\":false,\"reason\":\"code\"}");
}

static void it_goes_to_listed_hosts_only(void **state)
{
    struct secrets_story *story = *state;
    const char *ask =
        "local answer, code, why = http.get('http://localhost:' .. port .. '/x', { headers = { "
        "Authorization = secret.get('token'):bearer() } }) return { answer == nil, code, why }";
    story->tool.fields = "http = { allow = { '127.0.0.1', '*.localhost.example' } },";
    gives(story, ask, "[true,\"refused\",\"localhost is not in http.allow of agent.lua\"]");
    story->tool.fields = "";
    gives(story, ask,
        "[true,\"refused\",\"a secret goes only to hosts in http.allow of agent.lua, and localhost "
        "is not\"]");
    story->tool.fields = LISTED;
    gives(story,
        "local codes = {} for _, url in ipairs({ 'http://127.0.0.1@localhost:' .. port .. '/x', "
        "'http://localhost:' .. port .. '/127.0.0.1', "
        "'http://localhost:' .. port .. '#127.0.0.1', 'http://127.0.0.1.localhost:' .. port, "
        "'ftp://127.0.0.1/', 'http://127.0.0.1\\\\@localhost/' }) do\n"
        "  local answer, code = http.get(url, { headers = { Authorization = secret.get('token') } "
        "}) codes[#codes + 1] = answer and 'answered' or code\n"
        "end return table.concat(codes, ' ')",
        "\"bad refused refused refused bad bad\"");
    assert_int_equal(story->tool.asked, 0);
    /* A redirect is an answer: nobody follows it to another host. */
    gives(story,
        "return http.get(base .. '/moved', { headers = { Authorization = secret.get('token') } "
        "}).status",
        "302");
    assert_int_equal(story->tool.asked, 1);
}

/* In production a secret is not sent in the clear. */
static void it_needs_tls(void **state)
{
    struct secrets_story *story = *state;
    tool_story_end_scripts(&story->tool);
    tool_story_begin(&story->tool, (struct bindings_options){.secrets_path = story->path});
    gives(story,
        "local answer, code, why = http.get(base .. '/x', { headers = { Authorization = "
        "secret.get('token') } }) return { code, why }",
        "[\"refused\",\"a secret goes only to https, and 127.0.0.1 is asked by http\"]");
}

static void files_are_looked_at(void **state)
{
    static const char ask[] = "local answer, code, why = http.get(base .. '/x', { headers = { "
                              "Authorization = secret.get('%s') } }) return { code, why }";
    struct secrets_story *story = *state;
    char long_value[5001];
    memset(long_value, 'x', 5000);
    long_value[5000] = 0;
    write_secret(story, "acme", "open", VALUE, 0604);
    write_secret(story, "acme", "empty", "\n", 0600);
    write_secret(story, "acme", "lines", VALUE "\nX-Header: y", 0600);
    write_secret(story, "acme", "long", long_value, 0600);
    write_secret(story, "other", "theirs", VALUE, 0600);
    static const struct {
        const char *name, *text;
    } files[] = {
        {"none", "[\"not_found\",\"secret none is not there\"]"},
        {"theirs", "[\"not_found\",\"secret theirs is not there\"]"},
        {"open", "[\"refused\",\"secret open can be read by everybody on its machine (chmod o= the "
                 "file)\"]"},
        {"empty", "[\"bad\",\"secret empty must be one line of 1 to 4096 bytes\"]"},
        {"lines", "[\"bad\",\"secret lines must be one line of 1 to 4096 bytes\"]"},
        {"long", "[\"bad\",\"secret long must be one line of 1 to 4096 bytes\"]"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char body[256];
        snprintf(body, sizeof body, ask, files[i].name);
        gives(story, body, files[i].text);
    }
    gives(story,
        "return { pcall(secret.get, '../other/theirs') and 1 or 0, pcall(secret.get, '') and 1 or "
        "0, pcall(secret.get, 'A') and 1 or 0, "
        "pcall(secret.get, 'a\\0b') and 1 or 0, pcall(secret.get, ('a'):rep(64)) and 1 or 0 }",
        "[0,0,0,0,0]");
    assert_int_equal(story->tool.asked, 0);
}

/* What a tenant's own providers are asked with is not a script's to send anywhere. */
static void keys_of_providers_are_no_secrets_of_scripts(void **state)
{
    struct secrets_story *story = *state;
    write_secret(story, "acme", "provider_openai", VALUE, 0600);
    gives(story, "return select(2, pcall(secret.get, 'provider_openai'))",
        "\"bad argument #1 to '?' (names that begin with provider_ are the keys of providers, "
        "which scripts never hold)\"");
    assert_int_equal(story->tool.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_arrives_where_it_should, setup, teardown),
        cmocka_unit_test_setup_teardown(it_prints_as_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_takes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_in_no_state_and_no_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(it_goes_to_listed_hosts_only, setup, teardown),
        cmocka_unit_test_setup_teardown(it_needs_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(
            keys_of_providers_are_no_secrets_of_scripts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

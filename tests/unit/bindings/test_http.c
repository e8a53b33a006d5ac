/* http.get, http.post, http.request: helpers, where requests may go, and how many of them. */
#include "unit/bindings/tool_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bindings/allowance.h"
#include "observe/log.h"

static int setup(void **state)
{
    struct tool_story *story = calloc(1, sizeof *story);
    tool_story_begin(story, (struct bindings_options){.allow_private_http = true});
    *state = story;
    return 0;
}

static int teardown(void **state)
{
    tool_story_end(*state);
    free(*state);
    return 0;
}

static void gives(struct tool_story *story, const char *body, const char *text)
{
    tool_story_gives(story, "acme", body, text);
}

static void json_goes_and_comes(void **state)
{
    struct tool_story *story = *state;
    gives(story,
        "local a = http.get(base .. '/x', { headers = { Authorization = 'k' } }) return { "
        "a.status, a:json().method, a:json().auth }",
        "[200,\"GET\",\"k\"]");
    gives(story,
        "local a = http.post(base .. '/x', { b = { 1, 2 }, a = 'é' }):json() return { a.method, "
        "a.type, a.got }",
        "[\"POST\",\"application/json\",\"{\\\"a\\\":\\\"é\\\",\\\"b\\\":[1,2]}\"]");
    gives(story, "return http.post(base .. '/x', 'plain words'):json().got", "\"plain words\"");
    gives(story,
        "return http.post(base .. '/x', { 1 }, { headers = { ['content-TYPE'] = "
        "'application/ld+json' } }):json().type",
        "\"application/ld+json\"");
    gives(story,
        "return http.request({ url = base .. '/x', method = 'PUT', json = { x = json.null } "
        "}):json().got",
        "\"{\\\"x\\\":null}\"");
    gives(story,
        "return http.request({ url = base .. '/x', method = 'POST', json = 'a text' }):json().got",
        "\"\\\"a text\\\"\"");
    gives(story, "local none, code = http.get(base .. '/big'):json() return { none == nil, code }",
        "[true,\"bad_json\"]");
    gives(story,
        "local a = http.get(base .. '/x') return { getmetatable(a), pcall(a.json, {}) and 1 or 0 }",
        "[false,0]");
    /* An answer is still plain data. */
    gives(story, "local a = http.get(base .. '/x') a.body = nil return a",
        "{\"content_type\":\"application/json\",\"status\":200}");
}

static void arguments_are_checked(void **state)
{
    static const char *const bad[][2] = {
        {"http.get()", "bad argument #1"},
        {"http.get(base, 'x')", "bad argument #2"},
        {"http.post(base, { pairs })", "json: a function has no JSON form"},
        {"http.post(base, { ('x'):rep(300000) })", "json: more than 256 KiB"},
        {"http.request({ url = base, method = 'POST', json = 1, body = 'x' })",
            "json or body, not both"},
        {"http.get(base, { timeout_ms = 20000 })", "timeout_ms must be"},
        /* What would end the request elsewhere on a connection that others use next, or lead past http.allow. */
        {"http.get(base, { headers = { Host = 'other.example.com' } })", "header Host is not"},
        {"http.post(base, 'x', { headers = { ['content-LENGTH'] = '0' } })",
            "header content-LENGTH is not"},
        {"http.post(base, 'x', { headers = { ['Transfer-Encoding'] = 'chunked' } })",
            "header Transfer-Encoding is not"},
        {"http.get(base, { headers = { Connection = 'upgrade' } })", "header Connection is not"},
        {"http.get(base, { headers = { ['Proxy-Authorization'] = 'x' } })", "is not a script"},
        {"http.get(base, { headers = { ['Content-Length;'] = '0' } })", "is no header name"},
        {"http.get(base, { headers = { ['Content-Length\\t'] = '0' } })", "control characters"},
        {"http.get(base, { headers = { [''] = '0' } })", "is no header name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char body[512];
        snprintf(body, sizeof body,
            "local ok, why = pcall(function() %s end) return { ok, why:find('%s', 1, true) ~= nil "
            "or why }",
            bad[i][0], bad[i][1]);
        gives(*state, body, "[false,true]");
    }
}

static void only_listed_hosts_are_asked(void **state)
{
    struct tool_story *story = *state;
    const char *ask = "local codes = {} for _, host in ipairs({ '127.0.0.1', 'localhost', '127.1', "
                      "'LOCALHOST', '0x7f000001' }) do\n"
                      "  local answer, code, why = http.get('http://' .. host .. ':' .. port .. "
                      "'/x', { timeout_ms = 9000 })\n"
                      "  codes[#codes + 1] = answer and answer.status or code .. ': ' .. why\n"
                      "end return table.concat(codes, '; ')";
    story->fields = "http = { allow = { '127.0.0.1' } },";
    gives(story, ask,
        "\"200; refused: localhost is not in http.allow of agent.lua; refused: 127.1 is not in "
        "http.allow of agent.lua; "
        "refused: localhost is not in http.allow of agent.lua; refused: 0x7f000001 is not in "
        "http.allow of agent.lua\"");
    story->fields = "http = { allow = {} },";
    gives(story, "local answer, code = http.get(base .. '/x') return { answer == nil, code }",
        "[true,\"refused\"]");
    story->fields = "http = {},";
    gives(story, "return http.get(base .. '/x').status", "200");
    assert_int_equal(story->asked, 2);
}

/* One spelling of a host is on the list; what some other reader of the URL could take for it, or it for another, is not. */
static void a_list_is_not_talked_around(void **state)
{
    static const char *const places[][2] = {
        {"http://127.0.0.1.:%d/x", "refused"},
        {"http://user@127.0.0.1:%d/x", "bad"},
        {"http://127.0.0.1:%d@other.example.com/x", "bad"},
        {"http://127.0.0.1\\\\@other.example.com:%d/x", "bad"},
        {"http://127.0.0.1%%2e:%d/x", "bad"},
        {"http://127.0.0.1:%d:80/x", "bad"},
        {"http://[::ffff:127.0.0.1]:%d/x", "refused"},
        {"http://[::1]:%d/x", "refused"},
        {"http://b\\195\\188cher.example.com:%d/x", "bad"},
        {"http://example.com:%d/x", "refused"},
        {"http://.example.com:%d/x", "refused"},
        {"http://badexample.com:%d/x", "refused"},
        {"http://a.example.com.evil.test:%d/x", "refused"},
        {"ftp://127.0.0.1:%d/x", "bad"},
    };
    struct tool_story *story = *state;
    story->fields = "http = { allow = { '127.0.0.1', '*.example.com' } },";
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char body[512], text[64];
        snprintf(body, sizeof body,
            "local answer, code = http.get(('%s'):format(port)) return answer and answer.status or "
            "code",
            places[i][0]);
        snprintf(text, sizeof text, "\"%s\"", places[i][1]);
        gives(story, body, text);
    }
    assert_int_equal(story->asked, 0);
}

static void a_redirect_is_an_answer(void **state)
{
    struct tool_story *story = *state;
    story->fields = "http = { allow = { '127.0.0.1' } },";
    gives(story, "return http.get(base .. '/moved').status", "302");
    assert_int_equal(story->asked, 1);
}

/* Eight calls wait; the ninth is told so, another tenant is not, and room comes back. */
static void a_tenant_has_eight_requests_under_way(void **state)
{
    struct tool_story *story = *state;
    const char *body = "local answer, code, why = http.get(base .. '/hang', { timeout_ms = 10000 "
                       "}) return answer and answer.body or code .. ': ' .. why";
    tool_story_write(story, "acme", body);
    tool_story_write(story, "other", body);
    for (unsigned i = 0; i < ALLOWANCE_IN_FLIGHT; i++) {
        char call_id[8];
        snprintf(call_id, sizeof call_id, "a%u", i);
        tool_story_call(story, "acme", call_id);
    }
    tool_story_wait_for_held(story, ALLOWANCE_IN_FLIGHT);
    tool_story_call(story, "acme", "ninth");
    struct script_result *result = tool_story_answer(story);
    assert_string_equal(
        result->text, "\"limit: too many of this tenant's requests are under way\"");
    script_result_free(result);
    tool_story_call(story, "other", "b0");
    tool_story_wait_for_held(story, ALLOWANCE_IN_FLIGHT + 1);
    tool_story_hang_up(story, "acme", "a0"); /* what a call no longer waits for makes room */
    tool_story_wait_for_held(story, ALLOWANCE_IN_FLIGHT);
    tool_story_call(story, "acme", "ninth");
    tool_story_wait_for_held(story, ALLOWANCE_IN_FLIGHT + 1);
    tool_story_answer_held(story);
    for (unsigned i = 0; i < ALLOWANCE_IN_FLIGHT + 1; i++) {
        result = tool_story_answer(story);
        assert_string_equal(result->text, "\"late\"");
        script_result_free(result);
    }
}

/* Also in the middle of what calls back. */
static void it_waits_anywhere(void **state)
{
    static const struct {
        const char *body, *text;
    } places[] = {
        {"return (('x'):gsub('x', function() return http.get(base .. '/x'):json().method end))",
            "\"GET\""},
        {"local n = 0 table.sort({ 2, 1 }, function(a, b) n = n + http.get(base .. '/x').status "
         "return a < b end) return n",
            "400"},
        {"local t = setmetatable({}, { __index = function() return http.get(base .. '/x').status "
         "end }) return t.x",
            "200"},
        {"for answer in function() return http.get(base .. '/x') end do return answer.status end",
            "200"},
        {"local ok, answer = pcall(http.get, base .. '/x') return answer.status", "200"},
    };
    struct tool_story *story = *state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        gives(story, places[i].body, places[i].text);
    assert_int_equal(story->asked, 6);
}

static void a_run_receives_a_mebibyte(void **state)
{
    gives(*state,
        "local n, answer, code, why = 0 repeat answer, code, why = http.get(base .. '/big') n = n "
        "+ (answer and 1 or 0) until not answer\n"
        "local small = http.get(base .. '/x') return { n, code, why, small.status }",
        "[5,\"limit\",\"a run may receive 1 MiB in all, and this answer passes it\",200]");
}

static void a_minute_has_its_share(void **state)
{
    struct allowances allowances = {0};
    const char *why;
    for (unsigned i = 0; i < ALLOWANCE_SMS_A_MINUTE; i++) {
        struct allowance *allowance =
            allowance_take(&allowances, "acme", ALLOWANCE_SMS, 59999, &why);
        assert_non_null(allowance);
        allowance_give_back(allowance);
    }
    assert_null(allowance_take(&allowances, "acme", ALLOWANCE_SMS, 59999, &why));
    assert_string_equal(why, "too many of this tenant's requests in this minute");
    static const struct {
        const char *tenant;
        enum allowance_kind kind;
        uint64_t now_ms;
    } others[] = {{"other", ALLOWANCE_SMS, 59999}, {"acme", ALLOWANCE_HTTP, 59999},
        {"acme", ALLOWANCE_SMS, 60000}};
    for (size_t i = 0; i < 3; i++) {
        struct allowance *allowance =
            allowance_take(&allowances, others[i].tenant, others[i].kind, others[i].now_ms, &why);
        assert_non_null(allowance);
        allowance_give_back(allowance);
    }
    allowances_clear(&allowances);
}

/* However many tenants there are. */
static void a_thread_has_an_end(void **state)
{
    struct allowances allowances = {0};
    struct allowance *taken[ALLOWANCE_IN_FLIGHT_THREAD];
    const char *why;
    char tenant[16];
    for (unsigned i = 0; i < ALLOWANCE_IN_FLIGHT_THREAD; i++) {
        snprintf(tenant, sizeof tenant, "t%u", i / ALLOWANCE_IN_FLIGHT);
        taken[i] = allowance_take(&allowances, tenant, ALLOWANCE_HTTP, 1, &why);
        assert_non_null(taken[i]);
    }
    assert_null(allowance_take(&allowances, "another", ALLOWANCE_HTTP, 1, &why));
    assert_string_equal(why, "too many requests are under way");
    allowance_give_back(taken[0]);
    taken[0] = allowance_take(&allowances, "another", ALLOWANCE_HTTP, 1, &why);
    assert_non_null(taken[0]);
    allowances_clear(&allowances);
}

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_goes_and_comes, setup, teardown),
        cmocka_unit_test_setup_teardown(arguments_are_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(only_listed_hosts_are_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(a_list_is_not_talked_around, setup, teardown),
        cmocka_unit_test_setup_teardown(a_redirect_is_an_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenant_has_eight_requests_under_way, setup, teardown),
        cmocka_unit_test_setup_teardown(it_waits_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(a_run_receives_a_mebibyte, setup, teardown),
        cmocka_unit_test(a_minute_has_its_share),
        cmocka_unit_test(a_thread_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

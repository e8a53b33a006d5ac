#include "unit/bindings/tool_story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/agent_table.h"

#define BIG_BYTES (200u << 10)

/* ---- the outside ---- */

static void answer_big(struct exchange *exchange)
{
    char *big = malloc(BIG_BYTES);
    memset(big, 'x', BIG_BYTES);
    exchange_answer(exchange, 200, "text/plain", (struct slice){big, BIG_BYTES});
    free(big);
}

static void on_request(void *owner, struct exchange *exchange, const struct http_request *request)
{
    struct tool_story *story = owner;
    struct strbuf body;
    story->asked++;
    if (slice_is(request->path, "/hang")) {
        assert_true(story->held_count < TOOL_STORY_HELD_MAX);
        story->held[story->held_count++] = exchange;
        net_loop_stop(story->loop);
        return;
    }
    if (slice_is(request->path, "/big")) {
        answer_big(exchange);
        return;
    }
    if (slice_is(request->path, "/moved")) {
        char place[64];
        snprintf(place, sizeof place, "http://localhost:%d/x", server_port(story->server));
        exchange_set_header(exchange, "Location", place);
        exchange_answer(exchange, 302, "text/plain", SLICE(""));
        return;
    }
    strbuf_init(&body, 65536);
    strbuf_add_text(&body, "{\"method\":");
    strbuf_add_json(&body, request->method);
    strbuf_add_text(&body, ",\"auth\":");
    strbuf_add_json(&body, request->authorization);
    strbuf_add_text(&body, ",\"type\":");
    strbuf_add_json(&body, request->content_type);
    strbuf_add_text(&body, ",\"got\":");
    strbuf_add_json(&body, request->body);
    strbuf_add_text(&body, "}");
    exchange_answer(exchange, 200, "application/json", strbuf_slice(&body));
    strbuf_free(&body);
}

static void on_cancelled(void *owner, struct exchange *exchange)
{
    struct tool_story *story = owner;
    for (unsigned i = 0; i < story->held_count; i++)
        if (story->held[i] == exchange)
            story->held[i] = story->held[--story->held_count];
    net_loop_stop(story->loop);
}

/* ---- life ---- */

void tool_story_prepare(struct tool_story *story)
{
    static const struct server_handlers handlers = {
        .on_request = on_request, .on_cancelled = on_cancelled};
    struct server_options server = {.listen = "127.0.0.1:0",
        .max_body_bytes = 1u << 20,
        .max_message_bytes = 1024,
        .max_queue_bytes = 1024,
        .request_timeout_ms = 20000,
        .max_connections = 200};
    char why[200];
    folder_make(&story->folder);
    assert_int_equal(net_loop_create(&story->loop, "test", NULL), ERR_OK);
    assert_int_equal(
        server_start(&story->server, story->loop, &server, &handlers, story, why), ERR_OK);
    answers_open(&story->answers, story->loop);
    story->fields = "";
}

void tool_story_begin(struct tool_story *story, struct bindings_options options)
{
    if (!story->loop)
        tool_story_prepare(story);
    options.loop = story->loop;
    assert_int_equal(bindings_create(&story->bindings, &options), ERR_OK);
    struct script_host_options host = {
        .scripts_path = story->folder.path, .lua_library = bindings_library(story->bindings)};
    assert_int_equal(script_host_create(&story->host, story->loop, &host), ERR_OK);
}

void tool_story_end_scripts(struct tool_story *story)
{
    script_host_destroy(story->host);
    bindings_destroy(story->bindings);
    story->host = NULL;
}

void tool_story_end(struct tool_story *story)
{
    if (story->host)
        tool_story_end_scripts(story);
    server_destroy(story->server);
    agent_table_clear();
    answers_close(&story->answers);
    net_loop_destroy(story->loop);
    folder_remove(&story->folder);
}

/* ---- scripts ---- */

void tool_story_write(struct tool_story *story, const char *tenant, const char *body)
{
    char name[128];
    struct strbuf agent;
    strbuf_init(&agent, 65536);
    int port = server_port(story->server);
    strbuf_printf(&agent, "local port, base = %d, 'http://127.0.0.1:%d'\n", port, port);
    strbuf_printf(&agent, "return { name = 'A', %s tools = { { name = 't', description = 'd',\n",
        story->fields);
    strbuf_add_text(&agent,
        "timeout_ms = 9000, parameters = { type = 'object', properties = {} },\n"
        "run = function(call, args)\n");
    strbuf_add_text(&agent, body);
    strbuf_add_text(&agent, "\nend } }, prompt = function(call) return 'p' end }");
    snprintf(name, sizeof name, "tenants/%s/agent.lua", tenant);
    folder_write(&story->folder, name, agent.data);
    strbuf_free(&agent);
    assert_true(script_host_load(story->host) >= 1);
}

static void send(
    struct tool_story *story, enum script_job_kind kind, const char *tenant, const char *call_id)
{
    struct script_job *job = script_job_make(kind);
    job->reply = &story->answers.box;
    job->call_key = 7;
    job->turn = 1;
    slice_copy(slice_from(call_id), job->facts.call_id, sizeof job->facts.call_id);
    slice_copy(slice_from(tenant), job->facts.tenant_id, sizeof job->facts.tenant_id);
    slice_copy(SLICE("+15550100002"), job->facts.called, sizeof job->facts.called);
    job->tool_name = kind == SCRIPT_TOOL ? slice_dup(SLICE("t")) : NULL;
    job->arguments = kind == SCRIPT_TOOL ? slice_dup(SLICE("{}")) : NULL;
    assert_int_equal(script_host_send(story->host, job), ERR_OK);
}

void tool_story_call(struct tool_story *story, const char *tenant, const char *call_id)
{
    send(story, SCRIPT_TOOL, tenant, call_id);
}

void tool_story_hang_up(struct tool_story *story, const char *tenant, const char *call_id)
{
    send(story, SCRIPT_CALL_END, tenant, call_id);
}

static void run_until(struct tool_story *story, uint64_t end_ms)
{
    net_timer_set(story->answers.timer, end_ms);
    net_loop_run(story->loop);
    net_timer_clear(story->answers.timer);
}

struct script_result *tool_story_answer(struct tool_story *story)
{
    return answers_next(&story->answers);
}

void tool_story_answer_held(struct tool_story *story)
{
    while (story->held_count)
        exchange_answer(story->held[--story->held_count], 200, "text/plain", SLICE("late"));
}

void tool_story_wait_for_held(struct tool_story *story, unsigned count)
{
    uint64_t end_ms = clock_ms() + 20000;
    while (story->held_count != count && clock_ms() < end_ms)
        run_until(story, end_ms);
    assert_int_equal(story->held_count, count);
}

void tool_story_gives(
    struct tool_story *story, const char *tenant, const char *body, const char *text)
{
    tool_story_write(story, tenant, body);
    tool_story_call(story, tenant, "c1");
    struct script_result *result = tool_story_answer(story);
    if (!result->text || strcmp(result->text, text) != 0)
        print_message("%s\n→ %s %s %s\n", body, script_ending_name(result->ending), result->text,
            result->why ? result->why : "");
    assert_string_equal(result->text, text);
    script_result_free(result);
    tool_story_hang_up(story, tenant, "c1");
}

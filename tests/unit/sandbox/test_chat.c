/* Chat completions: what is refused, and the stream's shape for text, tool calls and limits. */
#include "unit/sandbox/cmocka_head.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "openai/chat_chunks.h"
#include "openai/chat_request.h"

#define ASK(fields) "{\"model\":\"gpt-4o-mini\"," fields "}"
#define USER "{\"role\":\"user\",\"content\":\"hi\"}"
#define CALL(id)                                                                                   \
    "{\"id\":\"" id                                                                                \
    "\",\"type\":\"function\",\"function\":{\"name\":\"book\",\"arguments\":\"{}\"}}"
#define TOOL(fields) "\"tools\":[{\"type\":\"function\",\"function\":{" fields "}}]"

static const struct {
    const char *body;
    int status;
    const char *param; /* NULL: accepted */
} requests[] = {
    {ASK("\"messages\":[" USER "]"), 0, NULL},
    {ASK("\"messages\":[" USER ",{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" CALL(
         "a") "," CALL("b") "]},{\"role\":\"tool\",\"tool_call_id\":\"b\",\"content\":\"1\"},"
                            "{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"2\"}," USER
                            "]"),
        0, NULL},
    {ASK("\"messages\":[" USER "]," TOOL("\"name\":\"a\",\"parameters\":{\"type\":\"object\"}")), 0,
        NULL},
    {"[]", 400, ""},
    {"{\"messages\":[" USER "]}", 400, "model"},
    {"{\"model\":\"llama\",\"messages\":[" USER "]}", 404, ""},
    {"{\"model\":\"gpt-5-mini\",\"max_tokens\":9,\"messages\":[" USER "]}", 400, "max_tokens"},
    {ASK("\"messages\":[]"), 400, "messages"},
    {ASK("\"mesages\":[" USER "]"), 400, "mesages"},
    {ASK("\"messages\":[{\"role\":\"robot\",\"content\":\"x\"}]"), 400, "messages.[0]"},
    {ASK("\"messages\":[{\"role\":\"user\"}]"), 400, "messages.[0]"},
    {ASK("\"messages\":[{\"role\":\"assistant\",\"content\":null}]"), 400, "messages.[0]"},
    {ASK("\"messages\":[{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"x\"}]"), 400,
        "messages.[0].role"},
    {ASK("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[" CALL("a") "]}," USER "]"), 400,
        "messages.[1].role"},
    {ASK("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[" CALL("a") "]}]"), 400,
        "messages"},
    {ASK("\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[" CALL(
         "a") "]},{\"role\":\"tool\",\"tool_call_id\":\"a\",\"content\":\"1\"},{\"role\":\"tool\","
              "\"tool_call_id\":\"a\",\"content\":\"1\"}]"),
        400, "messages.[2].role"},
    {ASK("\"temperature\":3,\"messages\":[" USER "]"), 400, "temperature"},
    {ASK("\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"messages\":[" USER "]"), 400, "stop"},
    {ASK("\"stream_options\":{},\"messages\":[" USER "]"), 400, "stream_options"},
    {ASK("\"tool_choice\":\"auto\",\"messages\":[" USER "]"), 400, "tool_choice"},
    {ASK("\"parallel_tool_calls\":true,\"messages\":[" USER "]"), 400, "parallel_tool_calls"},
    {ASK("\"tools\":[],\"messages\":[" USER "]"), 400, "tools"},
    {ASK("\"messages\":[" USER "]," TOOL("\"name\":\"a b\"")), 400, "tools[0].function"},
    {ASK("\"messages\":[" USER "]," TOOL("\"name\":\"a\",\"parameters\":{\"type\":\"array\"}")),
        400, "tools[0].function"},
    {ASK("\"messages\":[" USER "]," TOOL("\"name\":\"a\",\"strict\":true,\"parameters\":{\"type\":"
                                         "\"object\",\"properties\":{\"x\":{}}}")),
        400, "tools[0].function"},
    {ASK("\"messages\":[" USER "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":"
         "\"b\"}}," TOOL("\"name\":\"a\"")),
        400, "tool_choice"},
};

static void requests_are_held_to_the_letter(void **state)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct api_error error = {0};
        struct chat_request request;
        json_t *body = json_loads(requests[i].body, 0, NULL);
        assert_non_null(body);
        enum err err = chat_request_read(&request, body, &error);
        if (err != (requests[i].param ? ERR_BAD : ERR_OK))
            fail_msg("%s: %s", requests[i].body, error.message);
        if (err) {
            assert_int_equal(error.status, requests[i].status);
            assert_string_equal(error.param, requests[i].param);
        }
        json_decref(body);
    }
}

/* What a client makes of a stream. */
struct reader {
    struct strbuf text;
    struct strbuf arguments[4];
    char names[4][32];
    char finish[32];
    json_int_t completion_tokens;
    unsigned tokens;
    bool is_done;
};

static void read_delta(struct reader *reader, const json_t *delta)
{
    const char *content = json_string_value(json_object_get(delta, "content"));
    strbuf_add_text(&reader->text, content ? content : "");
    size_t i;
    json_t *call;
    json_array_foreach(json_object_get(delta, "tool_calls"), i, call)
    {
        json_int_t index = json_integer_value(json_object_get(call, "index"));
        assert_in_range(index, 0, 3);
        const json_t *function = json_object_get(call, "function");
        const char *name = json_string_value(json_object_get(function, "name"));
        if (name) {
            assert_string_equal(reader->names[index], ""); /* the first fragment only */
            assert_non_null(json_string_value(json_object_get(call, "id")));
            snprintf(reader->names[index], sizeof reader->names[index], "%s", name);
        }
        strbuf_add_text(
            &reader->arguments[index], json_string_value(json_object_get(function, "arguments")));
    }
}

static void on_event(void *owner, struct slice event, bool is_token)
{
    struct reader *reader = owner;
    assert_false(reader->is_done);
    assert_true(slice_starts(event, "data: "));
    assert_memory_equal(event.data + event.len - 2, "\n\n", 2);
    reader->tokens += is_token;
    if (slice_is(event, "data: [DONE]\n\n")) {
        reader->is_done = true;
        return;
    }
    json_t *chunk = json_loadb(event.data + 6, event.len - 8, 0, NULL);
    assert_non_null(chunk);
    const json_t *choice = json_array_get(json_object_get(chunk, "choices"), 0);
    read_delta(reader, json_object_get(choice, "delta"));
    const char *finish = json_string_value(json_object_get(choice, "finish_reason"));
    if (finish)
        snprintf(reader->finish, sizeof reader->finish, "%s", finish);
    json_t *usage = json_object_get(chunk, "usage");
    if (json_is_object(usage))
        reader->completion_tokens = json_integer_value(json_object_get(usage, "completion_tokens"));
    json_decref(chunk);
}

static void stream(struct reader *reader, const char *fields, const char *text, const char *calls)
{
    struct api_error error;
    struct chat_request request;
    char body_text[512];
    snprintf(body_text, sizeof body_text, "{\"model\":\"gpt-4o-mini\",\"messages\":[" USER "]%s}",
        fields);
    json_t *body = json_loads(body_text, 0, NULL);
    json_t *tool_calls = calls ? json_loads(calls, 0, NULL) : NULL;
    *reader = (struct reader){0};
    strbuf_init(&reader->text, 65536);
    for (int i = 0; i < 4; i++)
        strbuf_init(&reader->arguments[i], 65536);
    assert_int_equal(chat_request_read(&request, body, &error), ERR_OK);
    struct chat_answer answer = {.id = "c", .text = text, .tool_calls = tool_calls};
    assert_int_equal(chat_stream(&request, &answer, on_event, reader), ERR_OK);
    assert_true(reader->is_done);
    json_decref(tool_calls);
    json_decref(body);
}

static void reader_free(struct reader *reader)
{
    strbuf_free(&reader->text);
    for (int i = 0; i < 4; i++)
        strbuf_free(&reader->arguments[i]);
}

static void text_comes_in_tokens_and_joins_to_itself(void **state)
{
    struct reader reader;
    const char *text = "Acht Gr\xc3\xbc\xc3\x9f"
                       "e, unbelievably long words  and two blanks.";
    stream(&reader, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}", text, NULL);
    assert_string_equal(reader.text.data, text);
    assert_string_equal(reader.finish, "stop");
    assert_int_equal(reader.completion_tokens, reader.tokens - 1); /* the first has only the role */
    assert_true(reader.tokens > 9);
    reader_free(&reader);
}

static void tool_calls_come_in_fragments(void **state)
{
    struct reader reader;
    stream(&reader, ",\"stream\":true", "One moment.",
        "[{\"name\":\"book\",\"arguments\":{\"at\":\"2026-12-01T15:00\"}},"
        "{\"name\":\"log\",\"arguments\":{}}]");
    assert_string_equal(reader.text.data, "One moment.");
    assert_string_equal(reader.names[0], "book");
    assert_string_equal(reader.arguments[0].data, "{\"at\":\"2026-12-01T15:00\"}");
    assert_string_equal(reader.names[1], "log");
    assert_string_equal(reader.arguments[1].data, "{}");
    assert_string_equal(reader.finish, "tool_calls");
    reader_free(&reader);
}

static void a_limit_cuts_the_reply(void **state)
{
    struct reader reader;
    stream(&reader, ",\"stream\":true,\"max_tokens\":2", "one two three", NULL);
    assert_string_equal(reader.text.data, "one two");
    assert_string_equal(reader.finish, "length");
    reader_free(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_held_to_the_letter),
        cmocka_unit_test(text_comes_in_tokens_and_joins_to_itself),
        cmocka_unit_test(tool_calls_come_in_fragments),
        cmocka_unit_test(a_limit_cuts_the_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

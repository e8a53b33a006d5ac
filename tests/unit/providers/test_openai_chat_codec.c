#include <stdio.h>
#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_chat_reply.h"

/* --- the request --- */

static void the_request_has_what_is_set(void **state)
{
    static const struct {
        struct llm_settings settings;
        const char *tools;
        const char *body;
    } rows[] = {
        {{.model = "m\"1", .temperature = -1}, "",
            "{\"model\":\"m\\\"1\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
            "\"include_obfuscation\":false},\"messages\":[1]}"},
        {{.model = "m", .temperature = 0.7, .max_tokens = 300}, "[{}]",
            "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
            "\"include_obfuscation\":false},\"max_completion_tokens\":300,\"temperature\":0.70,"
            "\"tools\":[{}],\"messages\":[1]}"},
        {{.model = "m", .temperature = 0}, " [ ] ",
            "{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true,"
            "\"include_obfuscation\":false},\"temperature\":0.00,\"messages\":[1]}"},
        {{.model = "m",
             .temperature = -1,
             .max_tokens = 5,
             .quirks = {.max_tokens_field = "max_tokens", .no_stream_options = true}},
            "", "{\"model\":\"m\",\"stream\":true,\"max_tokens\":5,\"messages\":[1]}"},
        {{.model = "m",
             .temperature = -1,
             .quirks = {.reasoning_effort = "low",
                 .no_stream_options = true,
                 .no_parallel_tool_calls = true}},
            "[{}]",
            "{\"model\":\"m\",\"stream\":true,\"reasoning_effort\":\"low\",\"parallel_tool_calls\":"
            "false,\"tools\":[{}],\"messages\":[1]}"},
        {{.model = "m",
             .temperature = -1,
             .quirks = {.no_stream_options = true, .no_parallel_tool_calls = true}},
            "", "{\"model\":\"m\",\"stream\":true,\"messages\":[1]}"},
        {{.model = "m",
             .temperature = -1,
             .quirks = {.no_stream_options = true, .strict_tools = true, .system_role = "system"}},
            "[{\"function\":{\"parameters\":{\"type\":\"object\",\"additionalProperties\":false}}}"
            "]",
            "{\"model\":\"m\",\"stream\":true,\"parallel_tool_calls\":false,\"tools\":[{"
            "\"function\":"
            "{\"parameters\":{\"type\":\"object\",\"additionalProperties\":false},\"strict\":true}}"
            "],"
            "\"messages\":[1]}"},
        {{.model = "m",
             .temperature = -1,
             .quirks = {.no_stream_options = true, .system_role = "developer"}},
            "", "{\"model\":\"m\",\"stream\":true,\"messages\":[1]}"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 10000);
        assert_int_equal(
            chat_request(&out, &rows[i].settings, SLICE("[1]"), slice_from(rows[i].tools)), ERR_OK);
        assert_string_equal(out.data, rows[i].body);
        strbuf_free(&out);
    }
}

static void a_request_over_the_limit_is_refused(void **state)
{
    struct llm_settings settings = {.model = "m"};
    struct strbuf out;
    strbuf_init(&out, 100);
    assert_int_equal(chat_request(&out, &settings, SLICE("[1]"), SLICE("")), ERR_FULL);
    strbuf_free(&out);
}

/* --- the reply --- */

/* What a stream comes to: "text|name(arguments)#id…|finish", or "!error why". */
static void outcome(const char *const *chunks, struct strbuf *out)
{
    struct chat_reply reply;
    const char *why = "";
    enum err err = ERR_OK;
    chat_reply_init(&reply);
    for (; *chunks && !err; chunks++) {
        err = chat_reply_take(&reply, slice_from(*chunks));
        strbuf_add_slice(out, strbuf_slice(&reply.text));
    }
    if (err) {
        strbuf_printf(out, "!%s %s", err_name(err), reply.code);
        chat_reply_free(&reply);
        return;
    }
    err = chat_reply_finish(&reply, &why);
    strbuf_add_slice(out, strbuf_slice(&reply.text));
    for (size_t i = 0; i < reply.call_count && !err; i++)
        strbuf_printf(out, "|%s(%s)#%s", reply.calls[i].name.data, reply.calls[i].arguments.data,
            reply.calls[i].id.data);
    if (err)
        strbuf_printf(out, "!%s %s", err_name(err), why);
    if (reply.usage.prompt_tokens)
        strbuf_printf(out, "|%u+%u", reply.usage.prompt_tokens, reply.usage.completion_tokens);
    if (reply.usage.cached_tokens)
        strbuf_printf(out, " %u cached", reply.usage.cached_tokens);
    chat_reply_free(&reply);
}

#define DELTA(json) "{\"choices\":[{\"index\":0,\"delta\":" json ",\"finish_reason\":null}]}"
#define FINISH(reason) "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}"
#define TEXT(text) DELTA("{\"content\":\"" text "\"}")
#define CALLS(json) DELTA("{\"tool_calls\":[" json "]}")
#define CUT "!closed the stream was cut off"

static const struct {
    const char *name;
    const char *chunks[8];
    const char *outcome;
} replies[] = {
    {"as documented",
        {DELTA("{\"role\":\"assistant\",\"content\":\"\"}"), TEXT("Sure"), TEXT(", Tue."),
            FINISH("stop"),
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":2}}", "[DONE]"},
        "Sure, Tue.|40+2"},
    {"content null, then missing", {DELTA("{\"content\":null}"), DELTA("{}"), FINISH("stop")}, ""},
    {"extra fields",
        {"{\"x\":1,\"obfuscation\":\"abc\",\"timings\":{},\"choices\":[{\"delta\":{\"content\":"
         "\"a\","
         "\"reasoning\":\"hm\",\"reasoning_content\":\"hm\"},\"logprobs\":null}]}",
            FINISH("stop")},
        "a"},
    {"a preamble without choices",
        {"{}", "{\"choices\":[]}", "{\"choices\":null}", TEXT("a"), "[DONE]"}, "a"},
    {"usage in several chunks",
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":4,"
         "\"completion_tokens\":1}}",
            "{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}],\"usage\":"
            "{\"prompt_tokens\":4,\"completion_tokens\":2}}"},
        "ab|4+2"},
    {"usage with what was cached",
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1,"
         "\"prompt_tokens_details\":{\"cached_tokens\":3}}}",
            FINISH("stop")},
        "|4+1 3 cached"},
    {"a later usage that tells nothing",
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":1}}",
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":0}}", FINISH("stop")},
        "|4+1"},
    {"usage null in each but the last",
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}", FINISH("stop")}, "a"},
    {"usage that is no count",
        {"{\"choices\":[],\"usage\":{\"prompt_tokens\":-4,\"completion_tokens\":\"x\"}}",
            FINISH("stop")},
        ""},
    {"no [DONE]", {TEXT("a"), FINISH("stop")}, "a"},
    {"no finish_reason", {TEXT("a"), "[DONE]"}, "a"},
    {"empty finish_reason",
        {"{\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"\"}]}", "[DONE]"}, "a"},
    {"[DONE] with something behind it", {TEXT("a"), "[DONE] "}, "a"},
    {"nothing counts after [DONE]", {TEXT("a"), "[DONE]", TEXT("b"), "no json"}, "a"},
    {"neither", {TEXT("a")}, "a" CUT},
    {"nothing at all", {NULL}, CUT},
    {"text cut by length", {TEXT("a"), FINISH("length")}, "a"},
    {"filtered before a word", {FINISH("content_filter")}, "!refused the answer was filtered"},
    {"filtered later", {TEXT("a"), FINISH("content_filter")}, "a"},
    {"a refusal is spoken", {DELTA("{\"refusal\":\"I cannot.\"}"), FINISH("stop")}, "I cannot."},
    {"thoughts are not", {TEXT("<thi"), TEXT("nk>hm</think>"), TEXT("Sure"), FINISH("stop")},
        "Sure"},
    {"held-back text comes at the end", {TEXT("<thi"), FINISH("stop")}, "<thi"},
    {"NUL characters are left out", {TEXT("a\\u0000b"), FINISH("stop")}, "ab"},
    {"surrogates", {TEXT("\\ud83d\\ude00"), FINISH("stop")}, "\xf0\x9f\x98\x80"},

    {"fragments by index",
        {CALLS("{\"index\":0,\"id\":\"call_a1\",\"type\":\"function\",\"function\":{\"name\":"
               "\"send_sms\","
               "\"arguments\":\"\"}}"),
            CALLS("{\"index\":0,\"function\":{\"arguments\":\"{\\\"to\\\":\"}}"),
            CALLS("{\"index\":1,\"id\":\"call_a2\",\"function\":{\"name\":\"log\",\"arguments\":"
                  "\"\"}}"),
            CALLS("{\"index\":0,\"function\":{\"arguments\":\"1}\"}}"), FINISH("tool_calls"),
            "[DONE]"},
        "|send_sms({\"to\":1})#call_a1|log({})#call_a2"},
    {"indexes out of order",
        {CALLS("{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"two\",\"arguments\":\"{}\"}}"),
            CALLS(
                "{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"one\",\"arguments\":\"{}\"}}"),
            FINISH("tool_calls")},
        "|one({})#a|two({})#b"},
    {"text and a call, finish_reason stop",
        {TEXT("One moment."),
            CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
            FINISH("stop")},
        "One moment.|f({})#a"},
    {"whole in one chunk",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":"
               "1}\"}},"
               "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"),
            FINISH("tool_calls")},
        "|f({\"x\":1})#a|g({})#b"},
    {"no index: place in the array",
        {CALLS("{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}},"
               "{\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"),
            CALLS("{\"id\":\"a\",\"function\":{\"arguments\":\"}\"}}"), FINISH("tool_calls")},
        "|f({})#a|g({})#b"},
    {"no index and no id: the last one",
        {CALLS("{\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
            CALLS("{\"function\":{\"arguments\":\"}\"}}"), FINISH("tool_calls")},
        "|f({})#call_1"},
    {"the same index for every call",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
            CALLS("{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{}\"}}"),
            FINISH("tool_calls")},
        "|f({})#a|g({})#b"},
    {"a new id for every fragment",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
            CALLS("{\"index\":0,\"id\":\"b\",\"function\":{\"arguments\":\"}\"}}"),
            FINISH("tool_calls")},
        "|f({})#a"},
    {"id and name repeated",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}"),
            CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"}\"}}"),
            FINISH("tool_calls")},
        "|f({})#a"},
    {"empty id",
        {CALLS("{\"index\":0,\"id\":\"\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}"),
            FINISH("stop")},
        "|f({})#call_1"},
    {"arguments as an object",
        {CALLS(
             "{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":{\"x\":[1]}}}"),
            FINISH("stop")},
        "|f({\"x\":[1]})#a"},
    {"no arguments",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}"), FINISH("stop")},
        "|f({})#a"},
    {"half arguments, cut by length",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{"
               "\\\"x\\\"\"}}"),
            FINISH("length")},
        "!bad a tool call was cut by the token limit"},
    {"no arguments yet, cut by length",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"\"}}"),
            FINISH("length")},
        "!bad a tool call was cut by the token limit"},
    /* unreadable arguments are told to whoever runs the tool */
    {"arguments that are no JSON",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{x}\"}}"),
            FINISH("stop")},
        "|f({x})#a"},
    {"arguments that are an array",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"[]\"}}"),
            FINISH("stop")},
        "|f([])#a"},
    {"whole arguments beside half ones, cut by length",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}},"
               "{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\",\"arguments\":\"{\"}}"),
            FINISH("length")},
        "!bad a tool call was cut by the token limit"},
    {"a call without a name",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"{}\"}}"), FINISH("stop")},
        "!bad a tool call has no name"},
    {"the same id for two calls",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}},"
               "{\"index\":1,\"id\":\"a\",\"function\":{\"name\":\"g\"}}"),
            FINISH("stop")},
        "|f({})#a|g({})#call_2"},
    {"an id that others refuse",
        {CALLS(
             "{\"index\":0,\"id\":\"chatcmpl-tool-0123456789abcdef0123456789abcdef\",\"function\":"
             "{\"name\":\"f\"}}"),
            FINISH("stop")},
        "|f({})#call_1"},
    {"an index out of reach", {CALLS("{\"index\":-1,\"id\":\"a\"}")}, "!bad "},
    {"half arguments, cut off",
        {CALLS("{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\"}}")},
        CUT},

    {"a plain answer to a stream's request",
        {"{\"object\":\"chat.completion\",\"choices\":[{\"message\":{\"role\":\"assistant\","
         "\"content\":\"Hi\","
         "\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"
         "\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":"
         "2}}"},
        "Hi|f({})#a|1+2"},

    {"an error object",
        {TEXT("a"),
            "{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":\"c-1.x_Y\"}}"},
        "a!refused c-1.x_Y"},
    {"code null", {"{\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":null}}"},
        "!refused server_error"},
    {"code a number", {"{\"error\":{\"code\":503,\"message\":\"m\",\"type\":\"unavailable\"}}"},
        "!refused 503"},
    {"neither code nor type", {"{\"error\":{}}"}, "!refused error"},
    {"an error as text", {"{\"error\":\"sk-secret is wrong\"}"}, "!refused error"},
    {"an older shape", {"{\"object\":\"error\",\"message\":\"m\",\"type\":\"t\",\"code\":400}"},
        "!refused 400"},
    {"a code that is no word", {"{\"error\":{\"code\":\"a b\\n<c>\"}}"}, "!refused abc"},
    {"a code that tells of somebody", {"{\"error\":{\"code\":\"no jane.roe+x@example.com\"}}"},
        "!refused noemail"},
    {"error null", {"{\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}", "[DONE]"},
        "a"},
    {"not JSON", {"{\"choices\":"}, "!bad "},
    {"not an object", {"[1]"}, "!bad "},
};

static void replies_are_gathered(void **state)
{
    for (size_t i = 0; i < sizeof(replies) / sizeof(*replies); i++) {
        struct strbuf out;
        strbuf_init(&out, 10000);
        strbuf_add_text(&out, "");
        outcome(replies[i].chunks, &out);
        if (strcmp(out.data, replies[i].outcome))
            fail_msg("%s: %s, expected %s", replies[i].name, out.data, replies[i].outcome);
        strbuf_free(&out);
    }
}

static void too_many_calls_are_refused(void **state)
{
    struct chat_reply reply;
    char chunk[200];
    chat_reply_init(&reply);
    for (int i = 0; i <= CHAT_MOST_CALLS; i++) {
        snprintf(chunk, sizeof(chunk), CALLS("{\"index\":%d,\"function\":{\"name\":\"f\"}}"), i);
        assert_int_equal(
            chat_reply_take(&reply, slice_from(chunk)), i < CHAT_MOST_CALLS ? ERR_OK : ERR_BAD);
    }
    chat_reply_free(&reply);
}

static void error_bodies_have_codes(void **state)
{
    static const struct {
        const char *body;
        const char *code;
    } rows[] = {
        {"{\"error\":{\"message\":\"m\",\"type\":\"requests\",\"param\":null,\"code\":\"rate_limit_"
         "exceeded\"}}",
            "rate_limit_exceeded"},
        {"{\"error\":{\"code\":400,\"message\":\"m\",\"type\":\"invalid_request_error\"}}", "400"},
        {"{\"detail\":\"no\"}", ""},
        {"{\"error\":{\"code\":400,\"message\":\"m\",\"type\":\"exceed_context_size_error\"}}",
            CHAT_TOO_LONG},
        {"{\"object\":\"error\",\"message\":\"This model's maximum context length is 8192 "
         "tokens.\",\"type\":\"BadRequestError\",\"code\":400}",
            CHAT_TOO_LONG},
        {"{\"error\":\"maximum context length\"}", CHAT_TOO_LONG},
        {"<html>502</html>", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char code[CHAT_CODE_SIZE];
        chat_error_code(slice_from(rows[i].body), code);
        assert_string_equal(code, rows[i].code);
    }
}

static void codes_of_errors_in_a_stream_stand_for_a_status(void **state)
{
    static const struct {
        const char *code;
        int status;
    } rows[] = {{"rate_limit_exceeded", 429}, {"invalid_api_key", 401}, {"model_not_found", 404},
        {CHAT_TOO_LONG, 400}, {"503", 503}, {"429", 429}, {"200", 500}, {"7x", 500}, {"", 500},
        {"server_error", 500}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(chat_error_status(rows[i].code), rows[i].status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_has_what_is_set),
        cmocka_unit_test(a_request_over_the_limit_is_refused),
        cmocka_unit_test(replies_are_gathered),
        cmocka_unit_test(too_many_calls_are_refused),
        cmocka_unit_test(error_bodies_have_codes),
        cmocka_unit_test(codes_of_errors_in_a_stream_stand_for_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

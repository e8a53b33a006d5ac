#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_chat_strict.h"

#define CLOSED "\"type\":\"object\",\"additionalProperties\":false"

static void schemas_that_strict_mode_takes(void **state)
{
    static const struct {
        const char *schema;
        bool is_strict;
    } rows[] = {
        {"{" CLOSED "}", true},
        {"{" CLOSED
         ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":[\"string\",\"null\"]}}}",
            true},
        {"{" CLOSED ",\"required\":[],\"properties\":{\"a\":{\"type\":\"string\"}}}", false},
        {"{\"type\":\"object\"}", false},
        {"{\"type\":\"object\",\"additionalProperties\":true}", false},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"object\"}}}", false},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{" CLOSED "}}}", true},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"array\",\"items\":{"
         "\"type\":\"string\"}}}}",
            true},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"array\"}}}", false},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"array\",\"items\":{"
         "\"type\":\"object\"}}}}",
            false},
        {"{" CLOSED ",\"required\":[\"a\"],\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},{"
         "\"type\":\"object\"}]}}}",
            false},
        {"{" CLOSED
         ",\"required\":[\"a\"],\"properties\":{\"a\":{\"anyOf\":[{\"type\":\"null\"},{" CLOSED
         "}]}}}",
            true},
        {"{" CLOSED
         ",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":1}}}",
            false},
        {"{" CLOSED ",\"anyOf\":[{" CLOSED "}]}", false},
        {"{\"type\":\"string\"}", false},
        {"[]", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        json_t *schema = json_loads(rows[i].schema, 0, NULL);
        if (chat_is_strict_schema(schema) != rows[i].is_strict)
            fail_msg("%s", rows[i].schema);
        json_decref(schema);
    }
}

static void depth_has_an_end(void **state)
{
    json_t *schema = json_pack("{s:s}", "type", "string");
    for (int i = 0; i < 12; i++) {
        assert_int_equal(chat_is_strict_schema(schema), i > 0 && i <= 10);
        schema = json_pack("{s:s, s:b, s:[s], s:{s:o}}", "type", "object", "additionalProperties",
            0, "required", "a", "properties", "a", schema);
    }
    json_decref(schema);
}

typedef enum err rewrite_fn(struct strbuf *out, struct slice text);

static enum err as_developer(struct strbuf *out, struct slice text)
{
    return chat_add_messages(out, text, "developer");
}

static void expect(rewrite_fn *rewrite, const char *given, const char *expected)
{
    struct strbuf out;
    strbuf_init(&out, 1000);
    enum err err = rewrite(&out, slice_from(given));
    if (err)
        assert_string_equal(err_name(err), expected);
    else
        assert_string_equal(out.data, expected);
    strbuf_free(&out);
}

static void tools_are_strict_where_they_can_be(void **state)
{
    expect(chat_add_strict_tools, "[]", "[]");
    expect(chat_add_strict_tools, "{}", "bad");
    expect(chat_add_strict_tools, "x", "bad");
    expect(chat_add_strict_tools,
        "[{\"function\":{\"parameters\":{" CLOSED "},\"strict\":false}},"
        "{\"function\":{\"parameters\":{\"type\":\"object\"},\"strict\":true}},"
        "{\"function\":{\"name\":\"x\"}}]",
        "[{\"function\":{\"parameters\":{" CLOSED "},\"strict\":true}},"
        "{\"function\":{\"parameters\":{\"type\":\"object\"}}},"
        "{\"function\":{\"name\":\"x\"}}]");
}

static void only_the_system_role_has_another_name(void **state)
{
    expect(as_developer, "[{\"role\":\"system\",\"content\":\"system\"},{\"role\":\"user\"},7]",
        "[{\"role\":\"developer\",\"content\":\"system\"},{\"role\":\"user\"},7]");
    expect(as_developer, "{}", "bad");
}

static void a_rewrite_over_the_limit_is_refused(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 4);
    assert_int_equal(chat_add_strict_tools(&out, SLICE("[1,2,3]")), ERR_FULL);
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemas_that_strict_mode_takes),
        cmocka_unit_test(depth_has_an_end),
        cmocka_unit_test(tools_are_strict_where_they_can_be),
        cmocka_unit_test(only_the_system_role_has_another_name),
        cmocka_unit_test(a_rewrite_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "live/conversation.h"

static struct conversation fresh(void)
{
    struct conversation conversation;
    assert_int_equal(conversation_init(&conversation), ERR_OK);
    return conversation;
}

static void expect_json(struct conversation *conversation, const char *expected)
{
    char *text = conversation_json(conversation, "Be kind.");
    assert_string_equal(text, expected);
    free(text);
}

#define SYSTEM "{\"role\":\"system\",\"content\":\"Be kind.\"}"

static void test_speech_in_turns(void **state)
{
    struct conversation conversation = fresh();
    expect_json(&conversation, "[" SYSTEM "]");
    conversation_add_agent(&conversation, SLICE("Hello."));
    conversation_add_caller(&conversation, SLICE("Are you open?"));
    conversation_add_agent(&conversation, SLICE("")); /* nothing of it was heard */
    expect_json(&conversation, "[" SYSTEM ",{\"role\":\"assistant\",\"content\":\"Hello.\"},"
                               "{\"role\":\"user\",\"content\":\"Are you open?\"}]");
    conversation_close(&conversation);
}

static void test_what_was_not_heard_stands_apart(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_agent(&conversation, SLICE("We open at"));
    conversation_add_unheard(&conversation, SLICE("nine on Mondays."));
    conversation_add_unheard(&conversation, SLICE(""));
    conversation_add_caller(&conversation, SLICE("Stop."));
    expect_json(&conversation,
        "[" SYSTEM ",{\"role\":\"assistant\",\"content\":\"We open at\"},"
        "{\"role\":\"system\",\"content\":\"The caller interrupted you and did not hear this: "
        "nine on Mondays.\"},{\"role\":\"user\",\"content\":\"Stop.\"}]");
    conversation_close(&conversation);
}

static void test_only_a_last_callers_message_is_taken_back(void **state)
{
    struct conversation conversation = fresh();
    conversation_drop_caller(&conversation);
    conversation_add_caller(&conversation, SLICE("Well"));
    conversation_drop_caller(&conversation);
    expect_json(&conversation, "[" SYSTEM "]");
    conversation_add_caller(&conversation, SLICE("Well"));
    conversation_add_agent(&conversation, SLICE("Yes?"));
    conversation_drop_caller(&conversation);
    assert_int_equal(json_array_size(conversation.messages), 2);
    conversation_close(&conversation);
}

static json_t *one_call(const char *id)
{
    return json_pack(
        "[{s:s, s:s, s:s}]", "id", id, "name", "book", "arguments", "{\"day\":\"mon\"}");
}

static void test_tools_are_told_as_the_protocol_wants(void **state)
{
    struct conversation conversation = fresh();
    json_t *calls = one_call("call_1");
    conversation_add_caller(&conversation, SLICE("Monday"));
    conversation_add_tool_calls(&conversation, SLICE(""), calls);
    conversation_add_tool_result(&conversation, "call_1", SLICE("{\"ok\":true}"));
    json_decref(calls);
    expect_json(&conversation,
        "[" SYSTEM ",{\"role\":\"user\",\"content\":\"Monday\"},"
        "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"call_1\",\"type\":"
        "\"function\","
        "\"function\":{\"name\":\"book\",\"arguments\":\"{\\\"day\\\":\\\"mon\\\"}\"}}]},"
        "{\"role\":\"tool\",\"tool_call_id\":\"call_1\",\"content\":\"{\\\"ok\\\":true}\"}]");
    conversation_close(&conversation);
}

static const char *content_at(const struct conversation *conversation, size_t i)
{
    return json_string_value(json_object_get(json_array_get(conversation->messages, i), "content"));
}

static void test_a_late_result_corrects_the_newest_call_of_its_id(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_tool_result(&conversation, "call_1", SLICE("first"));
    conversation_add_tool_result(&conversation, "call_1", SLICE("unknown"));
    conversation_correct_tool_result(&conversation, "call_1", SLICE("booked"));
    conversation_correct_tool_result(&conversation, "call_2", SLICE("lost"));
    conversation_correct_tool_result(&conversation, NULL, SLICE("lost"));
    conversation_correct_tool_result(&conversation, "call_1", slice_from(NULL));
    assert_string_equal(content_at(&conversation, 0), "first");
    assert_string_equal(content_at(&conversation, 1), "booked");
    assert_int_equal(json_array_size(conversation.messages), 2);
    conversation_close(&conversation);
}

static void test_an_unreadable_result_still_answers_its_call(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_tool_result(&conversation, "call_1", SLICE("M\xfcller"));
    assert_string_equal(content_at(&conversation, 0), "{\"error\":\"unreadable\"}");
    conversation_close(&conversation);
}

static const char *role_at(const struct conversation *conversation, size_t i)
{
    return json_string_value(json_object_get(json_array_get(conversation->messages, i), "role"));
}

/* Any length of talk: bounded, and no tool result without its call. */
static void test_it_stays_bounded_by_whole_exchanges(void **state)
{
    struct conversation conversation = fresh();
    json_t *calls = one_call("call_1");
    for (unsigned i = 0; i < 200; i++) {
        conversation_add_caller(&conversation, SLICE("And then?"));
        conversation_add_tool_calls(&conversation, SLICE("Let me see."), calls);
        conversation_add_tool_result(&conversation, "call_1", SLICE("{}"));
        conversation_add_agent(&conversation, SLICE("Done."));
        assert_true(json_array_size(conversation.messages) <= CONVERSATION_MESSAGES_MAX);
        assert_string_equal(role_at(&conversation, 0), "user");
    }
    json_decref(calls);
    conversation_close(&conversation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speech_in_turns),
        cmocka_unit_test(test_what_was_not_heard_stands_apart),
        cmocka_unit_test(test_only_a_last_callers_message_is_taken_back),
        cmocka_unit_test(test_tools_are_told_as_the_protocol_wants),
        cmocka_unit_test(test_a_late_result_corrects_the_newest_call_of_its_id),
        cmocka_unit_test(test_an_unreadable_result_still_answers_its_call),
        cmocka_unit_test(test_it_stays_bounded_by_whole_exchanges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

static void test_what_was_being_said_when_the_line_broke_stands_apart(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_agent(&conversation, SLICE("We open at"));
    conversation_add_broken_off(&conversation, SLICE("nine on Mondays."));
    conversation_add_broken_off(&conversation, SLICE(""));
    expect_json(&conversation,
        "[" SYSTEM ",{\"role\":\"assistant\",\"content\":\"We open at\"},"
        "{\"role\":\"system\",\"content\":\"The line broke while you were saying this, and the "
        "caller may not have heard it: nine on Mondays.\"}]");
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

static void ask_for(struct conversation *conversation, const char *id)
{
    json_t *calls = one_call(id);
    conversation_add_tool_calls(conversation, SLICE(""), calls);
    json_decref(calls);
}

static void test_a_late_result_corrects_the_newest_call_of_its_id(void **state)
{
    struct conversation conversation = fresh();
    ask_for(&conversation, "call_1");
    conversation_add_tool_result(&conversation, "call_1", SLICE("first"));
    ask_for(&conversation, "call_1");
    conversation_add_tool_result(&conversation, "call_1", SLICE("unknown"));
    conversation_correct_tool_result(&conversation, "call_1", SLICE("booked"));
    conversation_correct_tool_result(&conversation, "call_2", SLICE("lost"));
    conversation_correct_tool_result(&conversation, NULL, SLICE("lost"));
    conversation_correct_tool_result(&conversation, "call_1", slice_from(NULL));
    assert_string_equal(content_at(&conversation, 1), "first");
    assert_string_equal(content_at(&conversation, 3), "booked");
    assert_int_equal(json_array_size(conversation.messages), 4);
    conversation_close(&conversation);
}

static void test_an_unreadable_result_still_answers_its_call(void **state)
{
    struct conversation conversation = fresh();
    ask_for(&conversation, "call_1");
    conversation_add_tool_result(&conversation, "call_1", SLICE("M\xfcller"));
    assert_string_equal(content_at(&conversation, 1), "{\"error\":\"unreadable\"}");
    conversation_close(&conversation);
}

static void test_a_call_without_its_result_gets_one_before_anything_follows(void **state)
{
    struct conversation conversation = fresh();
    ask_for(&conversation, "call_1");
    conversation_add_tool_result(&conversation, "call_7", SLICE("nobody asked"));
    conversation_add_caller(&conversation, SLICE("Hello?"));
    conversation_add_tool_result(&conversation, "call_1", SLICE("late")); /* corrects */
    assert_int_equal(json_array_size(conversation.messages), 3);
    assert_string_equal(content_at(&conversation, 1), "late");
    ask_for(&conversation, "call_2");
    char *text = conversation_json(&conversation, ""); /* while it is waited for */
    assert_non_null(strstr(text, "no answer yet"));
    assert_int_equal(json_array_size(conversation.messages), 4);
    free(text);
    conversation_close(&conversation);
}

static void test_arguments_that_are_no_object_are_told_as_none(void **state)
{
    static const char *const rows[][2] = {
        {"{x}", "{}"}, {"[1]", "{}"}, {"", "{}"}, {"{\"a\": 1}", "{\"a\": 1}"}};
    struct conversation conversation = fresh();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *calls =
            json_pack("[{s:s, s:s, s:s}]", "id", "a", "name", "f", "arguments", rows[i][0]);
        conversation_add_tool_calls(&conversation, SLICE(""), calls);
        json_decref(calls);
        const json_t *message = json_array_get(conversation.messages, 2 * i);
        const json_t *call = json_array_get(json_object_get(message, "tool_calls"), 0);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(call, "function"), "arguments")),
            rows[i][1]);
        conversation_add_tool_result(&conversation, "a", SLICE("{}"));
    }
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

/* ---- tokens ---- */

/* A hundred tokens or so from the caller, a tool with its result, an answer. */
static void exchange(struct conversation *conversation)
{
    char words[401] = "";
    for (int i = 0; i < 100; i++)
        strcat(words, "day ");
    conversation_add_caller(conversation, slice_from(words));
    ask_for(conversation, "call_1");
    conversation_add_tool_result(conversation, "call_1", SLICE("{}"));
    conversation_add_agent(conversation, SLICE("Done."));
}

static void test_what_fits_stays(void **state)
{
    struct conversation conversation = fresh();
    for (int i = 0; i < 10; i++)
        exchange(&conversation);
    size_t tokens = conversation.tokens;
    assert_true(tokens > 1000);
    assert_false(conversation_fit(&conversation, 500, tokens + 500));
    assert_int_equal(json_array_size(conversation.messages), 40);
    conversation_close(&conversation);
}

static void test_it_is_shortened_in_steps_by_whole_exchanges(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_agent(&conversation, SLICE("Hello."));
    unsigned steps = 0;
    for (int i = 0; i < 100; i++) {
        exchange(&conversation);
        bool was_shortened = conversation_fit(&conversation, 200, 2000);
        steps += was_shortened;
        assert_true(conversation.tokens + 200 <= (was_shortened ? 1500 : 2000));
        if (conversation.dropped)
            assert_string_equal(role_at(&conversation, 0), "user");
    }
    assert_in_range(steps, 5, 40); /* and not each time */
    conversation_close(&conversation);
}

static void test_the_newest_exchanges_stay_longest(void **state)
{
    struct conversation conversation = fresh();
    for (int i = 0; i < 4; i++)
        exchange(&conversation);
    size_t one = conversation.tokens / 4;
    assert_true(conversation_fit(&conversation, 0, 2 * one + one / 2));
    assert_int_equal(json_array_size(conversation.messages), 8); /* two: three quarters is less */
    assert_true(conversation_fit(&conversation, 0, one));
    assert_int_equal(json_array_size(conversation.messages), 4);
    assert_false(conversation_fit(&conversation, 0, 1));
    assert_int_equal(json_array_size(conversation.messages), 4);
    conversation_close(&conversation);
}

static void test_the_model_is_told_that_something_is_left_out(void **state)
{
    struct conversation conversation = fresh();
    for (int i = 0; i < 3; i++)
        exchange(&conversation);
    char *text = conversation_json(&conversation, "Be kind.");
    assert_null(strstr(text, "left out"));
    free(text);
    assert_true(conversation_fit(&conversation, 0, conversation.tokens - 1));
    text = conversation_json(&conversation, "Be kind.");
    assert_non_null(strstr(text, "(1 exchange)"));
    assert_int_equal(strncmp(text, "[" SYSTEM ",{\"role\":\"system\"", strlen(SYSTEM) + 18), 0);
    free(text);
    conversation_close(&conversation);
}

static void test_an_exchange_without_end_is_bounded_too(void **state)
{
    struct conversation conversation = fresh();
    conversation_add_caller(&conversation, SLICE("Go."));
    for (int i = 0; i < 300; i++) {
        ask_for(&conversation, "call_1");
        conversation_add_tool_result(&conversation, "call_1", SLICE("{}"));
        assert_true(json_array_size(conversation.messages) <= CONVERSATION_MESSAGES_MAX);
        assert_string_not_equal(role_at(&conversation, 0), "tool");
    }
    conversation_close(&conversation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speech_in_turns),
        cmocka_unit_test(test_what_was_not_heard_stands_apart),
        cmocka_unit_test(test_what_was_being_said_when_the_line_broke_stands_apart),
        cmocka_unit_test(test_only_a_last_callers_message_is_taken_back),
        cmocka_unit_test(test_tools_are_told_as_the_protocol_wants),
        cmocka_unit_test(test_a_late_result_corrects_the_newest_call_of_its_id),
        cmocka_unit_test(test_an_unreadable_result_still_answers_its_call),
        cmocka_unit_test(test_a_call_without_its_result_gets_one_before_anything_follows),
        cmocka_unit_test(test_arguments_that_are_no_object_are_told_as_none),
        cmocka_unit_test(test_it_stays_bounded_by_whole_exchanges),
        cmocka_unit_test(test_what_fits_stays),
        cmocka_unit_test(test_it_is_shortened_in_steps_by_whole_exchanges),
        cmocka_unit_test(test_the_newest_exchanges_stay_longest),
        cmocka_unit_test(test_the_model_is_told_that_something_is_left_out),
        cmocka_unit_test(test_an_exchange_without_end_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

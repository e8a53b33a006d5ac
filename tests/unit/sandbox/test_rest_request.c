/* Twilio's REST checks: error codes of messages, the life of a message, updates of a call. */
#include "unit/sandbox/cmocka_head.h"

#include <stdio.h>
#include <string.h>

#include "twilio/rest_request.h"

static const struct {
    const char *body;
    const char *code; /* NULL: accepted */
} messages[] = {
    {"To=%2B15550100001&From=%2B15550100002&Body=hi", NULL},
    {"To=%2B15550100001&MessagingServiceSid=MG1&Body=hi", NULL},
    {"From=%2B15550100002&Body=hi", "21604"},
    {"To=5550100001&From=%2B15550100002&Body=hi", "21211"},
    {"To=%2B15550100001&Body=hi", "21603"},
    {"To=%2B15550100001&From=me&Body=hi", "21212"},
    {"To=%2B15550100001&From=%2B15550100002", "21602"},
};

static void messages_are_checked(void **state)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct form form;
        struct api_error error = {0};
        assert_int_equal(form_parse(&form, slice_from(messages[i].body)), ERR_OK);
        enum err err = rest_message_check(&form, &error);
        assert_int_equal(err, messages[i].code ? ERR_BAD : ERR_OK);
        if (err)
            assert_string_equal(error.code, messages[i].code);
        form_free(&form);
    }
}

static void a_long_message_is_refused(void **state)
{
    char body[1800];
    struct form form;
    struct api_error error;
    int len = snprintf(body, sizeof body, "To=%%2B15550100001&From=%%2B15550100002&Body=");
    memset(body + len, 'a', 1601);
    body[len + 1601] = 0;
    assert_int_equal(form_parse(&form, slice_from(body)), ERR_OK);
    assert_int_equal(rest_message_check(&form, &error), ERR_BAD);
    assert_string_equal(error.code, "21617");
    form_free(&form);
    body[len + 1600] = 0;
    assert_int_equal(form_parse(&form, slice_from(body)), ERR_OK);
    assert_int_equal(rest_message_check(&form, &error), ERR_OK);
    json_t *message = rest_message_create(&form, "SM1", "AC1", 0);
    assert_string_equal(json_string_value(json_object_get(message, "num_segments")), "11");
    json_decref(message);
    form_free(&form);
}

static void expect_status(const json_t *message, uint64_t wall_ms, const char *status)
{
    json_t *now = rest_message_now(message, wall_ms);
    assert_string_equal(json_string_value(json_object_get(now, "status")), status);
    assert_null(json_object_get(now, "_made_ms"));
    json_decref(now);
}

static void a_message_moves_on_with_time(void **state)
{
    struct form form;
    assert_int_equal(form_parse(&form, slice_from(messages[0].body)), ERR_OK);
    json_t *message = rest_message_create(&form, "SM1", "AC1", 1000000);
    assert_non_null(message);
    expect_status(message, 1000000, "queued");
    expect_status(message, 1000500, "sent");
    expect_status(message, 1002000, "delivered");
    json_decref(message);
    form_free(&form);
}

static enum err update(json_t *call, const char *body, struct api_error *error)
{
    struct form form;
    assert_int_equal(form_parse(&form, slice_from(body)), ERR_OK);
    enum err err = rest_call_update(call, &form, 0, error);
    form_free(&form);
    return err;
}

static void calls_take_a_document_or_an_end(void **state)
{
    struct api_error error;
    json_t *call = rest_call_create("CA1", "AC1", 0);
    assert_int_equal(update(call, "Twiml=%3CResponse%2F%3E&Url=http%3A%2F%2Fx", &error), ERR_BAD);
    assert_int_equal(update(call, "Status=canceled", &error), ERR_BAD);
    assert_int_equal(update(call, "Status=asleep", &error), ERR_BAD);
    assert_int_equal(update(call, "Twiml=hello", &error), ERR_BAD);
    assert_int_equal(update(call, "Twiml=%3CResponse%2F%3E", &error), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(call, "twiml")), "<Response/>");
    assert_string_equal(json_string_value(json_object_get(call, "status")), "in-progress");
    assert_int_equal(update(call, "Status=completed", &error), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(call, "status")), "completed");
    assert_int_equal(update(call, "Status=completed", &error), ERR_BAD);
    assert_string_equal(error.code, "21220");
    json_decref(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_checked),
        cmocka_unit_test(a_long_message_is_refused),
        cmocka_unit_test(a_message_moves_on_with_time),
        cmocka_unit_test(calls_take_a_document_or_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

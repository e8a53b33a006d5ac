#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/message_kind.h"

static void test_a_message_is_named_by_its_kind_and_nothing_else(void **state)
{
    static const char *const rows[][2] = {
        {"{\"event\":\"media\",\"media\":{\"payload\":\"f39/\"}}", "media"},
        {"{ \"type\" : \"conversation.item.created\", \"x\": 1}", "conversation.item.created"},
        {"{\"event_id\":\"e1\",\"type\":\"session.updated\"}", "session.updated"},
        {"{\"audio\":\"f39/\",\"contextId\":\"1\"}", "audio"},
        {"{\"text\":\"call me at +15550100001\"}", "text"},
        {"{\"type\":\"call me at +15550100001\"}", "type"},
        {"{\"+1 555\":1}", "other"},
        {"hello", "other"},
        {"", "other"},
        {"{\"type\":\"cut", "type"},
        {"{\"", "other"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice kind = message_kind(slice_from(rows[i][0]));
        if (!slice_is(kind, rows[i][1]))
            fail_msg("%s: %.*s", rows[i][0], (int)kind.len, kind.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_is_named_by_its_kind_and_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The trace that a script's request names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bindings/outgoing.h"

#define PARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void a_request_names_its_trace(void **state)
{
    struct outgoing outgoing = {0};
    outgoing_name_trace(&outgoing, PARENT);
    assert_int_equal(outgoing.options.header_count, 1);
    assert_string_equal(outgoing.headers[0].name, "traceparent");
    assert_string_equal(outgoing.headers[0].value, PARENT);
}

static void a_scripts_own_stays(void **state)
{
    struct outgoing outgoing = {.headers = {{"TraceParent", "mine"}}};
    outgoing.options.header_count = 1;
    outgoing_name_trace(&outgoing, PARENT);
    assert_int_equal(outgoing.options.header_count, 1);
    assert_string_equal(outgoing.headers[0].value, "mine");
}

static void without_a_trace_nothing_is_named(void **state)
{
    struct outgoing outgoing = {0};
    outgoing_name_trace(&outgoing, "");
    assert_int_equal(outgoing.options.header_count, 0);
}

/* Besides as many headers as a script may set, and the one that json brings. */
static void there_is_always_room(void **state)
{
    struct outgoing outgoing = {0};
    for (size_t i = 0; i < OUTGOING_HEADERS_MAX + 1; i++)
        outgoing.headers[i] = (struct http_header){"x", "y"};
    outgoing.options.header_count = OUTGOING_HEADERS_MAX + 1;
    outgoing_name_trace(&outgoing, PARENT);
    assert_string_equal(outgoing.headers[OUTGOING_HEADERS_MAX + 1].value, PARENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_names_its_trace),
        cmocka_unit_test(a_scripts_own_stays),
        cmocka_unit_test(without_a_trace_nothing_is_named),
        cmocka_unit_test(there_is_always_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <jansson.h>

#include "observe/log.h"
#include "observe/span.h"

static int pipe_ends[2];
static unsigned wakes;

static void count_wake(void *owner)
{
    wakes++;
}

static int start(void **state)
{
    wakes = 0;
    int failed = pipe(pipe_ends);
    log_start(pipe_ends[1], LOG_INFO, count_wake, NULL);
    return failed;
}

static int stop(void **state)
{
    log_stop();
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

/* The next line as JSON. */
static json_t *read_line(void)
{
    log_flush();
    static char text[8192];
    size_t len = 0;
    while (len < sizeof text - 1 && read(pipe_ends[0], text + len, 1) == 1 && text[len] != '\n')
        len++;
    text[len] = 0;
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!line)
        fail_msg("no JSON: %s (%s)", text, error.text);
    return line;
}

static void test_a_line_has_every_field_with_its_type(void **state)
{
    log_info("turn.commit", "call=%s turn=%u ratio=%.2f size=%zu big=%llu part=%.*s fixed=word",
        "c\"1", 7u, 0.5, (size_t)9, 1ull << 40, 3, "abcdef");
    json_t *line = read_line();
    assert_string_equal(json_string_value(json_object_get(line, "event")), "turn.commit");
    assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
    assert_string_equal(json_string_value(json_object_get(line, "call")), "c\"1");
    assert_int_equal(json_integer_value(json_object_get(line, "turn")), 7);
    assert_true(json_real_value(json_object_get(line, "ratio")) == 0.5);
    assert_int_equal(json_integer_value(json_object_get(line, "size")), 9);
    assert_int_equal(json_integer_value(json_object_get(line, "big")), 1ll << 40);
    assert_string_equal(json_string_value(json_object_get(line, "part")), "abc");
    assert_string_equal(json_string_value(json_object_get(line, "fixed")), "word");
    assert_int_equal(strlen(json_string_value(json_object_get(line, "time"))), 24);
    json_decref(line);
    assert_int_equal(wakes, 1);
}

static void test_numbers_and_addresses_of_people_are_hidden(void **state)
{
    log_info("x", "text=%s id=%s", "call me at +15550100001 or ann@example.com",
        "0192f3a4-5b6c-7d8e-9f01-23456789abcd");
    json_t *line = read_line();
    assert_string_equal(
        json_string_value(json_object_get(line, "text")), "call me at [phone] or [email]");
    assert_string_equal(
        json_string_value(json_object_get(line, "id")), "0192f3a4-5b6c-7d8e-9f01-23456789abcd");
    json_decref(line);
}

static void test_levels_below_the_least_are_dropped(void **state)
{
    log_debug("quiet", "a=%d", 1);
    log_warn("loud", "a=%d", 1);
    json_t *line = read_line();
    assert_string_equal(json_string_value(json_object_get(line, "event")), "loud");
    json_decref(line);
}

static void test_an_endless_value_still_gives_a_line(void **state)
{
    char *text = malloc(100000);
    memset(text, '"', 99999);
    text[99999] = 0;
    log_info("long", "a=%s b=%s c=%s", text, text, text);
    json_t *line = read_line();
    assert_string_equal(json_string_value(json_object_get(line, "event")), "long");
    json_decref(line);
    free(text);
}

static void test_spans_carry_call_turn_and_time(void **state)
{
    span_event(SPAN_LLM_TOKEN, "c1", 3, 1234, "first");
    json_t *line = read_line();
    assert_string_equal(json_string_value(json_object_get(line, "name")), "LLM_TOKEN");
    assert_int_equal(json_integer_value(json_object_get(line, "turn")), 3);
    assert_int_equal(json_integer_value(json_object_get(line, "ms")), 1234);
    json_decref(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_line_has_every_field_with_its_type, start, stop),
        cmocka_unit_test_setup_teardown(
            test_numbers_and_addresses_of_people_are_hidden, start, stop),
        cmocka_unit_test_setup_teardown(test_levels_below_the_least_are_dropped, start, stop),
        cmocka_unit_test_setup_teardown(test_an_endless_value_still_gives_a_line, start, stop),
        cmocka_unit_test_setup_teardown(test_spans_carry_call_turn_and_time, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lines of a .env file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "main/env_file.h"

static void expect(const char *line, const char *name, const char *value)
{
    struct slice read_name, read_value;
    assert_int_equal(env_line_read(slice_from(line), &read_name, &read_value), ERR_OK);
    if (!slice_is(read_name, name) || !slice_is(read_value, value))
        fail_msg("%s gave %.*s=%.*s", line, (int)read_name.len, read_name.data, (int)read_value.len,
            read_value.data);
}

static void expect_refused(struct slice line)
{
    struct slice name, value;
    assert_int_equal(env_line_read(line, &name, &value), ERR_BAD);
    assert_int_equal(name.len, 0);
}

static void names_and_values_are_read(void **state)
{
    expect("A=b\n", "A", "b");
    expect("  LONG_NAME_2 =  some words \r\n", "LONG_NAME_2", "some words");
    expect("A=\"b c\"", "A", "b c");
    expect("A=' b '", "A", " b ");
    expect("A=\"it's\"", "A", "it's");
    expect("A=\"b'", "A", "\"b'");
    expect("A=\"", "A", "\"");
    expect("A=", "A", "");
    expect("A=b=c#d", "A", "b=c#d");
    expect("", "", "");
    expect(" \t\n", "", "");
    expect(" # A=b", "", "");
}

static void what_is_no_setting_is_refused(void **state)
{
    expect_refused(SLICE("A"));
    expect_refused(SLICE("=b"));
    expect_refused(SLICE("export A=b"));
    expect_refused(SLICE("2A=b"));
    expect_refused(SLICE("A-B=c"));
    expect_refused(SLICE("A=b\0c"));
}

/* The tail of a long line must not become a line of its own. */
static void a_line_that_is_too_long_is_refused_whole(void **state)
{
    char *line = malloc(ENV_LINE_MAX_BYTES + 1);
    memset(line, 'x', ENV_LINE_MAX_BYTES + 1);
    line[1] = '=';
    expect_refused((struct slice){line, ENV_LINE_MAX_BYTES + 1});
    struct slice name, value;
    struct slice fits = {line, ENV_LINE_MAX_BYTES};
    assert_int_equal(env_line_read(fits, &name, &value), ERR_OK);
    assert_int_equal(value.len, ENV_LINE_MAX_BYTES - 2);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_are_read),
        cmocka_unit_test(what_is_no_setting_is_refused),
        cmocka_unit_test(a_line_that_is_too_long_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

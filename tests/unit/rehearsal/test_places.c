/* Lines of conversations and steps in the text of a test file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rehearsal/places.h"

static void steps_stand_where_their_braces_open(void **state)
{
    const char *text = "local help = { 1, { 2 } }\n"         /* 1 */
                       "return {\n"                          /* 2 */
                       "  {\n"                               /* 3 */
                       "    name = \"first\",\n"             /* 4 */
                       "    stubs = { db = { {}, {} } },\n"  /* 5 */
                       "    { say = \"a } brace\" }, -- {\n" /* 6 */
                       "    { model = { { tool = 'x' },\n"   /* 7 */
                       "        \"y\" } },\n"                /* 8 */
                       "    --[[ { name = \"second\" } ]]\n" /* 9 */
                       "    { say = [[{ {]] } },\n"          /* 10 */
                       "  { name = 'second',\n"              /* 11 */
                       "    { silence_ms = 1 } } }\n";
    unsigned steps[4];
    assert_int_equal(places_find(slice_from(text), SLICE("first"), steps, 4), 3);
    assert_int_equal(steps[0], 6);
    assert_int_equal(steps[1], 7);
    assert_int_equal(steps[2], 10);
    assert_int_equal(steps[3], 3); /* there is no fourth */
    assert_int_equal(places_find(slice_from(text), SLICE("second"), steps, 1), 11);
    assert_int_equal(steps[0], 12);
}

static void what_is_not_there_stands_in_line_one(void **state)
{
    unsigned step = 0;
    assert_int_equal(places_find(SLICE("return { { name = title } }"), SLICE("x"), &step, 1), 1);
    assert_int_equal(step, 1);
    assert_int_equal(places_find(SLICE("name = \"x\""), SLICE("x"), &step, 1), 1);
    assert_int_equal(places_find(SLICE("{ name = \"x"), SLICE("x"), &step, 1), 1);
    assert_int_equal(places_find(SLICE("}}} [==[ \"x\" --[["), SLICE("x"), &step, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_stand_where_their_braces_open),
        cmocka_unit_test(what_is_not_there_stands_in_line_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

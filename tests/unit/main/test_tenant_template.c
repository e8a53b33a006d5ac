/* The files that a new tenant begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "main/tenant_template.h"

static void expect_filled(
    const char *template, const struct tenant_words *words, const char *expected)
{
    struct strbuf out;
    strbuf_init(&out, 4096);
    tenant_template_fill(&out, template, words);
    assert_false(out.failed);
    assert_string_equal(out.data, expected);
    strbuf_free(&out);
}

static void words_stand_in_their_places(void **state)
{
    const struct tenant_words joe = {"joes", "Joe \"G\" \\ Sons", "+15550100079"};
    const struct tenant_words new = {"new", "New", ""};
    expect_filled(
        "name = \"@NAME@\", -- @SLUG@", &joe, "name = \"Joe \\\"G\\\" \\\\ Sons\", -- joes");
    expect_filled("numbers = { \"@NUMBER@\" },", &joe, "numbers = { \"+15550100079\" },");
    expect_filled("numbers = { \"@NUMBER@\" },", &new, "numbers = {},");
    expect_filled("a@b.c, @NAME, {}", &new, "a@b.c, @NAME, {}");
}

static void no_place_is_left(void **state)
{
    const struct tenant_words words = {"corner-bakery", "Corner Bakery", ""};
    const char *const templates[] = {TENANT_TEMPLATE_AGENT, TENANT_TEMPLATE_TEST};
    for (size_t i = 0; i < 2; i++) {
        struct strbuf out;
        strbuf_init(&out, 65536);
        tenant_template_fill(&out, templates[i], &words);
        assert_false(out.failed);
        assert_null(strstr(out.data, "@NAME@"));
        assert_null(strstr(out.data, "@SLUG@"));
        assert_null(strstr(out.data, "@NUMBER@"));
        assert_non_null(strstr(out.data, "Corner Bakery"));
        strbuf_free(&out);
    }
}

static void names_come_from_slugs(void **state)
{
    static const struct {
        const char *slug, *name;
    } rows[] = {{"corner-bakery", "Corner Bakery"}, {"a", "A"}, {"dr_who-2", "Dr Who 2"},
        {"-x-", " X "}, {"", ""}};
    char name[TENANT_NAME_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tenant_template_name(name, rows[i].slug);
        assert_string_equal(name, rows[i].name);
    }
    char slug[200];
    memset(slug, 'x', sizeof slug - 1);
    slug[sizeof slug - 1] = 0;
    tenant_template_name(name, slug);
    assert_int_equal(strlen(name), TENANT_NAME_SIZE - 1);
}

static void names_are_one_line_of_text(void **state)
{
    char longest[TENANT_NAME_SIZE], longer[TENANT_NAME_SIZE + 1];
    memset(longest, 'x', sizeof longest);
    memset(longer, 'x', sizeof longer);
    longest[sizeof longest - 1] = longer[sizeof longer - 1] = 0;
    assert_true(tenant_template_is_name("Joe's \"Grill\""));
    assert_true(tenant_template_is_name("Müller & Söhne"));
    assert_true(tenant_template_is_name(longest));
    assert_false(tenant_template_is_name(longer));
    assert_false(tenant_template_is_name(""));
    assert_false(tenant_template_is_name("  "));
    assert_false(tenant_template_is_name("a\nb"));
    assert_false(tenant_template_is_name("a\x7f"));
    assert_false(tenant_template_is_name("\xff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_stand_in_their_places),
        cmocka_unit_test(no_place_is_left),
        cmocka_unit_test(names_come_from_slugs),
        cmocka_unit_test(names_are_one_line_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

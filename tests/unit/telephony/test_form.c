#include "unit/telephony/cmocka_head.h"

#include <string.h>

#include "telephony/form.h"

struct row {
    const char *body;
    enum err err;
    const char *fields; /* name=value, one a line */
};

static void check_row(const struct row *row)
{
    struct form form;
    assert_int_equal(form_parse(&form, slice_from(row->body)), row->err);
    if (row->err)
        return;
    char text[512] = "";
    for (size_t i = 0; i < form.count; i++) {
        strncat(text, form.fields[i].name.data, form.fields[i].name.len);
        strcat(text, "=");
        strncat(text, form.fields[i].value.data, form.fields[i].value.len);
        strcat(text, "\n");
    }
    assert_string_equal(text, row->fields);
    form_free(&form);
}

static void bodies_decode_as_the_table_says(void **state)
{
    static const struct row rows[] = {
        {"", ERR_OK, ""},
        {"a=1", ERR_OK, "a=1\n"},
        {"a=1&b=2&a=3", ERR_OK, "a=1\nb=2\na=3\n"},
        {"a=&b", ERR_OK, "a=\nb=\n"},
        {"=x", ERR_OK, "=x\n"},
        {"&&a=1&", ERR_OK, "a=1\n"},
        {"a=b=c", ERR_OK, "a=b=c\n"},
        {"From=%2B15550100001&Body=Gr%C3%BC%c3%9fe+%26+100%25", ERR_OK,
            "From=+15550100001\nBody=Grüße & 100%\n"},
        {"a%3Db=c%26d", ERR_OK, "a=b=c&d\n"},
        {"a=%", ERR_BAD, ""},
        {"a=%2", ERR_BAD, ""},
        {"a=%2&b=1", ERR_BAD, ""},
        {"a=%zz", ERR_BAD, ""},
        {"%0g=1", ERR_BAD, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check_row(&rows[i]);
}

static void a_nul_byte_is_kept(void **state)
{
    struct form form;
    assert_int_equal(form_parse(&form, SLICE("a=x%00y")), ERR_OK);
    struct slice value = form_get(&form, "a");
    assert_int_equal(value.len, 3);
    assert_memory_equal(value.data, "x\0y", 3);
    form_free(&form);
}

static void the_first_of_a_name_is_found(void **state)
{
    struct form form;
    assert_int_equal(form_parse(&form, SLICE("a=1&a=2")), ERR_OK);
    assert_true(slice_is(form_get(&form, "a"), "1"));
    assert_int_equal(form_get(&form, "A").len, 0);
    form_free(&form);
}

static void too_many_fields_are_refused(void **state)
{
    struct strbuf body;
    strbuf_init(&body, 65536);
    for (int i = 0; i < FORM_MAX_FIELDS; i++)
        form_encode(&body, SLICE("n"), SLICE("v"));
    struct form form;
    assert_int_equal(form_parse(&form, strbuf_slice(&body)), ERR_OK);
    assert_int_equal(form.count, FORM_MAX_FIELDS);
    form_free(&form);
    form_encode(&body, SLICE("n"), SLICE("v"));
    assert_int_equal(form_parse(&form, strbuf_slice(&body)), ERR_FULL);
    strbuf_free(&body);
}

static void every_byte_survives_encoding(void **state)
{
    char bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    struct slice all = {bytes, sizeof bytes};
    struct strbuf body;
    strbuf_init(&body, 65536);
    form_encode(&body, all, all);
    struct form form;
    assert_int_equal(form_parse(&form, strbuf_slice(&body)), ERR_OK);
    assert_int_equal(form.count, 1);
    assert_true(slice_equal(form.fields[0].name, all));
    assert_true(slice_equal(form.fields[0].value, all));
    form_free(&form);
    strbuf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_decode_as_the_table_says),
        cmocka_unit_test(a_nul_byte_is_kept),
        cmocka_unit_test(the_first_of_a_name_is_found),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(every_byte_survives_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

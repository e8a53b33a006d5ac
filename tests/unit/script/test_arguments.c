/* Arguments against schemas, row by row: what is taken, and what the model reads of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script/arguments.h"
#include "script/strict.h"

#define OBJECT(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define REQUIRES(name, properties)                                                                 \
    "{\"type\":\"object\",\"required\":[\"" name "\"],\"properties\":{" properties "}}"

static const struct {
    const char *schema;
    const char *arguments;
    const char *outcome; /* the arguments as the script gets them, or the reason */
} rows[] = {
    /* what may be missing */
    {OBJECT("\"n\":{\"type\":\"number\"}"), "{}", "{}"},
    {OBJECT("\"n\":{\"type\":\"number\"}"), "{\"n\":null}", "{}"},
    {REQUIRES("n", "\"n\":{\"type\":\"number\"}"), "{}", "n: is missing"},
    {REQUIRES("n", "\"n\":{\"type\":\"number\"}"), "{\"n\":null}", "n: must be a number"},
    {REQUIRES("n", "\"n\":{\"type\":[\"number\",\"null\"]}"), "{\"n\":null}", "{\"n\":null}"},
    {REQUIRES("n", "\"n\":{\"type\":\"number\",\"nullable\":true}"), "{\"n\":null}",
        "{\"n\":null}"},
    {OBJECT("\"a\":" OBJECT("\"b\":{\"type\":\"string\"}")), "{\"a\":{\"b\":null}}", "{\"a\":{}}"},
    {OBJECT("\"a\":{\"anyOf\":[{\"required\":[\"b\"]}]}"), "{\"a\":{\"b\":null}}",
        "{\"a\":{\"b\":null}}"}, /* said, not left out */
    {OBJECT(""), "{\"extra\":1}", "{\"extra\":1}"},
    {"{\"type\":\"object\",\"additionalProperties\":false}", "{\"extra\":1}",
        "extra: is not known here"},
    {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}", "{\"extra\":1}",
        "extra: must be a string"},
    /* types */
    {OBJECT("\"start\":{\"type\":\"string\"}"), "{\"start\":7}", "start: must be a string"},
    {OBJECT("\"n\":{\"type\":\"integer\"}"), "{\"n\":1.5}", "n: must be an integer"},
    {OBJECT("\"n\":{\"type\":\"integer\"}"), "{\"n\":2.0}", "{\"n\":2.0}"},
    {OBJECT("\"n\":{\"type\":\"number\"}"), "{\"n\":2}", "{\"n\":2}"},
    {OBJECT("\"n\":{\"type\":\"number\"}"), "{\"n\":\"2\"}", "n: must be a number"},
    {OBJECT("\"n\":{\"type\":\"boolean\"}"), "{\"n\":\"yes\"}", "n: must be a boolean"},
    {OBJECT("\"n\":{\"type\":[\"string\",\"integer\"]}"), "{\"n\":[]}",
        "n: must be a string or an integer"},
    {OBJECT("\"n\":{\"type\":\"object\"}"), "{\"n\":[]}", "n: must be an object"},
    {OBJECT("\"n\":{\"type\":\"word\"}"), "{\"n\":1}", "n: must be a word"},
    {OBJECT("\"n\":{}"), "{\"n\":[1]}", "{\"n\":[1]}"},
    {OBJECT("\"n\":7"), "{\"n\":[1]}", "{\"n\":[1]}"},
    {OBJECT(""), "[1]", "arguments must be a JSON object"},
    /* choices */
    {OBJECT("\"s\":{\"enum\":[\"cut\",\"dye\",2]}"), "{\"s\":\"wash\"}",
        "s: must be one of \"cut\", \"dye\", 2"},
    {OBJECT("\"s\":{\"enum\":[\"cut\",2]}"), "{\"s\":2.0}", "{\"s\":2.0}"},
    {OBJECT("\"s\":{\"const\":\"cut\"}"), "{\"s\":\"wash\"}", "s: must be one of \"cut\""},
    {OBJECT("\"s\":{\"const\":\"cut\"}"), "{\"s\":\"cut\"}", "{\"s\":\"cut\"}"},
    {OBJECT("\"s\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}"), "{\"s\":1}",
        "{\"s\":1}"},
    {OBJECT("\"s\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}"), "{\"s\":true}",
        "s: has none of the forms that are allowed"},
    {OBJECT("\"s\":{\"anyOf\":[{\"type\":\"string\"}]}"), "{\"s\":true}", "s: must be a string"},
    /* numbers */
    {OBJECT("\"n\":{\"minimum\":1,\"maximum\":9}"), "{\"n\":0}", "n: must be 1 or more"},
    {OBJECT("\"n\":{\"minimum\":1,\"maximum\":9}"), "{\"n\":9.5}", "n: must be 9 or less"},
    {OBJECT("\"n\":{\"exclusiveMinimum\":1}"), "{\"n\":1}", "n: must be more than 1"},
    {OBJECT("\"n\":{\"exclusiveMaximum\":1}"), "{\"n\":1}", "n: must be less than 1"},
    {OBJECT("\"n\":{\"multipleOf\":0.1}"), "{\"n\":1.5}", "{\"n\":1.5}"},
    {OBJECT("\"n\":{\"multipleOf\":15}"), "{\"n\":20}", "n: must be a multiple of 15"},
    {OBJECT("\"n\":{\"multipleOf\":0}"), "{\"n\":20}", "{\"n\":20}"},
    /* lengths */
    {OBJECT("\"s\":{\"minLength\":2}"), "{\"s\":\"\xc3\xa9\"}",
        "s: must have 2 characters or more, not 1"},
    {OBJECT("\"s\":{\"maxLength\":1}"), "{\"s\":\"\xc3\xa9\"}", "{\"s\":\"\xc3\xa9\"}"},
    {OBJECT("\"s\":{\"type\":\"string\"}"), "{\"s\":\"a\\u0007b\"}",
        "s: must not hold control characters"},
    {OBJECT("\"s\":{\"type\":\"string\"}"), "{\"s\":\"a\\u007f\"}",
        "s: must not hold control characters"},
    {OBJECT("\"s\":{\"type\":\"string\"}"), "{\"s\":\"a\\n\\tb\"}", "{\"s\":\"a\\n\\tb\"}"},
    {OBJECT("\"s\":{\"maxItems\":1}"), "{\"s\":[1,2]}", "s: must have 1 items or fewer, not 2"},
    {OBJECT("\"s\":{\"minItems\":1}"), "{\"s\":[]}", "s: must have 1 items or more, not 0"},
    /* places */
    {OBJECT("\"guests\":{\"items\":" OBJECT("\"name\":{\"type\":\"string\"}") "}"),
        "{\"guests\":[{\"name\":\"A\"},{\"name\":1}]}", "guests[2].name: must be a string"},
    {OBJECT("\"a\":{\"items\":{\"items\":{\"type\":\"string\"}}}"), "{\"a\":[[\"x\"],[\"y\",1]]}",
        "a[2][2]: must be a string"},
    {OBJECT("\"a\":" REQUIRES("b", "\"b\":{}")), "{\"a\":{}}", "a.b: is missing"},
    /* what is for the model only */
    {OBJECT("\"s\":{\"pattern\":\"^a$\",\"format\":\"date\"}"), "{\"s\":\"b\"}", "{\"s\":\"b\"}"},
};

static json_t *parse(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    assert_non_null(value);
    return value;
}

static void what_fits_is_taken_and_the_rest_named(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *schema = parse(rows[i].schema), *arguments = parse(rows[i].arguments);
        char why[ARGUMENTS_WHY_SIZE] = "";
        char *taken =
            arguments_check(arguments, schema, why) ? NULL : json_dumps(arguments, JSON_COMPACT);
        if (strcmp(taken ? taken : why, rows[i].outcome))
            fail_msg("%s with %s: %s, expected %s", rows[i].schema, rows[i].arguments,
                taken ? taken : why, rows[i].outcome);
        free(taken);
        json_decref(schema);
        json_decref(arguments);
    }
}

/* Each level of the schema asks three ways about each level of the value. */
/* Whatever the schema says of it. */
static void texts_have_an_end(void **state)
{
    (void)state;
    char why[ARGUMENTS_WHY_SIZE], text[ARGUMENTS_TEXT_MAX + 2] = "";
    memset(text, 'x', ARGUMENTS_TEXT_MAX);
    json_t *schema = json_loads(OBJECT("\"s\":{\"type\":\"string\"}"), 0, NULL);
    json_t *arguments = json_pack("{s:s}", "s", text);
    assert_int_equal(arguments_check(arguments, schema, why), ERR_OK);
    text[ARGUMENTS_TEXT_MAX] = 'x';
    json_object_set_new(arguments, "s", json_string(text));
    assert_int_equal(arguments_check(arguments, schema, why), ERR_BAD);
    assert_string_equal(why, "s: must have 4000 characters or fewer, not 4001");
    json_decref(arguments);
    json_decref(schema);
}

/* Vendors refuse schemas with lengths in strict mode. */
static void lengths_are_not_told_to_models(void **state)
{
    (void)state;
    json_t *schema = json_loads(
        "{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\"a\":{\"type\":\"array\","
        "\"items\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9},\"maxItems\":3}}}",
        0, NULL);
    json_t *strict = strict_schema(schema);
    char *text = json_dumps(strict, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"additionalProperties\":false,\"properties\":{\"a\":{\"items\":{"
                              "\"type\":\"string\"},\"maxItems\":3,\"type\":\"array\"}},"
                              "\"required\":[\"a\"],\"type\":\"object\"}");
    free(text);
    json_decref(strict);
    json_decref(schema);
}

static void work_is_bounded(void **state)
{
    json_t *forms = json_pack("{s:s}", "type", "boolean");
    json_t *deep = json_string("end");
    for (int i = 0; i < 20; i++) {
        json_t *object = json_pack("{s:s, s:{s:O}}", "type", "object", "properties", "a", forms);
        json_decref(forms);
        forms = json_pack("{s:[O, O, O]}", "anyOf", object, object, object);
        json_decref(object);
        deep = json_pack("{s:o}", "a", deep);
    }
    char why[ARGUMENTS_WHY_SIZE] = "";
    assert_int_equal(arguments_check(deep, forms, why), ERR_BAD);
    assert_non_null(strstr(why, "too deep"));
    json_decref(deep);
    json_decref(forms);
}

static void long_names_are_cut_between_characters(void **state)
{
    char name[401] = "";
    for (int i = 0; i < 133; i++)
        strcat(name, "\xe2\x82\xac");
    json_t *schema = json_pack("{s:[s]}", "required", name);
    json_t *arguments = json_object();
    char why[ARGUMENTS_WHY_SIZE] = "";
    assert_int_equal(arguments_check(arguments, schema, why), ERR_BAD);
    json_t *text = json_string(why); /* NULL when it is no UTF-8 */
    assert_non_null(text);
    json_decref(text);
    json_decref(schema);
    json_decref(arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_is_taken_and_the_rest_named),
        cmocka_unit_test(texts_have_an_end),
        cmocka_unit_test(lengths_are_not_told_to_models),
        cmocka_unit_test(work_is_bounded),
        cmocka_unit_test(long_names_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

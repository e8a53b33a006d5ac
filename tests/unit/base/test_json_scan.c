#include "unit/telephony/cmocka_head.h"

#include <jansson.h>
#include <string.h>

#include "base/json_scan.h"

static enum err scan(struct slice text)
{
    static const char *const names[] = {"a", "b"};
    struct json_scan_value values[2];
    return json_scan_object(text, names, values, 2);
}

static void only_whole_objects_pass(void **state)
{
    static const struct {
        const char *text;
        enum err err;
    } rows[] = {
        {"{}", ERR_OK},
        {" \t\r\n{ } ", ERR_OK},
        {"{\"a\":1}", ERR_OK},
        {"{\"a\":[1,-2.5e+3,0,\"x\",true,false,null,{},[]]}", ERR_OK},
        {"{\"a\" : { \"b\" : [ ] , \"c\" : 0.1E-9 } , \"b\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}",
            ERR_OK},
        {"{\"x\":1,\"x\":2}", ERR_OK},
        {"{\"a\":1,\"a\":2}", ERR_OK},
        {"", ERR_BAD},
        {"[]", ERR_BAD},
        {"null", ERR_BAD},
        {"{", ERR_BAD},
        {"{}}", ERR_BAD},
        {"{}x", ERR_BAD},
        {"{\"a\"}", ERR_BAD},
        {"{\"a\":}", ERR_BAD},
        {"{\"a\":1,}", ERR_BAD},
        {"{,}", ERR_BAD},
        {"{a:1}", ERR_BAD},
        {"{'a':1}", ERR_BAD},
        {"{\"a\":[1,]}", ERR_BAD},
        {"{\"a\":[1}", ERR_BAD},
        {"{\"a\":01}", ERR_BAD},
        {"{\"a\":+1}", ERR_BAD},
        {"{\"a\":.5}", ERR_BAD},
        {"{\"a\":1.}", ERR_BAD},
        {"{\"a\":1e}", ERR_BAD},
        {"{\"a\":-}", ERR_BAD},
        {"{\"a\":NaN}", ERR_BAD},
        {"{\"a\":tru}", ERR_BAD},
        {"{\"a\":truex}", ERR_BAD},
        {"{\"a\":\"\\x\"}", ERR_BAD},
        {"{\"a\":\"\\u12g4\"}", ERR_BAD},
        {"{\"a\":\"\n\"}", ERR_BAD},
        {"{\"a\":\"\xc3\"}", ERR_BAD},
        {"{\"a\":\"\xc3\xa9\"}", ERR_OK},
        {"{\"a\":\"\xed\xa0\x80\"}", ERR_BAD},
        {"{\"a\":\"open}", ERR_BAD},
        {"{\"a\":\"open\\", ERR_BAD},
        {"\xef\xbb\xbf{}", ERR_BAD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (scan(slice_from(rows[i].text)) != rows[i].err)
            fail_msg("%s", rows[i].text);
}

static void every_prefix_of_an_object_is_bad(void **state)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"\\u0041x\"}],\"c\":null,\"d\":-1.5e3}";
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(scan((struct slice){text, len}), ERR_BAD);
    assert_int_equal(scan(SLICE(text)), ERR_OK);
}

static void depth_is_bounded(void **state)
{
    char text[4096] = "{\"x\":";
    size_t head = strlen(text);
    for (size_t depth = 1; depth < 1000; depth++) {
        memset(text + head, '[', depth);
        memset(text + head + depth, ']', depth);
        text[head + 2 * depth] = '}';
        struct slice whole = {text, head + 2 * depth + 1};
        assert_int_equal(scan(whole), depth < JSON_SCAN_DEPTH ? ERR_OK : ERR_BAD);
    }
}

static void a_nul_byte_is_not_json(void **state)
{
    assert_int_equal(scan((struct slice){"{\"a\":\"\0\"}", 9}), ERR_BAD);
    assert_int_equal(scan((struct slice){"{}\0", 3}), ERR_BAD);
    assert_int_equal(scan((struct slice){"{\"a\":\"\\\0\"}", 10}), ERR_BAD);
}

static void values_are_found_whatever_their_order(void **state)
{
    static const char *const names[] = {"one", "two", "none"};
    struct json_scan_value values[3];
    struct slice text = SLICE("{\"z\":{\"one\":9},\"t\\u0077o\":\"\\u0041\\/\\n\",\"one\": 12 }");
    assert_int_equal(json_scan_object(text, names, values, 3), ERR_OK);
    assert_int_equal(values[0].kind, JSON_SCAN_NUMBER);
    assert_true(slice_is(values[0].raw, "12"));
    assert_int_equal(values[2].kind, JSON_SCAN_MISSING);
    char out[4];
    assert_true(json_scan_text(&values[1], out, sizeof out));
    assert_string_equal(out, "A/\n");
    assert_false(json_scan_text(&values[1], out, 3));
    assert_false(json_scan_text(&values[0], out, sizeof out));
}

static void of_a_repeated_name_the_last_counts(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct json_scan_value values[2];
    struct slice text = SLICE("{\"a\":1,\"b\":\"x\",\"\\u0061\":[]}");
    assert_int_equal(json_scan_object(text, names, values, 2), ERR_OK);
    assert_int_equal(values[0].kind, JSON_SCAN_ARRAY);
    assert_true(values[0].is_repeated);
    assert_false(values[1].is_repeated);
}

static void counts_are_whole_and_bounded(void **state)
{
    static const struct {
        const char *text;
        bool is_good;
        uint64_t count;
    } rows[] = {
        {"{\"a\":0}", true, 0},
        {"{\"a\":\"17\"}", true, 17},
        {"{\"a\":9007199254740992}", true, 9007199254740992ull},
        {"{\"a\":9007199254740993}", false, 0},
        {"{\"a\":99999999999999999999999}", false, 0},
        {"{\"a\":-1}", false, 0},
        {"{\"a\":1.0}", false, 0},
        {"{\"a\":\"\"}", false, 0},
        {"{\"a\":\" 1\"}", false, 0},
        {"{\"a\":\"\\u0031\"}", false, 0},
        {"{\"a\":true}", false, 0},
        {"{}", false, 0},
    };
    static const char *const names[] = {"a"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_scan_value value;
        uint64_t count = 0;
        assert_int_equal(json_scan_object(slice_from(rows[i].text), names, &value, 1), ERR_OK);
        assert_int_equal(json_scan_count(&value, &count), rows[i].is_good);
        assert_int_equal(count, rows[i].count);
    }
}

/* Random bytes from JSON's alphabet: what the scan takes, jansson takes, and the other way round
   (but for what they treat differently on purpose: depth, NUL escapes, lone surrogates, sizes of
   numbers, which the alphabet leaves out). */
static void it_agrees_with_jansson(void **state)
{
    static const char *const pieces[] = {"{", "}", "[", "]", ",", ":", "\"", "\"k\"", "1", "-", "0",
        ".", "e", "true", "null", " ", "\\", "\\n", "x", "\"k\":", "{\"k\":", "\"v\"}", "\xc3\xa9",
        "\xff"};
    unsigned seed = 20260102;
    for (int round = 0; round < 20000; round++) {
        char text[256] = "{\"k\":";
        unsigned count = (seed >> 16) % 12;
        for (unsigned i = 0; i < count; i++) {
            seed = seed * 1103515245 + 12345;
            strcat(text, pieces[(seed >> 16) % (sizeof pieces / sizeof pieces[0])]);
        }
        seed = seed * 1103515245 + 12345;
        if (seed >> 31)
            strcat(text, "}");
        json_t *object = json_loads(text, 0, NULL);
        bool is_object = json_is_object(object);
        json_decref(object);
        if ((scan(slice_from(text)) == ERR_OK) != is_object)
            fail_msg("round %d: %s", round, text);
    }
}

/* Strings are skipped eight bytes at a time: every byte, at every place. */
static void any_byte_anywhere_is_judged_as_by_jansson(void **state)
{
    for (size_t at = 0; at < 20; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = "{\"a\":\"nnnnnnnnnnnnnnnnnnnn\"}";
            text[6 + at] = (char)byte;
            struct slice whole = {text, sizeof text - 1};
            json_t *object = json_loadb(whole.data, whole.len, 0, NULL);
            bool is_good = object != NULL;
            json_decref(object);
            if ((scan(whole) == ERR_OK) != is_good)
                fail_msg("byte %02x at %zu", (unsigned)byte, at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_whole_objects_pass),
        cmocka_unit_test(every_prefix_of_an_object_is_bad),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(a_nul_byte_is_not_json),
        cmocka_unit_test(values_are_found_whatever_their_order),
        cmocka_unit_test(of_a_repeated_name_the_last_counts),
        cmocka_unit_test(counts_are_whole_and_bounded),
        cmocka_unit_test(it_agrees_with_jansson),
        cmocka_unit_test(any_byte_anywhere_is_judged_as_by_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

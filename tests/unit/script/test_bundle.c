/* A version as one text and back: what survives, and what strangers' texts are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script/bundle.h"

#define SMALL "a8936eac0c597b7e" /* of "agent.lua" = "return {}" */

static void put(struct sources *sources, const char *name, struct slice text)
{
    char why[256];
    assert_int_equal(sources_put_take(sources, name, slice_dup(text), text.len, why), ERR_OK);
}

static void every_file_comes_back(void **state)
{
    struct sources *sources, *back;
    char *text, why[256], before[VERSION_SIZE], after[VERSION_SIZE];
    assert_int_equal(sources_create(&sources, "scripts", "acme-dental"), ERR_OK);
    put(sources, "tools/x.lua", SLICE("return '\\' .. \"é\"\t\x7f\x01\r\n"));
    put(sources, "agent.lua", SLICE("return {}"));
    put(sources, "sounds/keys.wav", SLICE("RIFF\0\xff\xfe"));
    put(sources, "tools/empty.lua", SLICE(""));
    put(sources, "tools/latin.lua", SLICE("return '\xe9'"));
    sources_version(sources, before);
    assert_int_equal(sources_to_bundle(&text, sources), ERR_OK);
    assert_int_equal(sources_from_bundle(&back, slice_from(text), "elsewhere", why), ERR_OK);
    sources_version(back, after);
    assert_string_equal(before, after);
    assert_string_equal(back->tenant_id, "acme-dental");
    assert_string_equal(back->scripts_path, "elsewhere");
    assert_true(back->is_sealed);
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *file = &sources->files[i];
        const struct source *same = sources_find(back, file->name);
        assert_non_null(same);
        assert_int_equal(same->len, file->len);
        assert_memory_equal(same->text, file->text, file->len + 1);
    }
    free(text);
    sources_release(back);
    sources_release(sources);
}

static void nothing_joins_it(void **state)
{
    struct sources *sources;
    struct slice text;
    char why[256];
    const char *bundle =
        "{\"tenant\":\"acme\",\"version\":\"" SMALL "\",\"files\":{\"agent.lua\":\"return {}\"}}";
    assert_int_equal(sources_from_bundle(&sources, slice_from(bundle), "/", why), ERR_OK);
    assert_int_equal(sources_get(sources, "agent.lua", &text, why), ERR_OK);
    assert_int_equal(sources_get(sources, "etc.lua", &text, why), ERR_NOT_FOUND);
    sources_release(sources);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *bundle;
        const char *why;
    } rows[] = {
        {"", "no JSON: '[' or '{' expected near end of file"},
        {"{\"tenant\":\"a\",\"tenant\":\"b\"}", "no JSON: duplicate object key near '\"tenant\"'"},
        {"[]", "it must hold a tenant, a version and files"},
        {"{\"tenant\":\"../b\",\"version\":\"1\",\"files\":{}}",
            "it must hold a tenant, a version and files"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":[]}",
            "it must hold a tenant, a version and files"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{}}", "agent.lua is missing"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{\"agent.lua\":5}}",
            "agent.lua is neither a text nor base64"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{\"agent.lua\":{\"base64\":\"a\"}}}",
            "agent.lua is neither a text nor base64"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{\"../x\":\"\"}}",
            "../x: no name of a file"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{\"/etc/x\":\"\"}}",
            "/etc/x: no name of a file"},
        {"{\"tenant\":\"a\",\"version\":\"1\",\"files\":{\"\":\"\"}}", ": no name of a file"},
        {"{\"tenant\":\"a\",\"version\":\"0123\",\"files\":{\"agent.lua\":\"return {}\"}}",
            "its files are version " SMALL ", but it says 0123"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sources *sources;
        char why[256];
        assert_int_equal(
            sources_from_bundle(&sources, slice_from(rows[i].bundle), "s", why), ERR_BAD);
        assert_string_equal(why, rows[i].why);
    }
}

static void the_bounds_are_the_folders(void **state)
{
    struct sources *sources;
    char why[256], name[32];
    char *large = calloc(1, SOURCE_MAX_BYTES + 1);
    assert_int_equal(sources_create(&sources, "scripts", "acme"), ERR_OK);
    assert_int_equal(sources_put_take(sources, "a.lua", large, SOURCE_MAX_BYTES + 1, why), ERR_BAD);
    assert_string_equal(why, "a.lua: longer than 256 KiB");
    for (unsigned i = 0; i < SOURCES_MAX; i++) {
        snprintf(name, sizeof name, "f%u.lua", i);
        put(sources, name, SLICE(""));
    }
    assert_int_equal(sources_put_take(sources, "more.lua", slice_dup(SLICE("")), 0, why), ERR_FULL);
    assert_string_equal(why, "more.lua: more than 64 files");
    sources_release(sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_comes_back),
        cmocka_unit_test(nothing_joins_it),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(the_bounds_are_the_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

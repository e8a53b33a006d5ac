#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "caller/url.h"

static void references_are_resolved(void **state)
{
    static const struct {
        const char *base, *reference, *url;
    } rows[] = {
        {"https://h/a/b?x=1", "https://other/c", "https://other/c"},
        {"https://h/a/b?x=1", "/c?d=2", "https://h/c?d=2"},
        {"https://h/a/b?x=/1", "c", "https://h/a/c"},
        {"https://h:8443", "c", "https://h:8443/c"},
        {"https://h:8443", "/c", "https://h:8443/c"},
        {"https://h?x=1", "/c", "https://h/c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char url[URL_SIZE];
        assert_int_equal(url_resolve(url, rows[i].base, rows[i].reference), ERR_OK);
        assert_string_equal(url, rows[i].url);
    }
}

static void too_long_is_refused(void **state)
{
    char reference[URL_SIZE + 1];
    char url[URL_SIZE];
    memset(reference, 'a', sizeof reference - 1);
    reference[URL_SIZE] = 0;
    assert_int_equal(url_resolve(url, "https://h/", reference), ERR_BAD);
}

static void origins_are_compared_whole(void **state)
{
    assert_true(url_has_origin("https://h/a", "https://h"));
    assert_true(url_has_origin("https://h?x", "https://h/base"));
    assert_false(url_has_origin("https://h.evil/a", "https://h"));
    assert_false(url_has_origin("http://h/a", "https://h"));
    assert_false(url_has_origin("https://h:8443/a", "https://h"));
    assert_false(url_has_origin("/a", "https://h"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(too_long_is_refused),
        cmocka_unit_test(origins_are_compared_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

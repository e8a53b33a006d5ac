#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/conceal.h"

static void test_secrets_are_hidden_and_words_are_not(void **state)
{
    static const char *const rows[][2] = {
        {"Authorization: Bearer abc.def-123", "Authorization: Bearer [secret]"},
        {"authorization: basic QUM6dG9rZW4=", "authorization: basic [secret]"},
        {"the bearer of news", "the bearer of news"},
        {"basic authentication failed", "basic authentication failed"},
        {"postgres://moon:pa55@db:5432/x", "postgres://moon:[secret]@db:5432/x"},
        {"postgres://moon:p@ss:word@db/x", "postgres://moon:[secret]@db/x"},
        {"postgres://moon@db:5432/x", "postgres://moon@db:5432/x"},
        {"https://api.example.com:443/a@b", "https://api.example.com:443/a@b"},
        {"password=pa55 host=db", "password=[secret] host=db"},
        {"PASSWORD: pa55", "PASSWORD: [secret]"},
        {"{\"api_key\": \"abc\", \"model\": \"m\"}",
            "{\"api_key\": \"[secret]\", \"model\": \"m\"}"},
        {"xi-api-key: abc123", "xi-api-key: [secret]"},
        {"?a=1&token=abcdefgh12&b=2", "?a=1&token=[secret]&b=2"},
        {"token: wrong", "token: wrong"},
        {"token used before", "token used before"},
        {"prompt_tokens=512", "prompt_tokens=512"},
        {"Incorrect API key provided: sk-abcdefghijklmnop1234.",
            "Incorrect API key provided: [secret]."},
        {"risk-abcdefghijklmnopqrst", "risk-abcdefghijklmnopqrst"},
        {"sk-short", "sk-short"},
        {"x known-secret y known-secret", "x [secret] y [secret]"},
        {"0192f3a4-5b6c-7d8e-9f01-23456789abcd", "0192f3a4-5b6c-7d8e-9f01-23456789abcd"},
        {"", ""},
        {"token=", "token="},
        {"://", "://"},
    };
    static const struct slice known[] = {{"known-secret", 12}, {"y", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf out;
        strbuf_init(&out, 1024);
        conceal(&out, slice_from(rows[i][0]), known, 2);
        strbuf_add_text(&out, "");
        assert_string_equal(out.data ? out.data : "", rows[i][1]);
        strbuf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_secrets_are_hidden_and_words_are_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

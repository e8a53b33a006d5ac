#include "cmocka_head.h"
#include "providers/origin.h"

static void addresses_follow_from_the_origin(void **state)
{
    static const struct {
        const char *origin;
        const char *http;
        const char *ws;
    } rows[] = {
        {"https://api.example", "https://api.example/v1/x", "wss://api.example/v1/x"},
        {"https://api.example/", "https://api.example/v1/x", "wss://api.example/v1/x"},
        {"https://api.example/v1", "https://api.example/v1/x", "wss://api.example/v1/x"},
        {"https://api.example/v1/", "https://api.example/v1/x", "wss://api.example/v1/x"},
        {"http://127.0.0.1:9100", "http://127.0.0.1:9100/v1/x", "ws://127.0.0.1:9100/v1/x"},
        {"http://[::1]:9100/openai/v1", "http://[::1]:9100/openai/v1/x",
            "ws://[::1]:9100/openai/v1/x"},
        {"wss://api.example", "https://api.example/v1/x", "wss://api.example/v1/x"},
        {"ws://api.example", "http://api.example/v1/x", "ws://api.example/v1/x"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf url;
        strbuf_init(&url, 200);
        assert_int_equal(origin_http(&url, rows[i].origin, "/v1/x"), ERR_OK);
        assert_string_equal(url.data, rows[i].http);
        strbuf_clear(&url);
        assert_int_equal(origin_ws(&url, rows[i].origin, "/v1/x"), ERR_OK);
        assert_string_equal(url.data, rows[i].ws);
        strbuf_free(&url);
    }
}

static void other_origins_are_refused(void **state)
{
    static const char *const rows[] = {
        NULL, "", "api.example", "ftp://api.example", "https://", "https:///v1"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct strbuf url;
        strbuf_init(&url, 200);
        assert_int_equal(origin_http(&url, rows[i], "/v1/x"), ERR_BAD);
        strbuf_free(&url);
    }
}

static void parts_are_percent_encoded(void **state)
{
    struct strbuf out;
    strbuf_init(&out, 200);
    origin_add_encoded(&out, SLICE("aZ09-._~ /?&=%\xc3\xa9\0"));
    assert_string_equal(out.data, "aZ09-._~%20%2F%3F%26%3D%25%C3%A9%00");
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_follow_from_the_origin),
        cmocka_unit_test(other_origins_are_refused),
        cmocka_unit_test(parts_are_percent_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

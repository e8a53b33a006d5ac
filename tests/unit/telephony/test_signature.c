#include "unit/telephony/cmocka_head.h"

#include <string.h>

#include "telephony/signature.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define OLD_TOKEN "fedcba9876543210fedcba9876543210"
#define HOST "https://voice.example.com"
#define CALL_SID "CallSid=CA00000000000000000000000000000001"
#define ACCOUNT_SID "AccountSid=AC00000000000000000000000000000001"
#define FORM_F                                                                                     \
    CALL_SID "&" ACCOUNT_SID "&From=%2B15550100001&To=%2B15550100002&CallStatus=ringing"           \
             "&ApiVersion=2010-04-01&Direction=inbound&CallerName="
#define FORM_H                                                                                     \
    "MessageSid=SM00000000000000000000000000000001&From=%2B15550100001&To=%2B15550100002"          \
    "&Body=Gr%C3%BC%C3%9Fe+%26+100%25+%2B1+ok%3F&NumMedia=0&FromCity="
#define FORM_M                                                                                     \
    ACCOUNT_SID "&" CALL_SID "&StreamSid=MZ00000000000000000000000000000001&StreamName=rx"         \
                "&StreamEvent=stream-started&Timestamp=2026-01-02T03%3A04%3A05.678Z"
#define JSON_URL                                                                                   \
    HOST "/json?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"

struct vector {
    const char *name;
    const char *token;
    const char *url;
    const char *form; /* NULL: nothing but the URL is signed */
    const char *signature;
};

static const struct vector vectors[] = {
    {"A", TOKEN, HOST "/twilio/voice", FORM_F, "s4U3YB3kK2f9ZwE8NukSuQ8dn48="},
    {"B", TOKEN, HOST "/twilio/voice?tenant=acme&x=1", FORM_F, "Ks1r+Mj7+WHZ004uy98Qk0tRQrE="},
    {"C", TOKEN, HOST ":443/twilio/voice", FORM_F, "4VRvk7B9FigdDDymU59LtWS2k2M="},
    {"D", TOKEN, "wss://voice.example.com/twilio/stream", NULL, "glVYh1t/0Dvf+h7sOwB2wdefrc8="},
    {"E", TOKEN, "wss://voice.example.com/twilio/stream/", NULL, "+GvhpXVgVZnbzeZGBHqOOYAeGA4="},
    {"E2", TOKEN, "wss://voice.example.com:443/twilio/stream", NULL,
        "J++J9PFCne86pSrDjVNSK8bS7Dc="},
    {"E3", TOKEN, "wss://voice.example.com:8443/twilio/stream", NULL,
        "E9iiYTeeJ2u8gvXU655J/c9yRPQ="},
    {"G", TOKEN, HOST "/twilio/stream", NULL, "YLBFU7j+9N2asEIdhfasmQxodZc="},
    {"H", TOKEN, HOST "/twilio/sms", FORM_H, "l3CoMXlxW60xYfKVYRwX8+FhERs="},
    {"I", TOKEN, HOST "/twilio/voice", "A=b&A=a&A=b&B=x", "NVxx3Kl/5jbS6Qlz1dnQynNVeRE="},
    {"J", TOKEN, HOST "/twilio/voice?CallSid=CA1&From=%2B15550100001", NULL,
        "xcaAXY/S0fwtfN6Lq3hGE6dsOuY="},
    {"K", TOKEN, HOST "/twilio/voice", "b=1&B=2&a=3&_=4", "4RkIxJMsva1dt1f/13UQzCzmGDs="},
    {"L", TOKEN, HOST ":8443/twilio/voice", CALL_SID, "32v6BpxoTSj9/QrQYB8+vxOspFM="},
    {"M", TOKEN, HOST "/twilio/stream-status", FORM_M, "sx5BEXspqpbGWJ3ihRd8RG0L59g="},
    {"N", TOKEN, JSON_URL, NULL, "BODyP2vZrule+yhNhCaU1n569nk="},
    {"published 1", "12345", "https://example.com/myapp.php?foo=1&bar=2",
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675310&Digits=1234&From=%2B14158675310"
        "&To=%2B18005551212",
        "L/OH5YylLD5NRKLltdqwSvS0BnU="},
    {"published 2", "12345", "https://mycompany.com/myapp.php?foo=1&bar=2",
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"
        "&To=%2B18005551212",
        "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
};

static const struct vector *vector(const char *name)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
        if (strcmp(vectors[i].name, name) == 0)
            return &vectors[i];
    fail_msg("no vector %s", name);
    return NULL;
}

static bool is_accepted(
    const char *signature, const char *token, const char *second, const char *url, const char *body)
{
    struct form form;
    if (body)
        assert_int_equal(form_parse(&form, slice_from(body)), ERR_OK);
    bool answer = signature_check(slice_from(signature), slice_from(token), slice_from(second),
        slice_from(url), body ? &form : NULL, slice_from(body));
    if (body)
        form_free(&form);
    return answer;
}

static void every_vector_is_made(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        struct form form;
        if (v->form)
            assert_int_equal(form_parse(&form, slice_from(v->form)), ERR_OK);
        char made[SIGNATURE_SIZE];
        assert_int_equal(
            signature_make(made, slice_from(v->token), slice_from(v->url), v->form ? &form : NULL),
            ERR_OK);
        if (v->form)
            form_free(&form);
        assert_string_equal(made, v->signature);
    }
}

static void every_vector_is_accepted(void **state)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        const char *body = strcmp(v->name, "N") == 0 ? "{\"a\":1}" : "";
        struct form form;
        if (v->form)
            assert_int_equal(form_parse(&form, slice_from(v->form)), ERR_OK);
        bool is_good = signature_check(slice_from(v->signature), slice_from(v->token),
            slice_from(""), slice_from(v->url), v->form ? &form : NULL, slice_from(body));
        if (v->form)
            form_free(&form);
        if (!is_good)
            fail_msg("vector %s refused", v->name);
    }
}

struct variant {
    const char *vector; /* whose signature is shown */
    const char *url;    /* as configured here */
    bool is_accepted;
};

static void url_forms_that_mean_the_same_are_accepted(void **state)
{
    static const struct variant variants[] = {
        {"A", HOST ":443/twilio/voice", true},  /* signed without the port */
        {"C", HOST "/twilio/voice", true},      /* signed with it */
        {"A", HOST ":8443/twilio/voice", true}, /* Twilio drops it on https */
        {"L", HOST "/twilio/voice", false},     /* a port we do not know of */
        {"A", HOST "/twilio/voice/", false},    /* slashes: WebSockets only */
        {"A", "http://voice.example.com/twilio/voice", false},
        {"A", HOST "/twilio/Voice", false},
        {"A", "https://user:secret@voice.example.com/twilio/voice", true},
        {"D", "wss://voice.example.com:443/twilio/stream", true},
        {"D", "wss://voice.example.com:8443/twilio/stream", true},
        {"E", "wss://voice.example.com/twilio/stream", true},
        {"E", "wss://voice.example.com:443/twilio/stream", true},
        {"E2", "wss://voice.example.com/twilio/stream", true},
        {"E3", "wss://voice.example.com/twilio/stream", false},
        {"D", "wss://voice.example.com/twilio/stream/", false},
        {"G", "wss://voice.example.com/twilio/stream", false},
        {"D", "https://voice.example.com/twilio/stream", false},
    };
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
        const struct vector *v = vector(variants[i].vector);
        bool answer = is_accepted(v->signature, v->token, "", variants[i].url, v->form);
        if (answer != variants[i].is_accepted)
            fail_msg("signature %s at %s: %d", v->name, variants[i].url, answer);
    }
}

static void plain_websockets_sign_with_port_80(void **state)
{
    char made[SIGNATURE_SIZE];
    static const char *const signed_urls[] = {"ws://127.0.0.1:80/s", "ws://127.0.0.1/s",
        "ws://127.0.0.1:80/s/", "ws://127.0.0.1:8080/s/"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            signature_make(made, SLICE(TOKEN), slice_from(signed_urls[i]), NULL), ERR_OK);
        assert_true(is_accepted(made, TOKEN, "", "ws://127.0.0.1:8080/s", NULL));
    }
}

static void ports_of_ipv6_hosts_are_found(void **state)
{
    char made[SIGNATURE_SIZE];
    assert_int_equal(signature_make(made, SLICE(TOKEN), SLICE("https://[::1]/v"), NULL), ERR_OK);
    assert_true(is_accepted(made, TOKEN, "", "https://[::1]:8443/v", NULL));
    assert_true(is_accepted(made, TOKEN, "", "https://[::1]/v", NULL));
    assert_int_equal(
        signature_make(made, SLICE(TOKEN), SLICE("https://[::1]:443/v"), NULL), ERR_OK);
    assert_true(is_accepted(made, TOKEN, "", "https://[::1]/v", NULL));
}

static void either_token_is_accepted_and_an_empty_one_never(void **state)
{
    const struct vector *a = vector("A");
    assert_true(is_accepted(a->signature, OLD_TOKEN, TOKEN, a->url, a->form));
    assert_true(is_accepted(a->signature, TOKEN, OLD_TOKEN, a->url, a->form));
    assert_false(is_accepted(a->signature, OLD_TOKEN, "", a->url, a->form));
    char made[SIGNATURE_SIZE];
    assert_int_equal(signature_make(made, SLICE(""), slice_from(a->url), NULL), ERR_OK);
    assert_false(is_accepted(made, "", "", a->url, NULL));
    assert_false(is_accepted(made, TOKEN, "", a->url, NULL));
}

static void wrong_and_missing_signatures_are_refused(void **state)
{
    const struct vector *a = vector("A");
    static const char *const wrong[] = {"", "=", "s4U3YB3kK2f9ZwE8NukSuQ8dn48",
        "s4U3YB3kK2f9ZwE8NukSuQ8dn49=", "S4U3YB3kK2f9ZwE8NukSuQ8dn48=",
        "s4U3YB3kK2f9ZwE8NukSuQ8dn48= ", "s4U3YB3kK2f9ZwE8NukSuQ8dn48==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(is_accepted(wrong[i], TOKEN, "", a->url, a->form));
}

static void every_field_counts(void **state)
{
    const struct vector *a = vector("A");
    static const char without_empty[] =
        CALL_SID "&" ACCOUNT_SID "&From=%2B15550100001&To=%2B15550100002&CallStatus=ringing"
                 "&ApiVersion=2010-04-01&Direction=inbound";
    assert_false(is_accepted(a->signature, TOKEN, "", a->url, without_empty));
    assert_false(is_accepted(a->signature, TOKEN, "", a->url, FORM_F "&Extra="));
    assert_false(is_accepted(a->signature, TOKEN, "", a->url, NULL));
    assert_true(is_accepted(a->signature, TOKEN, "", a->url, FORM_F "&CallerName="));
    const struct vector *i = vector("I");
    assert_true(is_accepted(i->signature, TOKEN, "", i->url, "B=x&A=a&A=b"));
    assert_false(is_accepted(i->signature, TOKEN, "", i->url, "A=b&A=a&A=c&B=x"));
}

static void a_json_body_must_match_its_hash(void **state)
{
    const struct vector *n = vector("N");
    static const char *const wrong[] = {"{\"a\":2}", "", "{\"a\":1} "};
    for (size_t i = 0; i < 3; i++)
        assert_false(signature_check(slice_from(n->signature), SLICE(TOKEN), SLICE(""),
            slice_from(n->url), NULL, slice_from(wrong[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_is_made),
        cmocka_unit_test(every_vector_is_accepted),
        cmocka_unit_test(url_forms_that_mean_the_same_are_accepted),
        cmocka_unit_test(plain_websockets_sign_with_port_80),
        cmocka_unit_test(ports_of_ipv6_hosts_are_found),
        cmocka_unit_test(either_token_is_accepted_and_an_empty_one_never),
        cmocka_unit_test(wrong_and_missing_signatures_are_refused),
        cmocka_unit_test(every_field_counts),
        cmocka_unit_test(a_json_body_must_match_its_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The catalog, and the routes that are made of it: whom a call asks, in which order, with which key, model and voice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "routing/route.h"

#define NOBODY ((struct route_wish){"", "", ""})

static struct provider thinker(const char *name, const char *model, const char *key)
{
    struct provider provider = provider_usual(driver_find("openai_chat"), name);
    provider.llm.base_url = "http://localhost";
    provider.llm.model = model;
    provider.llm.api_key = key;
    provider.key_source = key ? "environment A" : NULL;
    return provider;
}

static struct provider speaker(const char *name, const char *voice)
{
    struct provider provider = provider_usual(driver_find("elevenlabs"), name);
    provider.tts.base_url = "http://localhost";
    provider.tts.model = "flash";
    provider.tts.voice_id = voice;
    provider.tts.language = "en";
    provider.tts.stability = 0.5;
    return provider;
}

static struct provider hearer(const char *name)
{
    struct provider provider = provider_usual(driver_find("openai_realtime"), name);
    provider.stt.base_url = "http://localhost";
    provider.stt.model = "whisper";
    return provider;
}

static int publish(void **state)
{
    struct provider list[] = {hearer("ear"), thinker("first", "m1", "k1"), speaker("voice", "v1"),
        thinker("second", "m2", NULL), thinker("third", "m3", "k3")};
    const struct provider_key keys[] = {
        {.tenant_id = "acme", .provider = "first", .key = "own", .source = "file x"},
        {.tenant_id = "acme", .provider = "second", .key = "own2", .source = "file y"},
        {.tenant_id = "acme", .provider = "gone", .key = "own3", .source = "file z"}};
    catalog_publish(catalog_make(list, sizeof list / sizeof *list, keys, 3));
    return 0;
}

static int withdraw(void **state)
{
    catalog_publish(NULL);
    return 0;
}

/* "first/m1 second/m2" */
static void expect(const struct route *route, const char *expected)
{
    char all[256] = "";
    for (size_t i = 0; i < route->count; i++) {
        strcat(strcat(all, i ? " " : ""), route_provider(route, i));
        strcat(strcat(all, "/"), route_model(route, i));
    }
    assert_string_equal(all, expected);
}

static void a_route_follows_wishes_or_the_operator(void **state)
{
    static const struct {
        struct route_wish wishes[4];
        size_t count;
        const char *expected;
    } rows[] = {
        {{}, 0, "first/m1 second/m2 third/m3"},
        {{{"", "own", ""}}, 1, "first/own second/m2 third/m3"},
        {{{"third", "", ""}}, 1, "third/m3"},
        {{{"third", "x", ""}, {"first", "", ""}}, 2, "third/x first/m1"},
        {{{"first", "", ""}, {"first", "small", ""}}, 2, "first/m1 first/small"},
        {{{"nobody", "x", ""}, {"second", "", ""}}, 2, "second/m2"},
        {{{"nobody", "x", ""}}, 1, "first/m1 second/m2 third/m3"},
        {{{"ear", "", ""}, {"voice", "", ""}}, 2, "first/m1 second/m2 third/m3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct route route;
        route_make(&route, NULL, SLOT_THINK, "acme", rows[i].wishes, rows[i].count);
        expect(&route, rows[i].expected);
        route_clear(&route);
    }
}

static void without_a_catalog_nobody_is_asked(void **state)
{
    struct route route;
    catalog_publish(NULL);
    route_make(&route, NULL, SLOT_THINK, "acme", &(struct route_wish){"first", "", ""}, 1);
    assert_int_equal(route.count, 0);
    route_clear(&route);
}

static void a_tenants_key_wins_over_the_providers(void **state)
{
    struct route route;
    const struct llm_settings base = {0};
    route_make(&route, NULL, SLOT_THINK, "acme", &NOBODY, 1);
    assert_string_equal(route_llm(&route, 0, &base).api_key, "own");
    assert_string_equal(route_key_source(&route, 0), "file x");
    assert_string_equal(route_llm(&route, 1, &base).api_key, "own2");
    assert_string_equal(route_llm(&route, 2, &base).api_key, "k3");
    assert_string_equal(route_key_source(&route, 2), "environment A");
    route_clear(&route);
    route_make(&route, NULL, SLOT_THINK, "other", &NOBODY, 1);
    assert_string_equal(route_llm(&route, 0, &base).api_key, "k1");
    assert_string_equal(route_llm(&route, 1, &base).api_key, "");
    assert_string_equal(route_key_source(&route, 1), "");
    route_clear(&route);
}

static void a_calls_wishes_complete_the_providers_settings(void **state)
{
    struct route route;
    struct tts_settings base = {
        .language = "de", .stability = -1, .similarity = 0.25, .speed = -1, .pitch = 2};
    const struct route_wish wish = {"voice", "turbo", "v2"};
    route_make(&route, NULL, SLOT_SPEAK, "acme", &wish, 1);
    struct tts_settings tts = route_tts(&route, 0, &base);
    assert_string_equal(tts.voice_id, "v2");
    assert_string_equal(tts.model, "turbo");
    assert_string_equal(tts.language, "de");
    assert_true(
        tts.stability == 0.5 && tts.similarity == 0.25 && tts.speed == -1 && tts.pitch == 2);
    route_clear(&route);
    route_make(&route, NULL, SLOT_SPEAK, "acme", NULL, 0);
    base.language = "";
    tts = route_tts(&route, 0, &base);
    assert_string_equal(tts.voice_id, "v1");
    assert_string_equal(tts.model, "flash");
    assert_string_equal(tts.language, "en");
    route_clear(&route);
    route_make(&route, NULL, SLOT_HEAR, "acme", NULL, 0);
    assert_string_equal(
        route_stt(&route, 0, &(struct stt_settings){.language = "fr"}).language, "fr");
    route_clear(&route);
}

/* Whoever goes on with a route goes on with the keys it was made with. */
static void a_route_outlives_its_catalog(void **state)
{
    struct route route, copy;
    const struct llm_settings base = {0};
    uint64_t generation = catalog_generation();
    route_make(&route, NULL, SLOT_THINK, "other", &NOBODY, 1);
    route_copy(&copy, &route);
    route_clear(&route);
    struct provider list[] = {thinker("first", "m1", "rotated")};
    catalog_publish(catalog_make(list, 1, NULL, 0));
    assert_true(catalog_generation() != generation);
    assert_string_equal(route_llm(&copy, 0, &base).api_key, "k1");
    route_make(&route, NULL, SLOT_THINK, "other", &NOBODY, 1);
    assert_string_equal(route_llm(&route, 0, &base).api_key, "rotated");
    expect(&route, "first/m1");
    route_clear(&copy);
    route_clear(&route);
}

static void what_was_refused_is_known(void **state)
{
    char why[CATALOG_WHY_SIZE];
    catalog_refuse("providers.json: x");
    catalog_refused(why);
    assert_string_equal(why, "providers.json: x");
    catalog_refuse("");
    catalog_refused(why);
    assert_string_equal(why, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_route_follows_wishes_or_the_operator, publish, withdraw),
        cmocka_unit_test_setup_teardown(without_a_catalog_nobody_is_asked, publish, withdraw),
        cmocka_unit_test_setup_teardown(a_tenants_key_wins_over_the_providers, publish, withdraw),
        cmocka_unit_test_setup_teardown(
            a_calls_wishes_complete_the_providers_settings, publish, withdraw),
        cmocka_unit_test_setup_teardown(a_route_outlives_its_catalog, publish, withdraw),
        cmocka_unit_test(what_was_refused_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

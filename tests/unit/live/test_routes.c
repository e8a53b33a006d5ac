/* Whom a call asks, by what its version names in agent.lua. */
#include "unit/live/call_double.h"

static struct provider named(const char *driver, const char *name, const char *model)
{
    struct provider provider = provider_usual(driver_find(driver), name);
    *provider_base_url(&provider) = "http://localhost";
    provider.llm.model = provider.tts.model = provider.stt.model = model;
    provider.tts.voice_id = "usual";
    return provider;
}

static int publish(void **state)
{
    struct provider list[] = {named("openai_realtime", "ear", "h"), named("openai_chat", "a", "m"),
        named("openai_chat", "b", "m"), named("elevenlabs", "voice", "s"),
        named("elevenlabs", "spare", "s")};
    catalog_publish(catalog_make(list, sizeof list / sizeof *list, NULL, 0));
    memset(&agent, 0, sizeof agent);
    atomic_init(&agent.references, 1);
    return 0;
}

static int withdraw(void **state)
{
    catalog_publish(NULL);
    return 0;
}

static void end(struct call *call)
{
    routes_clear(call);
    free_call(call);
}

static void fields_of_old_are_the_first_providers(void **state)
{
    memcpy(agent.voice_id, "own", 4);
    memcpy(agent.tts_model, "turbo", 6);
    struct call *call = make_call();
    const struct route *route = routes_of(call, SLOT_SPEAK);
    assert_int_equal(route->count, 2);
    assert_string_equal(route->list[0].voice, "own");
    assert_string_equal(route_model(route, 0), "turbo");
    assert_string_equal(route->list[1].voice, "");
    assert_string_equal(route_model(route, 1), "s");
    end(call);
    agent.speak = (struct agent_providers){
        .list = {{.name = "spare", .voice = "spare voice"}, {.name = "voice"}}, .count = 2};
    call = make_call();
    route = routes_of(call, SLOT_SPEAK);
    assert_string_equal(route_provider(route, 0), "spare");
    assert_string_equal(route->list[0].voice, "spare voice");
    assert_string_equal(route_model(route, 0), "turbo");
    assert_string_equal(route_provider(route, 1), "voice");
    assert_string_equal(route->list[1].voice, "");
    end(call);
}

/* The next question is answered by the new list, and what is held of the old one stays. */
static void a_new_catalog_counts_at_the_next_question(void **state)
{
    struct call *call = make_call();
    struct route old;
    route_copy(&old, routes_of(call, SLOT_THINK));
    struct provider list[] = {named("openai_chat", "c", "m")};
    catalog_publish(catalog_make(list, 1, NULL, 0));
    assert_string_equal(route_provider(routes_of(call, SLOT_THINK), 0), "c");
    assert_string_equal(route_provider(&old, 0), "a");
    assert_int_equal(routes_of(call, SLOT_HEAR)->count, 0);
    route_clear(&old);
    end(call);
}

static void a_name_that_nobody_has_is_told_once_a_version(void **state)
{
    agent.think = (struct agent_providers){.list = {{.name = "gone"}, {.name = "b"}}, .count = 2};
    memcpy(agent.version, "0123456789abcdef", 17);
    for (int i = 0; i < 2; i++) {
        struct call *call = make_call();
        const struct route *route = routes_of(call, SLOT_THINK);
        assert_int_equal(route->count, 1);
        assert_string_equal(route_provider(route, 0), "b");
        end(call);
    }
    assert_int_equal(worker.told.next, 1);
    assert_string_equal(worker.told.versions[0], "0123456789abcdef");
}

/* ---- fixed phrases, which are one voice's ---- */

static struct call *speaking(void)
{
    char why[256];
    assert_int_equal(phrases_open(&live.options.phrases, NULL, why), ERR_OK);
    strcpy(agent.greeting, "Hi.");
    struct call *call = make_call();
    speech_open(call);
    return call;
}

static void close_phrases(struct call *call)
{
    speech_close(call);
    strbuf_free(&voice.said);
    end(call);
    phrases_close(live.options.phrases);
    live.options.phrases = NULL;
}

static bool is_kept(struct call *call, const char *provider)
{
    strcpy(call->speaks, provider);
    struct phrase *phrase = fixed_find(call, "Hi.");
    phrase_release(phrase);
    return phrase;
}

static void learn(struct call *call, const char *provider)
{
    uint32_t context = voice.newest;
    voice.listener->on_source(call, 99, provider, "s"); /* of a reply: the caller hears it */
    voice.listener->on_source(call, context, provider, "s");
    speak(context, 'g', 2);
    voice.listener->on_end(call, context);
}

static void a_phrase_is_kept_for_whom_it_was_asked_of(void **state)
{
    struct call *call = speaking();
    fixed_prepare(call);
    assert_string_equal(voice.said.data, "Hi.|");
    learn(call, "spare"); /* which took over in between */
    assert_false(is_kept(call, "voice"));
    assert_false(is_kept(call, "spare"));
    close_phrases(call);
    call = speaking();
    fixed_prepare(call);
    learn(call, "voice");
    assert_true(is_kept(call, "voice"));
    assert_false(is_kept(call, "spare"));
    close_phrases(call);
}

static void a_session_of_an_older_list_keeps_nothing(void **state)
{
    struct call *call = speaking();
    struct provider list[] = {named("elevenlabs", "voice", "newer")};
    catalog_publish(catalog_make(list, 1, NULL, 0));
    fixed_prepare(call);
    assert_int_equal(voice.said.len, 0);
    close_phrases(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fields_of_old_are_the_first_providers, publish, withdraw),
        cmocka_unit_test_setup_teardown(
            a_new_catalog_counts_at_the_next_question, publish, withdraw),
        cmocka_unit_test_setup_teardown(
            a_name_that_nobody_has_is_told_once_a_version, publish, withdraw),
        cmocka_unit_test_setup_teardown(
            a_phrase_is_kept_for_whom_it_was_asked_of, publish, withdraw),
        cmocka_unit_test_setup_teardown(
            a_session_of_an_older_list_keeps_nothing, publish, withdraw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

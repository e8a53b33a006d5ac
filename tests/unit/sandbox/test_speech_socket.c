/* The speech WebSockets over real sockets: contexts, their rules, their audio. */
#include "unit/sandbox/sandbox_story.h"

#include <stdio.h>
#include <string.h>

#define MULTI "/v1/text-to-speech/sbxAvaReceptionist01/multi-stream-input?output_format=ulaw_8000"
#define SINGLE "/v1/text-to-speech/sbxAvaReceptionist01/stream-input?output_format=ulaw_8000"
#define KEY "xi-api-key", "secret"

#define INIT(id) "{\"text\":\" \",\"context_id\":\"" id "\",\"voice_settings\":{\"speed\":1.1}}"

/* The characters of everything a context said. */
static void join_text(struct client *client, const char *context, char out[256])
{
    size_t at = 0;
    json_t *message;
    out[0] = 0;
    while ((message = client_find(client, &at, "audio", NULL))) {
        if (strcmp(text_of(message, "contextId"), context))
            continue;
        size_t i;
        json_t *character;
        json_array_foreach(
            json_object_get(json_object_get(message, "alignment"), "chars"), i, character)
        {
            strcat(out, json_string_value(character));
        }
    }
}

static size_t count_key(struct client *client, const char *key)
{
    size_t at = 0, count = 0;
    while (client_find(client, &at, key, NULL))
        count++;
    return count;
}

static void a_reply_is_flushed_then_closed_and_ends_once(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    char text[256];
    client_open(story, &client, MULTI, KEY);
    client_say(&client, INIT("t1"));
    client_say(&client, "{\"text\":\"Sure, Tuesday at three works. \",\"context_id\":\"t1\"}");
    client_say(&client, "{\"text\":\"Anything else? \",\"context_id\":\"t1\",\"flush\":true}");
    client_wait(&client, &at, "audio", NULL);
    story_run_for(&story->net, 150);
    assert_int_equal(count_key(&client, "isFinal"), 0); /* a flush alone ends nothing */
    client_say(&client, "{\"context_id\":\"t1\",\"close_context\":true}");
    json_t *final = client_wait(&client, &at, "isFinal", NULL);
    assert_true(json_is_true(json_object_get(final, "isFinal")));
    assert_string_equal(text_of(final, "contextId"), "t1");
    story_run_for(&story->net, 50);
    assert_int_equal(count_key(&client, "isFinal"), 1);
    join_text(&client, "t1", text);
    assert_string_equal(text, " Sure, Tuesday at three works. Anything else? ");
    client_say(&client, "{\"close_socket\":true}");
    client_wait_closed(&client, 1000);
    client_close(&client);
}

static void late_audio_follows_a_closed_context(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    story->options.pace.speedup = 5;
    client_open(story, &client, MULTI, KEY);
    client_say(&client, INIT("t1"));
    client_say(&client,
        "{\"text\":\"This is a rather long sentence that takes a while. \",\"context_id\":\"t1\","
        "\"flush\":true}");
    client_wait(&client, &at, "audio", NULL);
    client_say(&client, "{\"context_id\":\"t1\",\"close_context\":true}");
    client_say(&client, INIT("t2"));
    client_say(&client, "{\"text\":\"Yes. \",\"context_id\":\"t2\",\"flush\":true}");
    client_wait(&client, &at, "contextId", "t2"); /* not behind the old one's audio */
    assert_int_equal(count_key(&client, "isFinal"), 0);
    json_t *final = client_wait(&client, &at, "isFinal", NULL);
    assert_string_equal(text_of(final, "contextId"), "t1");
    client_close(&client);
}

/* Each ends with an error frame of this code, then 1008. */
static const struct {
    const char *path;
    const char *messages[8];
    const char *error;
} mistakes[] = {
    {MULTI, {INIT("a"), INIT("b"), INIT("c"), INIT("d"), INIT("e"), INIT("f")},
        "max_active_conversations"},
    {MULTI, {"{\"text\":\"\",\"context_id\":\"t1\"}", INIT("t1")}, "invalid_message"},
    {MULTI, {INIT("t1"), "{\"text\":\"Hi \",\"context_id\":\"t1\",\"voice_settings\":{}}"},
        "invalid_message"},
    {MULTI, {"{\"text\":\" \",\"voice_settings\":{\"speed\":3}}"}, "invalid_voice_settings"},
    {MULTI, {"hello"}, "invalid_message"},
    {MULTI "&model_id=eleven_v3", {NULL}, "unsupported_model"},
    {"/v1/text-to-speech/nobody/multi-stream-input?output_format=ulaw_8000", {NULL},
        "voice_not_found"},
    {MULTI "&inactivity_timeout=1", {NULL}, "input_timeout_exceeded"},
    {SINGLE, {"{\"text\":\"Hello \"}"}, "invalid_message"},
};

static void mistakes_close_the_socket(void **state)
{
    struct sandbox_story *story = *state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct client client;
        size_t at = 0;
        client_open(story, &client, mistakes[i].path, KEY);
        for (size_t j = 0; mistakes[i].messages[j]; j++)
            client_say(&client, mistakes[i].messages[j]);
        json_t *error = client_wait(&client, &at, "error", NULL);
        assert_string_equal(text_of(error, "error"), mistakes[i].error);
        assert_int_equal(json_integer_value(json_object_get(error, "code")), 1008);
        client_wait_closed(&client, 1008);
        client_close(&client);
    }
}

static void keepalives_without_a_name_open_nothing(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    client_open(story, &client, MULTI, KEY);
    client_say(&client, "{\"text\":\"\"}");
    client_say(&client, "{\"text\":\" \"}");
    client_say(&client, "{\"context_id\":\"gone\",\"close_context\":true}");
    client_say(&client, INIT("t1"));
    client_say(&client, "{\"text\":\"Yes. \",\"context_id\":\"t1\",\"flush\":true}");
    client_wait(&client, &at, "contextId", "t1");
    json_t *tts = control_state(story);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(tts, "counts"), "tts_contexts")), 1);
    json_decref(tts);
    client_close(&client);
}

static void a_single_context_ends_with_empty_text(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    char text[256];
    client_open(story, &client, SINGLE, KEY);
    client_say(&client, "{\"text\":\" \",\"voice_settings\":{\"stability\":0.4}}");
    client_say(&client, "{\"text\":\"Sure, Tuesday. \"}");
    client_say(&client, "{\"text\":\"\"}");
    json_t *first = client_wait(&client, &at, "audio", NULL);
    assert_null(json_object_get(first, "contextId"));
    client_wait(&client, &at, "isFinal", NULL);
    client_wait_closed(&client, 1000);
    join_text(&client, "", text);
    assert_string_equal(text, "Sure, Tuesday. ");
    client_close(&client);
}

static void the_published_spelling_on_request(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/faults",
        "{\"service\":\"tts\",\"docs_spelling\":true,\"null_alignment\":true,\"count\":1}");
    client_open(story, &client, MULTI, KEY);
    client_say(&client, INIT("t1"));
    client_say(&client, "{\"text\":\"Yes. \",\"context_id\":\"t1\",\"flush\":true}");
    client_say(&client, "{\"context_id\":\"t1\",\"close_context\":true}");
    json_t *audio = client_wait(&client, &at, "audio", NULL);
    assert_string_equal(text_of(audio, "context_id"), "t1");
    assert_true(json_is_null(json_object_get(audio, "alignment")));
    client_wait(&client, &at, "is_final", NULL);
    client_close(&client);
}

static void a_cut_in_the_middle_of_speech(void **state)
{
    struct sandbox_story *story = *state;
    struct client client;
    size_t at = 0;
    control(story, "POST", "/faults", "{\"service\":\"tts\",\"cut_after_events\":1,\"count\":1}");
    client_open(story, &client, MULTI, KEY);
    client_say(&client, INIT("t1"));
    client_say(&client,
        "{\"text\":\"A sentence of several pieces of audio. \",\"context_id\":\"t1\","
        "\"flush\":true}");
    client_wait(&client, &at, "audio", NULL);
    story_until(&story->net, client.is_closed);
    assert_int_equal(count_key(&client, "audio"), 1);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_reply_is_flushed_then_closed_and_ends_once, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            late_audio_follows_a_closed_context, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(mistakes_close_the_socket, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            keepalives_without_a_name_open_nothing, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            a_single_context_ends_with_empty_text, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(
            the_published_spelling_on_request, sandbox_begin, sandbox_end),
        cmocka_unit_test_setup_teardown(a_cut_in_the_middle_of_speech, sandbox_begin, sandbox_end),
    };
    return cmocka_run_group_tests(tests, voice_begin, voice_end);
}

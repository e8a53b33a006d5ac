#include <stdio.h>
#include <string.h>

#include "providers/tts.h"
#include "service.h"

static struct tts *client;
static uint32_t cancels_on_audio;  /* the context that the listener cancels from its callback */
static const char *closes_on = ""; /* the callback that the session is closed from */
static enum failure_kind failed_kind;
static int failed_status;
static unsigned first_byte_ms; /* 0: the usual */

static void close_client(void)
{
    elevenlabs_tts.close(client);
    client = NULL;
}

static void maybe_close(const char *callback)
{
    if (strcmp(callback, closes_on) == 0)
        close_client();
}

static void on_ready(void *owner)
{
    struct service *service = owner;
    strbuf_add_text(&service->heard, "ready\n");
    maybe_close("ready");
}

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "audio %u %zu of %02x\n", context, len, ulaw[0]);
    if (cancels_on_audio)
        elevenlabs_tts.cancel(client, cancels_on_audio);
    maybe_close("audio");
}

static void on_timings(
    void *owner, uint32_t context, const struct tts_timing *timings, size_t count)
{
    service_hear_timings(owner, context, timings, count);
    maybe_close("timings");
}

static void on_end(void *owner, uint32_t context)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "end %u\n", context);
    maybe_close("end");
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "failed %s %s\n", err_name(failure->err), failure->why);
    failed_kind = failure->kind;
    failed_status = failure->status;
    close_client();
}

static const struct tts_listener listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* --- verbs --- */

static void open_with_timeout(struct service *service, unsigned connect_timeout_ms)
{
    struct tts_settings settings = {.base_url = service->origin,
        .api_key = "xi-secret",
        .voice_id = "voice1",
        .model = "eleven_flash_v2_5",
        .stability = 0.5,
        .similarity = -1,
        .speed = -1,
        .connect_timeout_ms = connect_timeout_ms,
        .first_byte_timeout_ms = first_byte_ms,
        .inactivity_timeout_s = 180};
    cancels_on_audio = 0;
    closes_on = "";
    assert_int_equal(
        elevenlabs_tts.open(&client, service->loop, &settings, &listener, service), ERR_OK);
    assert_string_equal(service->heard.data, "");
}

static void open_ready(struct service *service)
{
    open_with_timeout(service, 5000);
    service_until_heard(service, "ready\n");
    service_until(service, service->socket);
    strbuf_clear(&service->heard);
}

static void say(uint32_t context, const char *text)
{
    assert_int_equal(elevenlabs_tts.text(client, context, slice_from(text), true), ERR_OK);
}

/* "AAAA" is three zero bytes. */
static void speak(struct service *service, const char *id, unsigned groups)
{
    struct strbuf message;
    strbuf_init(&message, 1 << 20);
    strbuf_add_text(&message, "{\"audio\":\"");
    for (unsigned i = 0; i < groups; i++)
        strbuf_add_text(&message, "AAAA");
    strbuf_printf(&message, "\",\"contextId\":\"%s\",\"isFinal\":null}", id);
    service_say(service, message.data);
    strbuf_free(&message);
}

static void finish(struct service *service, const char *id)
{
    char message[100];
    snprintf(message, sizeof(message), "{\"contextId\":\"%s\",\"isFinal\":true}", id);
    service_say(service, message);
}

#define OPEN(id)                                                                                   \
    "{\"text\":\" \",\"context_id\":\"" id "\",\"voice_settings\":{\"stability\":0.5},"            \
    "\"generation_config\":{\"chunk_length_schedule\":[50,120,160,250]}}\n"
#define TEXT(id, text) "{\"text\":\"" text " \",\"context_id\":\"" id "\",\"flush\":true}\n"
#define CLOSE(id) "{\"context_id\":\"" id "\",\"close_context\":true}\n"

static void until_seen(struct service *service, const char *journal)
{
    service_until(service, service->seen.len >= strlen(journal));
    assert_string_equal(service->seen.data, journal);
}

/* --- stories --- */

static void a_reply_is_spoken(void **state)
{
    struct service *service = *state;
    open_ready(service);
    assert_string_equal(service->requests.data,
        "GET /v1/text-to-speech/voice1/multi-stream-input?model_id=eleven_flash_v2_5"
        "&output_format=ulaw_8000&sync_alignment=true&inactivity_timeout=180 xi-secret\n");
    say(7, "Sure.");
    until_seen(service, OPEN("t7") TEXT("t7", "Sure."));
    say(7, "Tuesday at three works.");
    elevenlabs_tts.end(client, 7);
    until_seen(
        service, OPEN("t7") TEXT("t7", "Sure.") TEXT("t7", "Tuesday at three works.") CLOSE("t7"));
    speak(service, "t7", 400);
    service_say(service,
        "{\"audio\":\"f39/"
        "fw==\",\"context_id\":\"t7\",\"alignment\":{\"chars\":[\"H\",\"\xc3\xa9\"],"
        "\"charStartTimesMs\":[0,58],\"charDurationsMs\":[58,40]}}");
    finish(service, "t7");
    service_until_heard(service, "end");
    service_expect_heard(service,
        "audio 7 1200 of 00\ntimings 7 H@150+58 \xc3\xa9@208+40\naudio 7 4 of 7f\nend 7\n");
    close_client();
}

static void text_waits_for_the_connection(void **state)
{
    struct service *service = *state;
    static char long_text[9000];
    open_with_timeout(service, 5000);
    say(1, "One.");
    say(1, "Two.");
    elevenlabs_tts.end(client, 1);
    memset(long_text, 'x', sizeof(long_text));
    struct slice text = {long_text, sizeof(long_text)};
    assert_int_equal(elevenlabs_tts.text(client, 2, text, false), ERR_OK);
    assert_int_equal(elevenlabs_tts.text(client, 2, text, false), ERR_FULL);
    service_until(service, service_saw(service, "xxx"));
    assert_non_null(
        strstr(service->seen.data, OPEN("t1") TEXT("t1", "One. Two.") CLOSE("t1") OPEN("t2")));
    service_expect_heard(service, "ready\n");
    close_client();
}

static void several_replies_on_one_connection(void **state)
{
    struct service *service = *state;
    open_ready(service);
    for (uint32_t context = 1; context <= 12; context++) {
        char id[8], end[16];
        snprintf(id, sizeof(id), "t%u", context);
        snprintf(end, sizeof(end), "end %u\n", context);
        say(context, "Hello.");
        elevenlabs_tts.end(client, context);
        service_until(service, service_count(service, "close_context") == context);
        speak(service, id, 1);
        finish(service, id);
        service_until_heard(service, end);
    }
    assert_int_equal(service->request_count, 1);
    close_client();
}

static void late_audio_of_a_cancelled_reply_is_dropped(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "A long story.");
    service_until(service, service_saw(service, "story"));
    speak(service, "t1", 10);
    service_until_heard(service, "audio 1");
    elevenlabs_tts.cancel(client, 1);
    say(2, "Yes?");
    service_until(service, service_saw(service, "Yes?"));
    assert_non_null(strstr(service->seen.data, CLOSE("t1") OPEN("t2")));
    speak(service, "t1", 10);
    finish(service, "t1");
    speak(service, "t2", 20);
    service_until_heard(service, "audio 2");
    service_expect_heard(service, "audio 1 30 of 00\naudio 2 60 of 00\n");
    close_client();
}

static void a_sixth_context_waits(void **state)
{
    struct service *service = *state;
    open_ready(service);
    for (uint32_t context = 1; context <= 5; context++) {
        say(context, "x");
        elevenlabs_tts.cancel(client, context);
    }
    say(6, "six");
    service_until(service, service_count(service, "close_context") == 5);
    service_run_for(service, 5);
    assert_false(service_saw(service, "t6"));
    finish(service, "t2");
    service_until(service, service_saw(service, "\"six \""));
    close_client();
}

static void a_reply_without_text_ends_by_itself(void **state)
{
    struct service *service = *state;
    open_ready(service);
    elevenlabs_tts.end(client, 1);
    service_expect_heard(service, "");
    service_until_heard(service, "end 1\n");
    assert_string_equal(service->seen.data, "");
    close_client();
}

static void odd_messages_are_skipped(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hi.");
    service_until(service, service_saw(service, "Hi."));
    service_say(service, "{\"type\":\"padding\"}");
    speak(service, "t9", 1);
    speak(service, "other", 1);
    service_say(service, "{\"audio\":\"AAAA\"}");
    speak(service, "t1", 2);
    service_until_heard(service, "audio");
    service_expect_heard(service, "audio 1 6 of 00\n");
    close_client();
}

/* Before a sound of it or after: whose words are missing nobody knows. */
static void a_message_that_cannot_be_read_ends_a_reply(void **state)
{
    static const char *const messages[] = {"no json", "{\"audio\":\"?\",\"contextId\":\"t1\"}"};
    struct service *service = *state;
    for (size_t i = 0; i < 4; i++) {
        service->request_count = 0;
        open_ready(service);
        say(1, "Hello.");
        service_until(service, service_saw(service, "Hello."));
        if (i >= 2) {
            speak(service, "t1", 1);
            service_until_heard(service, "audio 1");
        }
        service_say(service, messages[i % 2]);
        service_until_heard(service, "failed bad ");
        assert_int_equal(failed_kind, FAILURE_GARBLED);
        assert_int_equal(service->request_count, 1);
        service_until(service, !service->socket);
        strbuf_clear(&service->heard);
        strbuf_clear(&service->seen);
        strbuf_add_text(&service->seen, "");
    }
}

static void between_replies_it_costs_the_connection(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_say(service, "no json");
    service_until(service, !service->socket);
    service_expect_heard(service, "");
    strbuf_clear(&service->seen);
    say(1, "Hello.");
    until_seen(service, OPEN("t1") TEXT("t1", "Hello."));
    close_client();
}

/* Audio whose times cannot be read is audio all the same; times behind the gap would be of other words. */
static void timings_that_cannot_be_read_are_left_out(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hi.");
    service_until(service, service_saw(service, "Hi."));
    service_say(service,
        "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"alignment\":{\"chars\":[\"H\"],"
        "\"charStartTimesMs\":[0]}}");
    service_say(service,
        "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"alignment\":{\"chars\":[\"i\"],"
        "\"charStartTimesMs\":[1e400]}}");
    service_say(service,
        "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"alignment\":{\"chars\":[\".\"],"
        "\"charStartTimesMs\":[0]},\"isFinal\":true}");
    service_until_heard(service, "audio 1 3 of 00\naudio 1 3 of 00\n");
    service_expect_heard(
        service, "timings 1 H@0+0\naudio 1 3 of 00\ntimings 1\naudio 1 3 of 00\naudio 1 3 of 00\n");
    close_client();
}

/* A service that says something, and never anything to be heard. */
static void messages_without_a_sound_put_nothing_off(void **state)
{
    struct service *service = *state;
    first_byte_ms = 300;
    open_ready(service);
    first_byte_ms = 0;
    say(1, "Hi.");
    elevenlabs_tts.end(client, 1);
    service_until(service, service_saw(service, "close_context"));
    for (unsigned i = 0; i < 100; i++) {
        service_say(service, "{\"audio\":null,\"contextId\":\"t1\",\"isFinal\":null,\"alignment\":{"
                             "\"chars\":[\"H\"],\"charStartTimesMs\":[0]}}");
        service_run_for(service, 50);
        if (strstr(service->heard.data, "failed"))
            break;
    }
    service_until_heard(service, "failed timeout no audio in time\n");
}

static void an_error_message_fails_with_its_text(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hi.");
    service_until(service, service_saw(service, "Hi."));
    service_say(
        service, "{\"message\":\"No credits left\",\"error\":\"quota_exceeded\",\"code\":1008}");
    ws_close(service->socket, 1008, "quota");
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed refused quota_exceeded: No credits left\n");
    service_until(service, !service->socket);
}

static void a_close_that_says_no_is_not_tried_again(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hi.");
    service_until(service, service_saw(service, "Hi."));
    ws_close(service->socket, 1008, "voice not found");
    service_until_heard(service, "failed refused ");
    assert_non_null(strstr(service->heard.data, "code 1008"));
    assert_int_equal(service->request_count, 1);
}

static void a_refused_upgrade(void **state)
{
    struct service *service = *state;
    service->refuse_with = 401;
    open_with_timeout(service, 5000);
    service_until_heard(service, "failed refused ");
}

static void refused_upgrades_say_of_what_kind_they_are(void **state)
{
    static const struct {
        int status;
        enum failure_kind kind;
    } refusals[] = {{401, FAILURE_KEY}, {403, FAILURE_KEY}, {402, FAILURE_QUOTA},
        {404, FAILURE_REQUEST}, {429, FAILURE_BUSY}, {503, FAILURE_BROKEN}};
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        service->refuse_with = refusals[i].status;
        strbuf_clear(&service->heard);
        open_with_timeout(service, 5000);
        service_until_heard(service, "failed");
        assert_int_equal(failed_kind, refusals[i].kind);
        assert_int_equal(failed_status, refusals[i].status);
    }
}

static void errors_say_of_what_kind_they_are(void **state)
{
    static const struct {
        const char *message;
        enum failure_kind kind;
    } errors[] = {
        {"{\"message\":\"m\",\"error\":\"quota_exceeded\",\"code\":1008}", FAILURE_QUOTA},
        {"{\"message\":\"m\",\"error\":\"invalid_api_key\",\"code\":1008}", FAILURE_KEY},
        {"{\"message\":\"m\",\"error\":\"voice_not_found\",\"code\":1008}", FAILURE_REQUEST},
        {"{\"message\":\"m\",\"error\":\"max_active_conversations\"}", FAILURE_BUSY},
        {"{\"message\":\"m\",\"error\":\"too_many_concurrent_requests\"}", FAILURE_BUSY},
        {"{\"message\":\"m\",\"error\":\"other\"}", FAILURE_BROKEN},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        open_ready(service);
        say(1, "Hello.");
        service_until(service, service_saw(service, "Hello."));
        service_say(service, errors[i].message);
        service_until_heard(service, "failed");
        assert_int_equal(failed_kind, errors[i].kind);
        service_until(service, !service->socket);
        strbuf_clear(&service->heard);
        strbuf_clear(&service->seen);
        strbuf_add_text(&service->seen, "");
    }
}

static void a_connection_lost_between_replies_is_made_again_for_text(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_cut(service);
    service_run_for(service, 20);
    assert_int_equal(service->request_count, 1);
    service_expect_heard(service, "");
    say(1, "Hello again.");
    until_seen(service, OPEN("t1") TEXT("t1", "Hello again."));
    assert_int_equal(service->request_count, 2);
    service_expect_heard(service, "");
    close_client();
}

static void an_inactivity_close_between_replies_is_no_failure(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_say(service,
        "{\"message\":\"no new text input\",\"error\":\"input_timeout_exceeded\",\"code\":1008}");
    service_until(service, !service->socket);
    say(1, "Hello again.");
    service_until(service, service->socket && service_saw(service, "again"));
    service_expect_heard(service, "");
    close_client();
}

static void a_reply_without_a_sound_is_asked_for_again_once(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hello.");
    elevenlabs_tts.end(client, 1);
    service_until(service, service_count(service, "close_context") == 1);
    strbuf_clear(&service->seen);
    service_cut(service);
    until_seen(service, OPEN("t1") TEXT("t1", "Hello.") CLOSE("t1"));
    speak(service, "t1", 1);
    finish(service, "t1");
    service_until_heard(service, "end 1");
    service_expect_heard(service, "audio 1 3 of 00\nend 1\n");
    say(2, "More.");
    service_until(service, service_saw(service, "More."));
    service_cut(service);
    service_until(service, service_count(service, "More.") == 2);
    service_cut(service);
    service_until_heard(service, "failed closed ");
    assert_int_equal(service->request_count, 3);
}

static void a_reply_cut_in_the_middle_is_a_failure(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hello.");
    service_until(service, service_saw(service, "Hello."));
    speak(service, "t1", 1);
    service_until_heard(service, "audio");
    service_cut(service);
    service_until_heard(service, "failed closed ");
    assert_int_equal(service->request_count, 1);
}

static void cancelling_inside_a_callback(void **state)
{
    struct service *service = *state;
    open_ready(service);
    cancels_on_audio = 1;
    say(1, "Hello.");
    service_until(service, service_saw(service, "Hello."));
    service_say(service, "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"isFinal\":true}");
    speak(service, "t1", 2);
    speak(service, "t1", 2);
    service_run_for(service, 10);
    service_expect_heard(service, "audio 1 3 of 00\n");
    assert_int_equal(service_count(service, "close_context"), 0); /* it was final already */
    close_client();
}

static void closing_inside_a_callback(void **state)
{
    struct service *service = *state;
    static const struct {
        const char *callback, *heard;
    } rows[] = {{"timings", "timings 1 H@0+0\n"}, {"audio", "timings 1 H@0+0\naudio 1 3 of 00\n"},
        {"end", "timings 1 H@0+0\naudio 1 3 of 00\nend 1\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_ready(service);
        closes_on = rows[i].callback;
        strbuf_clear(&service->seen);
        say(1, "Hello.");
        elevenlabs_tts.end(client, 1);
        service_until(service, service_saw(service, "close_context"));
        service_say(service,
            "{\"audio\":\"AAAA\",\"contextId\":\"t1\",\"isFinal\":true,\"alignment\":{"
            "\"chars\":[\"H\"],\"charStartTimesMs\":[0]}}");
        service_until(service, !client && !service->socket);
        service_expect_heard(service, rows[i].heard);
        strbuf_clear(&service->heard);
    }
}

static void closing_when_it_is_ready(void **state)
{
    struct service *service = *state;
    open_with_timeout(service, 5000);
    closes_on = "ready";
    say(1, "Hello.");
    service_until(service, !client);
    closes_on = "";
    service_run_for(service, 20);
    service_expect_heard(service, "ready\n");
}

static void nothing_comes_after_close(void **state)
{
    struct service *service = *state;
    open_ready(service);
    say(1, "Hello.");
    service_until(service, service_saw(service, "Hello."));
    speak(service, "t1", 2);
    close_client();
    service_until(service, !service->socket);
    service_expect_heard(service, "");
}

static void closing_before_anything_came(void **state)
{
    struct service *service = *state;
    open_with_timeout(service, 5000);
    say(1, "Hello.");
    close_client();
    service_run_for(service, 10);
    service_expect_heard(service, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, service_begin, service_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_reply_is_spoken),
        TEST(text_waits_for_the_connection),
        TEST(several_replies_on_one_connection),
        TEST(late_audio_of_a_cancelled_reply_is_dropped),
        TEST(a_sixth_context_waits),
        TEST(a_reply_without_text_ends_by_itself),
        TEST(odd_messages_are_skipped),
        TEST(a_message_that_cannot_be_read_ends_a_reply),
        TEST(between_replies_it_costs_the_connection),
        TEST(timings_that_cannot_be_read_are_left_out),
        TEST(messages_without_a_sound_put_nothing_off),
        TEST(an_error_message_fails_with_its_text),
        TEST(a_close_that_says_no_is_not_tried_again),
        TEST(a_refused_upgrade),
        TEST(refused_upgrades_say_of_what_kind_they_are),
        TEST(errors_say_of_what_kind_they_are),
        TEST(a_connection_lost_between_replies_is_made_again_for_text),
        TEST(an_inactivity_close_between_replies_is_no_failure),
        TEST(a_reply_without_a_sound_is_asked_for_again_once),
        TEST(a_reply_cut_in_the_middle_is_a_failure),
        TEST(cancelling_inside_a_callback),
        TEST(closing_inside_a_callback),
        TEST(closing_when_it_is_ready),
        TEST(nothing_comes_after_close),
        TEST(closing_before_anything_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "providers/stt.h"
#include "service.h"

static struct stt *client;
static bool closes_on_final; /* the listener closes the session from its callback */

static void close_client(void)
{
    openai_realtime_stt.close(client);
    client = NULL;
}

static void on_ready(void *owner)
{
    struct service *service = owner;
    strbuf_add_text(&service->heard, "ready\n");
}

static void on_partial(void *owner, uint32_t item, struct slice text)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "partial %u %.*s\n", item, (int)text.len, text.data);
}

static void on_final(void *owner, uint32_t item, struct slice text)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "final %u %.*s\n", item, (int)text.len, text.data);
    if (closes_on_final)
        close_client();
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "failed %s %s\n", err_name(failure->err), failure->why);
    close_client();
}

static const struct stt_listener listener = {
    .on_ready = on_ready, .on_partial = on_partial, .on_final = on_final, .on_failed = on_failed};

/* --- verbs --- */

#define CREATED "{\"type\":\"session.created\",\"session\":{}}"
#define UPDATED "{\"type\":\"session.updated\",\"session\":{}}"
#define COMMITTED(id) "{\"type\":\"input_audio_buffer.committed\",\"item_id\":\"" id "\"}"
#define EVENT(kind, id, rest)                                                                      \
    "{\"type\":\"conversation.item.input_audio_transcription." kind "\",\"item_id\":\"" id         \
    "\"," rest "}"
#define DELTA(id, text) EVENT("delta", id, "\"delta\":\"" text "\"")
#define COMPLETED(id, text) EVENT("completed", id, "\"transcript\":\"" text "\"")
#define FAILED(id) EVENT("failed", id, "\"error\":{\"type\":\"server_error\"}")
#define ERROR(code)                                                                                \
    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\":\"" code "\"}}"

static struct stt_settings settings_for(struct service *service)
{
    return (struct stt_settings){.base_url = service->origin,
        .api_key = "sk-secret",
        .model = "gpt-live",
        .language = "en",
        .send_ulaw = true,
        .connect_timeout_ms = 5000};
}

static void open_with(struct service *service, const struct stt_settings *settings)
{
    closes_on_final = false;
    assert_int_equal(
        openai_realtime_stt.open(&client, service->loop, settings, &listener, service), ERR_OK);
    assert_string_equal(service->heard.data, "");
}

/* The service greets and accepts the settings of the newest socket. */
static void become_ready(struct service *service)
{
    size_t updates = service_count(service, "session.update");
    service_until(service, service->socket);
    service_say(service, CREATED);
    service_until(service, service_count(service, "session.update") == updates + 1);
    service_say(service, UPDATED);
}

static void open_ready(struct service *service)
{
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    become_ready(service);
    service_until_heard(service, "ready\n");
    strbuf_clear(&service->heard);
    strbuf_clear(&service->seen);
}

/* Frame n of the call is filled with n. */
static void speak(unsigned first, unsigned count)
{
    for (unsigned n = first; n < first + count; n++) {
        uint8_t frame[FRAME_BYTES];
        memset(frame, (int)(n & 255), sizeof frame);
        openai_realtime_stt.audio(client, frame);
    }
}

static uint32_t commit(void)
{
    return openai_realtime_stt.commit(client);
}

/* What the service was sent, shortened: "[first frame, frames]" an append, "commit n" a commit. */
static void expect_audio(struct service *service, const char *expected)
{
    static uint8_t audio[300000];
    struct strbuf out;
    struct slice rest = strbuf_slice(&service->seen);
    strbuf_init(&out, 100000);
    strbuf_add_text(&out, "");
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        const char *text = strstr(line.data, "\"audio\":\"");
        if (slice_starts(line, "{\"type\":\"input_audio_buffer.append\"")) {
            size_t len;
            struct slice base64 = slice_from(text + 9);
            base64 = slice_split(&base64, '"');
            assert_int_equal(base64_decode(&len, audio, sizeof(audio), base64), ERR_OK);
            strbuf_printf(&out, "[%u, %zu] ", audio[0], len / FRAME_BYTES);
        } else if (slice_starts(line, "{\"type\":\"input_audio_buffer.commit\"")) {
            strbuf_printf(&out, "commit %d ", atoi(strstr(line.data, "commit_") + 7));
        }
    }
    if (strcmp(out.data, expected))
        fail_msg("sent %s, expected %s", out.data, expected);
    strbuf_free(&out);
}

static void until_sent(struct service *service, unsigned messages)
{
    unsigned before = service->message_count;
    service_until(service, service->message_count >= before + messages);
}

/* --- stories --- */

static void a_session_is_set_up(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    service_until(service, service->socket);
    assert_string_equal(
        service->requests.data, "GET /v1/realtime?intent=transcription Bearer sk-secret\n");
    service_run_for(service, 5);
    assert_string_equal(service->seen.data, ""); /* it waits to be greeted */
    service_say(service, CREATED);
    service_until(service, service_saw(service, "session.update"));
    assert_true(service_saw(service, "{\"type\":\"audio/pcmu\"}"));
    service_run_for(service, 5);
    service_expect_heard(service, "");
    service_say(service, UPDATED);
    service_until_heard(service, "ready\n");
    close_client();
}

static void speech_becomes_partials_and_a_final(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 12);
    until_sent(service, 2);
    expect_audio(service, "[0, 5] [5, 5] ");
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    expect_audio(service, "[0, 5] [5, 5] [10, 2] commit 1 ");
    service_say(service, COMMITTED("item_9"));
    service_say(service, DELTA("item_9", "Hi,"));
    service_say(service, DELTA("item_9", " I n\\u00e9"));
    service_say(service, COMPLETED("item_9", "Hi, I need."));
    service_until_heard(service, "final");
    service_expect_heard(
        service, "partial 1 Hi,\npartial 1 Hi, I n\xc3\xa9\nfinal 1 Hi, I need.\n");
    close_client();
}

static void text_may_come_while_it_is_spoken(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 10);
    service_say(service, DELTA("a", "Hi"));
    service_until_heard(service, "Hi");
    assert_int_equal(commit(), 1);
    until_sent(service, 1);
    service_say(service, COMMITTED("a"));
    service_say(service, DELTA("b", "So"));
    service_say(service, COMPLETED("a", "Hi!"));
    service_until_heard(service, "final");
    service_expect_heard(service, "partial 1 Hi\npartial 2 So\nfinal 1 Hi!\n");
    close_client();
}

static void finals_in_any_order(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 10);
    assert_int_equal(commit(), 1);
    speak(10, 10);
    assert_int_equal(commit(), 2);
    speak(20, 10);
    assert_int_equal(commit(), 3);
    until_sent(service, 9);
    service_say(service, COMMITTED("a"));
    service_say(service, COMMITTED("b"));
    service_say(service, COMMITTED("c"));
    service_say(service, COMPLETED("c", "three"));
    service_say(service, FAILED("a"));
    service_say(service, COMPLETED("b", ""));
    service_until_heard(service, "final 2");
    service_expect_heard(service, "final 3 three\nfinal 1 \nfinal 2 \n");
    close_client();
}

static void too_little_audio_is_not_committed(void **state)
{
    struct service *service = *state;
    open_ready(service);
    assert_int_equal(commit(), 0);
    speak(0, 4);
    assert_int_equal(commit(), 0);
    speak(4, 1);
    assert_int_equal(commit(), 1);
    assert_int_equal(commit(), 0);
    speak(5, 4);
    assert_int_equal(commit(), 0);
    speak(9, 1);
    assert_int_equal(commit(), 2);
    until_sent(service, 4);
    expect_audio(service, "[0, 5] commit 1 [5, 5] commit 2 ");
    close_client();
}

static void a_refused_commit_ends_empty(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    speak(5, 5);
    assert_int_equal(commit(), 2);
    until_sent(service, 4);
    service_say(service,
        "{\"type\":\"error\",\"error\":{\"code\":\"input_audio_buffer_commit_empty\","
        "\"event_id\":\"commit_1\"}}");
    service_say(service, COMMITTED("b"));
    service_say(service, COMPLETED("b", "two"));
    service_until_heard(service, "two");
    service_expect_heard(service, "final 1 \nfinal 2 two\n");
    close_client();
}

static void audio_waits_for_the_session(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    speak(0, 10);
    assert_int_equal(commit(), 1);
    speak(10, 7);
    become_ready(service);
    service_until_heard(service, "ready");
    service_until(service, service->message_count == 5);
    expect_audio(service, "[0, 5] [5, 5] commit 1 [10, 5] ");
    close_client();
}

static void at_most_three_seconds_wait(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    speak(0, 10);
    assert_int_equal(commit(), 1); /* will be overwritten */
    speak(10, 170);
    assert_int_equal(commit(), 2);
    become_ready(service);
    service_until_heard(service, "ready");
    service_until(service, service_saw(service, "commit_2"));
    service_expect_heard(service, "final 1 \nready\n");
    assert_int_equal(service_count(service, "input_audio_buffer.append"), 30);
    assert_false(service_saw(service, "commit_1"));
    close_client();
}

static void pcm_is_sent_at_24_kilohertz(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.send_ulaw = false;
    open_with(service, &settings);
    become_ready(service);
    speak(0, 50);
    assert_int_equal(commit(), 1);
    service_until(service, service_saw(service, "commit_1"));
    assert_true(service_saw(service, "{\"type\":\"audio/pcm\",\"rate\":24000}"));
    size_t appended = 0;
    struct slice rest = strbuf_slice(&service->seen);
    while (rest.len) {
        struct slice line = slice_split(&rest, '\n');
        if (slice_starts(line, "{\"type\":\"input_audio_buffer.append\""))
            appended +=
                (line.len - strlen("{\"type\":\"input_audio_buffer.append\",\"audio\":\"\"}")) / 4 *
                3;
    }
    assert_in_range(appended, 47000, 48050); /* one second, less the filter's delay */
    close_client();
}

static void unknown_and_broken_messages_are_skipped(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_say(service, "{\"type\":\"rate_limits.updated\"}");
    service_say(service, "not json");
    service_say(service, ERROR("something_small"));
    service_say(service, UPDATED);
    service_say(service, CREATED);
    service_say(service, DELTA("x", "still here"));
    service_until_heard(service, "still here");
    service_expect_heard(service, "partial 1 still here\n");
    close_client();
}

static void fatal_errors_end_the_session(void **state)
{
    static const char *const codes[] = {
        "invalid_model", "insufficient_quota", "beta_api_shape_disabled", "invalid_api_key"};
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        char message[200], heard[200];
        open_ready(service);
        snprintf(message, sizeof(message), ERROR("%s"), codes[i]);
        snprintf(heard, sizeof(heard), "failed refused error %s\n", codes[i]);
        service_say(service, message);
        service_until_heard(service, "failed");
        service_expect_heard(service, heard);
        service_until(service, !service->socket);
        strbuf_clear(&service->heard);
    }
}

static void a_refused_upgrade_ends_the_session(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    service->refuse_with = 401;
    open_with(service, &settings);
    service_until_heard(service, "failed refused");
    assert_int_equal(service->request_count, 1);
}

static void a_service_that_does_not_greet(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.connect_timeout_ms = 300;
    open_with(service, &settings);
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed timeout the session was not ready in time\n");
}

static void a_lost_connection_is_made_again_with_what_was_not_understood(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("a", "one"));
    service_until_heard(service, "one");
    speak(5, 5);
    assert_int_equal(commit(), 2);
    speak(10, 7);
    until_sent(service, 3);
    service_say(service, DELTA("b", "tw"));
    service_until_heard(service, "tw");
    strbuf_clear(&service->heard);
    strbuf_clear(&service->seen);
    service_cut(service);
    service_until(service, service->request_count == 2);
    speak(17, 3);
    become_ready(service);
    service_until(service, service_count(service, "append") == 3);
    expect_audio(service, "[5, 5] commit 2 [10, 5] [15, 5] ");
    service_say(service, COMMITTED("x"));
    service_say(service, COMPLETED("x", "two"));
    service_until_heard(service, "two");
    service_expect_heard(service, "final 2 two\n");
    assert_int_equal(commit(), 3);
    close_client();
}

static void a_second_loss_is_a_failure(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_cut(service);
    service_until(service, service->request_count == 2);
    become_ready(service);
    service_run_for(service, 5);
    service_cut(service);
    service_until_heard(service, "failed closed ");
    assert_int_equal(service->request_count, 2);
}

static void an_expired_session_is_renewed(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    strbuf_clear(&service->seen);
    service_say(service, ERROR("session_expired"));
    service_until(service, service->request_count == 2 && service->socket);
    become_ready(service);
    service_until(service, service_saw(service, "commit_1"));
    expect_audio(service, "[0, 5] commit 1 ");
    close_client();
}

static void a_service_that_is_gone_cannot_be_reached_again(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service->refuse_with = 503;
    service_cut(service);
    service_until_heard(service, "failed refused ");
}

static void nothing_comes_after_close(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("a", "one"));
    close_client();
    service_until(service, !service->socket);
    service_expect_heard(service, "");
}

static void closing_inside_a_callback(void **state)
{
    struct service *service = *state;
    open_ready(service);
    closes_on_final = true;
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("a", "one"));
    service_say(service, DELTA("b", "two"));
    service_until(service, !client && !service->socket);
    service_expect_heard(service, "final 1 one\n");
}

static void closing_before_anything_came(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    close_client();
    service_run_for(service, 10);
    service_expect_heard(service, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, service_begin, service_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_set_up),
        TEST(speech_becomes_partials_and_a_final),
        TEST(text_may_come_while_it_is_spoken),
        TEST(finals_in_any_order),
        TEST(too_little_audio_is_not_committed),
        TEST(a_refused_commit_ends_empty),
        TEST(audio_waits_for_the_session),
        TEST(at_most_three_seconds_wait),
        TEST(pcm_is_sent_at_24_kilohertz),
        TEST(unknown_and_broken_messages_are_skipped),
        TEST(fatal_errors_end_the_session),
        TEST(a_refused_upgrade_ends_the_session),
        TEST(a_service_that_does_not_greet),
        TEST(a_lost_connection_is_made_again_with_what_was_not_understood),
        TEST(a_second_loss_is_a_failure),
        TEST(an_expired_session_is_renewed),
        TEST(a_service_that_is_gone_cannot_be_reached_again),
        TEST(nothing_comes_after_close),
        TEST(closing_inside_a_callback),
        TEST(closing_before_anything_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "providers/stt.h"
#include "service.h"

static struct stt *client;
static bool closes_on_final; /* the listener closes the session from its callback */
static bool tells_words;

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

static void on_words(
    void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    if (tells_words)
        service_hear_words(owner, item, words, count, is_estimated);
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
    strbuf_printf(&service->heard, "failed %s %s %s\n", failure_rule(failure->kind)->name,
        err_name(failure->err), failure->why);
    close_client();
}

static const struct stt_listener listener = {.on_ready = on_ready,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};

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
    closes_on_final = tells_words = false;
    assert_int_equal(
        openai_realtime_stt.open(&client, service->loop, settings, &listener, service), ERR_OK);
    assert_string_equal(service->heard.data, "");
}

/* The service greets and accepts the settings of the newest socket. */
static void become_ready_as(struct service *service, const char *created, const char *updated)
{
    size_t updates = service_count(service, "session.update");
    service_until(service, service->socket);
    service_say(service, created);
    service_until(service, service_count(service, "session.update") == updates + 1);
    service_say(service, updated);
}

static void become_ready(struct service *service)
{
    become_ready_as(service, CREATED, UPDATED);
}

static void forget_journals(struct service *service)
{
    strbuf_clear(&service->heard);
    strbuf_add_text(&service->heard, "");
    strbuf_clear(&service->seen);
    strbuf_add_text(&service->seen, "");
}

static void open_ready_as(struct service *service, const struct stt_settings *settings,
    const char *created, const char *updated)
{
    open_with(service, settings);
    become_ready_as(service, created, updated);
    service_until_heard(service, "ready\n");
    forget_journals(service);
}

static void open_ready(struct service *service)
{
    struct stt_settings settings = settings_for(service);
    open_ready_as(service, &settings, CREATED, UPDATED);
}

/* A session that lasts from one to two seconds. */
static void open_ready_for_a_while(struct service *service)
{
    char created[200];
    struct stt_settings settings = settings_for(service);
    snprintf(created, sizeof(created),
        "{\"type\":\"session.created\",\"session\":{\"expires_at\":%llu}}",
        (unsigned long long)(clock_wall_ms() + 999) / 1000 + 1);
    open_ready_as(service, &settings, created, UPDATED);
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

static void at_most_five_seconds_wait(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    speak(0, 10);
    assert_int_equal(commit(), 1); /* will be overwritten */
    speak(10, 270);
    assert_int_equal(commit(), 2);
    become_ready(service);
    service_until_heard(service, "final");
    service_until(service, service_saw(service, "commit_2"));
    service_expect_heard(service, "ready\nfinal 1 \n");
    assert_int_equal(service_count(service, "input_audio_buffer.append"), 50);
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

static void unknown_messages_are_skipped(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service_say(service, "{\"type\":\"rate_limits.updated\"}");
    service_say(service, ERROR("something_small"));
    service_say(service, UPDATED);
    service_say(service, CREATED);
    service_say(service, DELTA("x", "still here"));
    service_until_heard(service, "still here");
    service_expect_heard(service, "partial 1 still here\n");
    close_client();
}

/* It may have been the final that is waited for: what was said is said again. */
static void a_message_that_cannot_be_read_costs_the_connection(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    strbuf_clear(&service->seen);
    service_say(service, "not json");
    service_until(service, service->request_count == 2 && service->socket);
    become_ready(service);
    until_sent(service, 2);
    service_say(service, COMMITTED("x"));
    service_say(service, COMPLETED("x", "one"));
    service_until_heard(service, "one");
    service_say(service, "not json");
    service_until_heard(service, "failed garbled");
}

static void fatal_errors_end_the_session(void **state)
{
    static const struct {
        const char *code;
        const char *kind;
    } rows[] = {
        {"invalid_model", "request"},
        {"insufficient_quota", "quota"},
        {"beta_api_shape_disabled", "request"},
        {"invalid_api_key", "key"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char message[200], heard[200];
        open_ready(service);
        snprintf(message, sizeof(message), ERROR("%s"), rows[i].code);
        snprintf(heard, sizeof(heard), "failed %s refused error %s\n", rows[i].kind, rows[i].code);
        service_say(service, message);
        service_until_heard(service, "failed");
        service_expect_heard(service, heard);
        service_until(service, !service->socket);
        forget_journals(service);
    }
}

static void a_refused_upgrade_says_why(void **state)
{
    static const struct {
        int status;
        const char *heard;
    } rows[] = {
        {401, "failed key refused"},
        {403, "failed key refused"},
        {404, "failed request refused"},
        {429, "failed busy refused"},
        {503, "failed broken refused"},
    };
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        service->refuse_with = rows[i].status;
        open_with(service, &settings);
        service_until_heard(service, rows[i].heard);
        assert_int_equal(service->request_count, i + 1);
        forget_journals(service);
    }
}

static void refused_settings_end_the_session(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
    service_until(service, service->socket);
    service_say(service, CREATED);
    service_until(service, service_saw(service, "session.update"));
    service_say(service, ERROR("invalid_value"));
    service_until_heard(service, "failed request refused error invalid_value\n");
}

static void a_model_that_wants_no_prompt_gets_none(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.prompt = "Moonline";
    open_with(service, &settings);
    service_until(service, service->socket);
    service_say(service, CREATED);
    service_until(service, service_saw(service, "\"prompt\":\"Moonline\""));
    service_say(service, "{\"type\":\"error\",\"error\":{\"code\":\"invalid_value\",\"param\":"
                         "\"session.audio.input.transcription.prompt\"}}");
    service_until(service, service_count(service, "session.update") == 2);
    assert_int_equal(service_count(service, "prompt"), 1);
    service_say(service, UPDATED);
    service_until_heard(service, "ready");
    close_client();
}

static void a_service_that_does_not_greet(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.connect_timeout_ms = 300;
    open_with(service, &settings);
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed late timeout the session was not ready in time\n");
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
    service_until_heard(service, "failed cut closed ");
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

static void a_session_closed_for_its_age_is_renewed(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    speak(5, 7);
    until_sent(service, 3);
    service_say(service, COMMITTED("a"));
    service_say(service, DELTA("a", "on"));
    service_until_heard(service, "on");
    forget_journals(service);
    ws_close(service->socket, 1001, "60 minutes");
    service_until(service, service->request_count == 2 && service->socket);
    speak(12, 3);
    become_ready(service);
    service_until(service, service_count(service, "append") == 3);
    expect_audio(service, "[0, 5] commit 1 [5, 5] [10, 5] ");
    assert_int_equal(commit(), 2);
    until_sent(service, 1);
    service_say(service, COMMITTED("b"));
    service_say(service, COMMITTED("c"));
    service_say(service, COMPLETED("c", "two"));
    service_say(service, COMPLETED("b", "one"));
    service_until_heard(service, "final 1");
    service_expect_heard(service, "final 2 two\nfinal 1 one\n");
    close_client();
}

static void too_much_asked_is_asked_again_once(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    strbuf_clear(&service->seen);
    service_say(service, ERROR("rate_limit_exceeded"));
    service_until(service, service->request_count == 2 && service->socket);
    become_ready(service);
    service_until(service, service_saw(service, "commit_1"));
    expect_audio(service, "[0, 5] commit 1 ");
    service_say(service, ERROR("rate_limit_exceeded"));
    service_until_heard(service, "failed busy refused error rate_limit_exceeded");
}

static void a_late_answer_is_a_failure_where_another_vendor_waits(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.answer_timeout_ms = 150;
    open_ready_as(service, &settings, CREATED, UPDATED);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed late timeout no transcript in time\n");
    assert_int_equal(service->request_count, 1);
}

/* --- renewal --- */

static void a_session_is_renewed_between_utterances(void **state)
{
    struct service *service = *state;
    open_ready_for_a_while(service);
    speak(0, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 2);
    service_until(service, service->older); /* the next session, ahead of time */
    become_ready(service);
    service_run_for(service, 5);
    assert_non_null(service->older); /* its transcript is awaited */
    service_say_older(service, COMMITTED("a"));
    service_say_older(service, COMPLETED("a", "one"));
    service_until(service, !service->older);
    service_expect_heard(service, "final 1 one\n");
    forget_journals(service);
    speak(5, 5);
    assert_int_equal(commit(), 2);
    until_sent(service, 2);
    expect_audio(service, "[5, 5] commit 2 ");
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("b", "two"));
    service_run_for(service, 5);
    service_expect_heard(service, "");
    close_client();
}

static void a_session_that_ends_within_speech_is_replaced_by_force(void **state)
{
    struct service *service = *state;
    open_ready_for_a_while(service);
    speak(0, 12);
    until_sent(service, 2);
    service_say(service, DELTA("a", "I wan"));
    service_until_heard(service, "I wan");
    service_until(service, service->older);
    forget_journals(service);
    become_ready(service);
    service_until(service, !service->older);
    speak(12, 3);
    assert_int_equal(commit(), 1);
    service_until(service, service_saw(service, "commit_1"));
    expect_audio(service, "[0, 5] [5, 5] [10, 5] commit 1 ");
    service_say(service, DELTA("a", "I want"));
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("a", "I want it"));
    service_until_heard(service, "final");
    service_expect_heard(service, "partial 1 I want\nfinal 1 I want it\n");
    assert_int_equal(service->request_count, 2);
    close_client();
}

static void a_long_utterance_moves_while_all_of_it_is_kept(void **state)
{
    struct service *service = *state;
    open_ready_for_a_while(service);
    speak(0, 248);
    service_until(service, service->older);
    strbuf_clear(&service->seen);
    become_ready(service);
    service_until(service, !service->older);
    assert_int_equal(commit(), 1);
    service_until(service, service_saw(service, "commit_1"));
    assert_int_equal(service_count(service, "input_audio_buffer.append"), 50);
    close_client();
}

static void a_next_session_that_fails_is_tried_again(void **state)
{
    struct service *service = *state;
    open_ready_for_a_while(service);
    service->refuse_with = 503;
    service_until(service, service->request_count == 2);
    service->refuse_with = 0;
    service_until(service, service->older);
    become_ready(service);
    service_until(service, !service->older);
    service_expect_heard(service, "");
    close_client();
}

static void a_next_session_takes_over_from_one_that_is_lost(void **state)
{
    struct service *service = *state;
    open_ready_for_a_while(service);
    speak(0, 7);
    service_until(service, service->older);
    forget_journals(service);
    service_say_older(service, ERROR("session_expired"));
    service_until(service, !service->older);
    become_ready(service);
    service_until(service, service_saw(service, "append"));
    expect_audio(service, "[0, 5] ");
    service_expect_heard(service, "");
    assert_int_equal(service->request_count, 2);
    close_client();
}

/* --- words --- */

static void words_get_times_from_the_voice(void **state)
{
    struct service *service = *state;
    open_ready(service);
    tells_words = true;
    speak(120, 5); /* 100 ms as quiet as a line is */
    speak(0, 55);
    speak(120, 5);
    assert_int_equal(commit(), 1);
    speak(0, 10);
    assert_int_equal(commit(), 2);
    service_until(service, service_saw(service, "commit_2"));
    service_say(service, COMMITTED("a"));
    service_say(service, COMMITTED("b"));
    service_say(service, COMPLETED("a", "hi there"));
    service_say(service, COMPLETED("b", ""));
    service_until_heard(service, "final 2");
    service_expect_heard(
        service, "words 1 about hi 100-500 there 500-1200\nfinal 1 hi there\nfinal 2 \n");
    close_client();
}

/* --- other servers --- */

static void paths_keys_and_models_are_settings(void **state)
{
    static const struct {
        const char *path;
        const char *key_header;
        bool is_beta;
        const char *request;
    } rows[] = {
        {"/rt?m={model}", NULL, false, "GET /rt?m=big%2Fear%201 Bearer sk-secret\n"},
        {NULL, "xi-api-key", false, "GET /v1/realtime?intent=transcription sk-secret\n"},
        {NULL, NULL, true,
            "GET /v1/realtime?model=big%2Fear%201&intent=transcription Bearer sk-secret\n"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct stt_settings settings = settings_for(service);
        settings.model = "big/ear 1";
        settings.path = rows[i].path;
        settings.key_header = rows[i].key_header;
        settings.is_beta = rows[i].is_beta;
        open_with(service, &settings);
        service_until(service, service->socket);
        assert_string_equal(service->requests.data, rows[i].request);
        strbuf_clear(&service->requests);
        close_client();
        service_until(service, !service->socket);
    }
}

static void the_older_shapes_are_spoken(void **state)
{
    static const struct {
        const char *created;
        const char *update;
    } rows[] = {
        {"{\"type\":\"transcription_session.created\"}",
            "{\"type\":\"transcription_session.update\",\"session\":{\"input_audio_format\":"
            "\"g711_ulaw\","},
        {"{\"type\":\"session.created\",\"session\":{}}",
            "{\"type\":\"session.update\",\"session\":{\"input_audio_transcription\":"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct stt_settings settings = settings_for(service);
        settings.is_beta = true;
        open_with(service, &settings);
        service_until(service, service->socket);
        service_say(service, rows[i].created);
        service_until(service, service_saw(service, rows[i].update));
        service_say(service, ERROR("unsupported")); /* of a field; it goes on */
        service_say(service, UPDATED);
        service_until_heard(service, "ready");
        forget_journals(service);
        speak(0, 5);
        assert_int_equal(commit(), 1);
        until_sent(service, 2);
        service_say(service,
            "{\"type\":\"input_audio_buffer.partial_transcription\",\"item_id\":\"a\","
            "\"transcript\":\"Hi\"}");
        service_say(service,
            "{\"type\":\"input_audio_buffer.partial_transcription\",\"item_id\":\"a\","
            "\"transcript\":\"Hi there\"}");
        service_say(service, COMMITTED("a"));
        service_say(service, COMPLETED("a", "Hi there."));
        speak(5, 5);
        assert_int_equal(commit(), 2);
        until_sent(service, 2);
        service_say(service, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"}}");
        service_until_heard(service, "final 2");
        service_expect_heard(
            service, "partial 1 Hi\npartial 1 Hi there\nfinal 1 Hi there.\nfinal 2 \n");
        close_client();
        service_until(service, !service->socket);
        forget_journals(service);
    }
}

#define DETECTING                                                                                  \
    "{\"type\":\"session.updated\",\"session\":{\"turn_detection\":{\"type\":\"server_vad\","      \
    "\"silence_duration_ms\":300}}}"
#define STARTED(id) "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"" id "\"}"

static void what_the_service_ends_belongs_to_our_utterance(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.is_beta = true;
    open_ready_as(service, &settings, CREATED, DETECTING);
    speak(0, 10);
    until_sent(service, 2);
    service_say(service, STARTED("a"));
    service_say(service, COMMITTED("a"));
    service_say(service, COMPLETED("a", "I want"));
    service_until_heard(service, "want");
    speak(10, 10);
    until_sent(service, 2);
    service_say(service, STARTED("b"));
    service_run_for(service, 5);
    assert_int_equal(commit(), 1);
    until_sent(service, 5); /* half a second of silence instead of a commit */
    assert_false(service_saw(service, "commit_1"));
    service_say(service, COMMITTED("b"));
    service_say(service, COMPLETED("b", "to book."));
    service_until_heard(service, "final");
    service_expect_heard(service, "partial 1 I want\nfinal 1 I want to book.\n");
    close_client();
}

static void an_utterance_the_service_ended_first_needs_no_commit(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    open_ready_as(service, &settings, CREATED, DETECTING);
    speak(0, 10);
    until_sent(service, 2);
    service_say(service, STARTED("a"));
    service_say(service, COMMITTED("a"));
    service_run_for(service, 5);
    speak(10, 7);
    until_sent(service, 1);
    assert_int_equal(commit(), 1);
    service_expect_heard(service, "");
    service_say(service, COMPLETED("a", "all of it"));
    service_until_heard(service, "final");
    service_expect_heard(service, "final 1 all of it\n");
    assert_false(service_saw(service, "commit_1"));
    speak(17, 10);
    until_sent(service, 2);
    assert_int_equal(commit(), 2); /* it heard nobody: asked all the same */
    service_until(service, service_saw(service, "commit_2"));
    close_client();
}

static void an_end_told_twice_counts_once(void **state)
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
    until_sent(service, 2);
    service_say(service, COMPLETED("a", "one"));
    service_say(service, DELTA("a", "late"));
    service_say(service, COMMITTED("b"));
    service_say(service, DELTA("nobody", "?"));
    service_say(service, COMPLETED("nobody", "?"));
    service_say(service, COMPLETED("b", "two"));
    service_until_heard(service, "two");
    assert_non_null(strstr(service->heard.data, "final 1 one\n"));
    assert_null(strstr(service->heard.data, "late"));
    assert_null(strstr(service->heard.data, "final 2 ?"));
    close_client();
}

static void a_service_that_is_gone_cannot_be_reached_again(void **state)
{
    struct service *service = *state;
    open_ready(service);
    service->refuse_with = 503;
    service_cut(service);
    service_until_heard(service, "failed broken refused ");
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
        TEST(at_most_five_seconds_wait),
        TEST(pcm_is_sent_at_24_kilohertz),
        TEST(unknown_messages_are_skipped),
        TEST(a_message_that_cannot_be_read_costs_the_connection),
        TEST(fatal_errors_end_the_session),
        TEST(a_refused_upgrade_says_why),
        TEST(refused_settings_end_the_session),
        TEST(a_model_that_wants_no_prompt_gets_none),
        TEST(a_service_that_does_not_greet),
        TEST(a_lost_connection_is_made_again_with_what_was_not_understood),
        TEST(a_second_loss_is_a_failure),
        TEST(an_expired_session_is_renewed),
        TEST(a_session_closed_for_its_age_is_renewed),
        TEST(too_much_asked_is_asked_again_once),
        TEST(a_late_answer_is_a_failure_where_another_vendor_waits),
        TEST(a_session_is_renewed_between_utterances),
        TEST(a_session_that_ends_within_speech_is_replaced_by_force),
        TEST(a_long_utterance_moves_while_all_of_it_is_kept),
        TEST(a_next_session_that_fails_is_tried_again),
        TEST(a_next_session_takes_over_from_one_that_is_lost),
        TEST(words_get_times_from_the_voice),
        TEST(paths_keys_and_models_are_settings),
        TEST(the_older_shapes_are_spoken),
        TEST(what_the_service_ends_belongs_to_our_utterance),
        TEST(an_utterance_the_service_ended_first_needs_no_commit),
        TEST(an_end_told_twice_counts_once),
        TEST(a_service_that_is_gone_cannot_be_reached_again),
        TEST(nothing_comes_after_close),
        TEST(closing_inside_a_callback),
        TEST(closing_before_anything_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

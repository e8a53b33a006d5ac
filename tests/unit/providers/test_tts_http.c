/* Speaking by a request a text, against a real server: order, times, ends and failures. */
#include <stdio.h>
#include <string.h>

#include "providers/tts.h"
#include "service.h"

#define ASKED_MOST 8

static const struct tts_ops *driver;
static struct tts *client;
static struct exchange *asked[ASKED_MOST]; /* in the order they came */
static unsigned asked_count;
static uint32_t cancels_on_audio;
static const char *closes_on = ""; /* the callback that the session is closed from */
static size_t audio_len;
static const char *model = "m1";

static void close_client(void)
{
    driver->close(client);
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
    audio_len += len;
    strbuf_printf(&service->heard, "audio %u %zu of %02x\n", context, len, ulaw[0]);
    if (cancels_on_audio)
        driver->cancel(client, cancels_on_audio);
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
    strbuf_printf(&service->heard, "failed %s %d %s\n", failure_rule(failure->kind)->name,
        failure->status, failure->why);
    close_client();
}

static const struct tts_listener listener = {.on_ready = on_ready,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* --- verbs --- */

/* A session opens a connection ahead of need. */
static void answer_warming(struct service *service)
{
    service_until(service, service->exchange);
    exchange_answer(service->exchange, 404, NULL, SLICE(""));
    service->exchange = NULL;
    service_run_for(service, 5);
    strbuf_clear(&service->requests);
    strbuf_clear(&service->seen);
    strbuf_add_text(&service->seen, "");
    service->request_count = 0;
}

static void open_ready(struct service *service, const struct tts_ops *ops)
{
    struct tts_settings settings = {.base_url = service->origin,
        .api_key = "secret",
        .voice_id = "coral",
        .model = model,
        .stability = -1,
        .similarity = -1,
        .speed = -1,
        .connect_timeout_ms = 5000,
        .first_byte_timeout_ms = 400,
        .idle_timeout_ms = 300};
    driver = ops;
    cancels_on_audio = 0;
    closes_on = "";
    asked_count = 0;
    audio_len = 0;
    assert_int_equal(ops->open(&client, service->loop, &settings, &listener, service), ERR_OK);
    assert_string_equal(service->heard.data, "");
    service_until_heard(service, "ready\n");
    answer_warming(service);
    strbuf_clear(&service->heard);
}

static void say(uint32_t context, const char *text)
{
    assert_int_equal(driver->text(client, context, slice_from(text), true), ERR_OK);
}

/* Requests come over several connections: the next one to come, whichever that is. */
static struct exchange *until_asked(struct service *service, unsigned count)
{
    while (asked_count < count) {
        service_until(service, service->exchange);
        asked[asked_count++] = service->exchange;
        service->exchange = NULL;
    }
    return asked[count - 1];
}

static void begin(struct exchange *exchange, const char *type)
{
    exchange_begin(exchange, 200, type);
}

static void send(struct exchange *exchange, const char *data, size_t len)
{
    assert_int_equal(exchange_write(exchange, (struct slice){data, len}), ERR_OK);
}

/* The client closed the connection of an answer that has begun. */
static void until_gone(struct service *service, struct exchange *exchange)
{
    service_until(service, exchange_write(exchange, SLICE("x")) == ERR_CLOSED);
    exchange_end(exchange);
}

static void send_text(struct exchange *exchange, const char *text)
{
    send(exchange, text, strlen(text));
}

static void whole(struct exchange *exchange, const char *type, const char *data, size_t len)
{
    begin(exchange, type);
    send(exchange, data, len);
    exchange_end(exchange);
}

#define OBJECTS "application/json"
#define OBJECT(audio, characters, starts, ends)                                                    \
    "{\"audio_base64\":\"" audio "\",\"alignment\":{\"characters\":[" characters                   \
    "],\"character_start_times_seconds\":[" starts "],\"character_end_times_seconds\":[" ends      \
    "]},\"normalized_alignment\":null}\n"
/* 24 bytes, so 3 ms of µ-law */
#define SOUND "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* --- stories --- */

static void a_reply_in_two_pieces(void **state)
{
    struct service *service = *state;
    open_ready(service, &elevenlabs_http_tts);
    say(7, "Hi.");
    say(7, "So?");
    driver->end(client, 7);
    struct exchange *first = until_asked(service, 1);
    struct exchange *second = until_asked(service, 2);
    assert_string_equal(service->requests.data,
        "POST /v1/text-to-speech/coral/stream/with-timestamps?output_format=ulaw_8000 secret\n"
        "POST /v1/text-to-speech/coral/stream/with-timestamps?output_format=ulaw_8000 secret\n");
    assert_true(service_saw(service, "{\"model_id\":\"m1\",\"text\":\"Hi.\"}\n"));
    assert_true(
        service_saw(service, "{\"model_id\":\"m1\",\"text\":\"So?\",\"previous_text\":\"Hi.\"}\n"));
    /* the second one's audio waits for the end of the first */
    whole(second, OBJECTS, OBJECT(SOUND, "\"S\",\"o\",\"?\"", "0,0.001,0.002", "0.001,0.002,0.003"),
        strlen(OBJECT(SOUND, "\"S\",\"o\",\"?\"", "0,0.001,0.002", "0.001,0.002,0.003")));
    service_run_for(service, 20);
    service_expect_heard(service, "");
    begin(first, OBJECTS);
    send_text(first, OBJECT(SOUND, "\"H\",\"i\"", "0,0.001", "0.001,0.002"));
    service_until_heard(service, "audio");
    send_text(first, OBJECT(SOUND, "\".\"", "0.004", "0.005"));
    exchange_end(first);
    service_until_heard(service, "end 7");
    service_expect_heard(service,
        "timings 7 H@0+1 i@1+1\naudio 7 24 of 00\ntimings 7 .@4+1\naudio 7 24 of 00\n"
        "timings 7  @6+0\ntimings 7 S@6+1 o@7+1 ?@8+1\naudio 7 24 of 00\nend 7\n");
    close_client();
}

static void a_model_that_takes_no_neighbours(void **state)
{
    struct service *service = *state;
    model = "eleven_v3";
    open_ready(service, &elevenlabs_http_tts);
    model = "m1";
    say(7, "Hi.");
    say(7, "So?");
    until_asked(service, 2);
    assert_true(service_saw(service, "{\"model_id\":\"eleven_v3\",\"text\":\"So?\"}\n"));
    close_client();
    for (unsigned i = 0; i < 2; i++)
        exchange_answer(asked[i], 200, OBJECTS, SLICE(""));
}

static void times_that_begin_anew_with_every_part(void **state)
{
    struct service *service = *state;
    open_ready(service, &elevenlabs_http_tts);
    say(1, "Hi.");
    driver->end(client, 1);
    begin(until_asked(service, 1), OBJECTS);
    send_text(asked[0], OBJECT(SOUND, "\"H\",\"i\"", "0,0.001", "0.001,0.002"));
    send_text(asked[0], OBJECT(SOUND, "\".\"", "0", "0.002"));
    exchange_end(asked[0]);
    service_until_heard(service, "end 1");
    service_expect_heard(service,
        "timings 1 H@0+1 i@1+1\naudio 1 24 of 00\ntimings 1 .@3+2\naudio 1 24 of 00\nend 1\n");
    close_client();
}

static void a_piece_without_times_leaves_the_reply_without(void **state)
{
    struct service *service = *state;
    open_ready(service, &elevenlabs_http_tts);
    say(1, "Hi.");
    driver->end(client, 1);
    static const char plain[] = "{\"audio_base64\":\"" SOUND "\",\"alignment\":null}";
    whole(until_asked(service, 1), OBJECTS, plain, sizeof plain - 1);
    service_until_heard(service, "end 1");
    service_expect_heard(service, "audio 1 24 of 00\ntimings 1\nend 1\n");
    close_client();
}

static void pcm_in_odd_portions(void **state)
{
    struct service *service = *state;
    static const char silence[4801] = {0};
    open_ready(service, &openai_speech_tts);
    say(3, "Hello there.");
    driver->end(client, 3);
    begin(until_asked(service, 1), "audio/pcm");
    assert_string_equal(service->requests.data, "POST /v1/audio/speech Bearer secret\n");
    assert_true(service_saw(service, "{\"model\":\"m1\",\"voice\":\"coral\",\"response_format\":"
                                     "\"pcm\",\"input\":\"Hello there.\"}\n"));
    send(asked[0], silence, 1);
    send(asked[0], silence, 1599);
    send(asked[0], silence, 3199);
    send(asked[0], silence, 1);
    exchange_end(asked[0]);
    service_until_heard(service, "end 3");
    assert_in_range(audio_len, 800, 825); /* 100 ms, and what the filter held */
    assert_null(strstr(service->heard.data, "timings"));
    close_client();
}

static void no_more_than_two_of_a_reply_at_once(void **state)
{
    struct service *service = *state;
    static const char silence[480] = {0};
    open_ready(service, &openai_speech_tts);
    for (unsigned i = 0; i < 5; i++)
        say(1, "More.");
    until_asked(service, 2);
    service_run_for(service, 30);
    assert_int_equal(service->request_count, 2);
    whole(asked[0], "audio/pcm", silence, sizeof silence);
    until_asked(service, 3);
    service_run_for(service, 30);
    assert_int_equal(service->request_count, 3);
    close_client();
    service_until(service, service_count(service, "(cancelled)") == 2);
}

static void a_cancelled_reply_ends_its_requests(void **state)
{
    struct service *service = *state;
    static const char silence[4800] = {0};
    open_ready(service, &openai_speech_tts);
    say(1, "One.");
    say(1, "Two.");
    begin(until_asked(service, 1), "audio/pcm");
    until_asked(service, 2);
    send(asked[0], silence, sizeof silence);
    cancels_on_audio = 1;
    service_until_heard(service, "audio 1");
    service_until(service, service_saw(service, "(cancelled)"));
    until_gone(service, asked[0]);
    cancels_on_audio = 0;
    assert_int_equal(driver->text(client, 1, SLICE("Late."), true), ERR_CLOSED);
    strbuf_clear(&service->heard);
    say(2, "Three.");
    driver->end(client, 2);
    whole(until_asked(service, 3), "audio/pcm", silence, sizeof silence);
    service_until_heard(service, "end 2");
    assert_null(strstr(service->heard.data, "audio 1"));
    close_client();
}

static void closing_inside_a_callback(void **state)
{
    struct service *service = *state;
    static const char *const callbacks[] = {"timings", "audio", "end"};
    for (size_t i = 0; i < sizeof callbacks / sizeof *callbacks; i++) {
        open_ready(service, &elevenlabs_http_tts);
        closes_on = callbacks[i];
        say(1, "One.");
        driver->end(client, 1);
        begin(until_asked(service, 1), OBJECTS);
        send_text(
            asked[0], OBJECT(SOUND, "\"O\"", "0", "0.001") OBJECT(SOUND, "\"n\"", "0", "0.001"));
        exchange_end(asked[0]);
        service_until(service, !client);
        service_run_for(service, 20);
        strbuf_clear(&service->heard);
    }
    closes_on = "";
}

static void closing_when_it_is_ready(void **state)
{
    struct service *service = *state;
    struct tts_settings settings = {.base_url = service->origin,
        .voice_id = "coral",
        .model = "m1",
        .connect_timeout_ms = 5000};
    driver = &openai_speech_tts;
    closes_on = "ready";
    assert_int_equal(driver->open(&client, service->loop, &settings, &listener, service), ERR_OK);
    say(1, "One.");
    service_until(service, !client);
    service_run_for(service, 20);
    closes_on = "";
    if (service->exchange) /* of warming */
        exchange_answer(service->exchange, 404, NULL, SLICE(""));
    service->exchange = NULL;
    service_expect_heard(service, "ready\n");
}

static void text_without_words_is_no_request(void **state)
{
    struct service *service = *state;
    open_ready(service, &openai_speech_tts);
    say(1, " - ... ");
    driver->end(client, 1);
    driver->end(client, 2);
    service_until_heard(service, "end 2");
    service_expect_heard(service, "end 1\nend 2\n");
    assert_int_equal(service->request_count, 0);
    close_client();
}

static void words_wait_for_a_flush(void **state)
{
    struct service *service = *state;
    open_ready(service, &openai_speech_tts);
    assert_int_equal(driver->text(client, 1, SLICE("Sure, "), false), ERR_OK);
    service_run_for(service, 20);
    assert_int_equal(service->request_count, 0);
    say(1, "Tuesday.");
    until_asked(service, 1);
    assert_true(service_saw(service, "\"input\":\"Sure, Tuesday.\""));
    close_client();
}

/* --- failures --- */

static const struct refusal {
    int status;
    const char *body;
    const char *heard;
} refusals[] = {
    {401, "{\"detail\":{\"status\":\"quota_exceeded\",\"message\":\"m\"}}",
        "failed quota 401 http 401 quota_exceeded\n"},
    {401, "{\"detail\":{\"type\":\"authentication_error\",\"code\":\"invalid_api_key\"}}",
        "failed key 401 http 401 invalid_api_key\n"},
    {404, "{\"detail\":{\"status\":\"voice_not_found\"}}",
        "failed request 404 http 404 voice_not_found\n"},
    {422, "{\"detail\":[{\"loc\":[\"body\",\"text\"],\"msg\":\"field required\"}]}",
        "failed request 422 http 422 validation_error\n"},
    {429, "{\"detail\":{\"status\":\"too_many_concurrent_requests\"}}",
        "failed busy 429 http 429 too_many_concurrent_requests\n"},
    {503, "<html>", "failed broken 503 http 503\n"},
};

static void refusals_say_what_they_are(void **state)
{
    struct service *service = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        open_ready(service, &elevenlabs_http_tts);
        say(1, "Hi.");
        exchange_answer(
            until_asked(service, 1), refusals[i].status, OBJECTS, slice_from(refusals[i].body));
        service_until_heard(service, "failed");
        service_expect_heard(service, refusals[i].heard);
        strbuf_clear(&service->heard);
    }
}

static void openai_says_quota_with_429(void **state)
{
    struct service *service = *state;
    open_ready(service, &openai_speech_tts);
    say(1, "Hi.");
    exchange_answer(until_asked(service, 1), 429, OBJECTS,
        SLICE("{\"error\":{\"message\":\"m\",\"type\":\"q\",\"code\":\"insufficient_quota\"}}"));
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed quota 429 http 429 insufficient_quota\n");
}

/* What came before a failure is heard before it is told. */
static void a_failure_waits_for_its_turn(void **state)
{
    struct service *service = *state;
    static const char silence[480] = {0};
    open_ready(service, &openai_speech_tts);
    say(1, "One.");
    say(1, "Two.");
    begin(until_asked(service, 1), "audio/pcm");
    exchange_answer(until_asked(service, 2), 500, OBJECTS, SLICE("{}"));
    service_run_for(service, 30);
    service_expect_heard(service, "");
    send(asked[0], silence, sizeof silence);
    exchange_end(asked[0]);
    service_until_heard(service, "failed");
    service_expect_heard(service, "audio 1 80 of ff\nfailed broken 500 http 500\n");
}

static void deadlines(void **state)
{
    struct service *service = *state;
    static const char silence[480] = {0};
    open_ready(service, &openai_speech_tts);
    say(1, "Hi.");
    until_asked(service, 1);
    service_until_heard(service, "failed late");
    strbuf_clear(&service->heard);
    open_ready(service, &openai_speech_tts);
    say(1, "Hi.");
    begin(until_asked(service, 1), "audio/pcm");
    send(asked[0], silence, sizeof silence);
    service_until_heard(service, "failed late");
}

/* What makes no sound keeps nobody waiting. */
static void blanks_put_nothing_off(void **state)
{
    struct service *service = *state;
    open_ready(service, &elevenlabs_http_tts);
    say(1, "Hi.");
    begin(until_asked(service, 1), OBJECTS);
    uint64_t begin_ms = net_loop_now_ms(service->loop);
    while (!strstr(service->heard.data, "failed")) {
        if (exchange_write(asked[0], SLICE("\n{\"audio_base64\":null}\n")))
            break;
        service_run_for(service, 50);
        assert_true(net_loop_now_ms(service->loop) - begin_ms < SERVICE_LIMIT_MS);
    }
    service_until_heard(service, "failed late");
    exchange_end(asked[0]);
}

/* Its status is known, whatever becomes of the rest. */
static void a_refusal_that_is_cut_or_endless(void **state)
{
    struct service *service = *state;
    static char long_text[200000];
    memset(long_text, 'x', sizeof long_text);
    open_ready(service, &elevenlabs_http_tts);
    say(1, "Hi.");
    exchange_begin(until_asked(service, 1), 401, OBJECTS);
    send_text(asked[0], "{\"detail\":");
    service_run_for(service, 20);
    exchange_abort(asked[0]);
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed key 401 http 401\n");
    strbuf_clear(&service->heard);
    open_ready(service, &elevenlabs_http_tts);
    say(1, "Hi.");
    exchange_answer(
        until_asked(service, 1), 429, OBJECTS, (struct slice){long_text, sizeof long_text});
    service_until_heard(service, "failed");
    service_expect_heard(service, "failed busy 429 http 429\n");
}

static const struct bad_answer {
    const struct tts_ops *ops;
    const char *type, *body;
    bool is_cut;
    const char *heard;
} bad_answers[] = {
    {&openai_speech_tts, "audio/pcm", "", false, "failed cut 0 an answer without a sound\n"},
    {&openai_speech_tts, "text/html; charset=utf-8", "<html>", false,
        "failed garbled 0 the answer"},
    {&openai_speech_tts, "audio/mpeg", "ID3", false, "failed garbled 0 the answer is no audio"},
    {&openai_speech_tts, "audio/wav", "RIFF", false, "failed garbled 0 the answer is no audio"},
    {&openai_speech_tts, "audio/pcm", "", true, "failed cut 0"},
    {&elevenlabs_http_tts, OBJECTS, "{\"audio_base64\":\"AA", false,
        "failed cut 0 the answer ended in the middle\n"},
    {&elevenlabs_http_tts, OBJECTS, "[]", false, "failed garbled 0 the answer cannot be read\n"},
    {&elevenlabs_http_tts, OBJECTS, "{\"audio_base64\":\"*\"}", false, "failed garbled 0"},
    {&elevenlabs_http_tts, OBJECTS, "{\"detail\":{\"status\":\"system_busy\"}}", false,
        "failed busy 200 error in the stream: system_busy\n"},
};

static void answers_that_are_none(void **state)
{
    struct service *service = *state;
    for (size_t i = 0; i < sizeof bad_answers / sizeof *bad_answers; i++) {
        const struct bad_answer *bad = &bad_answers[i];
        open_ready(service, bad->ops);
        say(1, "Hi.");
        begin(until_asked(service, 1), bad->type);
        if (bad->body[0])
            send_text(asked[0], bad->body);
        if (bad->is_cut)
            exchange_abort(asked[0]);
        else
            exchange_end(asked[0]);
        service_until_heard(service, "failed");
        assert_memory_equal(service->heard.data, bad->heard, strlen(bad->heard));
        strbuf_clear(&service->heard);
    }
}

#define story(name) cmocka_unit_test_setup_teardown(name, service_begin, service_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        story(a_reply_in_two_pieces),
        story(a_model_that_takes_no_neighbours),
        story(times_that_begin_anew_with_every_part),
        story(a_piece_without_times_leaves_the_reply_without),
        story(pcm_in_odd_portions),
        story(no_more_than_two_of_a_reply_at_once),
        story(a_cancelled_reply_ends_its_requests),
        story(closing_inside_a_callback),
        story(closing_when_it_is_ready),
        story(text_without_words_is_no_request),
        story(words_wait_for_a_flush),
        story(refusals_say_what_they_are),
        story(openai_says_quota_with_429),
        story(a_failure_waits_for_its_turn),
        story(deadlines),
        story(blanks_put_nothing_off),
        story(a_refusal_that_is_cut_or_endless),
        story(answers_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

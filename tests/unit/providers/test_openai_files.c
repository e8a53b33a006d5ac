#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/g711.h"
#include "media/wav.h"
#include "providers/stt.h"
#include "service.h"

static struct stt *client;
static bool closes_on_text; /* the listener closes the session from its callback */

static void close_client(void)
{
    openai_files_stt.close(client);
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
    if (closes_on_text)
        close_client();
}

static void on_words(
    void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    service_hear_words(owner, item, words, count, is_estimated);
}

static void on_final(void *owner, uint32_t item, struct slice text)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "final %u %.*s\n", item, (int)text.len, text.data);
    if (closes_on_text)
        close_client();
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct service *service = owner;
    strbuf_printf(&service->heard, "failed %s %d %s\n", failure_rule(failure->kind)->name,
        failure->status, failure->why);
    close_client();
}

static const struct stt_listener listener = {.on_ready = on_ready,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};

/* --- verbs --- */

static struct stt_settings settings_for(struct service *service)
{
    return (struct stt_settings){.base_url = service->origin,
        .api_key = "sk-secret",
        .model = "gpt-4o-transcribe",
        .language = "en",
        .connect_timeout_ms = 5000,
        .answer_timeout_ms = 5000};
}

static void open_with(struct service *service, const struct stt_settings *settings)
{
    closes_on_text = false;
    assert_int_equal(
        openai_files_stt.open(&client, service->loop, settings, &listener, service), ERR_OK);
    assert_string_equal(service->heard.data, "");
    service_until_heard(service, "ready\n");
    strbuf_clear(&service->heard);
    strbuf_add_text(&service->heard, "");
}

static void open_ready(struct service *service)
{
    struct stt_settings settings = settings_for(service);
    open_with(service, &settings);
}

static void frames(unsigned count, int peak)
{
    int16_t pcm[FRAME_SAMPLES];
    uint8_t ulaw[FRAME_BYTES];
    for (int i = 0; i < FRAME_SAMPLES; i++)
        pcm[i] = (int16_t)lround(peak * sin(2 * M_PI * 400 * i / 8000));
    g711_to_ulaw(ulaw, pcm, FRAME_SAMPLES);
    while (count--)
        openai_files_stt.audio(client, ulaw);
}

static void speak_ms(unsigned ms)
{
    frames(ms / FRAME_MS, 4000);
}

static void be_silent_ms(unsigned ms)
{
    frames(ms / FRAME_MS, 0);
}

static uint32_t commit(void)
{
    return openai_files_stt.commit(client);
}

static bool was_sent(const struct service *service, const char *text)
{
    return memmem(service->seen.data, service->seen.len, text, strlen(text));
}

/* The next request has come; forgets what was sent before it. Returns the length of its audio. */
static unsigned until_asked(struct service *service, unsigned number)
{
    service_until(service, service->request_count == number && service->exchange);
    const char *data = service->seen.data, *file = NULL;
    size_t left = service->seen.len;
    while (left && (data = memmem(data, left, "RIFF", 4))) { /* the last of them */
        file = data++;
        left = (size_t)(service->seen.data + service->seen.len - data);
    }
    assert_non_null(file);
    uint32_t bytes;
    memcpy(&bytes, file + 40, sizeof bytes);
    return (bytes / 32 + 10) / 20 * 20; /* the resampler keeps a few samples */
}

static void answer_with(struct service *service, int status, const char *type, const char *body)
{
    struct exchange *exchange = service->exchange;
    service->exchange = NULL;
    exchange_answer(exchange, status, type, slice_from(body));
}

static void answer(struct service *service, const char *text)
{
    char body[512];
    snprintf(body, sizeof body, "{\"text\":\"%s\"}", text);
    answer_with(service, 200, "application/json", body);
}

/* --- stories --- */

static void an_utterance_is_heard_while_it_grows(void **state)
{
    struct service *service = *state;
    open_ready(service);
    assert_int_equal(service->request_count, 0);
    speak_ms(600);
    assert_int_equal(until_asked(service, 1), 600);
    assert_string_equal(service->requests.data, "POST /v1/audio/transcriptions Bearer sk-secret\n");
    assert_true(was_sent(service, "name=\"model\"\r\n\r\ngpt-4o-transcribe\r\n"));
    assert_true(was_sent(service, "name=\"response_format\"\r\n\r\njson\r\n"));
    answer(service, "hi i");
    service_until_heard(service, "partial 1 hi i\xe2\x80\xa6\n");
    speak_ms(600);
    assert_int_equal(until_asked(service, 2), 1200);
    answer(service, "Hi, I kneel");
    service_until_heard(service, "partial 1 Hi, I kneel\xe2\x80\xa6\n");
    be_silent_ms(300);
    assert_int_equal(commit(), 1);
    assert_int_equal(until_asked(service, 3), 1500);
    answer(service, "Hi, I need an appointment.");
    service_until_heard(service, "final 1 Hi, I need an appointment.\n");
    assert_non_null(strstr(service->heard.data, "words 1 about Hi, 0-"));
    assert_null(strstr(service->heard.data, "1300"));
    close_client();
}

static void real_times_are_passed_on_in_the_sessions_time(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.model = "whisper-1";
    open_with(service, &settings);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    answer(service, "Hello.");
    service_until_heard(service, "final 1 Hello.\n");
    speak_ms(400);
    assert_int_equal(commit(), 2);
    assert_int_equal(until_asked(service, 2), 400);
    assert_true(was_sent(service, "timestamp_granularities[]"));
    answer_with(service, 200, "application/json",
        "{\"text\":\"Book it.\",\"words\":[{\"word\":\"Book\",\"start\":0.1,\"end\":0.2},"
        "{\"word\":\"it\",\"start\":0.2,\"end\":0.35}]}");
    service_until_heard(service, "words 2 Book 500-600 it 600-750\nfinal 2 Book it.\n");
    speak_ms(400); /* a model that hears in pieces of 30 s knows of words behind the end */
    assert_int_equal(commit(), 3);
    until_asked(service, 3);
    answer_with(service, 200, "application/json",
        "{\"text\":\"Yes please.\",\"words\":[{\"word\":\"Yes\",\"start\":0.1,\"end\":0.3},"
        "{\"word\":\"please\",\"start\":29.5,\"end\":1800}]}");
    service_until_heard(service, "final 3 Yes please.\n");
    assert_non_null(strstr(service->heard.data, "words 3 Yes 900-1100 please 1200-1200\n"));
    close_client();
}

static void silence_is_not_sent(void **state)
{
    struct service *service = *state;
    open_ready(service);
    be_silent_ms(80);
    assert_int_equal(commit(), 0); /* too little */
    be_silent_ms(1200);
    assert_int_equal(commit(), 1);
    assert_string_equal(service->heard.data, ""); /* not within the call */
    service_until_heard(service, "final 1 \n");
    assert_int_equal(service->request_count, 0);
    close_client();
}

static void what_is_made_up_is_not_heard(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(80);
    be_silent_ms(420);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    answer(service, "Thanks for watching!");
    service_until_heard(service, "final 1 \n");
    close_client();
}

static void one_window_is_under_way_at_most(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(600);
    (void)until_asked(service, 1);
    speak_ms(1800);
    service_run_for(service, 20);
    assert_int_equal(service->request_count, 1);
    answer(service, "one");
    service_until_heard(service, "partial 1 one\xe2\x80\xa6\n");
    speak_ms(20); /* overdue: at once */
    assert_int_equal(until_asked(service, 2), 2420);
    close_client();
}

static void a_window_ends_with_its_utterance(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(600);
    (void)until_asked(service, 1);
    assert_int_equal(commit(), 1);
    service_until(service, was_sent(service, "(cancelled)"));
    (void)until_asked(service, 2);
    speak_ms(600);
    struct exchange *final = service->exchange;
    service->exchange = NULL;
    (void)until_asked(service, 3); /* of the next utterance, beside the final */
    answer(service, "and");
    service_until_heard(service, "partial 2 and\xe2\x80\xa6\n");
    exchange_answer(final, 200, "application/json", SLICE("{\"text\":\"Yes.\"}"));
    service_until_heard(service, "final 1 Yes.\n");
    close_client();
}

static void a_window_that_fails_costs_a_partial(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(600);
    (void)until_asked(service, 1);
    exchange_set_header(service->exchange, "retry-after-ms", "1000");
    answer_with(service, 429, "application/json", "{\"error\":{\"code\":\"rate_limit_exceeded\"}}");
    service_run_for(service, 20);
    speak_ms(980);
    service_run_for(service, 20);
    assert_int_equal(service->request_count, 1); /* it asked for quiet */
    speak_ms(20);
    (void)until_asked(service, 2);
    answer_with(service, 200, "text/plain", "Bad gateway");
    service_run_for(service, 20);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 3);
    answer(service, "Hello there.");
    service_until_heard(service, "final 1 Hello there.\n");
    assert_null(strstr(service->heard.data, "partial"));
    close_client();
}

static void a_final_is_tried_once_more_where_that_helps(void **state)
{
    static const struct {
        int status;
        const char *retry_after_ms;
        const char *body;
        unsigned requests;
        const char *heard;
    } cases[] = {
        {503, NULL, "", 2, "failed broken 503 http 503\n"},
        {429, "100", "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", 2,
            "failed busy 429 http 429 rate_limit_exceeded\n"},
        {429, "5000", "", 1, "failed busy 429 http 429\n"}, /* longer than a caller waits */
        {429, NULL, "{\"error\":{\"code\":\"insufficient_quota\"}}", 1,
            "failed quota 429 http 429 insufficient_quota\n"},
        {401, NULL, "{\"error\":{\"code\":\"invalid_api_key\"}}", 1,
            "failed key 401 http 401 invalid_api_key\n"},
        {404, NULL, "", 1, "failed request 404 http 404\n"},
        {200, NULL, "<html>", 1, "failed garbled 200 the answer cannot be read\n"},
        {200, NULL, "{\"error\":\"failed to read audio\"}", 2,
            "failed broken 200 error in the answer: error\n"},
    };
    struct service *service = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        strbuf_clear(&service->heard);
        strbuf_add_text(&service->heard, "");
        service->request_count = 0;
        open_ready(service);
        speak_ms(400);
        assert_int_equal(commit(), 1);
        for (unsigned n = 1; n <= cases[i].requests; n++) {
            assert_int_equal(until_asked(service, n), 400);
            if (cases[i].retry_after_ms)
                exchange_set_header(service->exchange, "retry-after-ms", cases[i].retry_after_ms);
            answer_with(service, cases[i].status, "application/json", cases[i].body);
        }
        service_until(service, !client);
        service_expect_heard(service, cases[i].heard);
    }
}

static void the_second_try_is_a_final_like_any(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    exchange_abort(service->exchange);
    service->exchange = NULL;
    (void)until_asked(service, 2);
    answer(service, "Hello.");
    service_until_heard(service, "final 1 Hello.\n");
    speak_ms(400);
    assert_int_equal(commit(), 2);
    (void)until_asked(service, 3);
    answer_with(service, 500, NULL, "");
    (void)until_asked(service, 4); /* the next one has its own two tries */
    answer(service, "Bye.");
    service_until_heard(service, "final 2 Bye.\n");
    close_client();
}

static void a_final_that_is_late_is_a_failure(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.answer_timeout_ms = 60;
    open_with(service, &settings);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    service_until(service, !client);
    assert_non_null(strstr(service->heard.data, "failed late 0 "));
    assert_int_equal(service->request_count, 1);
}

static void finals_come_in_order_one_at_a_time(void **state)
{
    struct service *service = *state;
    open_ready(service);
    for (uint32_t number = 1; number <= 8; number++) {
        speak_ms(200);
        assert_int_equal(commit(), number);
    }
    speak_ms(200);
    assert_int_equal(commit(), 0); /* nobody waits for nine */
    for (unsigned number = 1; number <= 8; number++) {
        assert_int_equal(until_asked(service, number), 200);
        service_run_for(service, 5);
        assert_int_equal(service->request_count, number);
        answer(service, number % 2 ? "odd" : "even");
    }
    service_until_heard(service, "final 8 even\n");
    assert_non_null(strstr(service->heard.data, "final 7 odd\n"));
    assert_int_equal(commit(), 9); /* its audio has waited */
    assert_int_equal(until_asked(service, 9), 200);
    close_client();
}

static void a_long_utterance_is_settled_piece_by_piece(void **state)
{
    struct service *service = *state;
    open_ready(service);
    for (unsigned at_ms = 0; at_ms < 18000; at_ms += FRAME_MS) { /* words of half a second */
        frames(1, at_ms % 600 < 500 ? 4000 : 0);
        if (service->exchange)
            answer(service, "one two three");
        service_turn(service);
    }
    unsigned windows = service->request_count;
    service_run_for(service, 20); /* until none is under way */
    if (service->exchange)
        answer(service, "one two three");
    service_run_for(service, 20);
    assert_in_range(windows, 15, 30);
    assert_int_equal(commit(), 1);
    unsigned asked_ms = until_asked(service, service->request_count + !service->exchange);
    assert_in_range(asked_ms, 6000, 15000);
    answer(service, "And the rest.");
    service_until_heard(service, " And the rest.\n");
    assert_non_null(strstr(service->heard.data, "final 1 one two three "));
    assert_non_null(strstr(service->heard.data, "words 1 about one 0-"));
    close_client();
}

static void closing_closes_the_requests(void **state)
{
    struct service *service = *state;
    open_ready(service);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    close_client();
    service_until(service, was_sent(service, "(cancelled)"));
    assert_string_equal(service->heard.data, "");
}

static void a_listener_may_close_from_its_callbacks(void **state)
{
    struct service *service = *state;
    open_ready(service);
    closes_on_text = true;
    speak_ms(600);
    (void)until_asked(service, 1);
    answer(service, "hello");
    service_until(service, !client);
    service_expect_heard(service, "partial 1 hello\xe2\x80\xa6\n");
    strbuf_clear(&service->heard);
    strbuf_add_text(&service->heard, "");
    open_ready(service);
    closes_on_text = true;
    speak_ms(300);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 2);
    answer(service, "hello");
    service_until(service, !client);
    assert_non_null(strstr(service->heard.data, "final 1 hello\n"));
}

static void servers_that_people_run(void **state)
{
    struct service *service = *state;
    struct stt_settings whisper_cpp = settings_for(service);
    whisper_cpp.path = "/inference";
    whisper_cpp.model = NULL;
    whisper_cpp.api_key = NULL;
    whisper_cpp.response_format = "text";
    whisper_cpp.prompt = "Acme Dental";
    open_with(service, &whisper_cpp);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    assert_string_equal(service->requests.data, "POST /inference \n");
    assert_false(was_sent(service, "name=\"model\""));
    assert_true(was_sent(service, "name=\"temperature\"\r\n\r\n0\r\n"));
    assert_true(was_sent(service, "name=\"prompt\"\r\n\r\nAcme Dental\r\n"));
    answer_with(service, 200, "text/html; charset=utf-8", " Hello there.\n");
    service_until_heard(service, "final 1 Hello there.\n");
    close_client();
}

static void a_key_may_go_elsewhere(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.key_header = "xi-api-key";
    open_with(service, &settings);
    speak_ms(400);
    assert_int_equal(commit(), 1);
    (void)until_asked(service, 1);
    assert_string_equal(service->requests.data, "POST /v1/audio/transcriptions sk-secret\n");
    close_client();
}

static void settings_that_cannot_be(void **state)
{
    struct service *service = *state;
    struct stt_settings settings = settings_for(service);
    settings.response_format = "srt";
    assert_int_equal(
        openai_files_stt.open(&client, service->loop, &settings, &listener, service), ERR_BAD);
    settings = settings_for(service);
    settings.base_url = "ftp://x";
    assert_int_equal(
        openai_files_stt.open(&client, service->loop, &settings, &listener, service), ERR_BAD);
    client = NULL;
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, service_begin, service_end)
    const struct CMUnitTest tests[] = {
        STORY(an_utterance_is_heard_while_it_grows),
        STORY(real_times_are_passed_on_in_the_sessions_time),
        STORY(silence_is_not_sent),
        STORY(what_is_made_up_is_not_heard),
        STORY(one_window_is_under_way_at_most),
        STORY(a_window_ends_with_its_utterance),
        STORY(a_window_that_fails_costs_a_partial),
        STORY(a_final_is_tried_once_more_where_that_helps),
        STORY(the_second_try_is_a_final_like_any),
        STORY(a_final_that_is_late_is_a_failure),
        STORY(finals_come_in_order_one_at_a_time),
        STORY(a_long_utterance_is_settled_piece_by_piece),
        STORY(closing_closes_the_requests),
        STORY(a_listener_may_close_from_its_callbacks),
        STORY(servers_that_people_run),
        STORY(a_key_may_go_elsewhere),
        STORY(settings_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

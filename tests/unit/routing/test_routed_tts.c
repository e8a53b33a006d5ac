/* Stories of a call whose speaking fails. A vendor speaks a letter of text as 150 ms of that letter: so what
   the owner heard can be read, and shows at once what was said twice or left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "observe/log.h"
#include "routing/desk.h"
#include "routing/routed.h"
#include "unit/routing/virtual_loop.h"

#define LETTER_MS 150
#define LETTER_BYTES (LETTER_MS * 8)

/* ---- vendors ---- */

#define SESSIONS_MOST 12

struct tts {
    const struct tts_ops *ops;
    const struct tts_listener *listener;
    void *owner;
    char vendor; /* its base_url */
    struct strbuf given;
    bool is_closed;
};

static struct tts sessions[SESSIONS_MOST];
static unsigned session_count;
static enum err open_answers; /* the next open */
static enum err text_answers;
static const struct tts_ops vendor_ops;

static const struct failure cut = {.kind = FAILURE_CUT, .err = ERR_CLOSED, .why = "cut"};
static const struct failure wrong_key = {.kind = FAILURE_KEY, .err = ERR_REFUSED, .why = "401"};

static enum err vendor_open(struct tts **out, struct net_loop *loop,
    const struct tts_settings *settings, const struct tts_listener *listener, void *owner)
{
    enum err err = open_answers;
    open_answers = ERR_OK;
    if (err)
        return err;
    assert_true(session_count < SESSIONS_MOST);
    struct tts *tts = &sessions[session_count++];
    *tts = (struct tts){
        .ops = &vendor_ops, .listener = listener, .owner = owner, .vendor = settings->base_url[0]};
    strbuf_init(&tts->given, 10000);
    strbuf_add_text(&tts->given, "");
    *out = tts;
    return ERR_OK;
}

static enum err vendor_text(struct tts *tts, uint32_t context, struct slice text, bool flush)
{
    assert_false(tts->is_closed);
    strbuf_printf(&tts->given, "%u:%.*s|", context, (int)text.len, text.data);
    return text_answers;
}

static void vendor_end(struct tts *tts, uint32_t context)
{
    assert_false(tts->is_closed);
    strbuf_printf(&tts->given, "%u.|", context);
}

static void vendor_cancel(struct tts *tts, uint32_t context)
{
    assert_false(tts->is_closed);
    strbuf_printf(&tts->given, "%ux|", context);
}

static void vendor_close(struct tts *tts)
{
    assert_false(tts->is_closed);
    tts->is_closed = true;
}

static const struct tts_ops vendor_ops = {
    "vendor", vendor_open, vendor_text, vendor_end, vendor_cancel, vendor_close};
static const struct driver vendor_driver = {
    .name = "vendor", .slot = SLOT_SPEAK, .tts = &vendor_ops};

/* ---- the owner ---- */

static struct tts *call;
static struct desk *desk; /* NULL: everything may be asked */
static struct route route;
static struct strbuf told; /* all but what was heard */
static struct strbuf heard[4], timed[4];
static size_t heard_bytes[4];
static uint32_t timed_ms[4];
static uint32_t cancels_on_audio;
static bool closes_on_audio, closes_on_end;

static void hang_up(void)
{
    routed_tts.close(call);
    call = NULL;
}

static void on_ready(void *owner)
{
    strbuf_add_text(&told, "ready\n");
}

static void on_source(void *owner, uint32_t context, const char *provider, const char *model)
{
    strbuf_printf(&told, "source %u %s %s\n", context, provider, model);
}

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (heard_bytes[context]++ % LETTER_BYTES == 0)
            strbuf_add_char(&heard[context], (char)ulaw[i]);
    if (cancels_on_audio) {
        routed_tts.cancel(call, cancels_on_audio);
        cancels_on_audio = 0;
    }
    if (closes_on_audio) {
        closes_on_audio = false;
        hang_up();
    }
}

/* In order, and never about what was not heard for long. */
static void on_timings(
    void *owner, uint32_t context, const struct tts_timing *timings, size_t count)
{
    if (!count)
        strbuf_printf(&told, "untimed %u\n", context);
    for (size_t i = 0; i < count; i++) {
        assert_true(timings[i].start_ms >= timed_ms[context]);
        timed_ms[context] = timings[i].start_ms;
        strbuf_add_slice(&timed[context], timings[i].character);
    }
}

static void on_end(void *owner, uint32_t context)
{
    strbuf_printf(&told, "end %u\n", context);
    if (closes_on_end)
        hang_up();
}

static void on_failed(void *owner, const struct failure *failure)
{
    strbuf_printf(&told, "failed %s %s\n", failure_rule(failure->kind)->name, failure->why);
    hang_up();
}

static const struct tts_listener listener = {.on_ready = on_ready,
    .on_source = on_source,
    .on_audio = on_audio,
    .on_timings = on_timings,
    .on_end = on_end,
    .on_failed = on_failed};

/* ---- verbs ---- */

static void forget(struct strbuf *text)
{
    strbuf_init(text, 100000);
    strbuf_add_text(text, "");
}

static void begin(size_t count)
{
    static const char *const names[] = {"a", "b", "c"};
    struct provider list[3] = {0};
    for (size_t i = 0; i < count; i++) {
        snprintf(list[i].name, sizeof list[i].name, "%s", names[i]);
        list[i].driver = &vendor_driver;
        list[i].most_at_once = 1;
        list[i].tts = (struct tts_settings){.base_url = names[i], .model = "m"};
    }
    virtual_begin();
    session_count = 0;
    cancels_on_audio = 0;
    text_answers = open_answers = ERR_OK;
    closes_on_audio = closes_on_end = false;
    forget(&told);
    for (unsigned i = 0; i < 4; i++) {
        forget(&heard[i]);
        forget(&timed[i]);
        heard_bytes[i] = timed_ms[i] = 0;
    }
    catalog_publish(catalog_make(list, count, NULL, 0));
    route_make(&route, desk, SLOT_SPEAK, "acme", NULL, 0);
    struct tts_settings settings = {
        .route = &route, .stability = -1, .similarity = -1, .speed = -1};
    assert_int_equal(routed_tts.open(&call, NULL, &settings, &listener, &told), ERR_OK);
}

static int end(void **state)
{
    if (call)
        hang_up();
    desk_destroy(desk);
    desk = NULL;
    route_clear(&route);
    for (unsigned i = 0; i < session_count; i++) {
        assert_true(sessions[i].is_closed);
        strbuf_free(&sessions[i].given);
    }
    strbuf_free(&told);
    for (unsigned i = 0; i < 4; i++) {
        strbuf_free(&heard[i]);
        strbuf_free(&timed[i]);
    }
    catalog_publish(NULL);
    assert_int_equal(virtual_timers(), 0);
    return 0;
}

static void expect_(const char *what, const char *got, const char *expected, int line)
{
    if (strcmp(got, expected) != 0)
        fail_msg("line %d: %s\n%s\nexpected\n%s", line, what, got, expected);
}
#define expect_heard(context, expected) expect_("heard", heard[context].data, expected, __LINE__)
#define expect_timed(context, expected) expect_("timed", timed[context].data, expected, __LINE__)
#define expect_given(session, who, expected)                                                       \
    do {                                                                                           \
        assert_true((session) < session_count);                                                    \
        assert_int_equal(sessions[session].vendor, who);                                           \
        expect_("given", sessions[session].given.data, expected, __LINE__);                        \
    } while (0)
#define expect_told(expected)                                                                      \
    do {                                                                                           \
        expect_("told", told.data, expected, __LINE__);                                            \
        strbuf_clear(&told);                                                                       \
        strbuf_add_text(&told, "");                                                                \
    } while (0)

static void say(uint32_t context, const char *text)
{
    assert_int_equal(routed_tts.text(call, context, slice_from(text), true), ERR_OK);
}

static void say_all(uint32_t context, const char *text)
{
    say(context, text);
    routed_tts.end(call, context);
}

/* The session's times of these letters, the first at `at_ms` of its audio. */
static void time_letters(unsigned session, uint32_t context, uint32_t at_ms, const char *letters)
{
    struct tts *tts = &sessions[session];
    for (; *letters; letters++, at_ms += LETTER_MS) {
        struct tts_timing timing = {{letters, 1}, at_ms, LETTER_MS};
        tts->listener->on_timings(tts->owner, context, &timing, 1);
    }
}

static void sound(unsigned session, uint32_t context, const char *letters)
{
    struct tts *tts = &sessions[session];
    for (; *letters && call; letters++) {
        uint8_t audio[LETTER_BYTES];
        memset(audio, *letters, sizeof audio);
        tts->listener->on_audio(tts->owner, context, audio, sizeof audio);
    }
}

static void speak(unsigned session, uint32_t context, uint32_t at_ms, const char *letters)
{
    time_letters(session, context, at_ms, letters);
    sound(session, context, letters);
}

static void ends(unsigned session, uint32_t context)
{
    sessions[session].listener->on_end(sessions[session].owner, context);
}

static void fails(unsigned session, const struct failure *failure)
{
    sessions[session].listener->on_failed(sessions[session].owner, failure);
}

/* ---- stories ---- */

static void a_session_that_holds_is_passed_through(void **state)
{
    begin(2);
    sessions[0].listener->on_ready(sessions[0].owner);
    say(1, "One two.");
    speak(0, 1, 0, "One two.");
    expect_heard(1, "One two."); /* at the end of what was asked nothing is held back */
    say(1, "Three.");
    routed_tts.end(call, 1);
    speak(0, 1, 8 * LETTER_MS, " Three.");
    ends(0, 1);
    expect_given(0, 'a', "1:One two.|1:Three.|1.|");
    expect_heard(1, "One two. Three.");
    expect_timed(1, "One two. Three.");
    expect_told("ready\nsource 1 a m\nend 1\n");
}

static void a_word_is_held_back_until_it_is_whole(void **state)
{
    begin(2);
    say_all(1, "One two three");
    speak(0, 1, 0, "On");
    expect_heard(1, "On"); /* the first sound waits for nothing */
    speak(0, 1, 2 * LETTER_MS, "e tw");
    expect_heard(1, "One");
    expect_timed(1, "One ");
    speak(0, 1, 6 * LETTER_MS, "o three");
    expect_heard(1, "One two three");
    ends(0, 1);
    expect_told("source 1 a m\nend 1\n");
}

static void nothing_is_held_back_from_an_owner_who_runs_dry(void **state)
{
    begin(2);
    say_all(1, "One two three");
    speak(0, 1, 0, "One tw");
    expect_heard(1, "One");
    virtual_run_for(400);
    speak(0, 1, 6 * LETTER_MS, "o");
    expect_heard(1, "One two");
    fails(0, &cut); /* it had begun: heard to here, and not again */
    expect_given(1, 'b', "1:three|1.|");
    expect_timed(1, "One two ");
}

static void audio_without_times_is_never_held(void **state)
{
    begin(2);
    say_all(1, "One two three");
    sound(0, 1, "One tw");
    expect_heard(1, "One tw");
    fails(0, &cut);
    expect_told("source 1 a m\nfailed cut cut\n");
}

static void times_that_come_before_their_audio_hold_it_alike(void **state)
{
    begin(2);
    say_all(1, "One two three");
    time_letters(0, 1, 0, "One two three");
    sound(0, 1, "One two thr");
    expect_heard(1, "One two");
    fails(0, &cut);
    expect_given(1, 'b', "1:three|1.|");
    speak(1, 1, 0, "three");
    ends(1, 1);
    expect_heard(1, "One twothree");
    expect_timed(1, "One two three");
    expect_told("source 1 a m\nsource 1 b m\nend 1\n");
}

static void times_that_are_lost_let_all_pass(void **state)
{
    begin(2);
    say_all(1, "One two three");
    speak(0, 1, 0, "One tw");
    sessions[0].listener->on_timings(sessions[0].owner, 1, NULL, 0);
    sound(0, 1, "o thr");
    expect_heard(1, "One two thr");
    expect_told("source 1 a m\nuntimed 1\n");
}

static void times_of_another_text_pass_and_are_not_trusted(void **state)
{
    begin(2);
    say_all(1, "1 two");
    speak(0, 1, 0, "one tw");
    expect_heard(1, "one tw");
    expect_timed(1, "one tw");
    fails(0, &cut);
    expect_told("source 1 a m\nfailed cut cut\n");
}

static void before_a_sound_all_is_asked_again(void **state)
{
    begin(2);
    say(1, "One two.");
    fails(0, &cut);
    say(1, "Three.");
    routed_tts.end(call, 1);
    expect_given(1, 'b', "1:One two.|1:Three.|1.|");
    speak(1, 1, 0, "One two. Three.");
    ends(1, 1);
    expect_heard(1, "One two. Three.");
    expect_told("source 1 b m\nend 1\n");
}

static void within_a_word_it_goes_on_with_that_word(void **state)
{
    begin(2);
    say_all(1, "One two three four");
    speak(0, 1, 0, "One two thr");
    fails(0, &cut);
    expect_heard(1, "One two");
    expect_given(1, 'b', "1:three four|1.|");
    speak(1, 1, 0, "three four");
    ends(1, 1);
    expect_heard(1, "One twothree four");
    expect_timed(1, "One two three four");
    expect_told("source 1 a m\nsource 1 b m\nend 1\n");
}

static void between_pieces_the_next_one_says_the_next(void **state)
{
    begin(2);
    say(1, "One two.");
    speak(0, 1, 0, "One two.");
    fails(0, &cut);
    say(1, "Three.");
    routed_tts.end(call, 1);
    expect_given(1, 'b', "1:Three.|1.|");
    speak(1, 1, 0, "Three.");
    ends(1, 1);
    expect_heard(1, "One two.Three.");
    expect_timed(1, "One two. Three.");
}

static void after_the_last_word_it_is_over(void **state)
{
    begin(2);
    say_all(1, "One two.");
    speak(0, 1, 0, "One two.");
    fails(0, &cut);
    virtual_run_for(5);
    expect_heard(1, "One two.");
    expect_told("source 1 a m\nend 1\n");
    end(NULL);
    begin(2);
    say(1, "One two.");
    speak(0, 1, 0, "One two.");
    fails(0, &cut);
    routed_tts.end(call, 1);
    virtual_run_for(5);
    expect_told("source 1 a m\nend 1\n");
}

/* ElevenLabs is sent a blank before anything else, and may time it. */
static void a_blank_more_or_less_is_no_other_text(void **state)
{
    begin(2);
    say(1, "One two.");
    say(1, "Three four.");
    speak(0, 1, 0, " One two.Three f");
    expect_heard(1, " One two.Three");
    expect_timed(1, "One two. Three ");
    fails(0, &cut);
    expect_given(1, 'b', "1:four.|");
}

static void what_is_no_word_is_not_asked_for_alone(void **state)
{
    begin(2);
    say_all(1, "One two \xe2\x80\x94 !");
    speak(0, 1, 0, "One two");
    virtual_run_for(1400);
    assert_int_equal(session_count, 1);
    fails(0, &cut);
    virtual_run_for(5);
    expect_told("source 1 a m\nend 1\n");
}

/* A word longer than may be held was begun: the rest of it is left out, and no word is said twice. */
static void a_long_word_that_was_begun_is_cut(void **state)
{
    char longest[140];
    memset(longest, 'w', 120);
    strcpy(longest + 120, " end");
    begin(2);
    say_all(1, longest);
    longest[110] = 0;
    speak(0, 1, 0, longest);
    assert_in_range(heard[1].len, 100, 110);
    fails(0, &cut);
    expect_given(1, 'b', "1:end|1.|");
    speak(1, 1, 0, "end");
    ends(1, 1);
    longest[110] = 'w';
    expect_timed(1, longest);
}

static void it_may_break_off_again_and_again(void **state)
{
    begin(3);
    say_all(1, "One two three four");
    speak(0, 1, 0, "One t");
    fails(0, &cut);
    speak(1, 1, 0, "two three f");
    fails(1, &cut);
    expect_given(2, 'c', "1:four|1.|");
    speak(2, 1, 0, "four");
    ends(2, 1);
    expect_heard(1, "Onetwo threefour");
    expect_timed(1, "One two three four");
    expect_told("source 1 a m\nsource 1 b m\nsource 1 c m\nend 1\n");
}

static void two_contexts_go_on_together(void **state)
{
    begin(2);
    say_all(1, "One two");
    say_all(2, "Three four");
    say(3, "Five");
    routed_tts.cancel(call, 3);
    speak(0, 1, 0, "One t");
    fails(0, &cut);
    expect_given(1, 'b', "1:two|1.|2:Three four|2.|");
    speak(1, 2, 0, "Three four");
    speak(1, 1, 0, "two");
    ends(1, 1);
    ends(1, 2);
    expect_heard(1, "Onetwo");
    expect_heard(2, "Three four");
    expect_heard(3, "");
    expect_told("source 1 a m\nsource 2 b m\nsource 1 b m\nend 1\nend 2\n");
}

static void idle_nobody_notices(void **state)
{
    begin(2);
    say_all(1, "One");
    speak(0, 1, 0, "One");
    ends(0, 1);
    fails(0, &cut);
    virtual_run_for(1000);
    assert_int_equal(session_count, 1);
    say_all(2, "Two");
    expect_given(1, 'a', "2:Two|2.|");
    expect_told("source 1 a m\nend 1\n");
}

static void no_sound_in_time_is_asked_of_another(void **state)
{
    begin(2);
    say_all(1, "One two");
    virtual_run_for(990);
    assert_int_equal(session_count, 1);
    virtual_run_for(20);
    expect_given(1, 'b', "1:One two|1.|");
    speak(1, 1, 0, "One two");
    expect_heard(1, "One two");
}

static void a_sound_that_stops_is_gone_on_with(void **state)
{
    begin(2);
    say_all(1, "One two");
    speak(0, 1, 0, "One t");
    virtual_run_for(2010);
    expect_given(1, 'b', "1:two|1.|");
}

static void between_replies_nothing_is_owed(void **state)
{
    begin(2);
    say(1, "One two");
    speak(0, 1, 0, "One two");
    virtual_run_for(9000);
    assert_int_equal(session_count, 1);
}

static void alone_it_is_waited_for(void **state)
{
    begin(1);
    say_all(1, "One two");
    virtual_run_for(9000);
    assert_int_equal(session_count, 1);
}

/* Nobody waits for it any more: that it was silent is known all the same, and it is not waited for again. */
static void alone_who_was_silent_for_long_has_failed(void **state)
{
    begin(1);
    say_all(1, "One two");
    virtual_run_for(1400);
    routed_tts.cancel(call, 1);
    assert_false(sessions[0].is_closed);
    say_all(2, "One two");
    say_all(3, "three");
    virtual_run_for(1500);
    routed_tts.cancel(call, 2);
    assert_false(sessions[0].is_closed);
    routed_tts.cancel(call, 3);
    assert_true(sessions[0].is_closed);
    expect_told("");
    virtual_run_for(3000);
    say_all(4, "four");
    assert_int_equal(session_count, 2);
}

/* The caller waits in the middle of a sentence: longer than this nobody does. */
static void alone_a_sound_that_stops_is_a_failure(void **state)
{
    begin(1);
    say_all(1, "One two three");
    speak(0, 1, 0, "One two t");
    virtual_run_for(7 * LETTER_MS + 1490);
    expect_told("source 1 a m\n");
    virtual_run_for(1220); /* nobody is found meanwhile */
    expect_told("failed late no audio in time\n");
    expect_heard(1, "One two");
}

static void sound_in_hand_is_no_silence(void **state)
{
    begin(1);
    say(1, "One two three four five six seven eight nine ten");
    speak(0, 1, 0, "One two three four five ");
    virtual_run_for(23 * LETTER_MS + 1400);
    speak(0, 1, 24 * LETTER_MS, "six ");
    assert_int_equal(sessions[0].is_closed, false);
    expect_told("source 1 a m\n");
}

/* All was heard, and only its end is missing. */
static void an_end_that_is_not_told_is_one(void **state)
{
    begin(1);
    say_all(1, "One two");
    speak(0, 1, 0, "One two");
    virtual_run_for(7 * LETTER_MS + 1490);
    expect_told("source 1 a m\n");
    virtual_run_for(1220);
    expect_told("end 1\n");
}

static void alone_it_is_asked_again(void **state)
{
    begin(1);
    say_all(1, "One two");
    speak(0, 1, 0, "One t");
    fails(0, &cut);
    virtual_run_for(210);
    expect_given(1, 'a', "1:two|1.|");
}

static void when_nobody_is_left_it_is_told_in_time(void **state)
{
    begin(2);
    say_all(1, "One");
    fails(0, &wrong_key);
    fails(1, &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "late"});
    virtual_run_for(1180);
    expect_told("");
    virtual_run_for(40);
    expect_told("failed late late\n");
}

static void keys_that_are_wrong_are_told_at_once(void **state)
{
    begin(2);
    say_all(1, "One");
    fails(0, &wrong_key);
    fails(1, &wrong_key);
    expect_told("failed key 401\n");
    end(NULL);
    begin(1);
    fails(0, &wrong_key); /* while nothing is asked of it */
    expect_told("");
    say(1, "One");
    expect_told("");
    virtual_run_for(5);
    expect_told("failed key 401\n");
}

static void an_open_that_fails_goes_to_the_next(void **state)
{
    begin(3);
    say_all(1, "One");
    open_answers = ERR_NOMEM;
    fails(0, &cut);
    expect_given(1, 'c', "1:One|1.|");
}

static void the_voice_stays_until_the_call_was_silent(void **state)
{
    begin(2);
    say_all(1, "One");
    fails(0, &cut);
    speak(1, 1, 0, "One");
    ends(1, 1);
    virtual_run_for(15000);
    say_all(2, "Two");
    expect_given(1, 'b', "1:One|1.|2:Two|2.|");
    speak(1, 2, 0, "Two");
    ends(1, 2);
    virtual_run_for(21000);
    say_all(3, "Three");
    expect_given(2, 'a', "3:Three|3.|");
}

/* Another call has what the key may have: a reply goes elsewhere, a silent session takes no place. */
static void a_reply_takes_a_place_at_the_desk_and_gives_it_back(void **state)
{
    virtual_begin();
    assert_int_equal(desk_create(&desk, NULL), ERR_OK);
    begin(2);
    assert_int_equal(desk_enter(desk, &route, 0), DESK_ENTERED);
    say_all(1, "One");
    expect_given(1, 'b', "1:One|1.|");
    assert_int_equal(desk_enter(desk, &route, 1), DESK_FULL);
    speak(1, 1, 0, "One");
    ends(1, 1);
    assert_int_equal(desk_enter(desk, &route, 1), DESK_ENTERED);
    desk_leave(desk, &route, 0, NULL, 0);
    say_all(2, "Two");
    expect_given(2, 'a', "2:Two|2.|");
    routed_tts.cancel(call, 2);
    assert_int_equal(desk_enter(desk, &route, 0), DESK_ENTERED);
    say_all(3, "Three"); /* both are full */
    virtual_run_for(300);
    desk_leave(desk, &route, 1, NULL, 0);
    virtual_run_for(300);
    expect_given(3, 'b', "3:Three|3.|");
    desk_leave(desk, &route, 0, NULL, 0);
    hang_up();
    assert_int_equal(desk_enter(desk, &route, 1), DESK_ENTERED);
    desk_leave(desk, &route, 1, NULL, 0);
}

/* A first sentence in several pieces does not put off who has not said a word. */
static void text_that_comes_meanwhile_does_not_buy_time(void **state)
{
    begin(2);
    say(1, "One");
    virtual_run_for(600);
    say(1, "two");
    virtual_run_for(500);
    expect_given(1, 'b', "1:One two|");
    speak(1, 1, 0, "One two");
    virtual_run_for(1900); /* all that was asked is there */
    say(1, "three");
    virtual_run_for(1400); /* what came is played: DRY_PATIENCE_MS counts */
    assert_int_equal(session_count, 2);
    virtual_run_for(200);
    assert_int_equal(session_count, 3);
}

/* Another could go on, but part of what was heard has no times: it is not asked, and its place is free. */
static void who_was_chosen_and_is_not_needed_gives_its_place_back(void **state)
{
    virtual_begin();
    assert_int_equal(desk_create(&desk, NULL), ERR_OK);
    begin(2);
    say_all(1, "One");
    sound(0, 1, "On");
    say_all(2, "Two");
    virtual_run_for(3000);
    expect_told("source 1 a m\nfailed late no audio in time\n");
    assert_int_equal(session_count, 1);
    assert_int_equal(desk_enter(desk, &route, 1), DESK_ENTERED);
    desk_leave(desk, &route, 1, NULL, 0);
}

static void numbers_and_limits_are_kept(void **state)
{
    begin(1);
    static char long_text[17 * 1024];
    memset(long_text, 'x', sizeof long_text - 1);
    assert_int_equal(routed_tts.text(call, 0, SLICE("x"), true), ERR_BAD);
    assert_int_equal(routed_tts.text(call, 1, slice_from(long_text), true), ERR_FULL);
    say_all(2, "One");
    assert_int_equal(routed_tts.text(call, 2, SLICE("x"), true), ERR_CLOSED);
    ends(0, 2);
    assert_int_equal(routed_tts.text(call, 2, SLICE("x"), true), ERR_CLOSED);
    routed_tts.end(call, 2);
    routed_tts.cancel(call, 2);
    text_answers = ERR_FULL;
    assert_int_equal(routed_tts.text(call, 3, SLICE("x"), true), ERR_FULL);
}

static void contexts_may_be_cancelled_and_calls_closed_from_callbacks(void **state)
{
    begin(2);
    say_all(1, "One two");
    say_all(2, "Three");
    cancels_on_audio = 1;
    speak(0, 1, 0, "One two");
    expect_heard(1, "O");
    expect_given(0, 'a', "1:One two|1.|2:Three|2.|1x|");
    speak(0, 1, 0, "late");
    ends(0, 1);
    speak(0, 2, 0, "Three");
    ends(0, 2);
    expect_heard(2, "Three");
    expect_told("source 1 a m\nsource 2 a m\nend 2\n");
    say_all(3, "Four");
    closes_on_audio = true;
    speak(0, 3, 0, "Four");
    assert_null(call);
    end(NULL);
    begin(2);
    closes_on_end = true;
    say_all(1, "One");
    speak(0, 1, 0, "One");
    fails(0, &cut);
    virtual_run_for(5);
    assert_null(call);
}

/* ---- a walk ---- */

/* Wherever sessions break off, every letter is heard once and in order. */
static void any_failures_leave_each_word_said_once(void **state)
{
    const char *text = "Today we open at nine and close at five on Friday";
    for (unsigned seed = 1; seed <= 500; seed++) {
        srand(seed);
        begin(3);
        say_all(1, text);
        unsigned failures = 0;
        for (unsigned step = 0; step < 400 && call && !strstr(told.data, "end 1"); step++) {
            struct tts *tts = &sessions[session_count - 1];
            if (tts->is_closed) {
                virtual_run_for(50);
                continue;
            }
            const char *rest = strchr(tts->given.data, ':') + 1;
            size_t len = (size_t)(strchr(rest, '|') - rest), at = 0;
            size_t until = failures < 8 ? (size_t)rand() % (len + 1) : len;
            if (!heard[1].len && until < 6) /* of the first word nothing is held back */
                until = 0;
            while (at < until) {
                char some[16] = {0};
                size_t count = heard[1].len ? 1 + (size_t)rand() % 12 : 5;
                memcpy(some, rest + at, count < until - at ? count : until - at);
                speak(session_count - 1, 1, (uint32_t)at * LETTER_MS, some);
                at += strlen(some);
            }
            if (until == len && rand() % 2)
                ends(session_count - 1, 1);
            else if (failures++ < 8)
                fails(session_count - 1, &cut);
            else
                ends(session_count - 1, 1);
            virtual_run_for(1);
        }
        char letters[100], all[100];
        size_t n = 0, m = 0;
        for (size_t i = 0; i < heard[1].len; i++)
            if (heard[1].data[i] != ' ')
                letters[n++] = heard[1].data[i];
        for (const char *c = text; *c; c++)
            if (*c != ' ')
                all[m++] = *c;
        letters[n] = all[m] = 0;
        if (strcmp(letters, all) != 0 || strncmp(timed[1].data, text, strlen(text)) != 0)
            fail_msg("seed %u: heard %s, timed %s", seed, heard[1].data, timed[1].data);
        const char *first = strstr(told.data, "end 1");
        assert_non_null(first);
        assert_null(strstr(first + 1, "end 1"));
        if (seed < 500)
            end(NULL);
    }
}

#define STORY(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        STORY(a_session_that_holds_is_passed_through),
        STORY(a_word_is_held_back_until_it_is_whole),
        STORY(nothing_is_held_back_from_an_owner_who_runs_dry),
        STORY(audio_without_times_is_never_held),
        STORY(times_that_come_before_their_audio_hold_it_alike),
        STORY(times_that_are_lost_let_all_pass),
        STORY(times_of_another_text_pass_and_are_not_trusted),
        STORY(before_a_sound_all_is_asked_again),
        STORY(within_a_word_it_goes_on_with_that_word),
        STORY(between_pieces_the_next_one_says_the_next),
        STORY(after_the_last_word_it_is_over),
        STORY(a_blank_more_or_less_is_no_other_text),
        STORY(what_is_no_word_is_not_asked_for_alone),
        STORY(a_long_word_that_was_begun_is_cut),
        STORY(it_may_break_off_again_and_again),
        STORY(two_contexts_go_on_together),
        STORY(idle_nobody_notices),
        STORY(no_sound_in_time_is_asked_of_another),
        STORY(a_sound_that_stops_is_gone_on_with),
        STORY(between_replies_nothing_is_owed),
        STORY(alone_it_is_waited_for),
        STORY(alone_who_was_silent_for_long_has_failed),
        STORY(alone_a_sound_that_stops_is_a_failure),
        STORY(sound_in_hand_is_no_silence),
        STORY(an_end_that_is_not_told_is_one),
        STORY(alone_it_is_asked_again),
        STORY(when_nobody_is_left_it_is_told_in_time),
        STORY(keys_that_are_wrong_are_told_at_once),
        STORY(an_open_that_fails_goes_to_the_next),
        STORY(the_voice_stays_until_the_call_was_silent),
        STORY(a_reply_takes_a_place_at_the_desk_and_gives_it_back),
        STORY(text_that_comes_meanwhile_does_not_buy_time),
        STORY(who_was_chosen_and_is_not_needed_gives_its_place_back),
        STORY(numbers_and_limits_are_kept),
        STORY(contexts_may_be_cancelled_and_calls_closed_from_callbacks),
        STORY(any_failures_leave_each_word_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

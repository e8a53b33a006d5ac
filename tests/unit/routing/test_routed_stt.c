/* Stories of a call whose hearing fails: what its owner is told, and what each provider was given. */
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

/* ---- vendors ---- */

#define SESSIONS_MOST 12

struct stt {
    const struct stt_ops *ops;
    const struct stt_listener *listener;
    void *owner;
    char vendor; /* its base_url */
    uint32_t items;
    struct strbuf given; /* a letter a frame, "|" for a commit */
    bool is_closed;
};

static struct stt sessions[SESSIONS_MOST];
static unsigned session_count;
static enum err open_answers; /* the next open */
static bool answers_in_commit, fails_in_audio;
static const struct stt_ops vendor_ops;

static const struct failure cut = {.kind = FAILURE_CUT, .err = ERR_CLOSED, .why = "cut"};
static const struct failure wrong_key = {.kind = FAILURE_KEY, .err = ERR_REFUSED, .why = "401"};

static enum err vendor_open(struct stt **out, struct net_loop *loop,
    const struct stt_settings *settings, const struct stt_listener *listener, void *owner)
{
    enum err err = open_answers;
    open_answers = ERR_OK;
    if (err)
        return err;
    assert_true(session_count < SESSIONS_MOST);
    struct stt *stt = &sessions[session_count++];
    *stt = (struct stt){
        .ops = &vendor_ops, .listener = listener, .owner = owner, .vendor = settings->base_url[0]};
    strbuf_init(&stt->given, 10000);
    strbuf_add_text(&stt->given, "");
    *out = stt;
    return ERR_OK;
}

static void vendor_audio(struct stt *stt, const uint8_t ulaw[FRAME_BYTES])
{
    assert_false(stt->is_closed);
    strbuf_add_char(&stt->given, (char)ulaw[0]);
    if (fails_in_audio) {
        fails_in_audio = false;
        stt->listener->on_failed(stt->owner, &cut);
    }
}

static uint32_t vendor_commit(struct stt *stt)
{
    assert_false(stt->is_closed);
    size_t len = stt->given.len; /* of an item at least 100 ms, as vendors have it */
    if (len < 5 || memchr(stt->given.data + len - 5, '|', 5))
        return 0;
    strbuf_add_char(&stt->given, '|');
    stt->items++;
    if (answers_in_commit)
        stt->listener->on_final(stt->owner, stt->items, SLICE("at once"));
    return stt->items;
}

static void vendor_close(struct stt *stt)
{
    assert_false(stt->is_closed);
    stt->is_closed = true;
}

static const struct stt_ops vendor_ops = {
    "vendor", vendor_open, vendor_audio, vendor_commit, vendor_close};
static const struct driver vendor_driver = {
    .name = "vendor", .slot = SLOT_HEAR, .stt = &vendor_ops};

/* ---- the owner ---- */

static struct stt *call;
static struct desk *desk; /* NULL: everything may be asked */
static struct route route;
static struct strbuf told;
static bool closes_on_partial, closes_on_final;

static void hang_up(void)
{
    routed_stt.close(call);
    call = NULL;
}

static void on_ready(void *owner)
{
    strbuf_add_text(&told, "ready\n");
}

static void on_source(void *owner, const char *provider, const char *model)
{
    strbuf_printf(&told, "source %s %s\n", provider, model);
}

static void on_partial(void *owner, uint32_t item, struct slice text)
{
    strbuf_printf(&told, "partial %u %.*s\n", item, (int)text.len, text.data);
    if (closes_on_partial)
        hang_up();
}

static void on_words(
    void *owner, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    strbuf_printf(&told, "words %u", item);
    for (size_t i = 0; i < count; i++)
        strbuf_printf(&told, " %.*s@%u-%u", (int)words[i].text.len, words[i].text.data,
            words[i].start_ms, words[i].end_ms);
    strbuf_add_char(&told, '\n');
}

static void on_final(void *owner, uint32_t item, struct slice text)
{
    strbuf_printf(&told, "final %u %.*s\n", item, (int)text.len, text.data);
    if (closes_on_final)
        hang_up();
}

static void on_failed(void *owner, const struct failure *failure)
{
    strbuf_printf(&told, "failed %s %s\n", failure_rule(failure->kind)->name, failure->why);
    hang_up();
}

static const struct stt_listener listener = {.on_ready = on_ready,
    .on_source = on_source,
    .on_partial = on_partial,
    .on_words = on_words,
    .on_final = on_final,
    .on_failed = on_failed};

/* ---- verbs ---- */

/* A call with `count` vendors: a, b, … */
static void begin(size_t count)
{
    static const char *const names[] = {"a", "b", "c"};
    struct provider list[3] = {0};
    for (size_t i = 0; i < count; i++) {
        snprintf(list[i].name, sizeof list[i].name, "%s", names[i]);
        list[i].driver = &vendor_driver;
        list[i].most_at_once = 1;
        list[i].stt = (struct stt_settings){.base_url = names[i], .model = "m"};
    }
    virtual_begin();
    session_count = 0;
    answers_in_commit = fails_in_audio = closes_on_partial = closes_on_final = false;
    strbuf_init(&told, 10000);
    strbuf_add_text(&told, "");
    catalog_publish(catalog_make(list, count, NULL, 0));
    route_make(&route, desk, SLOT_HEAR, "acme", NULL, 0);
    struct stt_settings settings = {.route = &route, .language = "en"};
    assert_int_equal(routed_stt.open(&call, NULL, &settings, &listener, &told), ERR_OK);
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
    catalog_publish(NULL);
    assert_int_equal(virtual_timers(), 0);
    return 0;
}

static void expect_told_(const char *expected, int line)
{
    if (strcmp(told.data, expected) != 0)
        fail_msg("line %d: told\n%sexpected\n%s", line, told.data, expected);
    strbuf_clear(&told);
    strbuf_add_text(&told, "");
}
#define expect_told(expected) expect_told_(expected, __LINE__)

static void expect_given_(unsigned session, char vendor, const char *expected, int line)
{
    if (session >= session_count)
        fail_msg("line %d: there is no session %u", line, session);
    if (sessions[session].vendor != vendor || strcmp(sessions[session].given.data, expected) != 0)
        fail_msg("line %d: %c was given %s", line, sessions[session].vendor,
            sessions[session].given.data);
}
#define expect_given(session, vendor, expected) expect_given_(session, vendor, expected, __LINE__)

static void ready(unsigned session)
{
    assert_true(session < session_count);
    sessions[session].listener->on_ready(sessions[session].owner);
}

static void begin_ready(size_t count)
{
    begin(count);
    ready(0);
    expect_told("source a m\nready\n");
}

/* A frame a letter. */
static void say(const char *letters)
{
    uint8_t frame[FRAME_BYTES];
    for (; *letters && call; letters++) {
        memset(frame, *letters, sizeof frame);
        routed_stt.audio(call, frame);
        if (call)
            virtual_run_for(FRAME_MS);
    }
}

static void say_and_commit(const char *letters, uint32_t item)
{
    say(letters);
    assert_int_equal(routed_stt.commit(call), item);
}

static void partial(unsigned session, uint32_t item, const char *text)
{
    struct stt *stt = &sessions[session];
    stt->listener->on_partial(stt->owner, item, slice_from(text));
}

static void final(unsigned session, uint32_t item, const char *text)
{
    struct stt *stt = &sessions[session];
    stt->listener->on_final(stt->owner, item, slice_from(text));
}

static void fails(unsigned session, const struct failure *failure)
{
    struct stt *stt = &sessions[session];
    stt->listener->on_failed(stt->owner, failure);
}

/* ---- stories ---- */

static void a_session_that_holds_is_passed_through(void **state)
{
    begin_ready(2);
    say("aaaaa");
    partial(0, 1, "hello");
    say_and_commit("b", 1);
    final(0, 1, "hello there");
    say_and_commit("ccccc", 2);
    final(0, 2, "");
    expect_given(0, 'a', "aaaaab|ccccc|");
    expect_told("partial 1 hello\nfinal 1 hello there\nfinal 2 \n");
}

static void what_is_said_before_ready_waits(void **state)
{
    begin(1);
    say_and_commit("aaaaa", 1);
    say("bbb");
    expect_given(0, 'a', "");
    ready(0);
    expect_given(0, 'a', "aaaaa|bbb");
    expect_told("source a m\nready\n");
}

static void before_ready_the_next_is_given_all(void **state)
{
    begin(2);
    say_and_commit("aaaaa", 1);
    fails(0, &cut);
    ready(1);
    expect_given(1, 'b', "aaaaa|");
    final(1, 1, "hi");
    expect_told("source b m\nready\nfinal 1 hi\n");
}

static void idle_nobody_notices(void **state)
{
    begin_ready(2);
    fails(0, &cut);
    ready(1);
    expect_told("source b m\n");
    say_and_commit("aaaaa", 1);
    final(1, 1, "hi");
    expect_given(1, 'b', "aaaaa|");
    expect_told("final 1 hi\n");
}

static void in_the_middle_of_speech_it_goes_on(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    final(0, 1, "one");
    say("bbbbb");
    partial(0, 2, "two and");
    fails(0, &cut);
    say("ccc");
    ready(1);
    partial(1, 1, "two"); /* less than was shown */
    partial(1, 1, "two and three");
    partial(1, 1, "two and tree"); /* its own word */
    say_and_commit("d", 2);
    final(1, 1, "two and three");
    expect_given(1, 'b', "bbbbbcccd|");
    expect_told("final 1 one\npartial 2 two and\nsource b m\npartial 2 two and three\n"
                "partial 2 two and tree\nfinal 2 two and three\n");
}

static void after_a_commit_it_is_said_and_committed_again(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    say_and_commit("bbbbb", 2);
    say("ccccc");
    partial(0, 1, "o");
    final(0, 1, "one"); /* given: never again */
    fails(0, &cut);
    ready(1);
    expect_given(1, 'b', "bbbbb|ccccc");
    partial(1, 1, "two");
    partial(1, 2, "three");
    assert_int_equal(routed_stt.commit(call), 3);
    final(1, 2, "three"); /* out of order */
    final(1, 1, "two");
    final(1, 1, "two"); /* twice */
    expect_told(
        "partial 1 o\nfinal 1 one\nsource b m\npartial 2 two\npartial 3 three\nfinal 3 three\n"
        "final 2 two\n");
}

static void words_count_from_the_first_frame_of_all(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    final(0, 1, "one");
    say_and_commit("bbbbb", 2);
    fails(0, &cut);
    ready(1);
    struct stt_word word = {SLICE("two"), 20, 60};
    sessions[1].listener->on_words(sessions[1].owner, 1, &word, 1, true);
    final(1, 1, "two");
    expect_told("final 1 one\nsource b m\nwords 2 two@120-160\nfinal 2 two\n");
}

static void a_final_that_is_late_is_asked_of_another(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    virtual_run_for(1090);
    assert_int_equal(session_count, 1);
    virtual_run_for(20);
    assert_true(sessions[0].is_closed);
    ready(1);
    final(1, 1, "hi");
    expect_given(1, 'b', "aaaaa|");
    expect_told("source b m\nfinal 1 hi\n");
}

static void one_that_is_slow_and_still_tells_is_not_left(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    for (unsigned n = 0; n < 4; n++) {
        virtual_run_for(1000);
        partial(0, 1, "one and more");
    }
    say_and_commit("bbbbb", 2);
    virtual_run_for(900);
    final(0, 1, "one and more");
    virtual_run_for(900); /* for the second, which waited for the first */
    assert_int_equal(session_count, 1);
    virtual_run_for(500); /* now it tells nothing */
    assert_int_equal(session_count, 2);
}

/* Also where both are slow the engine's 2800 ms are enough for the second to answer. */
static void alone_it_is_waited_for(void **state)
{
    begin_ready(1);
    say_and_commit("aaaaa", 1);
    virtual_run_for(7000);
    assert_int_equal(session_count, 1);
    final(0, 1, "hi");
    expect_told("final 1 hi\n");
}

static void one_that_does_not_get_ready_is_left_when_somebody_speaks(void **state)
{
    begin(2);
    virtual_run_for(5000);
    assert_int_equal(session_count, 1);
    say("aaaaaaaaaa");
    virtual_run_for(1200);
    assert_int_equal(session_count, 2);
    ready(1);
    expect_given(1, 'b', "aaaaaaaaaa");
}

static void alone_it_is_opened_again_with_growing_pauses(void **state)
{
    begin_ready(1);
    unsigned opened_ms[4] = {0};
    for (unsigned n = 0; n < 4; n++) {
        fails(n, &cut);
        while (session_count == n + 1) {
            virtual_run_for(20);
            opened_ms[n] += 20;
        }
    }
    assert_in_range(opened_ms[0], 180, 220);
    assert_in_range(opened_ms[1], 380, 420);
    assert_in_range(opened_ms[2], 780, 820);
    assert_in_range(opened_ms[3], 1580, 1620);
    ready(4);
    say_and_commit("aaaaa", 1);
    final(4, 1, "hi");
    expect_told("source a m\nfinal 1 hi\n");
}

static void alone_it_hears_again_what_was_said(void **state)
{
    begin_ready(1);
    say_and_commit("aaaaa", 1);
    fails(0, &cut);
    virtual_run_for(210);
    ready(1);
    expect_given(1, 'a', "aaaaa|");
    final(1, 1, "hi");
    expect_told("source a m\nfinal 1 hi\n");
}

static void when_nobody_is_left_it_is_told_in_time(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    fails(0, &wrong_key);
    ready(1);
    fails(1, &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "late"});
    expect_told("source b m\n");
    virtual_run_for(1480);
    expect_told("");
    virtual_run_for(40);
    expect_told("failed late late\n");
}

static void one_wrong_key_is_not_the_end_of_all(void **state)
{
    begin_ready(2);
    say_and_commit("aaaaa", 1);
    fails(0, &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "late"});
    fails(1, &wrong_key);
    virtual_run_for(1600);
    expect_told("failed busy 401\n");
}

static void keys_that_are_wrong_are_told_at_once(void **state)
{
    begin(2);
    fails(0, &wrong_key);
    expect_told("");
    fails(1, &wrong_key);
    expect_told("failed key 401\n");
}

static void silence_is_no_reason_to_give_up(void **state)
{
    begin_ready(1);
    say("aaaaaa"); /* noise: nothing commits it */
    virtual_run_for(5000);
    fails(0, &(struct failure){.kind = FAILURE_LATE, .err = ERR_TIMEOUT, .why = "late"});
    virtual_run_for(2900);
    expect_told("");
    virtual_run_for(200);
    assert_int_equal(session_count, 2);
}

static void an_open_that_fails_goes_to_the_next(void **state)
{
    begin_ready(3);
    say_and_commit("aaaaa", 1);
    open_answers = ERR_NOMEM;
    fails(0, &cut);
    ready(1);
    expect_given(1, 'c', "aaaaa|");
    expect_told("source c m\n");
}

static void what_is_older_than_five_seconds_is_lost(void **state)
{
    begin_ready(2);
    for (unsigned i = 0; i < 20; i++)
        say("aaaaaaaaaa");
    for (unsigned i = 0; i < 25; i++)
        say("bbbbbbbbbb");
    fails(0, &cut);
    ready(1);
    assert_int_equal(sessions[1].given.len, 250);
    assert_null(strchr(sessions[1].given.data, 'a'));
    assert_int_equal(routed_stt.commit(call), 1);
}

static void an_item_of_which_nothing_is_kept_ends_empty(void **state)
{
    begin(2);
    say_and_commit("aaaaa", 1);
    for (unsigned i = 0; i < 30; i++)
        say("bbbbbbbbbb");
    ready(session_count - 1);
    virtual_run_for(5);
    assert_non_null(strstr(told.data, "final 1 \n"));
    assert_int_equal(routed_stt.commit(call), 2);
}

static void answers_within_a_question_come_after_it(void **state)
{
    begin_ready(2);
    answers_in_commit = true;
    say_and_commit("aaaaa", 1);
    expect_told("");
    virtual_run_for(5);
    expect_told("final 1 at once\n");
    answers_in_commit = false;
    fails_in_audio = true;
    say("bbbbb");
    virtual_run_for(5);
    assert_int_equal(session_count, 2);
    ready(1);
    expect_given(1, 'b', "bbbbb");
}

static void a_session_takes_a_place_at_the_desk_and_gives_it_back(void **state)
{
    virtual_begin();
    assert_int_equal(desk_create(&desk, NULL), ERR_OK);
    begin_ready(2);
    assert_int_equal(desk_enter(desk, &route, 0), DESK_FULL);
    fails(0, &cut);
    assert_int_equal(desk_enter(desk, &route, 1), DESK_FULL);
    assert_int_equal(desk_enter(desk, &route, 0), DESK_ENTERED);
    desk_leave(desk, &route, 0, NULL, 0);
    hang_up();
    assert_int_equal(desk_enter(desk, &route, 1), DESK_ENTERED);
    desk_leave(desk, &route, 1, NULL, 0);
}

static void it_may_be_closed_from_any_callback(void **state)
{
    begin_ready(2);
    closes_on_partial = true;
    say("aaaaa");
    partial(0, 1, "hi");
    assert_null(call);
    end(NULL);
    begin_ready(2);
    closes_on_final = true;
    say_and_commit("aaaaa", 1);
    final(0, 1, "hi");
    assert_null(call);
    end(NULL);
    begin_ready(2);
    answers_in_commit = closes_on_final = true;
    say_and_commit("aaaaa", 1);
    virtual_run_for(5);
    assert_null(call);
}

/* ---- a walk ---- */

/* Whatever fails when, each item has one final at most, in the end each has one, and what the last session was given of the open
   ones is what was said. */
static void any_failures_leave_each_item_one_final(void **state)
{
    for (unsigned seed = 1; seed <= 300; seed++) {
        srand(seed);
        begin(3);
        uint32_t committed = 0;
        for (unsigned step = 0; step < 40 && call; step++) {
            unsigned newest = session_count - 1;
            struct stt *stt = &sessions[newest];
            unsigned dice = (unsigned)rand() % 10;
            if (dice < 4) {
                say("aaaaa");
            } else if (dice < 6) {
                uint32_t item = routed_stt.commit(call);
                assert_true(item == 0 || item == ++committed);
            } else if (stt->is_closed) {
                virtual_run_for(200);
            } else if (dice == 6 && session_count < SESSIONS_MOST - 2) {
                fails(newest, &cut);
            } else if (dice < 8) {
                ready(newest);
            } else if (stt->items) {
                final(newest, 1 + (uint32_t)rand() % stt->items, "x");
            }
        }
        for (unsigned wait = 0; wait < 20 && call && sessions[session_count - 1].is_closed; wait++)
            virtual_run_for(100);
        if (call && !sessions[session_count - 1].is_closed) {
            ready(session_count - 1);
            for (uint32_t item = 1; item <= sessions[session_count - 1].items; item++)
                final(session_count - 1, item, "x");
            virtual_run_for(5);
        }
        unsigned finals = 0;
        for (uint32_t item = 1; item <= committed; item++) {
            char line[32];
            snprintf(line, sizeof line, "final %u ", item);
            const char *first = strstr(told.data, line);
            finals += first != NULL;
            if (first && strstr(first + 1, line))
                fail_msg("seed %u: item %u ended twice", seed, item);
        }
        if (call && finals != committed)
            fail_msg("seed %u: %u finals of %u\n%s", seed, finals, committed, told.data);
        if (seed < 300)
            end(NULL);
    }
}

#define STORY(test) cmocka_unit_test_teardown(test, end)

int main(void)
{
    log_set_level(LOG_ERROR);
    const struct CMUnitTest tests[] = {
        STORY(a_session_that_holds_is_passed_through),
        STORY(what_is_said_before_ready_waits),
        STORY(before_ready_the_next_is_given_all),
        STORY(idle_nobody_notices),
        STORY(in_the_middle_of_speech_it_goes_on),
        STORY(after_a_commit_it_is_said_and_committed_again),
        STORY(words_count_from_the_first_frame_of_all),
        STORY(a_final_that_is_late_is_asked_of_another),
        STORY(one_that_is_slow_and_still_tells_is_not_left),
        STORY(alone_it_is_waited_for),
        STORY(one_that_does_not_get_ready_is_left_when_somebody_speaks),
        STORY(alone_it_is_opened_again_with_growing_pauses),
        STORY(alone_it_hears_again_what_was_said),
        STORY(when_nobody_is_left_it_is_told_in_time),
        STORY(one_wrong_key_is_not_the_end_of_all),
        STORY(keys_that_are_wrong_are_told_at_once),
        STORY(silence_is_no_reason_to_give_up),
        STORY(an_open_that_fails_goes_to_the_next),
        STORY(what_is_older_than_five_seconds_is_lost),
        STORY(an_item_of_which_nothing_is_kept_ends_empty),
        STORY(answers_within_a_question_come_after_it),
        STORY(a_session_takes_a_place_at_the_desk_and_gives_it_back),
        STORY(it_may_be_closed_from_any_callback),
        STORY(any_failures_leave_each_item_one_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

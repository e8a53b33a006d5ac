#include <string.h>

#include "cmocka_head.h"
#include "providers/elevenlabs_contexts.h"

#define KEEP_ALIVE_MS 90000u

/* A table of contexts and the time, with verbs. */
struct story {
    struct contexts contexts;
    uint64_t now_ms;
};

static struct story begin(void)
{
    struct story story = {.now_ms = 1000};
    contexts_init(&story.contexts, KEEP_ALIVE_MS);
    return story;
}

static void say(struct story *story, uint32_t number, const char *text, bool flush)
{
    assert_int_equal(contexts_text(&story->contexts, number, slice_from(text), flush), ERR_OK);
}

/* Shortens a message to what matters: "open t1", "t1:Sure. ", "t1:Sure. !", "flush t1", "close t1", "alive t1". */
static void shorten(const char *message, struct strbuf *out)
{
    const char *id = strstr(message, "\"context_id\":\"") + 14;
    int id_len = (int)strcspn(id, "\"");
    const char *text = strstr(message, "\"text\":\"");
    int text_len = text ? (int)strcspn(text + 8, "\"") : 0;
    if (strstr(message, "generation_config"))
        strbuf_printf(out, "open %.*s, ", id_len, id);
    else if (strstr(message, "close_context"))
        strbuf_printf(out, "close %.*s, ", id_len, id);
    else if (text && text_len)
        strbuf_printf(out, "%.*s:%.*s%s, ", id_len, id, text_len, text + 8,
            strstr(message, "flush") ? "!" : "");
    else
        strbuf_printf(out, "%s %.*s, ", text ? "alive" : "flush", id_len, id);
}

static void expect_sent(struct story *story, const char *expected)
{
    struct tts_settings settings = {.stability = -1, .similarity = -1, .speed = -1};
    struct strbuf message, out;
    strbuf_init(&message, 100000);
    strbuf_init(&out, 100000);
    strbuf_add_text(&out, "");
    while (contexts_next_message(&story->contexts, &settings, story->now_ms, &message)) {
        shorten(message.data, &out);
        strbuf_clear(&message);
    }
    assert_string_equal(out.data, expected);
    strbuf_free(&message);
    strbuf_free(&out);
}

static bool is_heard(struct story *story, uint32_t number, uint32_t generation, size_t audio_len)
{
    struct context *context =
        contexts_hear(&story->contexts, (struct elevenlabs_id){number, generation}, story->now_ms);
    if (context)
        contexts_count_audio(context, audio_len);
    return context;
}

static bool is_complete(struct story *story, uint32_t number, uint32_t generation)
{
    return contexts_final(&story->contexts, (struct elevenlabs_id){number, generation});
}

static void a_reply_is_opened_spoken_flushed_and_closed(void **state)
{
    struct story story = begin();
    say(&story, 1, "Sure,", true);
    expect_sent(&story, "open t1, t1:Sure, !, ");
    say(&story, 1, "Tuesday", false);
    say(&story, 1, " at three. ", false);
    expect_sent(&story, "t1:Tuesday at three. , ");
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    expect_sent(&story, "flush t1, close t1, ");
    assert_true(is_heard(&story, 1, 0, 800));
    assert_true(is_complete(&story, 1, 0));
    expect_sent(&story, "");
    assert_int_equal(story.contexts.count, 0);
    contexts_free(&story.contexts);
}

static void the_last_text_carries_the_flush(void **state)
{
    struct story story = begin();
    say(&story, 1, "Bye.", true);
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    expect_sent(&story, "open t1, t1:Bye. !, close t1, ");
    contexts_free(&story.contexts);
}

static void a_flush_without_text_is_sent_once(void **state)
{
    struct story story = begin();
    say(&story, 1, "Sure", false);
    expect_sent(&story, "open t1, t1:Sure , ");
    say(&story, 1, " ", true);
    expect_sent(&story, "flush t1, ");
    say(&story, 1, "", true);
    expect_sent(&story, "");
    contexts_free(&story.contexts);
}

static void nothing_is_sent_behind_a_close(void **state)
{
    struct story story = begin();
    say(&story, 1, "Bye.", true);
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    expect_sent(&story, "open t1, t1:Bye. !, close t1, ");
    assert_int_equal(contexts_text(&story.contexts, 1, SLICE("late"), true), ERR_CLOSED);
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_CLOSED);
    contexts_cancel(&story.contexts, 1);
    contexts_cancel(&story.contexts, 1);
    story.now_ms += KEEP_ALIVE_MS + 1;
    expect_sent(&story, "");
    assert_false(is_complete(&story, 1, 0));
    assert_int_equal(contexts_text(&story.contexts, 1, SLICE("later"), true), ERR_CLOSED);
    contexts_free(&story.contexts);
}

static void late_audio_of_a_cancelled_context_does_not_count(void **state)
{
    struct story story = begin();
    say(&story, 1, "Sure.", true);
    expect_sent(&story, "open t1, t1:Sure. !, ");
    assert_true(is_heard(&story, 1, 0, 80));
    contexts_cancel(&story.contexts, 1);
    expect_sent(&story, "close t1, ");
    assert_false(is_heard(&story, 1, 0, 80));
    assert_false(is_complete(&story, 1, 0));
    assert_false(is_heard(&story, 1, 0, 80));
    contexts_free(&story.contexts);
}

static void a_context_cancelled_before_it_was_sent_is_never_sent(void **state)
{
    struct story story = begin();
    say(&story, 1, "Sure.", true);
    contexts_cancel(&story.contexts, 1);
    contexts_cancel(&story.contexts, 2);
    expect_sent(&story, "");
    assert_int_equal(contexts_text(&story.contexts, 2, SLICE("x"), true), ERR_CLOSED);
    assert_int_equal(story.contexts.count, 0);
    contexts_free(&story.contexts);
}

static void cancelled_contexts_hold_their_place_until_final_or_too_old(void **state)
{
    struct story story = begin();
    for (uint32_t n = 1; n <= 5; n++)
        say(&story, n, "x", true);
    expect_sent(&story,
        "open t1, t1:x !, open t2, t2:x !, open t3, t3:x !, open t4, t4:x !, open t5, t5:x !, ");
    contexts_cancel(&story.contexts, 1);
    contexts_cancel(&story.contexts, 2);
    say(&story, 6, "six", true);
    say(&story, 7, "seven", true);
    expect_sent(&story, "close t1, close t2, ");
    assert_false(is_complete(&story, 2, 0));
    expect_sent(&story, "open t6, t6:six !, ");
    story.now_ms += 4999;
    contexts_expire(&story.contexts, story.now_ms);
    expect_sent(&story, "");
    story.now_ms += 1;
    contexts_expire(&story.contexts, story.now_ms);
    expect_sent(&story, "open t7, t7:seven !, ");
    contexts_free(&story.contexts);
}

static void text_waits_up_to_a_bound(void **state)
{
    struct story story = begin();
    static char long_text[CONTEXTS_WAITING_BYTES];
    memset(long_text, 'x', sizeof(long_text));
    assert_int_equal(
        contexts_text(&story.contexts, 1, (struct slice){long_text, sizeof(long_text)}, false),
        ERR_FULL);
    assert_int_equal(story.contexts.count, 0);
    assert_int_equal(
        contexts_text(&story.contexts, 1, (struct slice){long_text, 9000}, false), ERR_OK);
    assert_int_equal(
        contexts_text(&story.contexts, 2, (struct slice){long_text, 7000}, false), ERR_OK);
    assert_int_equal(
        contexts_text(&story.contexts, 2, (struct slice){long_text, 400}, false), ERR_FULL);
    contexts_cancel(&story.contexts, 1);
    assert_int_equal(
        contexts_text(&story.contexts, 2, (struct slice){long_text, 400}, false), ERR_OK);
    contexts_free(&story.contexts);
}

static void too_many_contexts_are_refused(void **state)
{
    struct story story = begin();
    for (uint32_t n = 1; n <= CONTEXTS_MOST; n++)
        say(&story, n, "x", true);
    assert_int_equal(contexts_text(&story.contexts, 99, SLICE("x"), true), ERR_FULL);
    assert_int_equal(contexts_end(&story.contexts, 99), ERR_FULL);
    contexts_free(&story.contexts);
}

static void a_long_reply_is_no_longer_resendable(void **state)
{
    struct story story = begin();
    static char text[8000];
    memset(text, 'x', sizeof(text));
    struct strbuf out;
    strbuf_init(&out, 200000);
    struct tts_settings settings = {0};
    for (int i = 0; i < 10; i++) {
        assert_int_equal(
            contexts_text(&story.contexts, 1, (struct slice){text, sizeof(text)}, false), ERR_OK);
        while (contexts_next_message(&story.contexts, &settings, story.now_ms, &out))
            ;
    }
    assert_true(out.len > 80000);
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_BROKEN);
    strbuf_free(&out);
    contexts_free(&story.contexts);
}

static void a_context_that_the_service_closed_is_opened_anew(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    assert_true(is_heard(&story, 1, 0, 1600));
    assert_false(is_complete(&story, 1, 0));
    expect_sent(&story, "");
    assert_int_equal(contexts_take_ended(&story.contexts), 0);
    say(&story, 1, "Two.", true);
    expect_sent(&story, "open t1.1, t1.1:Two. !, ");
    assert_false(is_heard(&story, 1, 0, 80));
    assert_true(is_heard(&story, 1, 1, 80));
    assert_int_equal(story.contexts.list[0].audio_len, 1680);
    contexts_free(&story.contexts);
}

static void a_context_closed_by_the_service_ends_at_once(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    assert_false(is_complete(&story, 1, 0));
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    assert_int_equal(contexts_deadline(&story.contexts), 1);
    assert_int_equal(contexts_take_ended(&story.contexts), 1);
    assert_int_equal(contexts_take_ended(&story.contexts), 0);
    contexts_free(&story.contexts);
}

static void a_context_without_text_ends_without_the_service(void **state)
{
    struct story story = begin();
    assert_int_equal(contexts_end(&story.contexts, 3), ERR_OK);
    say(&story, 4, "  ", true);
    assert_int_equal(contexts_end(&story.contexts, 4), ERR_OK);
    expect_sent(&story, "");
    assert_int_equal(contexts_take_ended(&story.contexts), 3);
    assert_int_equal(contexts_take_ended(&story.contexts), 4);
    assert_int_equal(contexts_take_ended(&story.contexts), 0);
    contexts_free(&story.contexts);
}

static void an_open_context_is_kept_alive(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", false);
    expect_sent(&story, "open t1, t1:One. , ");
    assert_int_equal(contexts_deadline(&story.contexts), story.now_ms + KEEP_ALIVE_MS);
    story.now_ms += KEEP_ALIVE_MS - 1;
    expect_sent(&story, "");
    story.now_ms += 1;
    expect_sent(&story, "alive t1, ");
    assert_int_equal(contexts_deadline(&story.contexts), story.now_ms + KEEP_ALIVE_MS);
    contexts_free(&story.contexts);
}

static void a_service_that_owes_audio_is_stalled(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    assert_int_equal(contexts_deadline(&story.contexts), story.now_ms + 10000);
    assert_false(contexts_are_stalled(&story.contexts, story.now_ms + 9999));
    assert_true(contexts_are_stalled(&story.contexts, story.now_ms + 10000));
    story.now_ms += 9000;
    assert_true(is_heard(&story, 1, 0, 80));
    assert_false(contexts_are_stalled(&story.contexts, story.now_ms + 20000));
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    expect_sent(&story, "close t1, ");
    assert_false(contexts_are_stalled(&story.contexts, story.now_ms + 9999));
    assert_true(contexts_are_stalled(&story.contexts, story.now_ms + 10000));
    contexts_free(&story.contexts);
}

static void a_loss_between_replies_is_no_loss(void **state)
{
    struct story story = begin();
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_IDLE);
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    assert_true(is_heard(&story, 1, 0, 80));
    contexts_cancel(&story.contexts, 1);
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_IDLE);
    assert_int_equal(story.contexts.count, 0);
    contexts_free(&story.contexts);
}

static void a_reply_without_a_sound_is_sent_again(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    say(&story, 1, "Two.", false);
    assert_int_equal(contexts_end(&story.contexts, 1), ERR_OK);
    expect_sent(&story, "t1:Two. !, close t1, ");
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_RESEND);
    expect_sent(&story, "open t1, t1:One. Two. !, close t1, ");
    contexts_free(&story.contexts);
}

static void a_reply_cut_in_the_middle_is_broken(void **state)
{
    struct story story = begin();
    say(&story, 1, "One.", true);
    expect_sent(&story, "open t1, t1:One. !, ");
    assert_true(is_heard(&story, 1, 0, 80));
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_BROKEN);
    contexts_free(&story.contexts);
}

static void waiting_text_needs_a_connection(void **state)
{
    struct story story = begin();
    assert_false(contexts_have_work(&story.contexts));
    say(&story, 1, "One.", false);
    assert_true(contexts_have_work(&story.contexts));
    assert_int_equal(contexts_disconnect(&story.contexts), CONTEXTS_RESEND);
    contexts_free(&story.contexts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_opened_spoken_flushed_and_closed),
        cmocka_unit_test(the_last_text_carries_the_flush),
        cmocka_unit_test(a_flush_without_text_is_sent_once),
        cmocka_unit_test(nothing_is_sent_behind_a_close),
        cmocka_unit_test(late_audio_of_a_cancelled_context_does_not_count),
        cmocka_unit_test(a_context_cancelled_before_it_was_sent_is_never_sent),
        cmocka_unit_test(cancelled_contexts_hold_their_place_until_final_or_too_old),
        cmocka_unit_test(text_waits_up_to_a_bound),
        cmocka_unit_test(too_many_contexts_are_refused),
        cmocka_unit_test(a_long_reply_is_no_longer_resendable),
        cmocka_unit_test(a_context_that_the_service_closed_is_opened_anew),
        cmocka_unit_test(a_context_closed_by_the_service_ends_at_once),
        cmocka_unit_test(a_context_without_text_ends_without_the_service),
        cmocka_unit_test(an_open_context_is_kept_alive),
        cmocka_unit_test(a_service_that_owes_audio_is_stalled),
        cmocka_unit_test(a_loss_between_replies_is_no_loss),
        cmocka_unit_test(a_reply_without_a_sound_is_sent_again),
        cmocka_unit_test(a_reply_cut_in_the_middle_is_broken),
        cmocka_unit_test(waiting_text_needs_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_realtime_items.h"

static void expect(struct item *item, uint32_t number)
{
    if (!number) {
        assert_null(item);
        return;
    }
    assert_non_null(item);
    assert_int_equal(item->number, number);
}

static uint32_t end(struct items *items)
{
    struct item *item = items_end(items, 0, 800);
    return item ? item->number : 0;
}

/* Ends an utterance and sends its commit. */
static uint32_t end_and_send(struct items *items)
{
    uint32_t number = end(items);
    struct item *item = items_next_waiting(items);
    assert_non_null(item);
    item->state = ITEM_SENT;
    return number;
}

static void items_are_named_in_the_order_of_commits(void **state)
{
    struct items items = {0};
    assert_int_equal(end_and_send(&items), 1);
    assert_int_equal(end_and_send(&items), 2);
    expect(items_confirm(&items, SLICE("a")), 1);
    expect(items_confirm(&items, SLICE("b")), 2);
    expect(items_for_delta(&items, SLICE("b")), 2);
    expect(items_for_end(&items, SLICE("b")), 2);
    expect(items_for_end(&items, SLICE("a")), 1);
    items_free(&items);
}

static void early_text_belongs_to_what_is_being_spoken(void **state)
{
    struct items items = {0};
    assert_int_equal(end_and_send(&items), 1);
    expect(items_confirm(&items, SLICE("a")), 1);
    expect(items_for_delta(&items, SLICE("b")), 2);
    expect(items_for_delta(&items, SLICE("b")), 2);
    expect(items_for_delta(&items, SLICE("c")), 0); /* one is being spoken at a time */
    expect(items_for_end(&items, SLICE("b")), 0);   /* and it has not ended */
    assert_int_equal(end_and_send(&items), 2);
    expect(items_confirm(&items, SLICE("b")), 2);
    items_free(&items);
}

static void text_before_its_confirmation_finds_the_commit(void **state)
{
    struct items items = {0};
    assert_int_equal(end_and_send(&items), 1);
    expect(items_for_delta(&items, SLICE("a")), 1);
    expect(items_for_end(&items, SLICE("a")), 1);
    items_free(&items);
}

static void a_provisional_id_gives_way_to_the_confirmed_one(void **state)
{
    struct items items = {0};
    expect(items_for_delta(&items, SLICE("early")), 1);
    assert_int_equal(end_and_send(&items), 1);
    expect(items_confirm(&items, SLICE("a")), 1);
    expect(items_for_end(&items, SLICE("early")), 0);
    expect(items_for_end(&items, SLICE("a")), 1);
    items_free(&items);
}

static void what_is_not_ours_is_nothing(void **state)
{
    struct items items = {0};
    char long_id[ITEM_ID_SIZE + 1];
    memset(long_id, 'x', sizeof(long_id));
    expect(items_confirm(&items, SLICE("a")), 0);
    expect(items_for_end(&items, SLICE("a")), 0);
    expect(items_for_delta(&items, SLICE("")), 0);
    expect(items_for_delta(&items, SLICE("a\0b")), 0);
    expect(items_for_delta(&items, (struct slice){long_id, ITEM_ID_SIZE}), 0);
    assert_int_equal(end_and_send(&items), 1);
    expect(items_confirm(&items, SLICE("a")), 1);
    expect(items_confirm(&items, SLICE("a")), 0);
    items_free(&items);
}

static void a_refused_commit_leaves_its_place(void **state)
{
    struct items items = {0};
    assert_int_equal(end_and_send(&items), 1);
    assert_int_equal(end_and_send(&items), 2);
    assert_int_equal(end_and_send(&items), 3);
    expect(items_refused(&items, 2), 2);
    items_remove(&items, items_refused(&items, 2)->number);
    expect(items_refused(&items, 2), 0);
    expect(items_refused(&items, 0), 1);
    expect(items_confirm(&items, SLICE("a")), 1);
    expect(items_refused(&items, 1), 0);
    expect(items_confirm(&items, SLICE("c")), 3);
    items_free(&items);
}

static void too_many_open_items_are_refused(void **state)
{
    struct items items = {0};
    for (uint32_t i = 1; i <= ITEMS_OPEN; i++)
        assert_int_equal(end_and_send(&items), i);
    assert_int_equal(end(&items), 0);
    expect(items_confirm(&items, SLICE("a")), 1);
    items_remove(&items, items_for_end(&items, SLICE("a"))->number);
    assert_int_equal(end_and_send(&items), ITEMS_OPEN + 1);
    items_free(&items);
}

static void a_lost_connection_makes_commits_wait_again(void **state)
{
    struct items items = {0};
    assert_int_equal(end_and_send(&items), 1);
    assert_int_equal(end_and_send(&items), 2);
    expect(items_confirm(&items, SLICE("a")), 1);
    strbuf_add_text(&items_for_delta(&items, SLICE("a"))->text, "Hi");
    expect(items_for_delta(&items, SLICE("b")), 2);
    end_and_send(&items);
    expect(items_for_delta(&items, SLICE("c")), 3);
    expect(items_for_delta(&items, SLICE("d")), 4);
    items_disconnect(&items);
    assert_int_equal(items.count, 3);
    expect(items_next_waiting(&items), 1);
    assert_int_equal(items.open[0].text.len, 0);
    expect(items_for_end(&items, SLICE("a")), 0);
    items.open[0].state = ITEM_SENT;
    expect(items_next_waiting(&items), 2);
    expect(items_confirm(&items, SLICE("a2")), 1);
    items_free(&items);
}

static void the_oldest_commit_is_watched(void **state)
{
    struct items items = {0};
    assert_int_equal(items_oldest_sent_ms(&items), 0);
    end_and_send(&items);
    items.open[0].sent_ms = 70;
    end_and_send(&items);
    items.open[1].sent_ms = 90;
    assert_int_equal(items_oldest_sent_ms(&items), 70);
    items_remove(&items, items.open[0].number);
    assert_int_equal(items_oldest_sent_ms(&items), 90);
    items_free(&items);
}

/* What is known of an utterance's words. */
static void expect_text(struct items *items, uint32_t number, const char *expected)
{
    struct strbuf text;
    strbuf_init(&text, 1000);
    strbuf_add_text(&text, "");
    items_text(items, number, &text);
    assert_string_equal(text.data, expected);
    strbuf_free(&text);
}

static void over(struct items *items, const char *id, const char *text)
{
    struct item *item = items_for_end(items, slice_from(id));
    assert_non_null(item);
    items_set_over(items, item, slice_from(text));
}

static void what_the_service_ends_is_part_of_what_we_end(void **state)
{
    struct items items = {0};
    expect(items_add_part(&items, SLICE("a"), false, 0, 1000), 1);
    expect(items_for_delta(&items, SLICE("b")), 1);
    expect(items_add_part(&items, SLICE("b"), false, 0, 2000), 1);
    over(&items, "b", " to book");
    expect_text(&items, 1, "to book");
    assert_int_equal(items_needed_from(&items, 0), 0);
    over(&items, "a", "I want ");
    expect_text(&items, 1, "I want to book");
    assert_int_equal(items_needed_from(&items, 0), 2000);
    struct item *item = items_end(&items, 0, 3000);
    expect(item, 1);
    assert_int_equal(item->start, 2000);
    item->state = ITEM_SENT;
    expect(items_confirm(&items, SLICE("c")), 1);
    expect(items_finished(&items), 0);
    over(&items, "c", "a visit.");
    expect(items_finished(&items), 1);
    expect_text(&items, 1, "I want to book a visit.");
    items_remove(&items, 1);
    assert_int_equal(items.count, 0);
    items_free(&items);
}

static void an_utterance_waits_for_its_parts(void **state)
{
    struct items items = {0};
    expect(items_add_part(&items, SLICE("a"), false, 0, 1000), 1);
    struct item *item = items_end(&items, 0, 1200);
    items_set_over(&items, item, SLICE("")); /* nothing was left to commit */
    expect(items_finished(&items), 0);
    expect(items_add_part(&items, SLICE("late"), true, 1200, 1200), 1);
    over(&items, "a", "hello");
    expect(items_finished(&items), 0);
    over(&items, "late", "");
    expect(items_finished(&items), 1);
    expect_text(&items, 1, "hello");
    items_remove(&items, 1);
    expect(items_add_part(&items, SLICE("later"), true, 1200, 1200), 0); /* of nobody */
    items_free(&items);
}

static void parts_without_text_are_said_again(void **state)
{
    struct items items = {0};
    expect(items_add_part(&items, SLICE("a"), false, 0, 1000), 1);
    over(&items, "a", "one");
    expect(items_add_part(&items, SLICE("b"), false, 0, 2000), 1);
    expect(items_add_part(&items, SLICE("c"), false, 0, 3000), 1);
    over(&items, "c", "three");
    items_disconnect(&items);
    assert_int_equal(items.count, 1);
    expect_text(&items, 1, "one");
    assert_int_equal(items_needed_from(&items, 0), 1000);
    struct item *item = items_end(&items, 0, 4000);
    assert_int_equal(item->start, 1000);
    items_free(&items);
}

static void an_ended_utterance_takes_its_parts_audio_back(void **state)
{
    struct items items = {0};
    expect(items_add_part(&items, SLICE("a"), false, 0, 1000), 1);
    items_set_over(&items, items_end(&items, 0, 1600), SLICE(""));
    items_disconnect(&items);
    struct item *item = items_next_waiting(&items);
    expect(item, 1);
    assert_int_equal(item->start, 0);
    assert_int_equal(items_needed_from(&items, 1600), 0);
    items_free(&items);
}

static void an_end_counts_once(void **state)
{
    struct items items = {0};
    end_and_send(&items);
    expect(items_confirm(&items, SLICE("a")), 1);
    over(&items, "a", "one");
    items_remove(&items, 1);
    end_and_send(&items);
    expect(items_for_end(&items, SLICE("a")), 0);
    expect(items_for_delta(&items, SLICE("a")), 0);
    expect(items_confirm(&items, SLICE("a")), 0);
    expect(items_confirm(&items, SLICE("b")), 2);
    items_free(&items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_named_in_the_order_of_commits),
        cmocka_unit_test(early_text_belongs_to_what_is_being_spoken),
        cmocka_unit_test(text_before_its_confirmation_finds_the_commit),
        cmocka_unit_test(a_provisional_id_gives_way_to_the_confirmed_one),
        cmocka_unit_test(what_is_not_ours_is_nothing),
        cmocka_unit_test(a_refused_commit_leaves_its_place),
        cmocka_unit_test(too_many_open_items_are_refused),
        cmocka_unit_test(a_lost_connection_makes_commits_wait_again),
        cmocka_unit_test(the_oldest_commit_is_watched),
        cmocka_unit_test(what_the_service_ends_is_part_of_what_we_end),
        cmocka_unit_test(an_utterance_waits_for_its_parts),
        cmocka_unit_test(parts_without_text_are_said_again),
        cmocka_unit_test(an_ended_utterance_takes_its_parts_audio_back),
        cmocka_unit_test(an_end_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
    return items_end(items, 0, 800);
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
    items_remove(&items, items_refused(&items, 2));
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
    items_remove(&items, items_for_end(&items, SLICE("a")));
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
    items_remove(&items, &items.open[0]);
    assert_int_equal(items_oldest_sent_ms(&items), 90);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

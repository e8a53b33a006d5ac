#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "callflow/turn_codec.h"

#define WALKS 40
#define STEPS 500

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct turn_event random_event(uint32_t *seed, const struct turn *turn)
{
    struct turn_event event = {
        .kind = (enum turn_event_kind)(next_random(seed) % (TURN_EVENT_TIME + 1)),
        .epoch = turn->epoch - (next_random(seed) % 8 == 0),
        .item = next_random(seed) % 4 ? turn->last_item + next_random(seed) % 2
                                      : next_random(seed) << 8,
        .lag_ms = next_random(seed) % 300,
        .sentences = next_random(seed) % 3,
        .flag = next_random(seed) % 2,
        .words = {.count = (uint16_t)next_random(seed),
            .is_backchannel = next_random(seed) % 2,
            .is_command = next_random(seed) % 2,
            .is_hanging = next_random(seed) % 2},
        .opinion = (enum turn_opinion)(next_random(seed) % (OPINION_MORE + 1))};
    if (event.kind == TURN_EVENT_RULES)
        event.rules = (struct turn_rules){.silence_ms = next_random(seed) % 1000,
            .stall_ms = 600,
            .patience_ms = next_random(seed) % 500,
            .min_utterance_ms = 350,
            .max_utterance_ms = 8000,
            .asks_script = next_random(seed) % 2,
            .asks_on_silence = next_random(seed) % 2};
    return event;
}

static void check_event(const struct turn_event *a, const struct turn_event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->item, b->item);
    assert_int_equal(a->lag_ms, b->lag_ms);
    assert_int_equal(a->sentences, b->sentences);
    assert_int_equal(a->flag, b->flag);
    assert_int_equal(a->opinion, b->opinion);
    assert_int_equal(a->words.count, b->words.count);
    assert_int_equal(a->words.is_backchannel, b->words.is_backchannel);
    assert_int_equal(a->words.is_command, b->words.is_command);
    assert_int_equal(a->words.is_hanging, b->words.is_hanging);
    assert_memory_equal(&a->rules, &b->rules, sizeof a->rules);
}

/* What is read is what was written; and every shorter text is none. */
static void check_round_trip(const struct turn *turn, const struct turn_event *event,
    const struct turn_actions *actions, uint64_t now_ms)
{
    struct strbuf bytes;
    strbuf_init(&bytes, 4096);
    turn_step_encode(&bytes, event, turn, actions, now_ms);
    assert_false(bytes.failed);
    struct turn_dictionary dictionary;
    turn_dictionary_init(&dictionary);
    struct turn_step step, now;
    assert_int_equal(turn_step_decode(&step, strbuf_slice(&bytes), &dictionary), ERR_OK);
    check_event(&step.event, event);
    turn_step_of(&now, event, turn, actions, now_ms);
    assert_null(turn_step_differs(&step, &now));
    struct strbuf again;
    strbuf_init(&again, 4096);
    turn_step_add(&again, &step);
    assert_true(slice_equal(strbuf_slice(&bytes), strbuf_slice(&again)));
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(
            turn_step_decode(&step, (struct slice){bytes.data, len}, &dictionary), ERR_OK);
    strbuf_free(&again);
    strbuf_free(&bytes);
}

static void test_a_walk_is_read_as_it_was_written(void **state)
{
    for (uint32_t number = 1; number <= WALKS; number++) {
        uint32_t seed = number * 7919;
        uint64_t now_ms = 1000;
        struct turn turn;
        turn_init(&turn, &turn_defaults);
        struct turn_event event = {.kind = TURN_EVENT_STARTED, .flag = true};
        for (unsigned i = 0; i < STEPS && !turn.is_ended; i++) {
            now_ms += next_random(&seed) % 400;
            struct turn_actions actions;
            turn_step(&turn, event, now_ms, &actions);
            check_round_trip(&turn, &event, &actions, now_ms);
            event = random_event(&seed, &turn);
            if (event.kind == TURN_EVENT_STREAM_ENDED && i + 20 < STEPS)
                event.kind = TURN_EVENT_TIME;
        }
    }
}

/* The bytes are a contract with files: they change with the format's number only. */
static void test_bytes_of_a_step(void **state)
{
    const struct turn_step step = {
        .event = {.kind = TURN_EVENT_FINAL, .item = 300, .words = {.count = 4, .is_hanging = true}},
        .state = TURN_THINKING,
        .epoch = 2,
        .actions = {.list = {{.kind = TURN_ACTION_COMMIT_TURN, .epoch = 2}}, .count = 1},
        .has_deadline = true,
        .deadline_ms = -3};
    static const uint8_t expected[] = {TURN_EVENT_FINAL, 0, 0xac, 2, 0, 0, 8, 0, 4, /* the event */
        1, 2, 1, TURN_ACTION_COMMIT_TURN, 2, 0, 0, 6};
    struct strbuf bytes;
    strbuf_init(&bytes, 64);
    turn_step_add(&bytes, &step);
    assert_int_equal(bytes.len, sizeof expected);
    assert_memory_equal(bytes.data, expected, sizeof expected);
    strbuf_free(&bytes);
}

static void test_a_file_of_another_version(void **state)
{
    struct turn_dictionary dictionary;
    turn_dictionary_init(&dictionary);
    turn_dictionary_clear(&dictionary, TURN_LIST_STATE);
    assert_int_equal(
        turn_dictionary_set(&dictionary, TURN_LIST_STATE, 7, SLICE("thinking")), ERR_OK);
    assert_int_equal(
        turn_dictionary_set(&dictionary, TURN_LIST_STATE, 8, SLICE("dreaming")), ERR_NOT_FOUND);
    assert_int_equal(
        turn_dictionary_set(&dictionary, TURN_LIST_STATE, TURN_LIST_MAX, SLICE("thinking")),
        ERR_FULL);
    const struct {
        uint8_t state;
        enum err err;
    } rows[] = {{7, ERR_OK}, {8, ERR_NOT_FOUND}, {1, ERR_NOT_FOUND}, {127, ERR_NOT_FOUND}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[] = {TURN_EVENT_TIME, 0, 0, 0, 0, 0, 0, 0, (char)rows[i].state, 0, 0, 0};
        struct turn_step step;
        assert_int_equal(
            turn_step_decode(&step, (struct slice){bytes, sizeof bytes}, &dictionary), rows[i].err);
        if (rows[i].err == ERR_OK)
            assert_int_equal(step.state, TURN_THINKING);
    }
}

static void test_lists_have_names(void **state)
{
    for (unsigned list = 0; list < TURN_LISTS; list++) {
        unsigned count = turn_list_count((enum turn_list)list);
        assert_in_range(count, 1, TURN_LIST_MAX);
        assert_true(slice_starts(slice_from(turn_list_name((enum turn_list)list)), "turn_"));
        for (unsigned i = 0; i < count; i++)
            for (unsigned j = 0; j < i; j++)
                assert_string_not_equal(turn_list_member((enum turn_list)list, i),
                    turn_list_member((enum turn_list)list, j));
    }
}

/* All of them stand in the table: the struct holds nothing else. */
static void test_settings_by_name(void **state)
{
    struct turn_settings settings = {0}, copy = {0};
    size_t bytes = 0;
    for (unsigned i = 0; i < turn_settings_count(); i++) {
        uint32_t value = turn_setting_is_flag(i) ? 1 : 1000 + i;
        struct slice name = slice_from(turn_setting_name(i));
        assert_int_equal(turn_setting_set(&settings, name, value), ERR_OK);
        assert_int_equal(turn_setting_get(&settings, i), value);
        bytes += turn_setting_is_flag(i) ? sizeof(bool) : sizeof(uint32_t);
    }
    assert_int_equal(bytes, sizeof settings);
    for (unsigned i = 0; i < turn_settings_count(); i++)
        assert_int_equal(turn_setting_set(&copy, slice_from(turn_setting_name(i)),
                             turn_setting_get(&settings, i)),
            ERR_OK);
    assert_memory_equal(&settings, &copy, sizeof settings);
    assert_int_equal(turn_setting_set(&copy, SLICE("silense_ms"), 1), ERR_NOT_FOUND);
    assert_int_equal(turn_setting_set(&copy, SLICE("barge_in"), 2), ERR_BAD);
}

static void test_steps_for_people(void **state)
{
    struct strbuf text;
    strbuf_init(&text, 1024);
    struct turn_event event = {
        .kind = TURN_EVENT_FINAL, .item = 3, .words = {.count = 4, .is_hanging = true}};
    turn_event_describe(&text, &event);
    assert_string_equal(text.data, "final item=3 words=4 hanging");
    strbuf_clear(&text);
    struct turn_step step = {.state = TURN_THINKING,
        .epoch = 2,
        .actions = {.list = {{.kind = TURN_ACTION_CANCEL_REPLY, .epoch = 1},
                        {.kind = TURN_ACTION_COMMIT_TURN, .epoch = 2}},
            .count = 2},
        .has_deadline = true,
        .deadline_ms = 800};
    turn_step_describe(&text, &step);
    assert_string_equal(
        text.data, "thinking epoch=2: cancel_reply epoch=1, commit_turn; next in 800 ms");
    strbuf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_walk_is_read_as_it_was_written),
        cmocka_unit_test(test_bytes_of_a_step),
        cmocka_unit_test(test_a_file_of_another_version),
        cmocka_unit_test(test_lists_have_names),
        cmocka_unit_test(test_settings_by_name),
        cmocka_unit_test(test_steps_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "api/call_notes.h"
#include "live/live.h"

#define ANSWER_MAX_BYTES (1024 * 1024)

static void count_wake(void *owner)
{
    ++*(unsigned *)owner;
}

static void tell(struct call_notes *notes, const char *call_sid, const char *json, bool is_end)
{
    struct live_note *note = calloc(1, sizeof *note);
    snprintf(note->call_sid, sizeof note->call_sid, "%s", call_sid);
    note->json = strdup(json);
    note->is_end = is_end;
    assert_int_equal(mailbox_put(call_notes_mailbox(notes), &note->letter), ERR_OK);
}

/* The parsed answer; NULL when there is no such call. */
static json_t *ask(struct call_notes *notes, const char *call_sid, unsigned after)
{
    struct strbuf out;
    strbuf_init(&out, ANSWER_MAX_BYTES);
    json_t *answer = NULL;
    if (call_notes_events(notes, slice_from(call_sid), after, &out)) {
        assert_false(out.failed);
        answer = json_loadb(out.data, out.len, 0, NULL);
        assert_non_null(answer);
    }
    strbuf_free(&out);
    return answer;
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static json_int_t number_of_event(const json_t *answer, size_t i)
{
    return number(json_array_get(json_object_get(answer, "events"), i), "n");
}

static size_t count_events(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "events"));
}

static void test_events_are_numbered_and_asked_for_in_parts(void **state)
{
    unsigned wakes = 0;
    struct call_notes *notes = call_notes_create(count_wake, &wakes);
    assert_null(ask(notes, "CA1", 0));
    tell(notes, "CA1", "{\"kind\":\"caller\"}", false);
    tell(notes, "CA1", "{\"kind\":\"agent\"}", false);
    assert_int_equal(wakes, 1);
    call_notes_collect(notes);
    json_t *answer = ask(notes, "CA1", 1);
    assert_int_equal(count_events(answer), 1);
    assert_int_equal(number_of_event(answer, 0), 2);
    assert_int_equal(number(answer, "next"), 2);
    assert_false(json_is_true(json_object_get(answer, "ended")));
    json_decref(answer);
    tell(notes, "CA1", "{\"kind\":\"end\"}", true);
    call_notes_collect(notes);
    answer =
        ask(notes, "CA1", 4000000000u); /* a number from before a restart: from the beginning */
    assert_int_equal(count_events(answer), 3);
    assert_true(json_is_true(json_object_get(answer, "ended")));
    json_decref(answer);
    call_notes_destroy(notes);
}

static void test_a_long_call_keeps_its_newest_events(void **state)
{
    struct call_notes *notes = call_notes_create(NULL, NULL);
    for (unsigned i = 0; i < 1000; i++)
        tell(notes, "CA1", "{\"kind\":\"caller\"}", i == 999);
    call_notes_collect(notes);
    json_t *answer = ask(notes, "CA1", 0);
    assert_int_equal(count_events(answer), 400);
    assert_int_equal(number_of_event(answer, 0), 601);
    assert_int_equal(number_of_event(answer, 399), 1000);
    assert_true(json_is_true(json_object_get(answer, "ended")));
    json_decref(answer);
    call_notes_destroy(notes);
}

static void test_much_text_comes_in_several_answers(void **state)
{
    struct call_notes *notes = call_notes_create(NULL, NULL);
    char event[8192];
    snprintf(event, sizeof event, "{\"text\":\"%08000d\"}", 1);
    for (unsigned i = 0; i < 300; i++)
        tell(notes, "CA1", event, i == 299);
    call_notes_collect(notes);
    unsigned asked = 0;
    size_t seen = 0;
    bool is_ended = false;
    while (!is_ended) {
        json_t *answer = ask(notes, "CA1", (unsigned)seen);
        assert_int_equal(number_of_event(answer, 0), seen + 1);
        seen += count_events(answer);
        assert_int_equal(number(answer, "next"), seen);
        is_ended = json_is_true(json_object_get(answer, "ended"));
        json_decref(answer);
        assert_true(++asked < 20);
    }
    assert_int_equal(seen, 300);
    call_notes_destroy(notes);
}

static void test_the_newest_calls_are_listed_first_and_the_oldest_go(void **state)
{
    struct call_notes *notes = call_notes_create(NULL, NULL);
    char call_sid[40];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(
            call_sid, sizeof call_sid, "CA%u\"", i); /* a quote is a carrier's error, not ours */
        tell(notes, call_sid, "{\"kind\":\"caller\"}", false);
    }
    call_notes_collect(notes);
    struct strbuf out;
    strbuf_init(&out, ANSWER_MAX_BYTES);
    call_notes_list(notes, &out);
    json_t *list = json_loadb(out.data, out.len, 0, NULL);
    assert_int_equal(json_array_size(list), 256);
    const char *first = json_string_value(json_object_get(json_array_get(list, 0), "call_sid"));
    assert_string_equal(first, "CA299\"");
    json_decref(list);
    strbuf_free(&out);
    tell(notes, "CA-left", "{\"kind\":\"caller\"}", false); /* not collected: no leak */
    call_notes_destroy(notes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_are_numbered_and_asked_for_in_parts),
        cmocka_unit_test(test_a_long_call_keeps_its_newest_events),
        cmocka_unit_test(test_much_text_comes_in_several_answers),
        cmocka_unit_test(test_the_newest_calls_are_listed_first_and_the_oldest_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

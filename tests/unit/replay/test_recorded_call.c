/* Captured calls as simulations read them: their talk; and that nothing changed comes out as it was. */
#include "replay/recorded_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recorded.h"
#include "replay/what_if.h"
#include "unit/media/sounds.h"
#include "unit/replay/booking.h"

#define SAMPLES_MAX (SOUND_RATE_HZ * 10)
#define FILE_MAX_BYTES (64u << 20)

/* ---- a talk, told record by record ---- */

struct telling {
    struct recorded call;
    struct turn turn;
};

static void tell(struct telling *telling, uint64_t at_ms, enum capture_kind kind, const char *json)
{
    telling->call.now_ms = at_ms;
    recorded_put(&telling->call, kind, slice_from(json));
}

static void step(struct telling *telling, uint64_t at_ms, struct turn_event event)
{
    struct strbuf out;
    struct turn_actions actions;
    strbuf_init(&out, 4096);
    turn_step(&telling->turn, event, at_ms, &actions);
    turn_step_encode(&out, &event, &telling->turn, &actions, at_ms);
    telling->call.now_ms = at_ms;
    recorded_put(&telling->call, CAPTURE_STEP, strbuf_slice(&out));
    strbuf_free(&out);
}

static void tell_booking(struct telling *telling)
{
    tell(telling, 100, CAPTURE_TTS, "{\"event\":\"text\",\"context\":1,\"text\":\"Bakery!\"}");
    step(telling, 100, HEARD(STARTED, .flag = true));
    step(telling, 300, HEARD(AUDIO, .epoch = 1));
    step(telling, 2300, HEARD(PLAYED, .epoch = 1, .flag = true));
    step(telling, 3080, HEARD(SPEECH_STARTED, .lag_ms = 80));
    tell(telling, 3500, CAPTURE_STT, "{\"event\":\"partial\",\"item\":1,\"text\":\"how\"}");
    step(telling, 3500, HEARD(PARTIAL, .item = 1, SAID(1)));
    step(telling, 4200, HEARD(SPEECH_ENDED, .lag_ms = 200));
    step(telling, 4200, HEARD(COMMITTED, .item = 1));
    tell(telling, 4280, CAPTURE_STT,
        "{\"event\":\"final\",\"item\":1,\"text\":\"how much is rye\"}");
    step(telling, 4280, HEARD(FINAL, .item = 1, SAID(4)));
    tell(telling, 4284, CAPTURE_SCRIPT_ANSWERED,
        "{\"event\":\"answered\",\"kind\":\"prompt\",\"epoch\":2,\"turn\":1,\"answer\":\"Be "
        "brief.\",\"phase\":\"\",\"state\":null}");
    step(telling, 4285, HEARD(PROMPT_READY, .epoch = 2));
    tell(telling, 4285, CAPTURE_LLM,
        "{\"event\":\"ask\",\"epoch\":2,\"turn\":1,\"messages\":[{\"role\":\"system\",\"content\":"
        "\"Be brief.\"}],\"tools\":[]}");
    tell(telling, 4500, CAPTURE_LLM, "{\"event\":\"text\",\"epoch\":2,\"text\":\"One \"}");
    tell(telling, 4501, CAPTURE_LLM, "{\"event\":\"text\",\"epoch\":2,\"text\":\"moment.\"}");
    tell(telling, 4502, CAPTURE_LLM,
        "{\"event\":\"tool_call\",\"epoch\":2,\"id\":\"c1\",\"name\":\"lookup\",\"arguments\":"
        "\"{\\\"item\\\":\\\"rye\\\"}\"}");
    step(telling, 4510, HEARD(TIME));
    tell(telling, 4510, CAPTURE_SCRIPT_ASKED,
        "{\"event\":\"asked\",\"kind\":\"tool\",\"epoch\":2,\"turn\":1,\"tool\":\"lookup\","
        "\"tool_call_id\":\"c1\",\"arguments\":\"{\\\"item\\\":\\\"rye\\\"}\",\"incoming\":"
        "{\"direction\":\"inbound\"}}");
    tell(telling, 4520, CAPTURE_SCRIPT_ANSWERED,
        "{\"event\":\"answered\",\"kind\":\"tool\",\"epoch\":2,\"turn\":1,\"tool\":\"lookup\","
        "\"tool_call_id\":\"c1\",\"answer\":{\"price\":4},\"phase\":\"priced\",\"state\":{"
        "\"item\":\"rye\"}}");
    step(telling, 4600, HEARD(PIECE, .epoch = 2));
    tell(telling, 4600, CAPTURE_TTS, "{\"event\":\"text\",\"context\":2,\"text\":\"One moment.\"}");
    step(telling, 4750, HEARD(AUDIO, .epoch = 2));
    step(telling, 6080, HEARD(SPEECH_STARTED, .lag_ms = 80));
    step(telling, 7000, HEARD(SPEECH_ENDED, .lag_ms = 200));
    step(telling, 7000, HEARD(COMMITTED, .item = 2));
    tell(telling, 7080, CAPTURE_STT, "{\"event\":\"final\",\"item\":2,\"text\":\"thanks\"}");
    step(telling, 7080, HEARD(FINAL, .item = 2, SAID(1)));
    step(telling, 8000, HEARD(TIME));
    step(telling, 9000, HEARD(STREAM_ENDED));
    tell(telling, 9000, CAPTURE_END, "{\"is_complete\":true,\"reason\":\"caller_hangup\"}");
}

static const char *text_at(const json_t *turn, const char *list, const char *name)
{
    return json_string_value(json_object_get(json_array_get(json_object_get(turn, list), 0), name));
}

static void what_was_asked_said_and_done_is_read(void **state)
{
    struct telling telling;
    struct recorded_call call;
    struct strbuf bytes;
    char why[REPLAY_WHY_SIZE];
    recorded_begin(&telling.call, &turn_defaults, 1);
    turn_init(&telling.turn, &turn_defaults);
    tell_booking(&telling);
    strbuf_init(&bytes, FILE_MAX_BYTES);
    recorded_pack(&bytes, strbuf_slice(&telling.call.records), NULL);
    struct replay_file file = {.bytes = bytes.data, .len = bytes.len};
    if (recorded_call_read(&call, &file, why))
        fail_msg("%s", why);
    assert_string_equal(call.incomplete, "");
    const json_t *turns = json_object_get(call.talk, "turns");
    assert_int_equal(json_array_size(turns), 3);
    const json_t *first = json_array_get(turns, 0), *turn = json_array_get(turns, 1),
                 *last = json_array_get(turns, 2);
    assert_string_equal(
        json_string_value(json_array_get(json_object_get(first, "said"), 0)), "Bakery!");
    assert_string_equal(json_string_value(json_object_get(turn, "words")), "how much is rye");
    assert_int_equal(json_integer_value(json_object_get(turn, "gap_ms")), 700);
    assert_string_equal(text_at(turn, "rounds", "say"), "One moment.");
    assert_string_equal(text_at(turn, "tools", "arguments"), "{\"item\":\"rye\"}");
    assert_string_equal(text_at(turn, "tools", "result"), "{\"price\":4}");
    assert_string_equal(json_string_value(json_object_get(turn, "phase")), "priced");
    assert_string_equal(json_string_value(json_object_get(last, "words")), "thanks");
    assert_int_equal(json_integer_value(json_object_get(last, "over_ms")), 1250);
    assert_null(json_object_get(first, "is_cut"));
    assert_true(json_is_true(json_object_get(turn, "is_cut")));
    assert_true(json_is_true(json_object_get(last, "is_cut"))); /* the caller hung up */
    assert_string_equal(json_string_value(json_object_get(call.talk, "end")), "caller_hangup");
    assert_string_equal(json_string_value(json_object_get(call.talk, "tenant_id")), "acme-dental");
    assert_true(json_is_object(json_object_get(call.talk, "incoming")));
    recorded_call_close(&call);
    recorded_free(&telling.call);
    strbuf_free(&bytes);
}

/* ---- calls with sound, by a driver of their own ---- */

static void nothing_changed_is_as_it_was_in_any_call(void **state)
{
    static int16_t first[SAMPLES_MAX], second[SAMPLES_MAX];
    size_t first_count =
        sound_speak("en-us", "I would like to book a cleaning", -20, first, SAMPLES_MAX);
    size_t second_count =
        sound_speak("en-us", "Wait, no, on Thursday please", -22, second, SAMPLES_MAX);
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct recorded made;
        struct recorded_call call;
        struct what_if what_if = {0};
        struct what_if_runs runs;
        struct strbuf bytes;
        char why[1024];
        struct turn_settings settings = turn_defaults;
        settings.early_ms = seed % 2 ? 0 : settings.early_ms;
        recorded_begin(&made, &settings, seed);
        recorded_hear(&made, NULL, SOUND_RATE_HZ);
        for (unsigned i = 0; i < 1 + seed % 3; i++) {
            recorded_hear(&made, first, first_count);
            recorded_hear(&made, NULL, SOUND_RATE_HZ * 2);
            recorded_hear(&made, second, second_count);
            recorded_hear(&made, NULL, SOUND_RATE_HZ * 5);
        }
        strbuf_init(&bytes, FILE_MAX_BYTES);
        recorded_end(&made, &bytes);
        struct replay_file file = {.bytes = bytes.data, .len = bytes.len};
        if (recorded_call_read(&call, &file, why))
            fail_msg("seed %u: %s", seed, why);
        assert_int_equal(what_if_begin(&runs, &what_if), ERR_OK);
        if (what_if_take(&runs, &call.steps, why))
            fail_msg("seed %u: %s", seed, why);
        if (runs.turns_alike != runs.turns_compared || !runs.turns_compared)
            fail_msg("seed %u: %u of %u turns are as they were", seed, runs.turns_alike,
                runs.turns_compared);
        what_if_end(&runs);
        recorded_call_close(&call);
        recorded_free(&made);
        strbuf_free(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_said_and_done_is_read),
        cmocka_unit_test(nothing_changed_is_as_it_was_in_any_call),
    };
    return cmocka_run_group_tests(tests, sounds_start, sounds_stop);
}

/* Calls that this build made are held against it; what is changed in a file, or in the engine's numbers, is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../media/sounds.h"
#include "base/clock.h"
#include "base/varint.h"
#include "recorded.h"
#include "replay/check.h"
#include "replay/describe.h"

#define FILE_MAX_BYTES (64u << 20)
#define SAMPLES_MAX (SOUND_RATE_HZ * 20)

static int16_t first[SAMPLES_MAX], second[SAMPLES_MAX];
static size_t first_count, second_count;

static int start_speaking(void **state)
{
    if (sounds_start(state))
        return -1;
    unsigned seed = 7;
    first_count = sound_speak("en-us", "I would like to book a cleaning", -20, first, SAMPLES_MAX);
    second_count = sound_speak("en-us", "Wait, no, on Thursday please", -22, second, SAMPLES_MAX);
    sound_add_white(first, first_count, -60, &seed);
    return 0;
}

/* Some turns, one of which is over the agent's words. */
static void make_call(struct recorded *call, struct strbuf *file, uint32_t seed, unsigned turns)
{
    struct turn_settings settings = turn_defaults;
    settings.early_ms = seed % 2 ? 0 : settings.early_ms;
    recorded_begin(call, &settings, seed);
    recorded_hear(call, NULL, SOUND_RATE_HZ);
    for (unsigned i = 0; i < turns; i++) {
        recorded_hear(call, first, first_count);
        recorded_hear(call, NULL, SOUND_RATE_HZ * 2);
        recorded_hear(call, second, second_count);
        recorded_hear(call, NULL, SOUND_RATE_HZ * 5);
    }
    strbuf_init(file, FILE_MAX_BYTES);
    recorded_end(call, file);
    assert_false(file->failed);
}

static struct replay_file as_file(const struct strbuf *bytes)
{
    return (struct replay_file){.bytes = bytes->data, .len = bytes->len};
}

static struct check_report check(const struct strbuf *bytes)
{
    struct replay_file file = as_file(bytes);
    struct check_report report;
    check_file(&report, &file);
    return report;
}

static void expect_same(const struct check_report *report, uint32_t seed)
{
    const struct held *held = check_first(report);
    if (held)
        fail_msg("seed %u: %s differs at %.3f s (record %u): recorded %s, now %s", seed,
            check_name(report, held), (double)held->at_ms / 1000, (unsigned)held->record,
            held->recorded, held->now);
    assert_string_equal(report->why, "");
    assert_int_equal(check_verdict(report), CHECK_SAME);
}

static void test_calls_are_the_same_again(void **state)
{
    for (uint32_t seed = 1; seed <= 12; seed++) {
        struct recorded call;
        struct strbuf file;
        make_call(&call, &file, seed, 2);
        struct check_report report = check(&file);
        expect_same(&report, seed);
        assert_true(report.sound.count > 20);
        assert_true(report.steps.count > 40);
        assert_true(report.words.count > 8);
        assert_int_equal(report.untold, 0);
        assert_true(call.turns >= 3);
        recorded_free(&call);
        strbuf_free(&file);
    }
}

/* Every record again, as `change` wants it; true: it changed this one, and the rest stays. */
static void rewrite(struct strbuf *file, const struct recorded *call,
    bool (*change)(struct strbuf *out, const struct capture_record *record))
{
    struct strbuf records, content;
    strbuf_init(&records, FILE_MAX_BYTES);
    strbuf_init(&content, CAPTURE_CONTENT_MAX_BYTES);
    struct slice rest = strbuf_slice(&call->records);
    struct capture_record record;
    uint64_t at_ms = 0, before_ms = 0;
    bool is_changed = false;
    while (rest.len && capture_record_take(&rest, &at_ms, &record)) {
        strbuf_clear(&content);
        bool changes = !is_changed && change(&content, &record);
        capture_record_add(&records, record.kind, at_ms - before_ms,
            changes ? strbuf_slice(&content) : record.content);
        is_changed |= changes;
        before_ms = at_ms;
    }
    assert_true(is_changed);
    strbuf_init(file, FILE_MAX_BYTES);
    recorded_pack(file, strbuf_slice(&records), NULL);
    strbuf_free(&records);
    strbuf_free(&content);
}

/* The turns that are committed wait a millisecond longer, as if a constant of the engine were another. */
static bool other_deadline(struct strbuf *out, const struct capture_record *record)
{
    struct turn_dictionary names;
    struct turn_step step;
    turn_dictionary_init(&names);
    if (record->kind != CAPTURE_STEP ||
        turn_step_decode(&step, record->content, &names) != ERR_OK ||
        step.event.kind != TURN_EVENT_SPEECH_ENDED || !step.has_deadline)
        return false;
    step.deadline_ms++;
    turn_step_add(out, &step);
    return true;
}

static bool other_action(struct strbuf *out, const struct capture_record *record)
{
    struct turn_dictionary names;
    struct turn_step step;
    turn_dictionary_init(&names);
    if (record->kind != CAPTURE_STEP ||
        turn_step_decode(&step, record->content, &names) != ERR_OK || !step.actions.count)
        return false;
    step.actions.count--;
    turn_step_add(out, &step);
    return true;
}

static bool other_voice(struct strbuf *out, const struct capture_record *record)
{
    if (record->kind != CAPTURE_VAD || record->content.data[0] != 2)
        return false;
    varint_add(out, 1);
    strbuf_add(out, record->content.data + 1, record->content.len - 1);
    return true;
}

static bool other_jitter(struct strbuf *out, const struct capture_record *record)
{
    if (record->kind != CAPTURE_JITTER)
        return false;
    varint_add(out, 400);
    strbuf_add(out, record->content.data + 1, record->content.len - 1);
    return true;
}

static bool other_words(struct strbuf *out, const struct capture_record *record)
{
    if (record->kind != CAPTURE_STT)
        return false;
    strbuf_add_text(out, "{\"event\":\"final\",\"item\":1,\"text\":\"stop\"}");
    return true;
}

static bool other_text(struct strbuf *out, const struct capture_record *record)
{
    if (record->kind != CAPTURE_LLM ||
        !memmem(record->content.data, record->content.len, "text", 4))
        return false;
    strbuf_add_text(out,
        "{\"event\":\"text\",\"epoch\":1,\"text\":\"[long] Sure. I have Tuesday at "
        "ten thirty, or Thursday at two in the afternoon.\"}");
    return true;
}

static bool replace(struct strbuf *out, struct slice text, const char *before, const char *after)
{
    const char *found = memmem(text.data, text.len, before, strlen(before));
    if (!found)
        return false;
    size_t at = (size_t)(found - text.data), behind = at + strlen(before);
    strbuf_add(out, text.data, at);
    strbuf_add_text(out, after);
    strbuf_add(out, text.data + behind, text.len - behind);
    return true;
}

static bool other_settings(struct strbuf *out, const struct capture_record *record)
{
    return record->kind == CAPTURE_HEADER &&
           replace(out, record->content, "\"silence_ms\":500", "\"silence_ms\":501");
}

static bool other_ear(struct strbuf *out, const struct capture_record *record)
{
    return record->kind == CAPTURE_HEADER &&
           replace(out, record->content, "\"jitter\":", "\"vad\":{\"onset_ms\":100},\"jitter\":");
}

static void test_what_differs_is_found(void **state)
{
    static const struct {
        const char *check, *what;
        bool (*change)(struct strbuf *, const struct capture_record *);
    } rows[] = {
        {"steps", "deadline", other_deadline},
        {"steps", "actions", other_action},
        {"steps", "deadline", other_settings},
        {"sound", "voice", other_voice},
        {"sound", "jitter buffer", other_jitter},
        {"sound", "voice", other_ear},
        {"words", "transcript", other_words},
        {"words", "piece", other_text},
    };
    struct recorded call;
    struct strbuf file;
    make_call(&call, &file, 3, 1);
    strbuf_free(&file);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rewrite(&file, &call, rows[i].change);
        struct check_report report = check(&file);
        const struct held *held = check_first(&report);
        if (!held)
            fail_msg("row %zu is not found", i);
        assert_string_equal(check_name(&report, held), rows[i].check);
        assert_string_equal(held->what, rows[i].what);
        assert_int_equal(check_verdict(&report), CHECK_DIFFERS);
        struct strbuf lines;
        struct replay_file whole = as_file(&file);
        strbuf_init(&lines, 16384);
        describe_around(&lines, &whole, held->record);
        assert_non_null(strstr(lines.data, "\n-> "));
        strbuf_free(&lines);
        strbuf_free(&file);
    }
    recorded_free(&call);
}

static void test_a_cut_file_is_the_same_up_to_its_end(void **state)
{
    struct recorded call;
    struct strbuf file;
    make_call(&call, &file, 5, 2);
    size_t whole = file.len;
    for (unsigned tenth = 1; tenth < 10; tenth++) {
        file.len = whole * tenth / 10;
        struct check_report report = check(&file);
        assert_null(check_first(&report));
        if (report.records > 1) {
            assert_int_equal(check_verdict(&report), CHECK_PARTLY);
            assert_false(report.has_end);
            assert_non_null(strstr(report.why, "ends after chunk"));
        }
    }
    recorded_free(&call);
    strbuf_free(&file);
}

/* What is missing makes what follows it another call: it is not looked at. */
static void test_a_gap_ends_the_checks(void **state)
{
    struct recorded call;
    struct turn_settings settings = turn_defaults;
    recorded_begin(&call, &settings, 4);
    recorded_hear(&call, NULL, SOUND_RATE_HZ);
    recorded_put(&call, CAPTURE_LOST, SLICE("\x05"));
    uint64_t gap_ms = call.now_ms;
    ear_close(&call.ear); /* the ear and the engine behind it know more than the file */
    struct ear_settings other = {
        .vad = vad_settings_for(VAD_HIGH), .jitter_min_ms = 60, .jitter_max_ms = 200};
    ear_init(&call.ear, &other, 0);
    call.turn.settings.silence_ms = 900;
    recorded_hear(&call, first, first_count);
    recorded_hear(&call, NULL, SOUND_RATE_HZ * 3);
    struct strbuf file;
    strbuf_init(&file, FILE_MAX_BYTES);
    recorded_end(&call, &file);
    struct check_report report = check(&file);
    assert_null(check_first(&report));
    assert_int_equal(check_verdict(&report), CHECK_PARTLY);
    assert_true(report.has_gap);
    assert_true(report.gap_at_ms == gap_ms);
    recorded_free(&call);
    strbuf_free(&file);
}

static void test_what_is_no_capture(void **state)
{
    static const struct {
        const char *records;
        size_t len;
        const char *why;
    } rows[] = {
        {"\x01\x00\x02{]", 5, "no head"},
        {"\x01\x00\x02{}", 5, "format 0"},
        {"\x0f\x00\x00", 3, "no head"},
        {"\x01\x00\x0c{\"format\":1}\x0f\x0a\x01\x02", 19, "record 1 (STEP, at 0.005 s)"},
        {"\x01\x00\x0c{\"format\":1}\x08\x0a\x01\x02", 19, "record 1 (VAD, at 0.005 s)"},
        {"\x01\x00\x0c{\"format\":1}\x0b\x0a\x01{", 19, "record 1 (LLM, at 0.005 s)"},
        {"\x01\x00\x0c{\"format\":1}\x01\x00\x02{}", 20, "a second head"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strbuf file;
        strbuf_init(&file, FILE_MAX_BYTES);
        recorded_pack(&file, (struct slice){rows[i].records, rows[i].len}, NULL);
        struct check_report report = check(&file);
        assert_int_equal(check_verdict(&report), CHECK_BAD);
        if (!strstr(report.why, rows[i].why))
            fail_msg("row %zu: %s", i, report.why);
        strbuf_free(&file);
    }
    struct strbuf none;
    strbuf_init(&none, 100);
    strbuf_add_text(&none, "RIFF");
    struct check_report report = check(&none);
    assert_int_equal(check_verdict(&report), CHECK_BAD);
    assert_non_null(strstr(report.why, "no captured call"));
    strbuf_free(&none);
}

static void test_a_sealed_call_needs_its_key(void **state)
{
    static const uint8_t key[CAPTURE_KEY_BYTES] = {1, 2, 3}, other[CAPTURE_KEY_BYTES] = {4};
    struct recorded call;
    struct strbuf open, sealed;
    make_call(&call, &open, 6, 1);
    strbuf_init(&sealed, FILE_MAX_BYTES);
    recorded_pack(&sealed, strbuf_slice(&call.records), key);
    const struct {
        const uint8_t *key;
        enum check_verdict verdict;
        const char *why;
    } rows[] = {{NULL, CHECK_BAD, "there is no key"}, {other, CHECK_BAD, "another key"},
        {key, CHECK_SAME, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct replay_file file = as_file(&sealed);
        file.has_key = rows[i].key != NULL;
        if (file.has_key)
            memcpy(file.key, rows[i].key, sizeof file.key);
        struct check_report report;
        check_file(&report, &file);
        assert_int_equal(check_verdict(&report), rows[i].verdict);
        assert_true(report.is_sealed);
        assert_non_null(strstr(report.why, rows[i].why));
    }
    recorded_free(&call);
    strbuf_free(&open);
    strbuf_free(&sealed);
}

static void test_names_of_another_build_are_told(void **state)
{
    static const char head[] = "{\"format\":1,\"settings\":{\"silence_ms\":700,\"mood\":3},"
                               "\"names\":{\"turn_state\":[\"asleep\",\"listening\"]}}";
    struct replay_head read;
    char why[REPLAY_WHY_SIZE];
    struct capture_record record = {CAPTURE_HEADER, 0, {head, strlen(head)}};
    assert_int_equal(replay_head_read(&read, &record, why), ERR_OK);
    assert_int_equal(read.settings.silence_ms, 700);
    assert_string_equal(read.strange, "the setting \"mood\", turn_state \"asleep\"");
    assert_int_equal(read.dictionary.ours[TURN_LIST_STATE][1], TURN_LISTENING + 1);
    replay_head_close(&read);
}

static void test_ten_minutes_take_no_time(void **state)
{
    struct recorded call;
    struct strbuf file;
    make_call(&call, &file, 2, 52);
    uint64_t before_us = clock_us();
    struct check_report report = check(&file);
    uint64_t took_us = clock_us() - before_us;
    expect_same(&report, 2);
    print_message("%.1f minutes, %u records, %zu bytes: checked in %.0f ms\n",
        (double)report.duration_ms / 60000, (unsigned)report.records, file.len,
        (double)took_us / 1000);
    recorded_free(&call);
    strbuf_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_are_the_same_again),
        cmocka_unit_test(test_what_differs_is_found),
        cmocka_unit_test(test_a_cut_file_is_the_same_up_to_its_end),
        cmocka_unit_test(test_a_gap_ends_the_checks),
        cmocka_unit_test(test_what_is_no_capture),
        cmocka_unit_test(test_a_sealed_call_needs_its_key),
        cmocka_unit_test(test_names_of_another_build_are_told),
        cmocka_unit_test(test_ten_minutes_take_no_time),
    };
    return cmocka_run_group_tests(tests, start_speaking, sounds_stop);
}

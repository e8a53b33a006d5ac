/* Recorded sessions (tests/golden/openai_realtime/NAME.jsonl, an event a line) and what the codec makes of them
   (NAME.events). To record them again, run the sandbox's test_transcription_socket with RECORD_REALTIME=that folder; to
   write the events down again, this program with REWRITE_EVENTS=1, and read the difference. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_head.h"
#include "providers/openai_realtime_codec.h"

#define GOLDEN SOURCE_DIR "/tests/golden/openai_realtime/"
#define MOST_FILE_BYTES (1 << 20)

static void read_file(struct strbuf *out, const char *name, const char *extension)
{
    char path[512], block[4096];
    size_t len;
    snprintf(path, sizeof(path), GOLDEN "%s.%s", name, extension);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    strbuf_init(out, MOST_FILE_BYTES);
    strbuf_add_text(out, "");
    while ((len = fread(block, 1, sizeof(block), file)))
        strbuf_add(out, block, len);
    fclose(file);
}

static void rewrite(const char *name, const struct strbuf *events)
{
    char path[512];
    snprintf(path, sizeof(path), GOLDEN "%s.events", name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite(events->data, 1, events->len, file);
    fclose(file);
}

static const char *const kinds[] = {
    [REALTIME_OTHER] = "other",
    [REALTIME_CREATED] = "created",
    [REALTIME_UPDATED] = "updated",
    [REALTIME_SPEECH_STARTED] = "started",
    [REALTIME_SPEECH_STOPPED] = "stopped",
    [REALTIME_COMMITTED] = "committed",
    [REALTIME_DELTA] = "delta",
    [REALTIME_GUESS] = "guess",
    [REALTIME_COMPLETED] = "completed",
    [REALTIME_FAILED] = "failed",
    [REALTIME_ERROR] = "error",
};

static const char *const severities[] = {
    [REALTIME_USABLE] = "usable",
    [REALTIME_EMPTY] = "empty",
    [REALTIME_EXPIRED] = "expired",
    [REALTIME_LATER] = "later",
    [REALTIME_FATAL] = "fatal",
};

static void write_session(struct strbuf *out, const struct realtime_session *session)
{
    strbuf_printf(out, " expires=%llu", (unsigned long long)session->expires_at_s);
    if (session->is_detecting)
        strbuf_printf(out, " detecting silence_ms=%u", session->silence_ms);
    if (session->is_flat)
        strbuf_add_text(out, " flat");
}

static void write_event(struct strbuf *out, const struct realtime_event *event)
{
    strbuf_add_text(out, kinds[event->kind]);
    if (event->item_id.len) {
        strbuf_add_char(out, ' ');
        strbuf_add_slice(out, event->item_id);
    }
    if (event->text.len) {
        strbuf_add_char(out, ' ');
        strbuf_add_json(out, event->text);
    }
    if (event->kind == REALTIME_CREATED || event->kind == REALTIME_UPDATED)
        write_session(out, &event->session);
    if (event->kind == REALTIME_ERROR || event->kind == REALTIME_FAILED)
        strbuf_printf(out, " %s %s %s commit=%u", severities[event->severity],
            failure_rule(event->failure)->name, event->code, event->commit);
    strbuf_add_char(out, '\n');
}

static void decode_all(struct strbuf *out, struct slice stream)
{
    strbuf_init(out, MOST_FILE_BYTES);
    strbuf_add_text(out, "");
    while (stream.len) {
        struct realtime_event event;
        struct slice line = slice_split(&stream, '\n');
        assert_int_equal(realtime_decode(&event, line), ERR_OK);
        write_event(out, &event);
        realtime_event_free(&event);
    }
}

static void recorded_sessions_are_understood(void **state)
{
    static const char *const names[] = {
        "live", "after_commit", "detecting", "overtaking", "expiring", "beta", "speaches"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct strbuf stream, expected, events;
        print_message("%s\n", names[i]);
        read_file(&stream, names[i], "jsonl");
        decode_all(&events, strbuf_slice(&stream));
        if (getenv("REWRITE_EVENTS"))
            rewrite(names[i], &events);
        read_file(&expected, names[i], "events");
        assert_true(expected.len > 0);
        assert_string_equal(events.data, expected.data);
        strbuf_free(&stream);
        strbuf_free(&expected);
        strbuf_free(&events);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(recorded_sessions_are_understood)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

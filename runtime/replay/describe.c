#include "replay/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "replay/packed.h"

#define LINE_MAX_BYTES 400
#define AROUND 6 /* lines before it, and behind it */

static void describe_voice(struct strbuf *out, struct slice content)
{
    struct packed_voice voice;
    if (packed_voice(&voice, content) != ERR_OK)
        return;
    if (voice.kind == VOICE_KEY)
        strbuf_printf(out, "a key's tone: %c", voice.key);
    else
        strbuf_printf(out, "the caller's voice %s (-%u dBov)",
            voice.kind == VOICE_STARTED ? "starts" : "ends", voice.level);
}

static void describe_jitter(struct strbuf *out, struct slice content)
{
    struct packed_jitter jitter;
    if (packed_jitter(&jitter, content) == ERR_OK)
        strbuf_printf(out,
            "the line: %" PRIu64 " ms deep, %" PRIu64 " concealed, %" PRIu64 " late, %" PRIu64
            " twice, %" PRIu64 " skipped, %" PRIu64 " resyncs",
            jitter.depth_ms, jitter.concealed, jitter.late, jitter.duplicate, jitter.skipped,
            jitter.resyncs);
}

static void describe_step(
    struct strbuf *out, struct slice content, const struct turn_dictionary *names)
{
    struct turn_step step;
    if (turn_step_decode(&step, content, names) != ERR_OK) {
        strbuf_add_text(out, "a step that this build cannot read");
        return;
    }
    turn_event_describe(out, &step.event);
    strbuf_add_text(out, " -> ");
    turn_step_describe(out, &step);
}

static void describe_text(struct strbuf *out, const char *what, struct slice content)
{
    struct slice text;
    if (packed_text(&text, content) == ERR_OK)
        strbuf_printf(out, "%s %.*s", what, (int)(text.len < 80 ? text.len : 80), text.data);
}

static void describe_span(struct strbuf *out, struct slice content)
{
    struct packed_span span;
    if (packed_span(&span, content) == ERR_OK)
        strbuf_printf(out, "%.*s of turn %" PRIu64 " %.*s",
            (int)(span.name.len < 40 ? span.name.len : 40), span.name.data, span.turn,
            (int)(span.detail.len < 120 ? span.detail.len : 120), span.detail.data);
}

static void describe_json(struct strbuf *out, const char *what, struct slice content)
{
    bool is_long = content.len > LINE_MAX_BYTES / 2;
    strbuf_printf(out, "%s %.*s%s", what, (int)(is_long ? LINE_MAX_BYTES / 2 : content.len),
        content.data, is_long ? "…" : "");
}

bool describe_record(
    struct strbuf *out, const struct capture_record *record, const struct turn_dictionary *names)
{
    size_t before = out->len;
    uint64_t lost;
    switch (record->kind) {
    case CAPTURE_MEDIA_IN:
    case CAPTURE_MEDIA_OUT:
    case CAPTURE_HEADER:
        return false;
    case CAPTURE_CLEAR:
        strbuf_add_text(out, "what the carrier holds is taken back");
        break;
    case CAPTURE_MARK_OUT:
        describe_text(out, "mark sent:", record->content);
        break;
    case CAPTURE_MARK_IN:
        describe_text(out, "mark played:", record->content);
        break;
    case CAPTURE_KEY:
        describe_text(out, "the carrier tells of key", record->content);
        break;
    case CAPTURE_VAD:
        describe_voice(out, record->content);
        break;
    case CAPTURE_JITTER:
        describe_jitter(out, record->content);
        break;
    case CAPTURE_STT:
        describe_json(out, "speech-to-text", record->content);
        break;
    case CAPTURE_LLM:
        describe_json(out, "model", record->content);
        break;
    case CAPTURE_TTS:
        describe_json(out, "text-to-speech", record->content);
        break;
    case CAPTURE_SCRIPT_ASKED:
        describe_json(out, "script asked", record->content);
        break;
    case CAPTURE_SCRIPT_ANSWERED:
        describe_json(out, "script answered", record->content);
        break;
    case CAPTURE_STEP:
        describe_step(out, record->content, names);
        break;
    case CAPTURE_SPAN:
        describe_span(out, record->content);
        break;
    case CAPTURE_NOTE:
        describe_json(out, "note", record->content);
        break;
    case CAPTURE_LOST:
        if (packed_number(&lost, record->content) == ERR_OK)
            strbuf_printf(out, "%" PRIu64 " records are missing here", lost);
        break;
    case CAPTURE_END:
        describe_json(out, "end", record->content);
        break;
    }
    return out->len > before;
}

/* ---- a dozen lines ---- */

struct line {
    char text[LINE_MAX_BYTES];
};

/* What is printed on a terminal moves no cursor. */
static void make_line(struct line *line, const struct strbuf *text, uint64_t at_ms, bool is_it)
{
    int head = snprintf(
        line->text, sizeof line->text, "%s %9.3f  ", is_it ? "->" : "  ", (double)at_ms / 1000);
    slice_copy(strbuf_slice(text), line->text + head, sizeof line->text - (size_t)head);
    size_t len = strlen(line->text);
    while (len && !utf8_is_valid(line->text, len))
        line->text[--len] = 0;
    for (char *c = line->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
}

struct around {
    struct line before[AROUND]; /* a ring */
    unsigned count;
    unsigned behind; /* lines added since it */
};

static void add(struct strbuf *out, struct around *around, const struct line *line, bool is_before)
{
    if (is_before) {
        around->before[around->count++ % AROUND] = *line;
        return;
    }
    strbuf_add_text(out, line->text);
    strbuf_add_char(out, '\n');
}

static void add_before(struct strbuf *out, struct around *around)
{
    unsigned first = around->count > AROUND ? around->count - AROUND : 0;
    for (unsigned i = first; i < around->count; i++)
        add(out, around, &around->before[i % AROUND], false);
}

static void walk(struct strbuf *out, struct capture_reader *reader,
    const struct turn_dictionary *names, uint64_t wanted)
{
    struct around around = {0};
    struct capture_record record;
    struct strbuf text;
    strbuf_init(&text, LINE_MAX_BYTES * 4);
    for (uint64_t number = 1; around.behind < AROUND && capture_read(reader, &record) == ERR_OK;
         number++) {
        strbuf_clear(&text);
        if (number == wanted)
            add_before(out, &around);
        if (!describe_record(&text, &record, names) && number != wanted)
            continue;
        struct line line;
        make_line(&line, &text, record.at_ms, number == wanted);
        add(out, &around, &line, number < wanted);
        around.behind += number > wanted;
    }
    strbuf_free(&text);
}

void describe_around(struct strbuf *out, const struct replay_file *file, uint64_t wanted)
{
    struct replay_head head;
    char why[REPLAY_WHY_SIZE];
    if (replay_head_of(&head, file, why) != ERR_OK)
        return;
    struct capture_reader reader;
    struct capture_record record;
    replay_file_read(file, &reader);
    if (capture_read(&reader, &record) == ERR_OK)
        walk(out, &reader, &head.dictionary, wanted);
    capture_reader_free(&reader);
    replay_head_close(&head);
}

#include "replay/check.h"

#include <inttypes.h>
#include <stdio.h>

#include "replay/packed.h"
#include "replay/sound.h"
#include "replay/steps.h"
#include "replay/words.h"

struct checks {
    struct check_report *report;
    struct replay_head head;
    struct sound_check sound;
    struct steps_check steps;
    struct words_check words;
};

static enum err bad_record(
    struct check_report *report, const struct capture_record *record, const char *what)
{
    const char *kind = capture_kind_name(record->kind);
    snprintf(report->why, sizeof report->why, "record %" PRIu64 " (%s, at %.3f s): %s",
        report->records, kind ? kind : "unknown", (double)record->at_ms / 1000, what);
    return ERR_BAD;
}

/* NULL: it is no object. */
static json_t *object_of(const struct capture_record *record)
{
    json_t *object = json_loadb(record->content.data, record->content.len, 0, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

static enum err take_object(struct checks *checks, const struct capture_record *record)
{
    json_t *object = object_of(record);
    if (!object)
        return bad_record(checks->report, record, "is no JSON object");
    if (record->kind == CAPTURE_STT)
        words_check_hear(&checks->words, &checks->head, object);
    else if (record->kind == CAPTURE_LLM)
        words_check_model(&checks->words, object);
    else if (record->kind == CAPTURE_NOTE)
        replay_head_take_agent(&checks->head, json_object_get(object, "agent"));
    else if (record->kind == CAPTURE_END)
        checks->report->is_complete = json_is_true(json_object_get(object, "is_complete"));
    json_decref(object);
    return ERR_OK;
}

static enum err take_step(struct checks *checks, const struct capture_record *record)
{
    uint64_t number = checks->report->records;
    bool differed = checks->steps.held.differs;
    enum err err = steps_check_take(&checks->steps, record, number, &checks->head.dictionary);
    if (err)
        return bad_record(checks->report, record, "is no step");
    if (!differed)
        words_check_step(&checks->words, &checks->head, &checks->steps.step, number, record->at_ms);
    return ERR_OK;
}

static enum err take_record(struct checks *checks, const struct capture_record *record)
{
    switch (record->kind) {
    case CAPTURE_HEADER:
        return bad_record(checks->report, record, "is a second head");
    case CAPTURE_MEDIA_IN:
    case CAPTURE_MEDIA_OUT:
    case CAPTURE_CLEAR:
    case CAPTURE_VAD:
    case CAPTURE_JITTER: {
        enum err err = sound_check_take(&checks->sound, record, checks->report->records);
        return err == ERR_BAD ? bad_record(checks->report, record, "is not what it should be")
                              : err;
    }
    case CAPTURE_STEP:
        return take_step(checks, record);
    case CAPTURE_LOST:
        checks->report->has_gap = true;
        checks->report->gap_at_ms = record->at_ms;
        return ERR_OK;
    case CAPTURE_STT:
    case CAPTURE_LLM:
    case CAPTURE_NOTE:
    case CAPTURE_END:
        return take_object(checks, record);
    case CAPTURE_MARK_OUT:
    case CAPTURE_MARK_IN:
    case CAPTURE_KEY:
    case CAPTURE_TTS:
    case CAPTURE_SCRIPT_ASKED:
    case CAPTURE_SCRIPT_ANSWERED:
    case CAPTURE_SPAN:
        return ERR_OK;
    }
    return ERR_OK; /* of a later version */
}

/* Behind a gap only the end is of interest. */
static enum err take(struct checks *checks, const struct capture_record *record)
{
    if (!checks->report->has_gap)
        return take_record(checks, record);
    return record->kind == CAPTURE_END ? take_object(checks, record) : ERR_OK;
}

static enum err read_records(struct checks *checks, struct capture_reader *reader)
{
    struct check_report *report = checks->report;
    struct capture_record record;
    enum err err;
    while ((err = capture_read(reader, &record)) == ERR_OK) {
        err = take(checks, &record);
        if (err)
            return err;
        if (record.at_ms > report->duration_ms)
            report->duration_ms = record.at_ms;
        report->records++;
    }
    snprintf(report->why, sizeof report->why, "%s", reader->why);
    report->has_end = reader->has_end;
    return err == ERR_CLOSED ? ERR_OK : err;
}

static enum err run(struct checks *checks, struct capture_reader *reader)
{
    struct capture_record record;
    struct check_report *report = checks->report;
    enum err err = capture_read(reader, &record);
    if (err) {
        snprintf(report->why, sizeof report->why, "%s", reader->why);
        return err == ERR_CLOSED ? ERR_BAD : err;
    }
    err = replay_head_read(&checks->head, &record, report->why);
    if (err)
        return err;
    report->records = 1;
    steps_check_init(&checks->steps, &checks->head.settings);
    words_check_init(&checks->words);
    err = sound_check_init(&checks->sound, &checks->head.ear);
    if (!err)
        err = read_records(checks, reader);
    if (!err && report->has_end && !report->has_gap)
        sound_check_end(&checks->sound, report->records, report->duration_ms);
    sound_check_free(&checks->sound);
    replay_head_close(&checks->head);
    return err;
}

void check_file(struct check_report *report, const struct replay_file *file)
{
    *report = (struct check_report){
        .is_sealed = capture_is_sealed((struct slice){file->bytes, file->len})};
    struct checks checks = {.report = report};
    struct capture_reader reader;
    replay_file_read(file, &reader);
    report->err = run(&checks, &reader);
    capture_reader_free(&reader);
    report->sound = checks.sound.held;
    report->steps = checks.steps.held;
    report->words = checks.words.held;
    report->untold = checks.words.untold;
}

const struct held *check_first(const struct check_report *report)
{
    const struct held *const all[] = {&report->sound, &report->steps, &report->words};
    const struct held *first = NULL;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->differs && (!first || all[i]->record < first->record))
            first = all[i];
    return first;
}

const char *check_name(const struct check_report *report, const struct held *held)
{
    if (held == &report->sound)
        return "sound";
    return held == &report->steps ? "steps" : "words";
}

enum check_verdict check_verdict(const struct check_report *report)
{
    if (check_first(report))
        return CHECK_DIFFERS;
    if (report->err)
        return CHECK_BAD;
    return report->has_end && report->is_complete && !report->has_gap ? CHECK_SAME : CHECK_PARTLY;
}

const char *check_verdict_name(enum check_verdict verdict)
{
    static const char *const names[] = {
        "same", "same, up to where it is incomplete", "differs", "unreadable"};
    return names[verdict];
}

#include "replay/story.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "replay/packed.h"
#include "replay/story_internal.h"

void story_add(struct story *story, const char *list, json_t *entry_take)
{
    json_t *array = json_object_get(story->timeline, list);
    if (entry_take && json_array_size(array) < STORY_LIST_MAX)
        json_array_append(array, entry_take);
    else
        story->cut++;
    json_decref(entry_take);
}

/* ---- records ---- */

static void take_voice(struct story *story, const struct capture_record *record)
{
    struct packed_voice voice;
    if (packed_voice(&voice, record->content) != ERR_OK || voice.kind == VOICE_KEY)
        return;
    bool starts = voice.kind == VOICE_STARTED;
    unsigned lag_ms = starts ? story->head.ear.vad.onset_ms : story->head.ear.vad.hangover_ms;
    uint64_t then_ms = record->at_ms > lag_ms ? record->at_ms - lag_ms : 0;
    if (starts && !story->is_voice) {
        story->voice_from_ms = then_ms;
        story->turn_from_ms = story->turn_from_ms ? story->turn_from_ms : then_ms;
    } else if (!starts && story->is_voice) {
        story->turn_to_ms = then_ms;
        story_add(story, "voice",
            json_pack("{s:I, s:I}", "from_ms", (json_int_t)story->voice_from_ms, "to_ms",
                (json_int_t)then_ms));
    }
    story->is_voice = starts;
}

static void take_step(struct story *story, const struct capture_record *record)
{
    struct turn_step *step = &story->steps.step;
    if (!story->is_astray) {
        enum err err = steps_check_take(&story->steps, record, 0, &story->head.dictionary);
        story->is_astray = err || story->steps.held.differs;
    }
    if (turn_step_decode(step, record->content, &story->head.dictionary) == ERR_OK)
        story_step(story);
}

static void take_span(struct story *story, const struct capture_record *record)
{
    struct packed_span span;
    if (packed_span(&span, record->content) == ERR_OK)
        story_add(story, "spans",
            json_pack("{s:I, s:s%, s:I, s:I, s:s%}", "at_ms", (json_int_t)record->at_ms, "name",
                span.name.data, span.name.len, "turn", (json_int_t)span.turn, "epoch",
                (json_int_t)span.epoch, "detail", span.detail.data, span.detail.len));
}

/* Long ones are cut: a prompt is asked for anew in each turn. */
static json_t *short_text(const char *text)
{
    size_t len = strlen(text);
    if (len > STORY_TEXT_MAX_BYTES)
        len = STORY_TEXT_MAX_BYTES;
    while (len && !utf8_is_valid(text, len))
        len--;
    return json_stringn(text, len);
}

static json_t *shortened(const json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_t *short_one = text ? short_text(text) : NULL;
    free(text);
    return short_one;
}

static void add_asked(struct story *story, const char *whom, const json_t *record)
{
    const char *event = json_string_value(json_object_get(record, "event"));
    const char *kind = json_string_value(json_object_get(record, "kind"));
    const char *text = json_string_value(json_object_get(record, "text"));
    story_add(story, "asked",
        json_pack("{s:I, s:s, s:s, s:o*}", "at_ms", (json_int_t)story->at_ms, "whom", whom, "what",
            event ? event : (kind ? kind : ""), "text",
            text ? short_text(text) : shortened(record)));
}

static void take_end(struct story *story, const json_t *record)
{
    json_t *call = json_object_get(story->timeline, "call");
    json_object_set(call, "reason", json_object_get(record, "reason"));
    json_object_set(call, "outcome", json_object_get(record, "outcome"));
    json_object_set(call, "is_complete", json_object_get(record, "is_complete"));
}

static void take_object(struct story *story, const struct capture_record *record)
{
    json_t *object = json_loadb(record->content.data, record->content.len, 0, NULL);
    if (json_is_object(object) && record->kind == CAPTURE_STT) {
        story_hear(story, object);
        add_asked(story, "hear", object);
    } else if (json_is_object(object) && record->kind == CAPTURE_LLM) {
        add_asked(story, "think", object);
    } else if (json_is_object(object) && record->kind == CAPTURE_TTS) {
        story_speak(story, object);
        add_asked(story, "speak", object);
    } else if (json_is_object(object) && record->kind == CAPTURE_NOTE) {
        json_object_set_new(object, "at_ms", json_integer((json_int_t)record->at_ms));
        story_add(story, "notes", json_incref(object));
    } else if (json_is_object(object) && record->kind == CAPTURE_END) {
        take_end(story, object);
    } else if (json_is_object(object)) {
        add_asked(
            story, record->kind == CAPTURE_SCRIPT_ASKED ? "script" : "script's answer", object);
    }
    json_decref(object);
}

static void take_played(struct story *story, const struct capture_record *record)
{
    struct packed_media media;
    if (packed_media_out(&media, record->content) == ERR_OK)
        story_sound(story, record->at_ms + media.ms);
}

static void take_key(struct story *story, const struct capture_record *record)
{
    struct slice key;
    if (packed_text(&key, record->content) == ERR_OK && key.len == 1)
        story_key(story, key.data[0]);
}

static void take(struct story *story, const struct capture_record *record)
{
    story->at_ms = record->at_ms;
    switch (record->kind) {
    case CAPTURE_MEDIA_OUT:
        take_played(story, record);
        return;
    case CAPTURE_VAD:
        take_voice(story, record);
        return;
    case CAPTURE_KEY:
        take_key(story, record);
        return;
    case CAPTURE_STEP:
        take_step(story, record);
        return;
    case CAPTURE_SPAN:
        take_span(story, record);
        return;
    case CAPTURE_STT:
    case CAPTURE_LLM:
    case CAPTURE_TTS:
    case CAPTURE_SCRIPT_ASKED:
    case CAPTURE_SCRIPT_ANSWERED:
    case CAPTURE_NOTE:
    case CAPTURE_END:
        take_object(story, record);
        return;
    case CAPTURE_LOST:
        story->is_astray = true;
        return;
    case CAPTURE_HEADER:
    case CAPTURE_MEDIA_IN:
    case CAPTURE_CLEAR:
    case CAPTURE_MARK_OUT:
    case CAPTURE_MARK_IN:
    case CAPTURE_JITTER:
        return;
    }
}

/* ---- the whole ---- */

static json_t *call_of(const struct replay_head *head)
{
    static const char *const names[] = {"call_id", "call_sid", "tenant_id", "agent_version",
        "build", "direction", "caller", "called"};
    json_t *call = json_object();
    char started[CLOCK_TEXT_SIZE];
    clock_wall_text(head->started_wall_ms, started);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(call, names[i], json_string(replay_head_text(head, names[i])));
    json_object_set_new(call, "started", json_string(started));
    json_object_set(call, "attempt", json_object_get(head->json, "attempt"));
    return call;
}

static json_t *empty(const struct replay_head *head)
{
    return json_pack("{s:o, s:[], s:[], s:[], s:[], s:[], s:[], s:[]}", "call", call_of(head),
        "turns", "voice", "states", "decisions", "spans", "asked", "notes");
}

static void close_story(struct story *story)
{
    if (story->is_voice)
        story_add(story, "voice",
            json_pack("{s:I, s:I}", "from_ms", (json_int_t)story->voice_from_ms, "to_ms",
                (json_int_t)story->at_ms));
    story_reply_end(story, NULL);
    if (story->at_ms > story->state_from_ms)
        story_add(story, "states",
            json_pack("{s:s, s:I, s:I}", "state", turn_state_name(story->state), "from_ms",
                (json_int_t)story->state_from_ms, "to_ms", (json_int_t)story->at_ms));
    json_object_set_new(json_object_get(story->timeline, "call"), "duration_ms",
        json_integer((json_int_t)story->at_ms));
    json_object_set_new(story->timeline, "cut", json_integer((json_int_t)story->cut));
}

static void tell(struct story *story, struct capture_reader *reader)
{
    struct capture_record record;
    steps_check_init(&story->steps, &story->head.settings);
    strbuf_init(&story->keys, 200);
    strbuf_init(&story->reply.text, STORY_TEXT_MAX_BYTES);
    while (capture_read(reader, &record) == ERR_OK)
        take(story, &record);
    close_story(story);
    story_said_free(story);
}

json_t *story_of(const struct replay_file *file)
{
    struct story story = {0};
    struct capture_reader reader;
    struct capture_record record;
    char why[REPLAY_WHY_SIZE];
    replay_file_read(file, &reader);
    if (capture_read(&reader, &record) == ERR_OK &&
        replay_head_read(&story.head, &record, why) == ERR_OK) {
        story.timeline = empty(&story.head);
        if (story.timeline)
            tell(&story, &reader);
        replay_head_close(&story.head);
    }
    capture_reader_free(&reader);
    return story.timeline;
}

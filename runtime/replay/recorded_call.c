#include "replay/recorded_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/utterances.h"
#include "replay/packed.h"

/* Where the reading stands. */
struct reading {
    struct recorded_call *call;
    struct replay_head head;
    struct utterances utterances; /* that no turn used yet */
    uint32_t used_item, last_item;
    unsigned turn;       /* the newest */
    json_t *now;         /* it; borrowed of the talk */
    uint32_t epoch;      /* of its reply */
    uint64_t began_ms;   /* the first voice since it; 0: none */
    uint64_t ended_ms;   /* the newest */
    uint64_t sound_ms;   /* a reply is heard since then; 0: none is */
    uint64_t quiet_ms;   /* the end of the newest */
    uint64_t over_ms;    /* how long it was heard when the voice began; 0: it was over */
    char key;            /* the newest that was told of */
    struct strbuf keys;  /* since the newest turn */
    bool is_reply_open;  /* the newest turn's is not over */
    bool is_filler_next; /* the next words are one's */
};

/* ---- JSON ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is_event(const json_t *record, const char *event)
{
    return strcmp(text_of(record, "event"), event) == 0;
}

static json_t *list_of(json_t *turn, const char *name)
{
    json_t *list = json_object_get(turn, name);
    if (!list && json_object_set_new(turn, name, json_array()) == 0)
        list = json_object_get(turn, name);
    return list;
}

static json_t *last_of(json_t *list)
{
    size_t count = json_array_size(list);
    return count ? json_array_get(list, count - 1) : NULL;
}

json_t *talk_turn(json_t *talk, unsigned turn)
{
    json_t *turns = list_of(talk, "turns");
    if (turn >= TALK_TURNS_MAX)
        return NULL;
    while (json_array_size(turns) <= turn) {
        json_t *made = json_pack("{s:i, s:s}", "turn", (int)json_array_size(turns), "words", "");
        if (!made || json_array_append_new(turns, made))
            return NULL;
    }
    return json_array_get(turns, turn);
}

/* ---- turns ---- */

static void set_times(struct reading *reading)
{
    bool has_voice = reading->began_ms > 0;
    uint64_t gap_ms = has_voice && reading->began_ms > reading->quiet_ms
                          ? reading->began_ms - reading->quiet_ms
                          : 0;
    json_object_set_new(reading->now, "began_ms", json_integer((json_int_t)reading->began_ms));
    json_object_set_new(reading->now, "ended_ms", json_integer((json_int_t)reading->ended_ms));
    json_object_set_new(reading->now, "gap_ms", json_integer((json_int_t)gap_ms));
    if (reading->over_ms)
        json_object_set_new(reading->now, "over_ms", json_integer((json_int_t)reading->over_ms));
    if (reading->keys.len)
        json_object_set_new(
            reading->now, "keys", json_stringn(reading->keys.data, reading->keys.len));
}

static void begin_turn(struct reading *reading, uint32_t epoch)
{
    char *words = utterances_join(&reading->utterances);
    json_t *turn = talk_turn(reading->call->talk, reading->turn + 1);
    if (turn) {
        reading->turn++;
        reading->now = turn;
        json_object_set_new(turn, "words", json_string(words ? words : ""));
        json_object_set_new(turn, "epoch", json_integer(epoch));
        set_times(reading);
    }
    reading->epoch = epoch;
    free(words);
    utterances_clear(&reading->utterances);
    strbuf_clear(&reading->keys);
    reading->used_item = reading->last_item;
    reading->began_ms = reading->over_ms = 0;
    reading->is_reply_open = true;
}

/* The caller went on: it never was. */
static void take_back(struct reading *reading)
{
    if (!reading->turn)
        return;
    utterances_set(&reading->utterances, 0, slice_from(text_of(reading->now, "words")), true);
    reading->began_ms = (uint64_t)json_integer_value(json_object_get(reading->now, "began_ms"));
    reading->over_ms = (uint64_t)json_integer_value(json_object_get(reading->now, "over_ms"));
    strbuf_add_text(&reading->keys, text_of(reading->now, "keys"));
    json_array_remove(json_object_get(reading->call->talk, "turns"), reading->turn--);
    reading->now = talk_turn(reading->call->talk, reading->turn);
}

/* ---- steps ---- */

static void take_voice(struct reading *reading, const struct turn_event *event, uint64_t at_ms)
{
    uint64_t then_ms = at_ms > event->lag_ms ? at_ms - event->lag_ms : 0;
    if (event->kind == TURN_EVENT_SPEECH_ENDED)
        reading->ended_ms = then_ms;
    if (event->kind != TURN_EVENT_SPEECH_STARTED || reading->began_ms)
        return;
    reading->began_ms = then_ms;
    reading->over_ms =
        reading->sound_ms && then_ms > reading->sound_ms ? then_ms - reading->sound_ms : 0;
}

static void take_event(struct reading *reading, const struct turn_event *event, uint64_t at_ms)
{
    bool is_item = event->kind == TURN_EVENT_COMMITTED || event->kind == TURN_EVENT_PARTIAL ||
                   event->kind == TURN_EVENT_FINAL;
    take_voice(reading, event, at_ms);
    if (is_item && event->item > reading->last_item)
        reading->last_item = event->item;
    if (event->kind == TURN_EVENT_AUDIO && !reading->sound_ms)
        reading->sound_ms = at_ms;
    if ((event->kind == TURN_EVENT_KEY_TYPED || event->kind == TURN_EVENT_KEY_TAKEN) &&
        reading->key)
        strbuf_add_char(&reading->keys, reading->key);
}

/* What was to be said of the reply may never have been handed on. */
static bool cuts_reply(const struct reading *reading, enum turn_action_kind kind)
{
    return kind == TURN_ACTION_CANCEL_REPLY || kind == TURN_ACTION_CLEAR ||
           kind == TURN_ACTION_APOLOGISE ||
           (kind == TURN_ACTION_END_CALL && reading->is_reply_open);
}

static void take_action(struct reading *reading, const struct turn_action *action, uint64_t at_ms)
{
    bool is_turn =
        action->kind == TURN_ACTION_DRAFT_TURN || action->kind == TURN_ACTION_COMMIT_TURN;
    if (is_turn && action->epoch != reading->epoch)
        begin_turn(reading, action->epoch);
    if (action->kind == TURN_ACTION_REOPEN_TURN)
        take_back(reading);
    if (action->kind == TURN_ACTION_DISCARD_SPEECH) {
        utterances_clear(&reading->utterances);
        reading->used_item = reading->last_item;
        reading->began_ms = reading->over_ms = 0;
    }
    if (cuts_reply(reading, action->kind))
        json_object_set_new(reading->now, "is_cut", json_true());
    reading->is_reply_open &= action->kind != TURN_ACTION_CLOSE_REPLY;
    if (action->kind == TURN_ACTION_CLOSE_REPLY || action->kind == TURN_ACTION_CLEAR) {
        reading->sound_ms = 0;
        reading->quiet_ms = at_ms;
    }
    reading->is_filler_next |= action->kind == TURN_ACTION_FILL;
}

static enum err take_step(struct reading *reading, const struct capture_record *record)
{
    struct turn_step step;
    enum err err = turn_step_decode(&step, record->content, &reading->head.dictionary);
    if (!err)
        err = call_steps_add(&reading->call->steps, record->at_ms, &step);
    if (err)
        return err;
    reading->is_filler_next = false;
    take_event(reading, &step.event, record->at_ms);
    for (unsigned i = 0; i < step.actions.count; i++)
        take_action(reading, &step.actions.list[i], record->at_ms);
    return ERR_OK;
}

/* ---- providers and scripts ---- */

static void take_words(struct reading *reading, const json_t *record)
{
    uint32_t item = (uint32_t)json_integer_value(json_object_get(record, "item"));
    bool is_final = is_event(record, "final");
    if ((is_final || is_event(record, "partial")) && item > reading->used_item)
        utterances_set(&reading->utterances, item, slice_from(text_of(record, "text")), is_final);
}

/* The turn that the record's reply belongs to; NULL: one that was taken back. */
static json_t *turn_of(const struct reading *reading, const json_t *record)
{
    json_int_t epoch = json_integer_value(json_object_get(record, "epoch"));
    json_t *known = json_object_get(reading->now, "epoch");
    return !known || json_integer_value(known) == epoch ? reading->now : NULL;
}

static void add_to_text(json_t *object, const char *name, const char *more)
{
    struct strbuf all;
    strbuf_init(&all, CAPTURE_CONTENT_MAX_BYTES);
    strbuf_printf(&all, "%s%s", text_of(object, name), more);
    json_object_set_new(object, name, json_stringn(all.data, all.len));
    strbuf_free(&all);
}

static json_t *json_or_text(const char *text)
{
    json_t *value = json_loads(text, 0, NULL);
    return value ? value : json_string(text);
}

static void take_model(struct reading *reading, const json_t *record)
{
    json_t *turn = turn_of(reading, record);
    json_t *rounds = turn ? list_of(turn, "rounds") : NULL, *round = last_of(rounds);
    if (turn && is_event(record, "ask"))
        json_array_append_new(rounds,
            json_pack("{s:O, s:O, s:s, s:[]}", "messages", json_object_get(record, "messages"),
                "tools", json_object_get(record, "tools"), "say", "", "calls"));
    else if (round && is_event(record, "text"))
        add_to_text(round, "say", text_of(record, "text"));
    else if (round && is_event(record, "tool_call"))
        json_array_append_new(json_object_get(round, "calls"),
            json_pack("{s:s, s:o}", "tool", text_of(record, "name"), "args",
                json_or_text(text_of(record, "arguments"))));
    else if (round && is_event(record, "restart")) {
        json_object_set_new(round, "say", json_string(""));
        json_array_clear(json_object_get(round, "calls"));
    }
}

static void take_voice_asked(struct reading *reading, const json_t *record)
{
    if (is_event(record, "text") && !reading->is_filler_next && reading->now)
        json_array_append_new(list_of(reading->now, "said"), json_string(text_of(record, "text")));
}

static void take_asked(struct reading *reading, const json_t *record)
{
    json_t *talk = reading->call->talk, *incoming = json_object_get(record, "incoming");
    json_t *turn = turn_of(reading, record);
    if (json_is_object(incoming) && !json_object_get(talk, "incoming"))
        json_object_set(talk, "incoming", incoming);
    if (turn && strcmp(text_of(record, "kind"), "tool") == 0)
        json_array_append_new(list_of(turn, "tools"),
            json_pack("{s:s, s:s, s:s}", "name", text_of(record, "tool"), "id",
                text_of(record, "tool_call_id"), "arguments", text_of(record, "arguments")));
}

/* A late answer counts: it is what the tool came to. */
static void take_tool_answer(struct reading *reading, const json_t *record)
{
    size_t i, n;
    json_t *turn, *tool;
    json_array_foreach(json_object_get(reading->call->talk, "turns"), i, turn)
        json_array_foreach(json_object_get(turn, "tools"), n, tool)
    {
        if (strcmp(text_of(tool, "id"), text_of(record, "tool_call_id")) != 0)
            continue;
        char *result =
            json_dumps(json_object_get(record, "answer"), JSON_COMPACT | JSON_ENCODE_ANY);
        if (result && strcmp(result, "null") != 0)
            json_object_set_new(tool, "result", json_string(result));
        free(result);
        json_object_set(tool, "phase", json_object_get(record, "phase"));
        json_object_set(tool, "state", json_object_get(record, "state"));
    }
}

static void take_answered(struct reading *reading, const json_t *record)
{
    const char *kind = text_of(record, "kind");
    json_t *turn = strcmp(kind, "hook") == 0 ? reading->now : turn_of(reading, record);
    if (strcmp(kind, "tool") == 0)
        take_tool_answer(reading, record);
    if (!turn)
        return;
    if (strcmp(kind, "hook") == 0 && json_object_get(record, "answer"))
        json_array_append_new(
            list_of(turn, "hooks"), json_pack("{s:s, s:O}", "name", text_of(record, "hook"),
                                        "answer", json_object_get(record, "answer")));
    json_object_set(turn, "phase", json_object_get(record, "phase"));
    if (json_is_object(json_object_get(record, "state")))
        json_object_set(turn, "state", json_object_get(record, "state"));
}

/* ---- the file ---- */

static void take_object(struct reading *reading, const struct capture_record *record)
{
    json_t *object = json_loadb(record->content.data, record->content.len, 0, NULL);
    if (record->kind == CAPTURE_STT)
        take_words(reading, object);
    else if (record->kind == CAPTURE_LLM)
        take_model(reading, object);
    else if (record->kind == CAPTURE_TTS)
        take_voice_asked(reading, object);
    else if (record->kind == CAPTURE_SCRIPT_ASKED)
        take_asked(reading, object);
    else if (record->kind == CAPTURE_SCRIPT_ANSWERED)
        take_answered(reading, object);
    else if (record->kind == CAPTURE_END)
        json_object_set_new(reading->call->talk, "end", json_string(text_of(object, "reason")));
    json_decref(object);
}

static void take_key(struct reading *reading, const struct capture_record *record)
{
    struct packed_voice voice;
    struct slice text;
    if (record->kind == CAPTURE_KEY && !packed_text(&text, record->content) && text.len)
        reading->key = text.data[0];
    else if (record->kind == CAPTURE_VAD && !packed_voice(&voice, record->content) &&
             voice.kind == VOICE_KEY)
        reading->key = voice.key;
}

static enum err take(struct reading *reading, const struct capture_record *record)
{
    switch (record->kind) {
    case CAPTURE_STEP:
        return take_step(reading, record);
    case CAPTURE_STT:
    case CAPTURE_LLM:
    case CAPTURE_TTS:
    case CAPTURE_SCRIPT_ASKED:
    case CAPTURE_SCRIPT_ANSWERED:
    case CAPTURE_END:
        take_object(reading, record);
        return ERR_OK;
    case CAPTURE_KEY:
    case CAPTURE_VAD:
        take_key(reading, record);
        return ERR_OK;
    case CAPTURE_LOST:
        snprintf(reading->call->incomplete, REPLAY_WHY_SIZE, "records are missing from %.1f s on",
            (double)record->at_ms / 1000);
        return ERR_OK;
    case CAPTURE_HEADER:
    case CAPTURE_MEDIA_IN:
    case CAPTURE_MEDIA_OUT:
    case CAPTURE_CLEAR:
    case CAPTURE_MARK_OUT:
    case CAPTURE_MARK_IN:
    case CAPTURE_JITTER:
    case CAPTURE_SPAN:
    case CAPTURE_NOTE:
        return ERR_OK;
    }
    return ERR_OK; /* of a later version */
}

static enum err read_records(
    struct reading *reading, struct capture_reader *reader, char why[REPLAY_WHY_SIZE])
{
    struct capture_record record;
    enum err err;
    while ((err = capture_read(reader, &record)) == ERR_OK) {
        err = take(reading, &record);
        if (!err)
            continue;
        snprintf(why, REPLAY_WHY_SIZE, "at %.3f s: %s", (double)record.at_ms / 1000,
            err == ERR_NOT_FOUND ? "a step that this build knows nothing of"
                                 : "no step of the engine");
        return err;
    }
    snprintf(why, REPLAY_WHY_SIZE, "%s", reader->why);
    if (err == ERR_BAD && reading->call->steps.count) /* what was read before is good */
        err = ERR_CLOSED;
    if (!reader->has_end && !reading->call->incomplete[0])
        snprintf(reading->call->incomplete, REPLAY_WHY_SIZE, "%s", reader->why);
    return err == ERR_CLOSED ? ERR_OK : err;
}

static void begin_talk(struct reading *reading)
{
    static const char *const names[] = {"caller", "called", "tenant_id", "direction", "call_id"};
    json_t *talk = reading->call->talk;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set(talk, names[i], json_object_get(reading->head.json, names[i]));
    json_object_set(talk, "version", json_object_get(reading->head.json, "agent_version"));
    json_object_set_new(talk, "now_ms", json_integer((json_int_t)reading->head.started_wall_ms));
    reading->now = talk_turn(talk, 0);
}

static enum err read_call(struct reading *reading, const struct replay_file *file,
    struct capture_reader *reader, char why[REPLAY_WHY_SIZE])
{
    struct capture_record first;
    enum err err = replay_head_of(&reading->head, file, why);
    if (err)
        return err;
    reading->call->steps.settings = reading->head.settings;
    begin_talk(reading);
    err = capture_read(reader, &first); /* the head */
    if (!err)
        err = read_records(reading, reader, why);
    replay_head_close(&reading->head);
    return err;
}

enum err recorded_call_read(
    struct recorded_call *call, const struct replay_file *file, char why[REPLAY_WHY_SIZE])
{
    struct reading reading = {.call = call};
    struct capture_reader reader;
    *call = (struct recorded_call){.talk = json_object()};
    snprintf(why, REPLAY_WHY_SIZE, "no memory");
    if (!call->talk)
        return ERR_NOMEM;
    utterances_init(&reading.utterances);
    strbuf_init(&reading.keys, 256);
    replay_file_read(file, &reader);
    enum err err = read_call(&reading, file, &reader, why);
    capture_reader_free(&reader);
    utterances_clear(&reading.utterances);
    strbuf_free(&reading.keys);
    if (err)
        recorded_call_close(call);
    return err;
}

void recorded_call_close(struct recorded_call *call)
{
    call_steps_free(&call->steps);
    json_decref(call->talk);
    *call = (struct recorded_call){0};
}

#include "replay/head.h"

#include <stdio.h>
#include <string.h>

#define FORMAT 1

static void note_strange(struct replay_head *head, const char *what, const char *name)
{
    size_t len = strlen(head->strange);
    snprintf(head->strange + len, sizeof head->strange - len, "%s%s \"%.60s\"", len ? ", " : "",
        what, name);
}

static bool is_u32(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0 &&
           json_integer_value(value) <= UINT32_MAX;
}

static void read_settings(struct replay_head *head, json_t *settings)
{
    const char *name;
    json_t *value;
    head->settings = turn_defaults;
    json_object_foreach(settings, name, value)
    {
        uint32_t number = json_is_boolean(value)
                              ? json_is_true(value)
                              : (is_u32(value) ? (uint32_t)json_integer_value(value) : UINT32_MAX);
        if (turn_setting_set(&head->settings, slice_from(name), number) != ERR_OK)
            note_strange(head, "the setting", name);
    }
}

static void read_list(struct replay_head *head, enum turn_list list, const json_t *names)
{
    size_t number;
    json_t *name;
    if (!json_is_array(names))
        return; /* a list that is not there is the one of this build */
    turn_dictionary_clear(&head->dictionary, list);
    json_array_foreach(names, number, name)
    {
        const char *text = json_is_string(name) ? json_string_value(name) : "";
        if (turn_dictionary_set(&head->dictionary, list, (unsigned)number, slice_from(text)))
            note_strange(head, turn_list_name(list), text);
    }
}

static void read_names(struct replay_head *head, const json_t *names)
{
    turn_dictionary_init(&head->dictionary);
    for (unsigned list = 0; list < TURN_LISTS; list++)
        read_list(head, (enum turn_list)list,
            json_object_get(names, turn_list_name((enum turn_list)list)));
}

static int number_of(const json_t *object, const char *name, int otherwise, int low, int high)
{
    const json_t *value = json_object_get(object, name);
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : otherwise;
    return number < low || number > high ? otherwise : (int)number;
}

/* Within bounds: a hostile file makes nobody wait for a year of silence. */
static struct ear_settings read_ear(const json_t *vad, const json_t *jitter)
{
    struct vad_settings usual = vad_defaults;
    return (struct ear_settings){
        .vad = {.onset_ms = (unsigned)number_of(vad, "onset_ms", (int)usual.onset_ms, 0, 5000),
            .hangover_ms = (unsigned)number_of(vad, "hangover_ms", (int)usual.hangover_ms, 0, 5000),
            .mode = number_of(vad, "mode", usual.mode, 0, 3),
            .min_level_dbov = number_of(vad, "min_level_dbov", usual.min_level_dbov, -200, 0),
            .margin_db = number_of(vad, "margin_db", usual.margin_db, -200, 200),
            .range_db = number_of(vad, "range_db", usual.range_db, -200, 200),
            .echo_margin_db = number_of(vad, "echo_margin_db", usual.echo_margin_db, -200, 200)},
        .jitter_min_ms = (unsigned)number_of(jitter, "min_ms", 20, 0, 1000),
        .jitter_max_ms = (unsigned)number_of(jitter, "max_ms", 200, 0, 1000)};
}

static void read_phrases(struct agent_phrases *phrases, const json_t *list)
{
    size_t i;
    json_t *text;
    if (!json_is_array(list))
        return;
    phrases->count = 0;
    json_array_foreach(
        list, i, text) if (json_is_string(text) && phrases->count < AGENT_PHRASES_MAX)
        slice_copy(slice_from(json_string_value(text)), phrases->text[phrases->count++],
            AGENT_PHRASE_SIZE);
}

void replay_head_take_agent(struct replay_head *head, const json_t *agent)
{
    read_phrases(&head->policy.never_interrupts, json_object_get(agent, "never_interrupts"));
    read_phrases(&head->policy.always_interrupts, json_object_get(agent, "always_interrupts"));
    const json_t *rewords = json_object_get(agent, "before_say");
    if (rewords)
        head->is_reworded = json_is_true(rewords);
}

enum err replay_head_read(
    struct replay_head *head, const struct capture_record *record, char why[REPLAY_WHY_SIZE])
{
    *head = (struct replay_head){0};
    json_error_t error;
    if (record->kind == CAPTURE_HEADER)
        head->json = json_loadb(record->content.data, record->content.len, 0, &error);
    if (!json_is_object(head->json)) {
        snprintf(why, REPLAY_WHY_SIZE, "its first record is no head of a call");
        replay_head_close(head);
        return ERR_BAD;
    }
    json_int_t format = json_integer_value(json_object_get(head->json, "format"));
    if (format != FORMAT) {
        snprintf(why, REPLAY_WHY_SIZE, "its records are of format %lld; this build reads %d",
            (long long)format, FORMAT);
        replay_head_close(head);
        return ERR_BAD;
    }
    json_int_t started = json_integer_value(json_object_get(head->json, "started_wall_ms"));
    head->started_wall_ms = started > 0 ? (uint64_t)started : 0;
    read_settings(head, json_object_get(head->json, "settings"));
    read_names(head, json_object_get(head->json, "names"));
    head->ear = read_ear(json_object_get(head->json, "vad"), json_object_get(head->json, "jitter"));
    replay_head_take_agent(head, json_object_get(head->json, "agent"));
    return ERR_OK;
}

enum err replay_head_of(
    struct replay_head *head, const struct replay_file *file, char why[REPLAY_WHY_SIZE])
{
    struct capture_reader reader;
    struct capture_record record;
    replay_file_read(file, &reader);
    enum err err = capture_read(&reader, &record);
    if (err)
        snprintf(why, REPLAY_WHY_SIZE, "%s", reader.why);
    else
        err = replay_head_read(head, &record, why);
    capture_reader_free(&reader);
    return err;
}

void replay_head_close(struct replay_head *head)
{
    json_decref(head->json);
    head->json = NULL;
}

const char *replay_head_text(const struct replay_head *head, const char *name)
{
    const char *text = json_string_value(json_object_get(head->json, name));
    return text ? text : "";
}

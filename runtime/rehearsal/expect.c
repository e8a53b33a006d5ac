/* What a step expects, held against what happened since the caller's last action. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rehearsal/stage.h"
#include "script/pattern.h"

/* The first thing that does not hold. */
struct look {
    struct stage *stage;
    const json_t *step;
    bool is_last;
    struct verdict *verdict;
};

typedef void look_fn(struct look *look, const json_t *wished);

static bool miss(struct look *look, const char *expected, const char *wished, const char *got)
{
    struct verdict *verdict = look->verdict;
    verdict->holds = false;
    snprintf(verdict->expected, sizeof verdict->expected, "%s%s", expected, wished);
    snprintf(verdict->got, sizeof verdict->got, "%s", got);
    return false;
}

static char *printed(const json_t *value)
{
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
}

/* ---- texts ---- */

static bool contains(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

/* `fault`: why it cannot be told; NULL: it can. */
static bool fits_pattern(const char *text, const char *wanted, const char **fault)
{
    static __thread struct pattern pattern;
    struct matcher matcher;
    *fault = "the pattern is longer than 1 KiB";
    if (pattern_read(&pattern, slice_from(wanted), true))
        return false;
    matcher_init(&matcher, &pattern, slice_from(text));
    bool fits = matcher_find(&matcher, 0);
    *fault = matcher.fault;
    return fits;
}

/* One text or several. */
static size_t texts_of(const json_t *wished)
{
    return json_is_array(wished) ? json_array_size(wished) : 1;
}

static const char *text_at(const json_t *wished, size_t i)
{
    const char *text =
        json_string_value(json_is_array(wished) ? json_array_get(wished, i) : wished);
    return text ? text : "";
}

static const char *words_of(const struct look *look)
{
    const char *words = look->stage->happened.words.data;
    return words ? words : "";
}

static void look_for_words(struct look *look, const json_t *wished)
{
    for (size_t i = 0; i < texts_of(wished) && look->verdict->holds; i++)
        if (!contains(words_of(look), text_at(wished, i)))
            miss(look, "the agent to say ", text_at(wished, i), words_of(look));
}

static void look_for_pattern(struct look *look, const json_t *wished)
{
    const char *fault;
    for (size_t i = 0; i < texts_of(wished) && look->verdict->holds; i++) {
        if (fits_pattern(words_of(look), text_at(wished, i), &fault))
            continue;
        miss(look, "the agent to say what fits the pattern ", text_at(wished, i),
            fault ? fault : words_of(look));
        look->verdict->is_decided |= fault != NULL;
    }
}

static void look_for_prompt(struct look *look, const json_t *wished)
{
    const char *prompt = look->stage->system_prompt ? look->stage->system_prompt : "";
    for (size_t i = 0; i < texts_of(wished) && look->verdict->holds; i++)
        if (!contains(prompt, text_at(wished, i)))
            miss(look, "the prompt to hold ", text_at(wished, i),
                prompt[0] ? prompt : "no prompt was asked for");
}

/* Only an end of all that goes on shows that something is absent; that it is not shows at once. */
static void look_for_no_words(struct look *look, const json_t *wished)
{
    for (size_t i = 0; i < texts_of(wished) && look->verdict->holds; i++) {
        bool is_there = contains(words_of(look), text_at(wished, i));
        look->verdict->is_decided |= is_there;
        if (is_there || !look->is_last)
            miss(look, "the agent not to say ", text_at(wished, i), words_of(look));
    }
}

/* ---- values ---- */

static bool is_subset(const json_t *wished, const json_t *got)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_number(wished) && json_is_number(got))
        return json_number_value(wished) == json_number_value(got);
    if (json_is_object(wished) && json_is_object(got)) {
        json_object_foreach((json_t *)wished, key, value)
        {
            if (!is_subset(value, json_object_get(got, key)))
                return false;
        }
        return true;
    }
    if (json_is_array(wished) && json_is_array(got)) {
        json_array_foreach(wished, i, value)
        {
            if (!is_subset(value, json_array_get(got, i)))
                return false;
        }
        return json_array_size(wished) == json_array_size(got);
    }
    return json_equal(wished, got);
}

static bool is_tool(const struct look *look, const json_t *tool, const json_t *name)
{
    const json_t *args = json_object_get(look->step, "args");
    const json_t *result = json_object_get(look->step, "result");
    return json_equal(json_object_get(tool, "name"), name) &&
           (!args || is_subset(args, json_object_get(tool, "args"))) &&
           (!result || is_subset(result, json_object_get(tool, "result")));
}

static char *tools_so_far(const struct look *look)
{
    struct strbuf text;
    size_t i;
    json_t *tool;
    strbuf_init(&text, 480);
    strbuf_add_text(
        &text, json_array_size(look->stage->happened.tools) ? "" : "no tool was called");
    json_array_foreach(look->stage->happened.tools, i, tool)
    {
        char *args = printed(json_object_get(tool, "args"));
        char *result = printed(json_object_get(tool, "result"));
        strbuf_printf(&text, "%s%s %s%s%s", i ? "; " : "",
            json_string_value(json_object_get(tool, "name")), args ? args : "", result ? " → " : "",
            result ? result : "");
        free(args);
        free(result);
    }
    return strbuf_take(&text);
}

static void look_for_tool(struct look *look, const json_t *wished)
{
    size_t i;
    json_t *tool;
    json_array_foreach(look->stage->happened.tools, i, tool)
    {
        if (is_tool(look, tool, wished))
            return;
    }
    char text[200];
    char *args = printed(json_object_get(look->step, "args"));
    char *result = printed(json_object_get(look->step, "result"));
    char *got = tools_so_far(look);
    snprintf(text, sizeof text, "%s%s%s%s%s", json_string_value(wished), args ? " with args " : "",
        args ? args : "", result ? " and the result " : "", result ? result : "");
    miss(look, "the tool ", text, got ? got : "tools were called");
    free(args);
    free(result);
    free(got);
}

static void look_for_no_tool(struct look *look, const json_t *wished)
{
    size_t i;
    json_t *tool;
    bool is_there = false;
    json_array_foreach(look->stage->happened.tools, i, tool) is_there |=
        json_equal(json_object_get(tool, "name"), wished);
    look->verdict->is_decided |= is_there;
    if (is_there || !look->is_last)
        miss(look, "the tool not to be called: ", json_string_value(wished), "it was");
}

static void look_for_outcome(struct look *look, const json_t *wished)
{
    const struct stage *stage = look->stage;
    const char *said = ends_outcome(stage);
    const char *outcome = said                 ? said
                          : !look->is_last     ? "none yet"
                          : stage->turn_number ? "answered"
                                               : "abandoned";
    if (strcmp(outcome, text_at(wished, 0)) != 0)
        miss(look, "the outcome ", text_at(wished, 0), outcome);
}

static void look_for_tags(struct look *look, const json_t *wished)
{
    const char *text = look->stage->call.labels.tags_json;
    for (size_t i = 0; i < texts_of(wished) && look->verdict->holds; i++) {
        char *quoted = printed(json_is_array(wished) ? json_array_get(wished, i) : wished);
        if (!text || !quoted || !strstr(text, quoted))
            miss(look, "the tag ", text_at(wished, i), text ? text : "no tags");
        free(quoted);
    }
}

/* true: the call is taken. */
static void look_for_incoming(struct look *look, const json_t *wished)
{
    const json_t *verdict = look->stage->verdict;
    char *wanted = printed(wished);
    char *got = verdict ? printed(verdict) : NULL;
    bool holds = json_is_true(wished) ? !verdict && look->stage->turn.epoch > 0
                                      : verdict && is_subset(wished, verdict);
    if (!holds)
        miss(look, "on_incoming to answer ", wanted ? wanted : "", got ? got : "true");
    free(wanted);
    free(got);
}

static void look_for_phase(struct look *look, const json_t *wished)
{
    const char *phase = look->stage->phase;
    if (strcmp(phase, text_at(wished, 0)) != 0)
        miss(look, "call.phase to be ", text_at(wished, 0), phase[0] ? phase : "none");
}

static void look_for_state(struct look *look, const json_t *wished)
{
    const char *text = look->stage->call.state_json ? look->stage->call.state_json : "{}";
    json_t *state = json_loads(text, 0, NULL);
    if (!is_subset(wished, state)) {
        char *wanted = printed(wished);
        miss(look, "call.state to hold ", wanted ? wanted : "", text);
        free(wanted);
    }
    json_decref(state);
}

static void look_for_transfer(struct look *look, const json_t *wished)
{
    const char *to = look->stage->happened.transfer;
    bool is_any = json_is_true(wished) && to[0];
    if (!is_any && strcmp(to, text_at(wished, 0)) != 0)
        miss(look, "a transfer ", text_at(wished, 0), to[0] ? to : "none");
    else if (!to[0])
        miss(look, "a transfer", "", "none");
}

static void look_for_voicemail(struct look *look, const json_t *wished)
{
    const char *said = json_string_value(look->stage->happened.voicemail);
    bool is_wished = said && (json_is_true(wished) || contains(said, text_at(wished, 0)));
    if (!is_wished)
        miss(look, "a voicemail ", text_at(wished, 0), said ? said : "none");
}

static void look_for_hangup(struct look *look, const json_t *wished)
{
    bool is_wished = json_is_true(wished);
    bool has_hangup = look->stage->happened.has_hangup;
    look->verdict->is_decided |= has_hangup && !is_wished;
    if (has_hangup != is_wished || (!is_wished && !look->is_last))
        miss(look, is_wished ? "the agent to hang up" : "the agent not to hang up", "",
            has_hangup ? "it hangs up" : "it does not");
}

static bool is_message(const json_t *message, const json_t *wished)
{
    const json_t *to = json_object_get(wished, "to");
    const char *part = json_string_value(wished);
    part = part ? part : json_string_value(json_object_get(wished, "text"));
    const char *text = json_string_value(json_object_get(message, "text"));
    return (!to || json_equal(to, json_object_get(message, "to"))) &&
           (!part || contains(text ? text : "", part));
}

static void look_for_sms(struct look *look, const json_t *wished)
{
    size_t i;
    json_t *message;
    json_array_foreach(look->stage->happened.messages, i, message)
    {
        if (is_message(message, wished))
            return;
    }
    char *wanted = printed(wished);
    char *got = printed(look->stage->happened.messages);
    miss(look, "a text message ", wanted ? wanted : "", got ? got : "");
    free(wanted);
    free(got);
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    const char *
        kind; /* of its value: 't' text, 'l' list of texts, 'o' table, 'b' true or false, 'y' true */
    look_fn *fn;
} expectations[] = {
    {"expect_say", "tl", look_for_words},
    {"expect_words", "tl", look_for_words},
    {"expect_pattern", "tl", look_for_pattern},
    {"expect_tool", "t", look_for_tool},
    {"expect_prompt", "tl", look_for_prompt},
    {"expect_phase", "t", look_for_phase},
    {"expect_state", "o", look_for_state},
    {"expect_transfer", "ty", look_for_transfer},
    {"expect_voicemail", "ty", look_for_voicemail},
    {"expect_sms", "to", look_for_sms},
    {"expect_outcome", "t", look_for_outcome},
    {"expect_tags", "tl", look_for_tags},
    {"expect_incoming", "yo", look_for_incoming},
    {"expect_hangup", "b", look_for_hangup},
    {"absent", "tl", look_for_no_words},
    {"absent_tool", "t", look_for_no_tool},
};
#define EXPECTATIONS (sizeof expectations / sizeof *expectations)

static bool are_texts(const json_t *list)
{
    size_t i;
    json_t *text;
    json_array_foreach((json_t *)list, i, text)
    {
        if (!json_is_string(text))
            return false;
    }
    return json_array_size(list) > 0;
}

static bool is_of_kind(const json_t *value, const char *kind)
{
    return (strchr(kind, 't') && json_is_string(value)) ||
           (strchr(kind, 'l') && are_texts(value)) ||
           (strchr(kind, 'o') && (json_is_object(value) || json_is_array(value))) ||
           (strchr(kind, 'b') && json_is_boolean(value)) ||
           (strchr(kind, 'y') && json_is_true(value));
}

bool expect_knows(const char *name)
{
    for (size_t i = 0; i < EXPECTATIONS; i++)
        if (strcmp(expectations[i].name, name) == 0)
            return true;
    return false;
}

const char *expect_wanted(const char *name, const json_t *value)
{
    size_t i = 0;
    while (i < EXPECTATIONS && strcmp(expectations[i].name, name) != 0)
        i++;
    const char *kind = i < EXPECTATIONS ? expectations[i].kind : "";
    if (!kind[0] || is_of_kind(value, kind))
        return NULL;
    return strchr(kind, 'l')   ? "a text, or a list of texts"
           : strchr(kind, 'b') ? "true or false"
           : strchr(kind, 'y') ? (strchr(kind, 't') ? "a text, or true" : "a table, or true")
           : strchr(kind, 'o') ? (strchr(kind, 't') ? "a text, or a table" : "a table")
                               : "a text";
}

bool expect_has(const json_t *step)
{
    for (size_t i = 0; i < EXPECTATIONS; i++)
        if (json_object_get(step, expectations[i].name))
            return true;
    return false;
}

void expect_look(struct stage *stage, const json_t *step, bool is_last, struct verdict *verdict)
{
    struct look look = {.stage = stage, .step = step, .is_last = is_last, .verdict = verdict};
    *verdict = (struct verdict){.holds = true};
    for (size_t i = 0; i < EXPECTATIONS && verdict->holds; i++) {
        const json_t *wished = json_object_get(step, expectations[i].name);
        if (wished)
            expectations[i].fn(&look, wished);
    }
}

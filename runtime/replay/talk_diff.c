#include "replay/talk_diff.h"

#include <stdlib.h>
#include <string.h>

#include "replay/lines_diff.h"

#define TEXT_MAX_BYTES (4u << 20)

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* ---- what is held against each other: texts, a line a thing ---- */

static void add_json(struct strbuf *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    strbuf_add_text(out, text ? text : "");
    free(text);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

/* Which names a schema requires has no order, and comes in any. */
static void sort_required(json_t *schema)
{
    json_t *required = json_object_get(schema, "required");
    size_t count = json_array_size(required);
    json_t **names = calloc(count + 1, sizeof *names);
    bool is_text = names != NULL;
    for (size_t i = 0; i < count && is_text; i++) {
        names[i] = json_array_get(required, i);
        is_text = json_is_string(names[i]);
    }
    json_t *sorted = is_text ? json_array() : NULL;
    if (sorted)
        qsort(names, count, sizeof *names, by_text);
    for (size_t i = 0; i < count && sorted; i++)
        json_array_append(sorted, names[i]);
    if (count && sorted)
        json_object_set(schema, "required", sorted);
    json_decref(sorted);
    free(names);
}

/* Keys in one order, so that it reads alike however the model wrote it. */
static void add_json_text(struct strbuf *out, const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    if (value)
        add_json(out, value);
    else
        strbuf_add_text(out, text);
    json_decref(value);
}

static const json_t *first_round(const json_t *turn)
{
    return json_array_get(json_object_get(turn, "rounds"), 0);
}

static void add_prompt(struct strbuf *out, const json_t *turn)
{
    const json_t *messages = json_object_get(first_round(turn), "messages");
    strbuf_add_text(out, text_of(json_array_get(messages, 0), "content"));
}

/* From the caller's words on: what stands before them was told of in the turns before. */
static size_t first_message(const json_t *messages)
{
    size_t i = json_array_size(messages);
    while (i > 1 && strcmp(text_of(json_array_get(messages, i - 1), "role"), "user") != 0)
        i--;
    return i > 1 ? i - 1 : 1;
}

static void add_messages(struct strbuf *out, const json_t *turn)
{
    const json_t *messages = json_object_get(first_round(turn), "messages");
    for (size_t i = first_message(messages); i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        strbuf_printf(out, "%s: %s\n", text_of(message, "role"), text_of(message, "content"));
    }
}

static void add_offered(struct strbuf *out, const json_t *turn)
{
    size_t i;
    json_t *tool;
    json_array_foreach(json_object_get(first_round(turn), "tools"), i, tool)
    {
        const json_t *function = json_object_get(tool, "function");
        strbuf_printf(out, "%s: %s ", text_of(function, "name"), text_of(function, "description"));
        json_t *schema = json_deep_copy(json_object_get(function, "parameters"));
        sort_required(schema);
        add_json(out, schema);
        json_decref(schema);
        strbuf_add_char(out, '\n');
    }
}

/* Some are told of every sound and word: that they were is no news. */
static bool is_telling(const json_t *hook)
{
    static const char *const of_sound[] = {"end_of_turn", "on_partial", "before_say"};
    for (size_t i = 0; i < sizeof of_sound / sizeof *of_sound; i++)
        if (strcmp(text_of(hook, "name"), of_sound[i]) == 0)
            return false;
    return !json_is_null(json_object_get(hook, "answer"));
}

static void add_hooks(struct strbuf *out, const json_t *turn)
{
    size_t i;
    json_t *hook;
    json_array_foreach(json_object_get(turn, "hooks"), i, hook)
    {
        if (!is_telling(hook))
            continue;
        strbuf_printf(out, "%s → ", text_of(hook, "name"));
        add_json(out, json_object_get(hook, "answer"));
        strbuf_add_char(out, '\n');
    }
}

static void add_tools(struct strbuf *out, const json_t *turn)
{
    size_t i;
    json_t *tool;
    json_array_foreach(json_object_get(turn, "tools"), i, tool)
    {
        strbuf_printf(out, "%s ", text_of(tool, "name"));
        add_json_text(out, text_of(tool, "arguments"));
        strbuf_add_text(out, " → ");
        if (json_object_get(tool, "result"))
            add_json_text(out, text_of(tool, "result"));
        else
            strbuf_add_text(out, "(not recorded)");
        strbuf_add_char(out, '\n');
    }
}

/* However it was cut into pieces. */
static void add_said(struct strbuf *out, const json_t *turn)
{
    size_t i;
    json_t *piece;
    json_array_foreach(json_object_get(turn, "said"), i, piece)
    {
        struct slice rest = slice_from(json_string_value(piece));
        while (rest.len) {
            struct slice word = slice_trim(slice_split(&rest, ' '));
            if (!word.len)
                continue;
            if (out->len)
                strbuf_add_char(out, ' ');
            strbuf_add_slice(out, word);
        }
    }
}

static void add_phase(struct strbuf *out, const json_t *turn)
{
    strbuf_add_text(out, text_of(turn, "phase"));
}

static void add_state(struct strbuf *out, const json_t *turn)
{
    const char *name;
    json_t *value, *state = json_object_get(turn, "state");
    char *sorted = json_dumps(state, JSON_SORT_KEYS);
    json_t *in_order = sorted ? json_loads(sorted, 0, NULL) : NULL;
    json_object_foreach(in_order, name, value)
    {
        strbuf_printf(out, "%s = ", name);
        add_json(out, value);
        strbuf_add_char(out, '\n');
    }
    json_decref(in_order);
    free(sorted);
}

static const struct aspect {
    const char *name;
    void (*add)(struct strbuf *out, const json_t *turn);
} aspects[] = {
    {"prompt", add_prompt},
    {"messages", add_messages},
    {"tools offered", add_offered},
    {"hooks", add_hooks},
    {"tools", add_tools},
    {"said", add_said},
    {"phase", add_phase},
    {"state", add_state},
};

/* ---- a turn ---- */

static void add_change(json_t *changes, const char *what, const char *was, const char *now)
{
    json_array_append_new(
        changes, json_pack("{s:s, s:s, s:s}", "what", what, "was", was, "now", now));
}

/* What was handed on of a reply that was cut may be any beginning of it. Before the first word all fixed ones are synthesised, or
   none, where they are kept as sound. */
static bool is_as_good(const struct aspect *aspect, const json_t *was_turn, bool is_cut,
    const char *was, const char *now)
{
    size_t was_len = strlen(was), now_len = strlen(now);
    if (aspect->add != add_said)
        return false;
    if (number_of(was_turn, "turn") == 0 && (was_len == 0 || strstr(was, now)))
        return true;
    return is_cut && strncmp(was, now, was_len < now_len ? was_len : now_len) == 0;
}

static void compare(json_t *changes, const json_t *was, const json_t *now, bool is_cut)
{
    for (size_t i = 0; i < sizeof aspects / sizeof *aspects; i++) {
        struct strbuf left, right;
        strbuf_init(&left, TEXT_MAX_BYTES);
        strbuf_init(&right, TEXT_MAX_BYTES);
        aspects[i].add(&left, was);
        aspects[i].add(&right, now);
        const char *a = left.data ? left.data : "", *b = right.data ? right.data : "";
        if (strcmp(a, b) != 0 && !is_as_good(&aspects[i], was, is_cut, a, b))
            add_change(changes, aspects[i].name, a, b);
        strbuf_free(&left);
        strbuf_free(&right);
    }
}

/* Today's turn that goes by a recorded one; the first word goes by the first. */
static const json_t *turn_by(const json_t *now, json_int_t was)
{
    size_t i;
    json_t *turn;
    json_array_foreach(json_object_get(now, "turns"), i,
        turn) if (number_of(turn, "was") == was && (i > 0) == (was > 0)) return turn;
    return NULL;
}

static json_t *diff_turn(const json_t *was, const json_t *now, bool is_cut)
{
    json_t *changes = json_array();
    const json_t *diverged = json_object_get(now, "diverged");
    if (now)
        compare(changes, was, now, is_cut);
    else
        add_change(changes, "turn", text_of(was, "words"), "");
    return json_pack("{s:O, s:s, s:o, s:o}", "turn", json_object_get(was, "turn"), "words",
        text_of(was, "words"), "changes", changes, "diverged",
        diverged ? json_incref((json_t *)diverged) : json_array());
}

/* ---- all of them ---- */

static void add_new_turns(json_t *list, const json_t *was, const json_t *now)
{
    size_t i, count = json_array_size(json_object_get(was, "turns"));
    json_t *turn;
    json_array_foreach(json_object_get(now, "turns"), i,
        turn) if (number_of(turn, "was") >= (json_int_t)count) json_array_append_new(list,
        json_pack("{s:I, s:s, s:[{s:s, s:s, s:s}], s:[]}", "turn", number_of(turn, "was"), "words",
            text_of(turn, "words"), "changes", "what", "turn", "was", "", "now",
            text_of(turn, "words"), "diverged"));
}

unsigned talk_diff_count(const json_t *diff)
{
    size_t i;
    json_t *turn;
    unsigned count = 0;
    json_array_foreach(json_object_get(diff, "turns"), i, turn) count +=
        json_array_size(json_object_get(turn, "changes")) > 0 ||
        json_array_size(json_object_get(turn, "diverged")) > 0;
    return count;
}

static int count_diverged(const json_t *list)
{
    size_t i;
    json_t *turn;
    int count = 0;
    json_array_foreach(list, i, turn) count +=
        json_array_size(json_object_get(turn, "diverged")) > 0;
    return count;
}

json_t *talk_diff(const json_t *was, const json_t *now)
{
    size_t i;
    json_t *turn, *list = json_array(), *turns = json_object_get(was, "turns");
    json_array_foreach(turns, i, turn)
    {
        bool is_cut = json_is_true(json_object_get(turn, "is_cut")) ||
                      number_of(json_array_get(turns, i + 1), "over_ms") > 0;
        json_array_append_new(list, diff_turn(turn, turn_by(now, (json_int_t)i), is_cut));
    }
    add_new_turns(list, was, now);
    json_t *diff =
        json_pack("{s:o, s:i, s:i}", "turns", list, "differ", 0, "diverged", count_diverged(list));
    json_object_set_new(diff, "differ", json_integer(talk_diff_count(diff)));
    return diff;
}

/* ---- for people ---- */

/* What is other in one turn is mostly other in the next, too: it is told once. */
static void print_change(struct strbuf *out, const json_t *change, json_t *told)
{
    struct strbuf lines;
    const char *what = text_of(change, "what");
    strbuf_init(&lines, TEXT_MAX_BYTES);
    lines_diff(&lines, "    ", text_of(change, "was"), text_of(change, "now"));
    bool is_told = lines.data && strcmp(text_of(told, what), lines.data) == 0;
    strbuf_printf(out, "  %s%s\n", what, is_told ? "  (likewise)" : "");
    if (!is_told)
        strbuf_add_slice(out, strbuf_slice(&lines));
    json_object_set_new(told, what, json_stringn(lines.data ? lines.data : "", lines.len));
    strbuf_free(&lines);
}

static void print_turn(struct strbuf *out, const json_t *turn, json_t *told)
{
    size_t i;
    json_t *change, *why, *changes = json_object_get(turn, "changes");
    const json_t *diverged = json_object_get(turn, "diverged");
    bool is_same = !json_array_size(changes) && !json_array_size(diverged);
    strbuf_printf(out, "turn %lld  %s%s\n", (long long)number_of(turn, "turn"),
        number_of(turn, "turn") ? text_of(turn, "words") : "(the agent's first word)",
        is_same ? "\n  as it was" : "");
    json_array_foreach(changes, i, change) print_change(out, change, told);
    json_array_foreach(diverged, i, why)
        strbuf_printf(out, "  DIVERGED  %s\n", json_string_value(why));
}

void talk_diff_print(struct strbuf *out, const json_t *diff)
{
    size_t i;
    json_t *turn, *told = json_object();
    json_array_foreach(json_object_get(diff, "turns"), i, turn)
    {
        print_turn(out, turn, told);
        strbuf_add_char(out, '\n');
    }
    json_decref(told);
    strbuf_printf(out, "%u of %zu turns differ, %lld diverged from what was recorded\n",
        talk_diff_count(diff), json_array_size(json_object_get(diff, "turns")),
        (long long)number_of(diff, "diverged"));
}

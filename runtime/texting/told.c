#include "texting/told.h"

#include <string.h>

#include "base/strbuf.h"

#define PROMPT_MAX_BYTES (256u << 10)

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is(const json_t *object, const char *name, const char *value)
{
    return strcmp(text_of(object, name), value) == 0;
}

/* ---- what they write now ---- */

static void add_text(struct strbuf *words, const json_t *text)
{
    json_int_t media = json_integer_value(json_object_get(text, "media"));
    struct slice said = slice_trim(slice_from(text_of(text, "text")));
    if (words->len && (said.len || media))
        strbuf_add_char(words, '\n');
    strbuf_add_slice(words, said);
    if (media)
        strbuf_printf(words, "%s[%lld attached, which you cannot see]", said.len ? " " : "",
            (long long)media);
}

char *told_words(const json_t *claim)
{
    struct strbuf words;
    size_t i;
    json_t *text;
    strbuf_init(&words, TOLD_WORDS_MAX_BYTES);
    json_array_foreach(json_object_get(claim, "texts"), i, text) add_text(&words, text);
    words.failed = false; /* what did not fit is left out */
    return words.data ? strbuf_take(&words) : strdup("");
}

/* ---- what was said before ---- */

void told_texts(struct conversation *conversation, const json_t *claim)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(claim, "lines"), i, line)
    {
        struct slice text = slice_from(text_of(line, "text"));
        if (!is(line, "channel", "sms"))
            continue;
        if (is(line, "direction", "in"))
            conversation_add_caller(conversation, text);
        else
            conversation_add_agent(conversation, text);
    }
}

void told_history(struct history *history, const json_t *claim)
{
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(claim, "lines"), i, line)
    {
        const char *role = is(line, "direction", "in") ? "caller" : "agent";
        if (is(line, "channel", "sms"))
            history_add(history, role, slice_from(text_of(line, "text")), 0);
    }
}

/* From which line of the phone on there is room for all that follow. */
static size_t first_that_fits(const json_t *lines)
{
    size_t room = TOLD_EARLIER_MAX_BYTES, first = json_array_size(lines);
    while (first > 0) {
        const json_t *line = json_array_get(lines, first - 1);
        size_t bytes = is(line, "channel", "sms") ? 0 : strlen(text_of(line, "text")) + 16;
        if (bytes > room)
            break;
        room -= bytes;
        first--;
    }
    return first;
}

static void add_calls(struct strbuf *out, const json_t *lines)
{
    const char *call = NULL;
    for (size_t i = first_that_fits(lines); i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        if (is(line, "channel", "sms"))
            continue;
        if (!call || strcmp(call, text_of(line, "call")) != 0)
            strbuf_printf(out, "\n\nOn the phone, %s:", text_of(line, "at"));
        call = text_of(line, "call");
        strbuf_printf(
            out, "\n%s: %s", is(line, "direction", "in") ? "They" : "You", text_of(line, "text"));
    }
}

static void add_done(struct strbuf *out, const json_t *done)
{
    size_t i;
    json_t *tool;
    if (json_array_size(done))
        strbuf_add_text(
            out, "\n\nYou have done this for their newest texts already; do not do it again:");
    json_array_foreach((json_t *)done, i, tool)
    {
        char *arguments = json_dumps(json_object_get(tool, "arguments"), JSON_ENCODE_ANY);
        char *result = json_dumps(json_object_get(tool, "result"), JSON_ENCODE_ANY);
        strbuf_printf(out, "\n%s(%s) → %s", text_of(tool, "name"), arguments ? arguments : "",
            result ? result : "");
        free(arguments);
        free(result);
    }
}

char *told_prompt(const char *system_prompt, const json_t *claim, unsigned letters)
{
    struct strbuf out;
    strbuf_init(&out, PROMPT_MAX_BYTES);
    strbuf_printf(&out,
        "%s\n\nThis conversation is by text message. Answer in plain text of at most %u "
        "characters, without Markdown.",
        system_prompt, letters);
    add_calls(&out, json_object_get(claim, "lines"));
    add_done(&out, json_object_get(claim, "done"));
    return strbuf_take(&out);
}

#include "rehearsal/places.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define DEPTH_MAX 64

enum mark {
    MARK_END,
    MARK_OPEN,
    MARK_CLOSE,
    MARK_COMMA,
    MARK_EQUALS,
    MARK_WORD,
    MARK_TEXT,
    MARK_OTHER
};

struct reading {
    const char *at, *end;
    unsigned line;
    struct slice token; /* of a word; of a text what stands between its quotes */
};

static void skip_to(struct reading *reading, const char *to)
{
    for (; reading->at < to; reading->at++)
        reading->line += *reading->at == '\n';
}

/* At "[[" or "[==[": past its end, and what is inside in `token`. */
static bool take_long_bracket(struct reading *reading)
{
    const char *at = reading->at + 1;
    while (at < reading->end && *at == '=')
        at++;
    if (at >= reading->end || *at != '[')
        return false;
    char close[16];
    size_t level = (size_t)(at - reading->at - 1);
    if (level + 2 > sizeof close)
        return false;
    memset(close, '=', sizeof close);
    close[0] = close[level + 1] = ']';
    at++;
    const char *found = memmem(at, (size_t)(reading->end - at), close, level + 2);
    const char *stop = found ? found : reading->end;
    reading->token = (struct slice){at, (size_t)(stop - at)};
    skip_to(reading, found ? found + level + 2 : reading->end);
    return true;
}

static bool starts(const struct reading *reading, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(reading->end - reading->at) >= len && memcmp(reading->at, text, len) == 0;
}

static void skip_comment(struct reading *reading)
{
    skip_to(reading, reading->at + 2);
    if (reading->at < reading->end && *reading->at == '[' && take_long_bracket(reading))
        return;
    const char *stop = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    skip_to(reading, stop ? stop : reading->end);
}

static void take_quoted(struct reading *reading)
{
    char quote = *reading->at;
    const char *at = reading->at + 1;
    while (at < reading->end && *at != quote && *at != '\n')
        at += *at == '\\' && at + 1 < reading->end ? 2 : 1;
    at = at < reading->end ? at : reading->end;
    reading->token = (struct slice){reading->at + 1, (size_t)(at - reading->at - 1)};
    skip_to(reading, at < reading->end ? at + 1 : at);
}

static void take_word(struct reading *reading)
{
    const char *at = reading->at;
    while (at < reading->end && (isalnum((unsigned char)*at) || *at == '_'))
        at++;
    reading->token = (struct slice){reading->at, (size_t)(at - reading->at)};
    reading->at = at;
}

static enum mark take_sign(struct reading *reading)
{
    char sign = *reading->at;
    if (starts(reading, "==")) {
        reading->at += 2;
        return MARK_OTHER;
    }
    reading->at++;
    return sign == '{'                  ? MARK_OPEN
           : sign == '}'                ? MARK_CLOSE
           : sign == ',' || sign == ';' ? MARK_COMMA
           : sign == '='                ? MARK_EQUALS
                                        : MARK_OTHER;
}

static enum mark next(struct reading *reading)
{
    for (;;) {
        while (reading->at < reading->end && isspace((unsigned char)*reading->at))
            skip_to(reading, reading->at + 1);
        if (!starts(reading, "--"))
            break;
        skip_comment(reading);
    }
    if (reading->at >= reading->end)
        return MARK_END;
    char first = *reading->at;
    if (first == '"' || first == '\'') {
        take_quoted(reading);
        return MARK_TEXT;
    }
    if (first == '[' && take_long_bracket(reading))
        return MARK_TEXT;
    if (isalnum((unsigned char)first) || first == '_') {
        take_word(reading);
        return MARK_WORD;
    }
    return take_sign(reading);
}

/* From inside a table on: the lines of the tables without a key in it. */
static void find_steps(struct reading reading, unsigned *steps, size_t count)
{
    unsigned depth = 0;
    size_t found = 0;
    enum mark before = MARK_OPEN, mark;
    while (found < count && (mark = next(&reading)) != MARK_END) {
        if (mark == MARK_CLOSE && depth-- == 0)
            return;
        if (mark == MARK_OPEN) {
            if (depth == 0 && (before == MARK_COMMA || before == MARK_OPEN))
                steps[found++] = reading.line;
            depth++;
        }
        before = mark;
    }
}

unsigned places_find(struct slice text, struct slice name, unsigned *steps, size_t step_count)
{
    struct reading reading = {.at = text.data, .end = text.data + text.len, .line = 1};
    struct reading opened[DEPTH_MAX];
    unsigned depth = 0;
    bool is_name = false; /* "name =" was read */
    enum mark mark;
    unsigned line = 1;
    while ((mark = next(&reading)) != MARK_END) {
        if (mark == MARK_OPEN && depth++ < DEPTH_MAX)
            opened[depth - 1] = reading;
        else if (mark == MARK_CLOSE && depth)
            depth--;
        else if (mark == MARK_TEXT && is_name && slice_equal(reading.token, name) && depth &&
                 depth <= DEPTH_MAX)
            break;
        is_name = (mark == MARK_WORD && slice_is(reading.token, "name")) ||
                  (mark == MARK_EQUALS && is_name);
    }
    if (mark != MARK_END)
        line = opened[depth - 1].line;
    for (size_t i = 0; i < step_count; i++)
        steps[i] = line;
    if (mark != MARK_END)
        find_steps(opened[depth - 1], steps, step_count);
    return line;
}

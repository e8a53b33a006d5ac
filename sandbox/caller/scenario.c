#include "caller/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define PAUSE_MAX_MS 600000

/* Which parts a step has behind its word. */
enum shape { SHAPE_BARE, SHAPE_TEXT, SHAPE_NUMBER, SHAPE_NUMBER_TEXT, SHAPE_WORDS_TEXT };

static const struct {
    const char *word;
    enum shape shape;
} words[] = {
    [SCENARIO_SAY] = {"say", SHAPE_TEXT},
    [SCENARIO_PLAY] = {"play", SHAPE_TEXT},
    [SCENARIO_WAIT] = {"wait", SHAPE_BARE},
    [SCENARIO_PAUSE] = {"pause", SHAPE_NUMBER},
    [SCENARIO_INTERRUPT] = {"interrupt", SHAPE_NUMBER_TEXT},
    [SCENARIO_DTMF] = {"dtmf", SHAPE_TEXT},
    [SCENARIO_TONES] = {"tones", SHAPE_TEXT},
    [SCENARIO_CORRECT] = {"correct", SHAPE_WORDS_TEXT},
    [SCENARIO_EXPECT_HANGUP] = {"expect-hangup", SHAPE_BARE},
    [SCENARIO_HANGUP] = {"hangup", SHAPE_BARE},
};

#define WORD_COUNT (sizeof words / sizeof words[0])

struct reader {
    struct scenario *scenario;
    const char *name;
    unsigned line;
    char voice[40];
    char *why;
};

const char *scenario_word(enum scenario_kind kind)
{
    return words[kind].word;
}

static enum err complain(struct reader *reader, const char *what)
{
    snprintf(reader->why, SCENARIO_WHY_SIZE, "%s:%u: %s", reader->name, reader->line, what);
    return ERR_BAD;
}

/* Cuts the first word off `rest`. */
static struct slice next_word(struct slice *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ' && rest->data[len] != '\t')
        len++;
    struct slice word = {rest->data, len};
    *rest = slice_trim((struct slice){rest->data + len, rest->len - len});
    return word;
}

static enum err read_ms(struct reader *reader, struct slice word, unsigned *out)
{
    unsigned ms = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < '0' || word.data[i] > '9')
            return complain(reader, "expected a number of milliseconds");
        ms = ms * 10 + (unsigned)(word.data[i] - '0');
        if (ms > PAUSE_MAX_MS)
            return complain(reader, "more than ten minutes");
    }
    if (word.len == 0)
        return complain(reader, "expected a number of milliseconds");
    *out = ms;
    return ERR_OK;
}

static enum err read_voice(struct reader *reader, struct slice name)
{
    if (name.len == 0)
        return complain(reader, "voice needs a name, for example en-us");
    if (!slice_copy(name, reader->voice, sizeof reader->voice))
        return complain(reader, "that is no name of a voice");
    return ERR_OK;
}

static bool are_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!text.data[i] || !strchr("0123456789*#ABCD", text.data[i]))
            return false;
    return true;
}

/* "WORDS | TEXT": the words are kept, `rest` becomes the text. */
static enum err read_expected(struct reader *reader, struct scenario_step *step, struct slice *rest)
{
    struct slice words_part = slice_trim(slice_split(rest, '|'));
    *rest = slice_trim(*rest);
    if (words_part.len == 0 || rest->len == 0)
        return complain(reader, "expected WORDS | TEXT");
    step->expected = slice_dup(words_part);
    return step->expected ? ERR_OK : ERR_NOMEM;
}

static enum err read_parts(struct reader *reader, struct scenario_step *step, struct slice rest)
{
    enum shape shape = words[step->kind].shape;
    if (shape == SHAPE_NUMBER || shape == SHAPE_NUMBER_TEXT) {
        enum err err = read_ms(reader, next_word(&rest), &step->ms);
        if (err)
            return err;
    }
    if (shape == SHAPE_WORDS_TEXT) {
        enum err err = read_expected(reader, step, &rest);
        if (err)
            return err;
    }
    if (shape == SHAPE_BARE || shape == SHAPE_NUMBER)
        return rest.len ? complain(reader, "nothing may follow here") : ERR_OK;
    if (rest.len == 0)
        return complain(reader, "something to say, play or press is missing");
    bool are_keys = step->kind == SCENARIO_DTMF || step->kind == SCENARIO_TONES;
    if (are_keys && !are_digits(rest))
        return complain(reader, "keys are 0-9, *, # and A-D");
    step->text = slice_dup(rest);
    return step->text ? ERR_OK : ERR_NOMEM;
}

/* "answers MS [KEY]", or why not. */
static enum err read_callee(struct reader *reader, struct slice rest)
{
    static const char *const statuses[] = {"busy", "no-answer", "failed"};
    struct scenario *scenario = reader->scenario;
    struct scenario_callee callee = {.answers = false};
    struct slice word = next_word(&rest);
    if (scenario->callee_count == SCENARIO_CALLEES_MAX)
        return complain(reader, "too many callees");
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (slice_is(word, statuses[i]))
            callee.status = statuses[i];
    callee.answers = slice_is(word, "answers");
    if (!callee.answers && !callee.status)
        return complain(reader, "a callee answers, or is busy, no-answer or failed");
    if (callee.answers) {
        enum err err = read_ms(reader, next_word(&rest), &callee.ms);
        if (err)
            return err;
        if (rest.len > 1 || !are_digits(rest))
            return complain(reader, "one key is pressed: 0-9, *, # or A-D");
        callee.key = rest.len ? rest.data[0] : 0;
    } else if (rest.len) {
        return complain(reader, "nothing may follow here");
    }
    scenario->callees[scenario->callee_count++] = callee;
    return ERR_OK;
}

static enum err read_step(struct reader *reader, struct slice line)
{
    struct slice rest = line;
    struct slice word = next_word(&rest);
    if (slice_is(word, "voice"))
        return read_voice(reader, rest);
    if (slice_is(word, "callee"))
        return read_callee(reader, rest);
    for (size_t kind = 0; kind < WORD_COUNT; kind++) {
        if (!slice_is(word, words[kind].word))
            continue;
        if (reader->scenario->count == SCENARIO_STEPS_MAX)
            return complain(reader, "too many steps");
        struct scenario_step *step = &reader->scenario->steps[reader->scenario->count++];
        memset(step, 0, sizeof *step);
        step->kind = (enum scenario_kind)kind;
        step->line = reader->line;
        memcpy(step->voice, reader->voice, sizeof step->voice);
        return read_parts(reader, step, rest);
    }
    char what[120];
    snprintf(what, sizeof what, "unknown step \"%.*s\"", (int)(word.len < 60 ? word.len : 60),
        word.data);
    return complain(reader, what);
}

static enum err read_line(struct reader *reader, struct slice line)
{
    if (line.len > SCENARIO_LINE_MAX_BYTES)
        return complain(reader, "line too long");
    if (!utf8_is_valid(line.data, line.len) || memchr(line.data, 0, line.len))
        return complain(reader, "not UTF-8 text");
    line = slice_trim(line);
    if (line.len == 0 || line.data[0] == '#')
        return ERR_OK;
    return read_step(reader, line);
}

enum err scenario_read(
    struct scenario *out, struct slice text, const char *name, char why[SCENARIO_WHY_SIZE])
{
    struct reader reader = {out, name, 0, "en-us", why};
    out->count = 0;
    out->callee_count = 0;
    while (text.len) {
        struct slice line = slice_split(&text, '\n');
        reader.line++;
        enum err err = read_line(&reader, line);
        if (err) {
            if (err == ERR_NOMEM)
                snprintf(why, SCENARIO_WHY_SIZE, "out of memory");
            scenario_free(out);
            return err;
        }
    }
    if (out->count == 0)
        return complain(&reader, "a scenario needs at least one step");
    return ERR_OK;
}

struct scenario_callee scenario_callee(const struct scenario *scenario, size_t number)
{
    size_t count = scenario->callee_count;
    if (!count)
        return (struct scenario_callee){.answers = true, .key = '1'};
    return scenario->callees[number < count ? number : count - 1];
}

void scenario_free(struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->count; i++) {
        free(scenario->steps[i].text);
        free(scenario->steps[i].expected);
    }
    scenario->count = 0;
}

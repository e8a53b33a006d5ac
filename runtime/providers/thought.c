#include "providers/thought.h"

#include <stdbool.h>

#define OPENING "<think>"
#define CLOSING "</think>"
#define MOST_BLANKS 8

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void release_held(struct thought *thought, struct strbuf *out)
{
    for (size_t i = 0; i < thought->blanks; i++)
        strbuf_add_char(out, ' ');
    strbuf_add(out, OPENING, thought->matched);
    thought->blanks = 0;
    thought->matched = 0;
    thought->state = THOUGHT_SPEECH;
}

static void at_start(struct thought *thought, char c, struct strbuf *out)
{
    if (!thought->matched && is_blank(c)) {
        thought->blanks += thought->blanks < MOST_BLANKS;
    } else if (c == OPENING[thought->matched]) {
        if (++thought->matched == sizeof(OPENING) - 1)
            *thought = (struct thought){.state = THOUGHT_INSIDE};
    } else {
        release_held(thought, out);
        strbuf_add_char(out, c);
    }
}

static void inside(struct thought *thought, char c)
{
    if (c != CLOSING[thought->matched])
        thought->matched = c == CLOSING[0];
    else if (++thought->matched == sizeof(CLOSING) - 1)
        *thought = (struct thought){.state = THOUGHT_AFTER};
}

void thought_filter(struct thought *thought, struct slice delta, struct strbuf *out)
{
    size_t at = 0;
    for (; at < delta.len && thought->state != THOUGHT_SPEECH; at++) {
        char c = delta.data[at];
        if (thought->state == THOUGHT_START) {
            at_start(thought, c, out);
        } else if (thought->state == THOUGHT_INSIDE) {
            inside(thought, c);
        } else if (!is_blank(c)) {
            thought->state = THOUGHT_SPEECH;
            strbuf_add_char(out, c);
        }
    }
    strbuf_add(out, delta.data + at, delta.len - at);
}

void thought_finish(struct thought *thought, struct strbuf *out)
{
    if (thought->state == THOUGHT_START)
        release_held(thought, out);
}

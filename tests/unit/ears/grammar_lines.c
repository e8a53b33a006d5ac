#include "grammar_lines.h"

#include <sphinxbase/fsg_model.h>
#include <sphinxbase/jsgf.h>
#include <sphinxbase/logmath.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_head.h"

#define STEPS_MAX 1000

struct grammar_lines {
    jsgf_t *grammar;
    logmath_t *logmath;
    uint32_t random;
};

struct grammar_lines *grammar_lines_open(const char *path, uint32_t seed)
{
    struct grammar_lines *lines = calloc(1, sizeof *lines);
    assert_non_null(lines);
    lines->grammar = jsgf_parse_file(path, NULL);
    lines->logmath = logmath_init(1.0001, 0, FALSE);
    lines->random = seed;
    assert_non_null(lines->grammar);
    return lines;
}

void grammar_lines_close(struct grammar_lines *lines)
{
    jsgf_grammar_free(lines->grammar);
    logmath_free(lines->logmath);
    free(lines);
}

static unsigned random_below(struct grammar_lines *lines, unsigned limit)
{
    lines->random = lines->random * 1664525u + 1013904223u;
    return (lines->random >> 8) % limit;
}

static fsg_link_t random_link(struct grammar_lines *lines, fsg_model_t *model, int state)
{
    unsigned count = 0;
    for (fsg_arciter_t *arc = fsg_model_arcs(model, state); arc; arc = fsg_arciter_next(arc))
        count++;
    assert_true(count > 0);
    fsg_arciter_t *arc = fsg_model_arcs(model, state);
    for (unsigned skip = random_below(lines, count); skip > 0; skip--)
        arc = fsg_arciter_next(arc);
    fsg_link_t link = *fsg_arciter_get(arc);
    fsg_arciter_free(arc);
    return link;
}

/* One walk from the start to the end; the number of words. */
static unsigned walk(struct grammar_lines *lines, fsg_model_t *model, char out[GRAMMAR_LINE_SIZE])
{
    unsigned words = 0;
    int state = fsg_model_start_state(model);
    out[0] = '\0';
    for (int step = 0; step < STEPS_MAX && state != fsg_model_final_state(model); step++) {
        fsg_link_t link = random_link(lines, model, state);
        state = fsg_link_to_state(&link);
        if (fsg_link_wid(&link) < 0)
            continue;
        size_t len = strlen(out);
        snprintf(out + len, GRAMMAR_LINE_SIZE - len, "%s%s", words > 0 ? " " : "",
            fsg_model_word_str(model, fsg_link_wid(&link)));
        words++;
    }
    return words;
}

void grammar_line(
    struct grammar_lines *lines, const char *rule, unsigned words_max, char out[GRAMMAR_LINE_SIZE])
{
    char name[100];
    snprintf(name, sizeof name, "receptionist.%s", rule);
    jsgf_rule_t *found = jsgf_get_rule(lines->grammar, name);
    assert_non_null(found);
    fsg_model_t *model = jsgf_build_fsg(lines->grammar, found, lines->logmath, 1.0f);
    assert_non_null(model);
    unsigned words;
    do
        words = walk(lines, model, out);
    while (words < 1 || words > words_max);
    fsg_model_free(model);
}

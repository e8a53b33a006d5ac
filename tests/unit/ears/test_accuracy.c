/* How well the ears understand: sentences of the grammar and the lines of the demo, spoken by several voices, through
   8 kHz µ-law. Prints the numbers that sandbox/ears/README.md quotes; fails when they fall below its thresholds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_head.h"
#include "grammar_lines.h"
#include "hearer.h"
#include "voice.h"

#define GRAMMAR SOURCE_DIR "/sandbox/ears/receptionist.gram"
#define LINES_A_RULE 8
#define WORDS_MAX 12
#define DEMO_REPEATS 20

static const char *const voices[] = {"en-us", "en-us+f3", "en-us+m3"};
static const double speeds[] = {1.0, 0.93, 1.06};

static double cpu_seconds(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void report(const char *name, const struct score *score)
{
    printf("%-10s %u of %u lines whole, %.1f %% of %u words right", name, score->perfect_lines,
        score->lines, 100.0 - 100.0 * score->word_errors / score->words, score->words);
    if (score->digits > 0)
        printf(", %.1f %% of %u digits right", 100.0 - 100.0 * score->digit_errors / score->digits,
            score->digits);
    printf("\n");
}

static void add_up(struct score *total, const struct score *part)
{
    total->words += part->words;
    total->word_errors += part->word_errors;
    total->digits += part->digits;
    total->digit_errors += part->digit_errors;
    total->lines += part->lines;
    total->perfect_lines += part->perfect_lines;
}

static void hear_line(struct hearer *hearer, struct score *score, const char *text,
    unsigned variation, int noise_level)
{
    struct line line = {.text = text,
        .voice = voices[variation % 3],
        .speed = speeds[variation / 3 % 3],
        .before_ms = 300 + variation * 37 % 400,
        .noise_level = noise_level};
    char *heard = hearer_listen(hearer, &line);
    score_add(score, text, heard);
    free(heard);
}

static void sentences_of_the_grammar_are_understood(void **state)
{
    static const char *const rules[] = {"greeting", "hours", "place", "price", "services",
        "booking", "slot", "naming", "calling", "agreement", "correction", "interruption",
        "checking", "closing"};
    struct hearer *hearer = *state;
    struct grammar_lines *lines = grammar_lines_open(GRAMMAR, 11);
    struct score total = {0};
    double before = cpu_seconds();
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++) {
        struct score score = {0};
        for (unsigned i = 0; i < LINES_A_RULE; i++) {
            char text[GRAMMAR_LINE_SIZE];
            grammar_line(lines, rules[rule], WORDS_MAX, text);
            hear_line(hearer, &score, text, i + (unsigned)rule, 0);
        }
        report(rules[rule], &score);
        add_up(&total, &score);
    }
    grammar_lines_close(lines);
    report("all", &total);
    printf("CPU: %.1f s\n", cpu_seconds() - before);
    assert_true(total.lines >= 60);
    assert_true(total.word_errors * 100 <= total.words * 5);
    assert_true(total.digit_errors * 100 <= total.digits * 5);
}

/* The spoken lines of a scenario; braces are filled in from `fields` ("name", "Maria Lopez", …). */
static void fill_in(char out[GRAMMAR_LINE_SIZE], const char *line, const char *const fields[][2])
{
    size_t len = 0;
    while (*line && *line != '\n') {
        const char *end = *line == '{' ? strchr(line, '}') : NULL;
        for (size_t i = 0; end && fields[i][0]; i++)
            if (strncmp(line + 1, fields[i][0], (size_t)(end - line - 1)) == 0)
                len += (size_t)snprintf(out + len, GRAMMAR_LINE_SIZE - len, "%s", fields[i][1]);
        if (end)
            line = end + 1;
        else
            out[len++] = *line++;
    }
    out[len] = '\0';
}

static const char *spoken_part(const char *line)
{
    if (strncmp(line, "say ", 4) == 0)
        return line + 4;
    if (strncmp(line, "interrupt ", 10) != 0)
        return NULL;
    return strchr(line + 10, ' ') + 1;
}

/* Every caller of deploy/demo_scenario.py, every line: noise, speed and offset differ each time. */
static void each_line_of_the_demo_is_understood(void **state)
{
    static const char *const callers[][9][2] = {
        {{"name", "Maria Lopez"}, {"phone_spoken", "five five five oh one two three"},
            {"service", "cleaning"}, {"day", "Monday"}, {"time_spoken", "ten thirty"}, {NULL}},
        {{"name", "James Miller"}, {"phone_spoken", "five five five oh one four two"},
            {"service", "checkup"}, {"day", "Tuesday"}, {"time_spoken", "eleven"}, {NULL}},
        {{"name", "Linda Garcia"}, {"phone_spoken", "five five five oh one six seven"},
            {"service", "cleaning"}, {"day", "Wednesday"}, {"time_spoken", "two thirty"}, {NULL}},
        {{"name", "Robert Davis"}, {"phone_spoken", "five five five oh one eight eight"},
            {"service", "checkup"}, {"day", "Thursday"}, {"time_spoken", "nine thirty"}, {NULL}},
        {{"name", "Susan Wilson"}, {"phone_spoken", "five five five oh one one nine"},
            {"service", "cleaning"}, {"day", "Friday"}, {"time_spoken", "three"}, {NULL}},
    };
    struct hearer *hearer = *state;
    struct score total = {0};
    FILE *file = fopen(SOURCE_DIR "/examples/scenarios/demo.call", "r");
    assert_non_null(file);
    char line[GRAMMAR_LINE_SIZE];
    while (fgets(line, sizeof line, file)) {
        const char *spoken = spoken_part(line);
        for (unsigned i = 0; spoken && i < DEMO_REPEATS; i++) {
            char text[GRAMMAR_LINE_SIZE];
            fill_in(text, spoken, callers[i % 5]);
            struct line varied = {.text = text,
                .voice = "en-us",
                .speed = 0.97 + 0.02 * (i % 4),
                .before_ms = 300 + i * 53 % 500,
                .noise_level = (int)(i % 3) * 20};
            char *heard = hearer_listen(hearer, &varied);
            score_add(&total, text, heard);
            free(heard);
        }
    }
    fclose(file);
    report("demo", &total);
    assert_int_equal(total.perfect_lines, total.lines);
}

static int start(void **state)
{
    static struct hearer hearer;
    if (voice_start())
        return 1;
    hearer_start(&hearer, 1);
    *state = &hearer;
    return 0;
}

static int stop(void **state)
{
    hearer_stop(*state);
    voice_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_of_the_demo_is_understood),
        cmocka_unit_test(sentences_of_the_grammar_are_understood),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

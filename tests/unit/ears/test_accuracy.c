/* How well the ears understand: sentences of the grammar, spoken by several voices, through 8 kHz µ-law. Prints the numbers that sandbox/ears/README.md quotes; fails when they fall below its thresholds. */
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
    double used_s = cpu_seconds() - before;
    double audio_s = (double)hearer->heard_samples / 8000;
    printf("CPU: %.1f s for %.0f s of audio: real-time factor %.2f, the voice included\n", used_s,
        audio_s, used_s / audio_s);
    assert_true(used_s < audio_s / 2);
    assert_true(total.lines >= 60);
    assert_true(total.word_errors * 100 <= total.words * 7);
    assert_true(total.digit_errors * 100 <= total.digits * 8);
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
        cmocka_unit_test(sentences_of_the_grammar_are_understood),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

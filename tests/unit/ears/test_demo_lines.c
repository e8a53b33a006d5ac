/* The lines of the demo's callers (deploy/demo_scenario.py, examples/scenarios/demo.call) as they are spoken there, with
   other offsets and a little line noise. Prints what docs and README quote; fails below its thresholds. */
#include <stdio.h>
#include <stdlib.h>

#include "cmocka_head.h"
#include "hearer.h"
#include "voice.h"

#define VARIATIONS 3

static const char *const plain[] = {"What are your hours on Saturday?",
    "What services do you have?", "Sorry I'd like to book a cleaning.",
    "Sorry I'd like to book a checkup.", "Yes that's right.", "Thank you goodbye.",
    "My name is Maria Lopez.", "My name is James Miller.", "My name is Linda Garcia.",
    "My name is Robert King.", "My name is Susan Wilson.",
    "My number is five five five oh one two three.",
    "My number is five five five oh one one eight.", "My number is five five five oh one five one.",
    "My number is five five five oh one nine three.",
    "My number is five five five oh one three oh."};
static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"};
static const char *const times[] = {
    "ten thirty", "eleven", "two thirty", "nine thirty", "three", "four"};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void hear(struct hearer *hearer, struct score *score, const char *text)
{
    for (int i = 0; i < VARIATIONS; i++) {
        struct line line = {.text = text,
            .voice = "en-us",
            .speed = 1.0,
            .before_ms = 380 + 41 * (unsigned)i,
            .noise_level = 12 * i};
        char *heard = hearer_listen(hearer, &line);
        score_add(score, text, heard);
        free(heard);
    }
}

static void the_demos_lines_are_understood(void **state)
{
    struct score score = {0};
    for (size_t i = 0; i < COUNT(plain); i++)
        hear(*state, &score, plain[i]);
    for (size_t i = 0; i < COUNT(days) * COUNT(times); i++) {
        char text[80];
        snprintf(text, sizeof text, "On %s at %s.", days[i % COUNT(days)], times[i / COUNT(days)]);
        hear(*state, &score, text);
    }
    double words_right = 100.0 - 100.0 * score.word_errors / score.words;
    double digits_right = 100.0 - 100.0 * score.digit_errors / score.digits;
    printf("demo lines: %u of %u whole, %.1f %% of %u words right, %.1f %% of %u digits right\n",
        score.perfect_lines, score.lines, words_right, score.words, digits_right, score.digits);
    assert_true(words_right >= 97);
    assert_true(digits_right >= 97);
}

static int start(void **state)
{
    static struct hearer hearer;
    if (voice_start())
        return 1;
    hearer_start(&hearer, 2);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_demos_lines_are_understood)};
    return cmocka_run_group_tests(tests, start, stop);
}

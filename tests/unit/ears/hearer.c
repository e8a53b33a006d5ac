#include "hearer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmocka_head.h"
#include "media/frame.h"
#include "media/g711.h"
#include "voice.h"

#define MODEL "/usr/share/pocketsphinx/model/en-us/en-us"
#define EARS SOURCE_DIR "/sandbox/ears/"
#define AFTER_SAMPLES 2400 /* 300 ms of silence, then the commit, as the runtime does it */
#define WORDS_MAX 128

void hearer_start(struct hearer *hearer, unsigned threads)
{
    char why[256] = "";
    struct ears_options options = {.threads = threads,
        .model_path = MODEL,
        .dictionary_path = EARS "receptionist.dict",
        .grammar_path = EARS "receptionist.gram"};
    memset(hearer, 0, sizeof *hearer);
    mailbox_init(&hearer->results, 1000, NULL, NULL);
    if (ears_start(&hearer->pool, &options, why))
        fail_msg("%s", why);
    assert_int_equal(ears_open(&hearer->ears, hearer->pool, &hearer->results, 7), ERR_OK);
    hearer->noise = 1;
}

void hearer_stop(struct hearer *hearer)
{
    ears_close(hearer->ears);
    ears_stop(hearer->pool);
    struct letter *letter = mailbox_take_all(&hearer->results);
    while (letter) {
        struct letter *next = letter->next;
        ears_result_free((struct ears_result *)letter);
        letter = next;
    }
    mailbox_destroy(&hearer->results);
}

static int16_t through_telephone(struct hearer *hearer, int sample, int noise_level)
{
    uint8_t ulaw;
    hearer->noise = hearer->noise * 1664525u + 1013904223u;
    if (noise_level > 0)
        sample += (int)((hearer->noise >> 8) % (unsigned)(2 * noise_level + 1)) - noise_level;
    int16_t pcm = (int16_t)(sample > INT16_MAX   ? INT16_MAX
                            : sample < INT16_MIN ? INT16_MIN
                                                 : sample);
    g711_to_ulaw(&ulaw, &pcm, 1);
    g711_to_pcm(&pcm, &ulaw, 1);
    return pcm;
}

static void stream(struct hearer *hearer, const struct line *line, const struct voice_audio *audio)
{
    size_t before = (size_t)line->before_ms * 8 + line->before_ms % 7;
    size_t total = before + audio->count_samples + AFTER_SAMPLES;
    for (size_t at = 0; at < total; at += FRAME_SAMPLES) {
        int16_t frame[FRAME_SAMPLES];
        for (size_t i = 0; i < FRAME_SAMPLES; i++) {
            bool is_voice = at + i >= before && at + i - before < audio->count_samples;
            frame[i] = through_telephone(
                hearer, is_voice ? audio->pcm[at + i - before] : 0, line->noise_level);
        }
        assert_int_equal(ears_audio(hearer->ears, frame, FRAME_SAMPLES), ERR_OK);
        hearer->heard_samples += FRAME_SAMPLES;
    }
}

static char *await_final(struct hearer *hearer)
{
    char *text = NULL;
    hearer->count_partials = 0;
    while (!text) {
        struct letter *letter = mailbox_take_all(&hearer->results);
        if (!letter)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        while (letter) {
            struct ears_result *result = (struct ears_result *)letter;
            letter = letter->next;
            assert_int_equal(result->session, 7);
            assert_int_equal(result->item, hearer->item);
            assert_null(text); /* the final is the last of its item */
            if (result->is_final)
                text = strdup(result->text);
            else
                hearer->count_partials++;
            ears_result_free(result);
        }
    }
    return text;
}

char *hearer_listen(struct hearer *hearer, const struct line *line)
{
    struct voice_audio audio;
    assert_int_equal(voice_speak(&audio, line->voice, slice_from(line->text), line->speed), ERR_OK);
    stream(hearer, line, &audio);
    voice_free(&audio);
    assert_int_equal(ears_commit(hearer->ears, ++hearer->item), ERR_OK);
    return await_final(hearer);
}

/* ---- comparing ---- */

/* Lower case, no punctuation but apostrophes and the points of "a.m."; cut into words in place. */
static size_t words_of(char *text, char *words[WORDS_MAX])
{
    size_t count = 0;
    for (char *c = text; *c; c++)
        *c = strchr(",?!;:", *c) ? ' ' : (char)tolower((unsigned char)*c);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest)) {
        size_t len = strlen(word);
        if (len > 0 && word[len - 1] == '.' && strchr(word, '.') == word + len - 1)
            word[len - 1] = '\0';
        words[count++] = word;
    }
    return count;
}

static bool is_digit_word(const char *word)
{
    static const char *const digits[] = {
        "oh", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++)
        if (strcmp(word, digits[i]) == 0)
            return true;
    return false;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned smaller = a < b ? a : b;
    return smaller < c ? smaller : c;
}

static unsigned edits(char *const *said, size_t said_count, char *const *heard, size_t heard_count)
{
    unsigned row[WORDS_MAX + 1];
    for (size_t j = 0; j <= heard_count; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= said_count; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= heard_count; j++) {
            unsigned same = diagonal + (strcmp(said[i - 1], heard[j - 1]) != 0);
            diagonal = row[j];
            row[j] = least(same, row[j] + 1, row[j - 1] + 1);
        }
    }
    return row[heard_count];
}

static size_t keep_digits(char *const *words, size_t count, char *out[WORDS_MAX])
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (is_digit_word(words[i]))
            out[kept++] = words[i];
    return kept;
}

void score_add(struct score *score, const char *said, const char *heard)
{
    char said_copy[2000], heard_copy[5000];
    char *said_words[WORDS_MAX], *heard_words[WORDS_MAX];
    char *said_digits[WORDS_MAX], *heard_digits[WORDS_MAX];
    snprintf(said_copy, sizeof said_copy, "%s", said);
    snprintf(heard_copy, sizeof heard_copy, "%s", heard);
    size_t said_count = words_of(said_copy, said_words);
    size_t heard_count = words_of(heard_copy, heard_words);
    unsigned wrong = edits(said_words, said_count, heard_words, heard_count);
    size_t said_digit_count = keep_digits(said_words, said_count, said_digits);
    size_t heard_digit_count = keep_digits(heard_words, heard_count, heard_digits);
    score->words += (unsigned)said_count;
    score->word_errors += wrong;
    if (said_digit_count > 0) {
        score->digits += (unsigned)said_digit_count;
        score->digit_errors +=
            edits(said_digits, said_digit_count, heard_digits, heard_digit_count);
    }
    score->lines++;
    score->perfect_lines += wrong == 0;
    if (wrong > 0)
        printf("   said:  %s\n   heard: %s\n", said, heard);
}

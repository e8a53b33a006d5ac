/* How much of a thousand utterances is hidden that has to be, and how much that has not: tests/corpus/redaction. A span counts as
   found when nothing of it is left but words that tell nothing ("area code", "um", "the"). */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text/redact.h"

#define LINE_SIZE 1024
#define KINDS 4
#define RECALL_LEAST 0.99
#define PRECISION_LEAST 0.98

static const char *const kinds[KINDS] = {"phone", "email", "card", "birth_date"};

/* One utterance: its text, and for each byte what it belongs to. */
struct utterance {
    char text[LINE_SIZE];
    size_t len;
    int kind[LINE_SIZE]; /* -1: nothing */
    int span[LINE_SIZE]; /* number of the marked span, -1 */
    bool hidden[LINE_SIZE];
    int hidden_by[LINE_SIZE]; /* number of the label */
    int spans, labels;
};

struct score {
    unsigned spans[KINDS], found[KINDS], as_other[KINDS];
    unsigned labels[KINDS], right[KINDS];
};

static struct score total;

static int kind_at(const char *text)
{
    for (int i = 0; i < KINDS; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0)
            return i;
    fail_msg("no kind: %s", text);
    return -1;
}

static void read_marks(struct utterance *out, const char *line)
{
    int kind = -1, span = -1;
    memset(out, 0, sizeof *out);
    for (const char *at = line; *at && *at != '\n'; at++) {
        if (*at == '{') {
            kind = kind_at(at + 1);
            span = out->spans++;
            at = strchr(at, ':');
        } else if (*at == '}') {
            kind = span = -1;
        } else {
            out->text[out->len] = *at;
            out->kind[out->len] = kind;
            out->span[out->len++] = span;
        }
    }
}

static size_t label_length(const char *text, int *kind)
{
    for (int i = 0; i < KINDS; i++) {
        size_t len = strlen(kinds[i]);
        if (text[0] == '[' && strncmp(text + 1, kinds[i], len) == 0 && text[len + 1] == ']') {
            *kind = i;
            return len + 2;
        }
    }
    return 0;
}

/* Finds in the text what the output kept, piece by piece; the rest is hidden. */
static void align(struct utterance *out, const char *redacted, int label_kinds[])
{
    size_t at = 0;
    while (*redacted) {
        int kind = -1;
        size_t len = label_length(redacted, &kind);
        if (!len) {
            assert_int_equal(*redacted, out->text[at]);
            redacted++;
            at++;
            continue;
        }
        redacted += len;
        char piece[LINE_SIZE] = "";
        int unused;
        for (size_t i = 0; redacted[i] && !label_length(redacted + i, &unused); i++)
            strncat(piece, redacted + i, 1);
        const char *next = out->text + at + 1;
        if (!*piece)
            next = out->text + out->len;
        else if (!redacted[strlen(piece)])
            next = out->text + out->len - strlen(piece);
        else
            next = strstr(next, piece);
        assert_non_null(next);
        for (; out->text + at < next; at++) {
            out->hidden[at] = true;
            out->hidden_by[at] = out->labels;
        }
        label_kinds[out->labels++] = kind;
    }
}

static bool tells_nothing(const char *word, size_t len)
{
    static const char *const list[] = {"area", "code", "um", "uh", "er", "the", "of", "on", "a",
        "and", "then", "in", "let", "me", "see", "sorry", NULL};
    return slice_is_one_of((struct slice){word, len}, list);
}

/* Calls back for each word: where it stands. */
static size_t word_next(const struct utterance *utterance, size_t *at)
{
    while (*at < utterance->len && !isalnum((unsigned char)utterance->text[*at]))
        ++*at;
    size_t len = 0;
    while (*at + len < utterance->len && isalnum((unsigned char)utterance->text[*at + len]))
        len++;
    return len;
}

static bool is_found(const struct utterance *utterance, int span)
{
    size_t at = 0;
    for (size_t len = word_next(utterance, &at); len; at += len, len = word_next(utterance, &at))
        if (utterance->span[at] == span && !utterance->hidden[at] &&
            !tells_nothing(utterance->text + at, len))
            return false;
    return true;
}

static bool is_right(const struct utterance *utterance, int label)
{
    size_t at = 0;
    for (size_t len = word_next(utterance, &at); len; at += len, len = word_next(utterance, &at))
        if (utterance->hidden[at] && utterance->hidden_by[at] == label && utterance->span[at] < 0 &&
            !tells_nothing(utterance->text + at, len))
            return false;
    return true;
}

static void count(struct score *score, const struct utterance *utterance, const int label_kinds[],
    const char *redacted)
{
    bool is_wrong = false;
    for (int span = 0; span < utterance->spans; span++) {
        size_t at = 0;
        while (utterance->span[at] != span)
            at++;
        int kind = utterance->kind[at];
        score->spans[kind]++;
        bool found = is_found(utterance, span);
        score->found[kind] += found;
        score->as_other[kind] += found && label_kinds[utterance->hidden_by[at]] != kind;
        is_wrong |= !found;
    }
    for (int label = 0; label < utterance->labels; label++) {
        bool right = is_right(utterance, label);
        score->labels[label_kinds[label]]++;
        score->right[label_kinds[label]] += right;
        is_wrong |= !right;
    }
    if (is_wrong && getenv("MOONLINE_TEST_SHOW"))
        print_message("  %s\n    became %s\n", utterance->text, redacted);
}

static double share(unsigned part, unsigned of)
{
    return of ? 100.0 * part / of : 100;
}

static unsigned sum(const unsigned list[KINDS])
{
    unsigned all = 0;
    for (int i = 0; i < KINDS; i++)
        all += list[i];
    return all;
}

static void print_score(const char *name, const struct score *score)
{
    for (int i = 0; i < KINDS; i++)
        print_message("%-4s %-10s recall %u of %u (%.1f %%), precision %u of %u (%.1f %%), as "
                      "another kind %u\n",
            name, kinds[i], score->found[i], score->spans[i],
            share(score->found[i], score->spans[i]), score->right[i], score->labels[i],
            share(score->right[i], score->labels[i]), score->as_other[i]);
    unsigned spans = sum(score->spans), found = sum(score->found), labels = sum(score->labels),
             right = sum(score->right);
    print_message("%-4s all        recall %u of %u (%.2f %%), precision %u of %u (%.2f %%)\n", name,
        found, spans, share(found, spans), right, labels, share(right, labels));
}

static void measure(const char *name)
{
    char path[512], line[LINE_SIZE];
    snprintf(path, sizeof path, SOURCE_DIR "/tests/corpus/redaction/%s.txt", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    static struct utterance utterance;
    struct score score = {0};
    while (fgets(line, sizeof line, file)) {
        struct strbuf out;
        int label_kinds[LINE_SIZE];
        read_marks(&utterance, line);
        strbuf_init(&out, 4096);
        redact(&out, (struct slice){utterance.text, utterance.len});
        align(&utterance, out.data, label_kinds);
        count(&score, &utterance, label_kinds, out.data);
        strbuf_free(&out);
    }
    fclose(file);
    print_score(name, &score);
    for (int i = 0; i < KINDS; i++) {
        total.spans[i] += score.spans[i];
        total.found[i] += score.found[i];
        total.as_other[i] += score.as_other[i];
        total.labels[i] += score.labels[i];
        total.right[i] += score.right[i];
    }
}

/* MOONLINE_TEST_SHOW=dev prints what is wrong in that part; the others are not looked at. */
static bool is_looked_at(const char *name)
{
    const char *only = getenv("MOONLINE_TEST_SHOW");
    return !only || !strcmp(only, name);
}

static void hides_what_has_to_be(void **state)
{
    static const char *const parts[] = {"dev", "test", "late"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_looked_at(parts[i]))
            measure(parts[i]);
    print_score("all", &total);
    assert_true(sum(total.found) >= RECALL_LEAST * sum(total.spans));
    assert_true(sum(total.right) >= PRECISION_LEAST * sum(total.labels));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_what_has_to_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

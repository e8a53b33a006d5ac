#include "text/redact_email.h"

#include <ctype.h>
#include <string.h>

#define LABEL_WORDS_MAX 6
#define DOMAIN_WORDS_MAX 24
#define NAME_WORDS_MAX 3 /* that nothing joins: "mary jane doe at …" */

void trail_put(struct trail *trail, const struct redact_word *word, size_t out_len)
{
    trail->list[trail->count++ % TRAIL_SIZE] = (struct seen){
        out_len, word->sense, word->before, word->sense == SENSE_STOP && word->value == STOP_THE};
}

const struct seen *trail_at(const struct trail *trail, size_t back)
{
    return back < trail->count && back < TRAIL_SIZE
               ? &trail->list[(trail->count - 1 - back) % TRAIL_SIZE]
               : NULL;
}

/* ---- the domain ---- */

/* A word that can be the last label, or one before it: "us" and "me" are words too. */
static bool is_top(struct slice text, const struct redact_word *word)
{
    static const char *const list[] = {"us", "me", "it", "at", "is", "in", "no", "be", NULL};
    struct slice said = {text.data + word->start, word->end - word->start};
    return word->sense == SENSE_TOP || slice_is_one_of(said, list);
}

static bool is_dot_sign(struct slice text, const struct redact_word *word)
{
    return word->before == JOINT_TIGHT && text.data[word->start - 1] == '.';
}

size_t redact_spoken_domain(struct slice text, size_t at)
{
    struct redact_word word;
    size_t end = 0, in_label = 0;
    bool is_behind_dot = false, is_mailbox = false;
    for (unsigned i = 0; i < DOMAIN_WORDS_MAX && redact_word_next(text, at, &word);
         i++, at = word.end) {
        bool is_sign = is_dot_sign(text, &word);
        if (word.before == JOINT_NONE || (word.before == JOINT_STOP && !is_sign) ||
            word.sense == SENSE_HIDDEN)
            break;
        if (i == 0 &&
            slice_is_nocase((struct slice){text.data + word.start, word.end - word.start}, "sign"))
            continue;
        if (word.sense == SENSE_DOT && in_label) {
            is_behind_dot = true;
            continue;
        }
        is_behind_dot |= is_sign;
        if (is_behind_dot && in_label && is_top(text, &word)) {
            end = word.end;
        } else if (end || (word.sense == SENSE_AT && in_label) || in_label >= LABEL_WORDS_MAX) {
            if (!is_behind_dot)
                break;
        }
        in_label = is_behind_dot ? 1 : in_label + 1;
        is_behind_dot = false;
        is_mailbox |= word.sense == SENSE_MAILBOX && i < 2;
        if (is_mailbox && !end)
            end = word.end;
    }
    return end;
}

/* ---- the name ---- */

static bool is_spelled(const struct seen *seen)
{
    switch (seen->sense) {
    case SENSE_DIGIT:
    case SENSE_PAIR:
    case SENSE_TENS:
    case SENSE_ROUND:
    case SENSE_REPEAT:
    case SENSE_NUMERAL:
    case SENSE_LETTER:
    case SENSE_JOINT:
    case SENSE_DOT:
    case SENSE_PLUS:
    case SENSE_FILLER:
    case SENSE_THEN:
    case SENSE_HIDDEN:
    case SENSE_EXTENSION:
        return true;
    case SENSE_PLAIN:
    case SENSE_STOP:
    case SENSE_IS:
    case SENSE_ORDINAL:
    case SENSE_MONTH:
    case SENSE_SPELLING:
    case SENSE_AT:
    case SENSE_MAILBOX:
    case SENSE_TOP:
    case SENSE_NAMES_PHONE:
    case SENSE_NAMES_CALL:
    case SENSE_NAMES_EMAIL:
    case SENSE_NAMES_CARD:
    case SENSE_NAMES_BIRTH:
    case SENSE_NAMES_BIRTHDAY:
    case SENSE_NAMES_PARTY:
    case SENSE_NAMES_ORDER:
    case SENSE_NAMES_END:
        return false;
    }
    return false;
}

static bool joins(const struct seen *seen)
{
    return seen->sense == SENSE_JOINT || seen->sense == SENSE_DOT || seen->sense == SENSE_PLUS;
}

/* "m as in …", "j for …": the letter stands before. */
static bool tells_letter(const struct trail *trail, size_t back)
{
    const struct seen *seen = trail_at(trail, back), *before = trail_at(trail, back + 1);
    while (before && before->sense == SENSE_SPELLING)
        before = trail_at(trail, ++back + 1);
    return seen->sense == SENSE_SPELLING && before &&
           (before->sense == SENSE_LETTER || before->sense == SENSE_DIGIT); /* "o" is a digit too */
}

/* "walt the plumber" */
static bool is_within_name(const struct trail *trail, size_t back)
{
    const struct seen *left = trail_at(trail, back + 1);
    return back > 0 && trail_at(trail, back)->is_the && left && left->sense == SENSE_PLAIN;
}

size_t redact_spoken_name(const struct trail *trail)
{
    size_t count = 0, plain = 0;
    const struct seen *seen, *right = NULL;
    for (size_t back = 0; (seen = trail_at(trail, back)) != NULL; back++, right = seen) {
        if (right && (right->before == JOINT_NONE || right->before == JOINT_STOP))
            break;
        bool is_joined = right && (joins(right) || right->before == JOINT_TIGHT ||
                                      right->sense == SENSE_SPELLING);
        bool is_word = seen->sense == SENSE_PLAIN || seen->sense == SENSE_MONTH ||
                       seen->sense == SENSE_ORDINAL || seen->sense == SENSE_MAILBOX ||
                       seen->sense == SENSE_TOP;
        if (is_word)
            plain += !is_joined;
        if (is_word ? plain > NAME_WORDS_MAX
                    : !is_spelled(seen) && !is_joined && !tells_letter(trail, back) &&
                          !is_within_name(trail, back))
            break;
        bool is_name =
            is_word || (!joins(seen) && seen->sense != SENSE_FILLER && seen->sense != SENSE_THEN);
        count = is_name ? back + 1 : count;
    }
    return count;
}

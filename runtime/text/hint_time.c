/* Times of day: "half past three", "quarter to five", "3:30 pm", "eight o'clock", "at three in the afternoon", "noon". An hour that
   could be either half of the day is taken for the one in which businesses are open: 1 to 6 in the afternoon, 7 to 12 before it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/hint_words.h"

#define MINUTES_HALF_DAY 720
#define FIRST_MORNING_HOUR 7

enum half { HALF_UNKNOWN, HALF_MORNING, HALF_AFTERNOON };

struct clock {
    int minutes;     /* of the day, or of a half of it */
    bool is_exact;   /* says itself which half: "noon", "15:30" */
    size_t count;    /* words; 0: none */
    bool needs_half; /* too little to be a time by itself: "three" */
};

static const struct clock none = {0};

static int hour_of(const char *word)
{
    int hour = hint_unit(word);
    if (hour == HINT_NO_VALUE && strlen(word) <= 2)
        hour = hint_numeral(word);
    return hour >= 1 && hour <= 12 ? hour : HINT_NO_VALUE;
}

/* ---- how the clock is read ---- */

static struct clock named(const struct hint_words *words, size_t at)
{
    if (hint_word_is(words, at, "noon") || hint_word_is(words, at, "midday"))
        return (struct clock){MINUTES_HALF_DAY, true, 1, false};
    if (hint_word_is(words, at, "midnight"))
        return (struct clock){0, true, 1, false};
    return none;
}

/* "3:30", "15:30" */
static struct clock figures(const char *word)
{
    size_t hour_len = strspn(word, "0123456789");
    if (hour_len < 1 || hour_len > 2 || word[hour_len] != ':' ||
        strspn(word + hour_len + 1, "0123456789") != 2 || word[hour_len + 3])
        return none;
    int hour = atoi(word), minute = atoi(word + hour_len + 1);
    if (hour > 23 || minute > 59)
        return none;
    bool is_exact = hour > 12 || hour == 0;
    return (struct clock){(is_exact ? hour : hour % 12) * 60 + minute, is_exact, 1, false};
}

/* "half past three", "a quarter to five", "ten past two", "twenty minutes to six" */
static struct clock past_or_to(const struct hint_words *words, size_t at)
{
    int minutes = 0;
    size_t count = hint_word_is(words, at, "a");
    if (hint_word_is(words, at + count, "half") || hint_word_is(words, at + count, "quarter")) {
        minutes = hint_word_is(words, at + count, "half") ? 30 : 15;
        count++;
    } else {
        size_t number = count ? 0 : hint_cardinal(words, at, &minutes);
        if (!number || minutes > 59)
            return none;
        count = number + hint_word_is(words, at + number, "minutes");
    }
    bool is_past =
        hint_word_is(words, at + count, "past") || hint_word_is(words, at + count, "after");
    bool is_to = hint_word_is(words, at + count, "to") || hint_word_is(words, at + count, "til") ||
                 hint_word_is(words, at + count, "before") ||
                 hint_word_is(words, at + count, "till") ||
                 (minutes == 15 && hint_word_is(words, at + count, "of"));
    int hour = hour_of(hint_word_at(words, at + count + 1));
    if (hint_word_is(words, at + count + 1, "noon") ||
        hint_word_is(words, at + count + 1, "midday"))
        hour = 12;
    if ((!is_past && !is_to) || hour == HINT_NO_VALUE || (is_to && minutes % 5 && count == 1))
        return none;
    int on = hour % 12 * 60 + (is_past ? minutes : -minutes);
    bool is_range = is_to && hint_cardinal(words, at, &minutes) == count; /* "five to six people" */
    return (struct clock){(on + MINUTES_HALF_DAY) % MINUTES_HALF_DAY, false, count + 2, is_range};
}

/* The minutes behind an hour: "thirty", "forty five", "oh five", "15". */
static size_t minutes_after(const struct hint_words *words, size_t at, int *minutes)
{
    if (hint_word_is(words, at, "oh") || hint_word_is(words, at, "o")) {
        *minutes = hint_unit(hint_word_at(words, at + 1));
        return *minutes >= 1 && *minutes <= 9 ? 2 : 0;
    }
    size_t count = hint_cardinal(words, at, minutes);
    return count && *minutes >= 10 && *minutes <= 59 ? count : 0;
}

/* "three", "three thirty", "eight o'clock" */
static struct clock hour_first(const struct hint_words *words, size_t at)
{
    int hour = hour_of(hint_word_at(words, at)), minutes;
    if (hour == HINT_NO_VALUE)
        return none;
    int on = hour % 12 * 60;
    if (hint_word_is(words, at + 1, "o'clock") || hint_word_is(words, at + 1, "oclock"))
        return (struct clock){on, false, 2, false};
    if (words->list[at].ends_sentence)
        return (struct clock){on, false, 1, true};
    size_t count = minutes_after(words, at + 1, &minutes);
    if (!count)
        return (struct clock){on, false, 1, true};
    bool is_usual = minutes == 15 || minutes == 30 || minutes == 45;
    return (struct clock){on + minutes, false, 1 + count, !is_usual};
}

/* ---- which half of the day ---- */

static size_t half_words(const struct hint_words *words, size_t at, enum half *half)
{
    static const struct {
        const char *phrase;
        enum half half;
    } list[] = {{"am", HALF_MORNING}, {"a m", HALF_MORNING}, {"in the morning", HALF_MORNING},
        {"pm", HALF_AFTERNOON}, {"p m", HALF_AFTERNOON}, {"in the afternoon", HALF_AFTERNOON},
        {"in the evening", HALF_AFTERNOON}, {"at night", HALF_AFTERNOON},
        {"tonight", HALF_AFTERNOON}, {"this morning", HALF_MORNING},
        {"this afternoon", HALF_AFTERNOON}, {"this evening", HALF_AFTERNOON},
        {"tomorrow morning", HALF_MORNING}, {"tomorrow afternoon", HALF_AFTERNOON},
        {"tomorrow evening", HALF_AFTERNOON}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        size_t count = hint_words_are(words, at, list[i].phrase);
        if (count) {
            *half = list[i].half;
            return count;
        }
    }
    return 0;
}

/* "friday morning at ten": said before it. */
static enum half half_before(const struct hint_words *words, size_t at)
{
    for (size_t back = 1; back <= 3 && back <= at; back++) {
        if (hint_word_is(words, at - back, "morning"))
            return HALF_MORNING;
        if (hint_word_is(words, at - back, "afternoon") ||
            hint_word_is(words, at - back, "evening") || hint_word_is(words, at - back, "night") ||
            hint_word_is(words, at - back, "tonight"))
            return HALF_AFTERNOON;
        if (words->list[at - back].ends_sentence)
            break;
    }
    return HALF_UNKNOWN;
}

/* "tickets", not "works" and not "Tuesdays". */
static bool is_counted_thing(const char *word)
{
    static const char *const others[] = {"this", "works", "suits", "fits", "sounds", "does", "plus",
        "unless", "always", "perhaps", "thanks", "yes", "mornings", "afternoons", "evenings", NULL};
    size_t len = strlen(word);
    if (len < 4 || word[len - 1] != 's' || word[len - 2] == 's' || strchr(word, '\'') ||
        (len > 4 && strcmp(word + len - 4, "days") == 0))
        return false;
    for (const char *const *each = others; *each; each++)
        if (strcmp(*each, word) == 0)
            return false;
    return true;
}

/* "I'd like two", "you like one" */
static bool is_wish(const struct hint_words *words, size_t at)
{
    static const char *const who[] = {"i'd", "we'd", "would", "i", "we", "you", "they", "he'd",
        "she'd", "they'd", "also", "really", "just", NULL};
    return at > 1 && hint_word_is(words, at - 1, "like") && hint_word_is_one_of(words, at - 2, who);
}

/* "three thirty oak street", not "three thirty by the way" */
static bool is_address(const struct hint_words *words, size_t next)
{
    static const char *const roads[] = {
        "street", "avenue", "road", "drive", "lane", "boulevard", "court", "way", NULL};
    static const char *const no_names[] = {"am", "pm", "by", "on", "the", "at", "in", "to", "and",
        "or", "for", "from", "a", "please", "if", "is", NULL};
    return !words->list[next - 1].ends_clause && !hint_word_is_one_of(words, next, no_names) &&
           (hint_word_is_one_of(words, next + 1, roads) ||
               hint_word_is_one_of(words, next + 2, roads));
}

/* What stands here is counted by the number before it. */
static bool is_counted(const struct hint_words *words, size_t at)
{
    static const char *const counted[] = {"people", "persons", "of", "minutes", "minute", "hours",
        "hour", "days", "day", "weeks", "week", "months", "month", "years", "year", "dollars",
        "bucks", "times", "percent", "hundred", "thousand", "miles", "blocks", "kids", "dot",
        "street", "avenue", "or", "point", "time", "place", NULL};
    return hint_word_is_one_of(words, at, counted) || is_counted_thing(hint_word_at(words, at));
}

/* A number behind one of these is an hour, unless it counts something: "between five and ten people". */
static bool is_cued(const struct hint_words *words, size_t at, size_t count)
{
    static const char *const cues[] = {"at", "around", "about", "by", "before", "after", "until",
        "till", "like", "between", "from", NULL};
    size_t next = at + count;
    bool is_range = hint_word_is(words, at - 1, "between") || hint_word_is(words, at - 1, "from");
    bool has_end = (hint_word_is(words, next, "and") || hint_word_is(words, next, "to")) &&
                   !is_counted(words, next + 2);
    return at > 0 && hint_word_is_one_of(words, at - 1, cues) && !is_wish(words, at) &&
           (!is_range || has_end) && !is_counted(words, next);
}

static struct clock read(const struct hint_words *words, size_t at);

/* "between two and four p.m.": the second hour says it for both. */
static enum half half_of_range(const struct hint_words *words, size_t at, size_t count)
{
    enum half half = HALF_UNKNOWN;
    size_t next = at + count;
    if (!hint_word_is(words, next, "and") && !hint_word_is(words, next, "to"))
        return HALF_UNKNOWN;
    struct clock second = read(words, next + 1);
    return second.count && half_words(words, next + 1 + second.count, &half) ? half : HALF_UNKNOWN;
}

static struct clock read(const struct hint_words *words, size_t at)
{
    struct clock tries[] = {named(words, at), figures(hint_word_at(words, at)),
        past_or_to(words, at), hour_first(words, at)};
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        if (tries[i].count)
            return tries[i];
    return none;
}

size_t hint_match_time(const struct hint_words *words, size_t at, struct hint *out)
{
    struct clock clock = read(words, at);
    enum half half = HALF_UNKNOWN;
    if (!clock.count || is_address(words, at + clock.count))
        return 0;
    size_t behind = words->list[at + clock.count - 1].ends_sentence
                        ? 0
                        : half_words(words, at + clock.count, &half);
    bool is_other_hint = behind && (hint_word_is(words, at + clock.count, "tonight") ||
                                       hint_word_is(words, at + clock.count, "this") ||
                                       hint_word_is(words, at + clock.count, "tomorrow"));
    if (clock.needs_half && (!behind || is_other_hint) && !is_cued(words, at, clock.count))
        return 0;
    if (!behind)
        half = half_before(words, at);
    if (half == HALF_UNKNOWN)
        half = half_of_range(words, at, clock.count);
    out->kind = HINT_TIME;
    out->is_uncertain = !clock.is_exact && half == HALF_UNKNOWN;
    if (out->is_uncertain)
        half = clock.minutes < FIRST_MORNING_HOUR * 60 ? HALF_AFTERNOON : HALF_MORNING;
    int minutes =
        clock.minutes + (!clock.is_exact && half == HALF_AFTERNOON ? MINUTES_HALF_DAY : 0);
    snprintf(out->value, sizeof out->value, "%02d:%02d", minutes / 60, minutes % 60);
    return clock.count + (is_other_hint ? 0 : behind);
}

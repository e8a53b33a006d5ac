#include "bindings/confirm_text.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "bindings/wall_text.h"

struct field {
    const char *name, *value;
};

static const char *value_of(const struct field *fields, struct slice name)
{
    while (fields->name && !slice_is(name, fields->name))
        fields++;
    return fields->value;
}

static void fill(struct strbuf *out, struct slice words, const struct field *fields)
{
    while (words.len) {
        const char *close = words.data[0] == '{' ? memchr(words.data, '}', words.len) : NULL;
        size_t len = close ? (size_t)(close - words.data) + 1 : 1;
        const char *value =
            close ? value_of(fields, (struct slice){words.data + 1, len - 2}) : NULL;
        if (value)
            strbuf_add_text(out, value);
        else
            strbuf_add(out, words.data, len = 1);
        words = (struct slice){words.data + len, words.len - len};
    }
}

static struct slice usual_words(const struct confirm_facts *facts)
{
    if (facts->is_moved)
        return facts->business[0] ? SLICE("{business}: Your {service} is now on {when}.")
                                  : SLICE("Your {service} is now on {when}.");
    return facts->business[0] ? SLICE("{business}: Your {service} is booked for {when}.")
                              : SLICE("Your {service} is booked for {when}.");
}

void confirm_text_write(
    char out[CONFIRM_TEXT_SIZE], struct slice words, const struct confirm_facts *facts)
{
    char when[WALL_SPOKEN_SIZE], date[WALL_DATE_SIZE], time[8];
    unsigned minutes = wall_minutes(facts->zone, facts->at_s);
    wall_write_spoken(when, facts->zone, facts->at_s);
    wall_write_date(date, wall_day(facts->zone, facts->at_s));
    snprintf(time, sizeof time, "%02u:%02u", minutes / 60 % 24, minutes % 60);
    date[4] = date[7] = '\0'; /* "2026-11-28" */
    const struct field fields[] = {{"business", facts->business}, {"service", facts->service},
        {"day", date + 8}, {"month", date + 5}, {"year", date}, {"time", time}, {"when", when},
        {NULL, NULL}};
    struct strbuf text;
    strbuf_init(&text, 4096);
    fill(&text, words.len ? words : usual_words(facts), fields);
    slice_copy(strbuf_slice(&text), out, CONFIRM_TEXT_SIZE);
    size_t len = strlen(out);
    while (!utf8_is_valid(out, len))
        out[--len] = '\0';
    strbuf_free(&text);
}

#include "text/abbreviation.h"

#include <ctype.h>

static bool is_listed(struct slice word, const char *const *list)
{
    for (; *list; list++)
        if (slice_is_nocase(word, *list))
            return true;
    return false;
}

enum dot abbreviation_dot(struct slice word)
{
    static const char *const inside[] = {"mr", "mrs", "ms", "dr", "prof", "rev", "hon", "st", "mt",
        "vs", "e.g", "i.e", "eg", "approx", "mon", "tue", "tues", "wed", "thu", "thurs", "fri",
        "jan", "feb", "apr", "aug", "sept", "oct", "nov", "dec", NULL};
    static const char *const capital[] = {"a.m", "p.m", "am", "pm", "etc", "inc", "ltd", "co", "jr",
        "sr", "ave", "blvd", "rd", "ln", "dept", "u.s", "u.k", "d.d.s", "d.m.d", "m.d", "ph.d",
        NULL};
    static const char *const digit[] = {"no", "nos", "ext", "tel", "ste", "apt", "fig", "pp", NULL};
    if (is_listed(word, inside))
        return DOT_INSIDE;
    if (is_listed(word, capital))
        return DOT_BEFORE_CAPITAL;
    if (is_listed(word, digit))
        return DOT_BEFORE_DIGIT;
    bool is_initial = word.len == 1 && isupper((unsigned char)word.data[0]) && word.data[0] != 'I';
    return is_initial ? DOT_INSIDE : DOT_END;
}

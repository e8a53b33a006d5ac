/* The matching half of script/pattern.h: tries items against the text, back and forth. */
#include <string.h>

#include "script/pattern.h"

static const char *match(struct matcher *matcher, const char *at, const struct pattern_item *item);

static const char *give_up(struct matcher *matcher, const char *fault)
{
    if (!matcher->fault)
        matcher->fault = fault;
    return NULL;
}

static bool take_steps(struct matcher *matcher, size_t count)
{
    if (matcher->steps_left <= count) {
        matcher->steps_left = 0;
        give_up(matcher, "the pattern takes too many steps on this text");
        return false;
    }
    matcher->steps_left -= count;
    return true;
}

static const char *text_end(const struct matcher *matcher)
{
    return matcher->text.data + matcher->text.len;
}

static bool is_in_set(const struct matcher *matcher, const struct pattern_item *item, char c)
{
    unsigned char byte = (unsigned char)c;
    return matcher->pattern->sets[item->set][byte / 8] >> (byte % 8) & 1;
}

/* Whether the byte at `at` is one of a CHAR, ANY or SET. */
static bool fits(const struct matcher *matcher, const struct pattern_item *item, const char *at)
{
    if (at >= text_end(matcher))
        return false;
    if (item->kind == PATTERN_ANY)
        return true;
    if (item->kind == PATTERN_CHAR)
        return (unsigned char)*at == item->first;
    return is_in_set(matcher, item, *at);
}

static const char *match_deeper(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    if (++matcher->depth >= PATTERN_DEPTH_MAX)
        return give_up(matcher, "pattern too complex");
    const char *end = match(matcher, at, item);
    matcher->depth--;
    return end;
}

/* As many as there are, then fewer and fewer. */
static const char *match_most(
    struct matcher *matcher, const char *at, const struct pattern_item *item, size_t least)
{
    size_t count = 0;
    while (count < matcher->steps_left && fits(matcher, item, at + count))
        count++;
    if (!take_steps(matcher, count))
        return NULL;
    for (;; count--) {
        if (count < least)
            return NULL;
        const char *end = match_deeper(matcher, at + count, item + 1);
        if (end || matcher->fault || count == 0)
            return end;
    }
}

/* None, then more and more. */
static const char *match_fewest(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    for (;; at++) {
        const char *end = match_deeper(matcher, at, item + 1);
        if (end || matcher->fault)
            return end;
        if (!fits(matcher, item, at))
            return NULL;
    }
}

static const char *begin_capture(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    if (matcher->capture_count >= PATTERN_CAPTURES_MAX)
        return give_up(matcher, "too many captures");
    ptrdiff_t len = item->kind == PATTERN_HERE ? CAPTURE_HERE : CAPTURE_OPEN;
    matcher->captures[matcher->capture_count++] = (struct pattern_capture){at, len};
    const char *end = match_deeper(matcher, at, item + 1);
    if (!end)
        matcher->capture_count--;
    return end;
}

static const char *end_capture(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    size_t i = matcher->capture_count;
    while (i > 0 && matcher->captures[i - 1].len != CAPTURE_OPEN)
        i--;
    if (i == 0)
        return give_up(matcher, "invalid pattern capture");
    struct pattern_capture *capture = &matcher->captures[i - 1];
    capture->len = at - capture->start;
    const char *end = match_deeper(matcher, at, item + 1);
    if (!end)
        capture->len = CAPTURE_OPEN;
    return end;
}

/* Behind what the capture holds, when the text says it again. */
static const char *skip_again(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    if (item->first == 0 || item->first > matcher->capture_count ||
        matcher->captures[item->first - 1].len == CAPTURE_OPEN)
        return give_up(matcher, "invalid capture index");
    const struct pattern_capture *capture = &matcher->captures[item->first - 1];
    if (capture->len < 0 || text_end(matcher) - at < capture->len)
        return NULL;
    size_t len = (size_t)capture->len;
    if (!take_steps(matcher, len / 8) || memcmp(capture->start, at, len) != 0)
        return NULL;
    return at + len;
}

static const char *skip_balanced(
    struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    size_t open = 1;
    const char *end = text_end(matcher), *start = at;
    if (at >= end || (unsigned char)*at != item->first)
        return NULL;
    if ((size_t)(end - at) > matcher->steps_left)
        end = at + matcher->steps_left;
    while (++at < end) {
        if ((unsigned char)*at == item->second) {
            if (--open == 0)
                break;
        } else if ((unsigned char)*at == item->first) {
            open++;
        }
    }
    if (!take_steps(matcher, (size_t)(at - start)) || at == end)
        return NULL;
    return at + 1;
}

static bool is_frontier(
    const struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    char before = at == matcher->text.data ? '\0' : at[-1];
    char after = at == text_end(matcher) ? '\0' : *at;
    return !is_in_set(matcher, item, before) && is_in_set(matcher, item, after);
}

/* One byte under its repeat sign. NULL with `*next` set: go on there with the next item. */
static const char *match_repeat(
    struct matcher *matcher, const char *at, const struct pattern_item *item, const char **next)
{
    const char *end;
    *next = NULL;
    switch (item->repeat) {
    case REPEAT_ONCE:
        *next = fits(matcher, item, at) ? at + 1 : NULL;
        return NULL;
    case REPEAT_MAYBE:
        end = fits(matcher, item, at) ? match_deeper(matcher, at + 1, item + 1) : NULL;
        if (!end && !matcher->fault)
            *next = at;
        return end;
    case REPEAT_ANY:
        return match_most(matcher, at, item, 0);
    case REPEAT_SOME:
        return match_most(matcher, at, item, 1);
    case REPEAT_FEW:
        return match_fewest(matcher, at, item);
    }
    return NULL;
}

/* The end of the match of `item` and all behind it; NULL: none, or a fault. */
static const char *match(struct matcher *matcher, const char *at, const struct pattern_item *item)
{
    for (;; item++) {
        const char *end, *next = NULL;
        if (!take_steps(matcher, 1))
            return NULL;
        switch (item->kind) {
        case PATTERN_CHAR:
        case PATTERN_ANY:
        case PATTERN_SET:
            end = match_repeat(matcher, at, item, &next);
            if (!next)
                return end;
            break;
        case PATTERN_OPEN:
        case PATTERN_HERE:
            return begin_capture(matcher, at, item);
        case PATTERN_CLOSE:
            return end_capture(matcher, at, item);
        case PATTERN_BACK:
            next = skip_again(matcher, at, item);
            break;
        case PATTERN_BALANCE:
            next = skip_balanced(matcher, at, item);
            break;
        case PATTERN_FRONTIER:
            next = is_frontier(matcher, at, item) ? at : NULL;
            break;
        case PATTERN_TEXT_END:
            next = at == text_end(matcher) ? at : NULL;
            break;
        case PATTERN_FAULT:
            return give_up(matcher, item->fault);
        case PATTERN_DONE:
            return at;
        }
        if (!next)
            return NULL;
        at = next;
    }
}

/* The next place where a match may begin: a pattern that begins with a plain byte begins where that byte is. */
static const char *next_start(struct matcher *matcher, const char *at)
{
    const struct pattern_item *item = &matcher->pattern->items[0];
    bool is_byte =
        item->kind == PATTERN_CHAR && (item->repeat == REPEAT_ONCE || item->repeat == REPEAT_SOME);
    if (!is_byte || at >= text_end(matcher))
        return at;
    const char *found = memchr(at, item->first, (size_t)(text_end(matcher) - at));
    const char *next = found ? found : text_end(matcher);
    return take_steps(matcher, (size_t)(next - at) / 16) ? next : NULL;
}

void matcher_init(struct matcher *matcher, const struct pattern *pattern, struct slice text)
{
    matcher->pattern = pattern;
    matcher->text = (struct slice){text.data ? text.data : "", text.len};
    matcher->steps_left = PATTERN_STEPS;
    matcher->depth = 0;
    matcher->fault = NULL;
    matcher->may_pause = matcher->is_paused = false;
    matcher->capture_count = 0;
    matcher->first = matcher->end = NULL;
}

bool matcher_find(struct matcher *matcher, size_t from)
{
    bool is_anchored = matcher->pattern->is_anchored;
    const char *at = matcher->text.data + from;
    for (;; at++) {
        if (!is_anchored && !(at = next_start(matcher, at)))
            return false;
        matcher->capture_count = 0;
        matcher->depth = 0;
        matcher->first = at;
        matcher->is_paused = matcher->may_pause && matcher->steps_left < PATTERN_STEPS / 2;
        if (matcher->is_paused)
            return false;
        matcher->end = match(matcher, at, matcher->pattern->items);
        if (matcher->end)
            return true;
        if (matcher->fault || is_anchored || at >= text_end(matcher))
            return false;
    }
}

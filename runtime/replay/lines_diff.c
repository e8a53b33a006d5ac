#include "replay/lines_diff.h"

#include <stdint.h>
#include <stdlib.h>

struct lines {
    struct slice *list;
    size_t count;
};

static bool split(struct lines *lines, const char *text)
{
    struct slice rest = slice_from(text);
    size_t most = 1;
    for (size_t i = 0; i < rest.len; i++)
        most += rest.data[i] == '\n';
    *lines = (struct lines){.list = calloc(most, sizeof *lines->list)};
    while (lines->list && rest.len)
        lines->list[lines->count++] = slice_split(&rest, '\n');
    return lines->list != NULL;
}

static void print(struct strbuf *out, const char *indent, char sign, struct slice line)
{
    strbuf_printf(out, "%s%c %.*s\n", indent, sign, (int)line.len, line.data);
}

static void print_all(struct strbuf *out, const char *indent, const struct slice *was,
    size_t was_count, const struct slice *now, size_t now_count)
{
    for (size_t i = 0; i < was_count; i++)
        print(out, indent, '-', was[i]);
    for (size_t i = 0; i < now_count; i++)
        print(out, indent, '+', now[i]);
}

/* longest[i][j]: lines that was[i…] and now[j…] have in common, in order. */
static void print_changes(struct strbuf *out, const char *indent, const struct slice *was,
    size_t was_count, const struct slice *now, size_t now_count, uint16_t *longest)
{
    size_t width = now_count + 1, i = 0, j = 0;
    for (size_t a = was_count; a-- > 0;) {
        for (size_t b = now_count; b-- > 0;) {
            uint16_t down = longest[(a + 1) * width + b], right = longest[a * width + b + 1];
            uint16_t better = down > right ? down : right;
            longest[a * width + b] = slice_equal(was[a], now[b])
                                         ? (uint16_t)(longest[(a + 1) * width + b + 1] + 1)
                                         : better;
        }
    }
    while (i < was_count || j < now_count) {
        bool is_both = i < was_count && j < now_count;
        if (is_both && slice_equal(was[i], now[j])) {
            i++;
            j++;
        } else if (i < was_count &&
                   (!is_both || longest[(i + 1) * width + j] >= longest[i * width + j + 1])) {
            print(out, indent, '-', was[i++]);
        } else {
            print(out, indent, '+', now[j++]);
        }
    }
}

static void diff(
    struct strbuf *out, const char *indent, const struct lines *was, const struct lines *now)
{
    size_t first = 0, was_end = was->count, now_end = now->count;
    while (first < was_end && first < now_end && slice_equal(was->list[first], now->list[first]))
        first++;
    while (was_end > first && now_end > first &&
           slice_equal(was->list[was_end - 1], now->list[now_end - 1])) {
        was_end--;
        now_end--;
    }
    size_t gone = was_end - first, came = now_end - first;
    bool is_large = gone > LINES_DIFF_MAX || came > LINES_DIFF_MAX;
    uint16_t *longest = is_large ? NULL : calloc((gone + 1) * (came + 1), sizeof *longest);
    if (longest)
        print_changes(out, indent, was->list + first, gone, now->list + first, came, longest);
    else
        print_all(out, indent, was->list + first, gone, now->list + first, came);
    free(longest);
}

void lines_diff(struct strbuf *out, const char *indent, const char *was, const char *now)
{
    struct lines left = {0}, right = {0};
    if (split(&left, was) && split(&right, now))
        diff(out, indent, &left, &right);
    else
        out->failed = true;
    free(left.list);
    free(right.list);
}

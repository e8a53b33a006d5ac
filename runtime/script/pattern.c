#include "script/pattern.h"

#include <string.h>

struct reading {
    struct pattern *pattern;
    const unsigned char *at, *end;
};

static void add_to_set(unsigned char set[32], unsigned char c)
{
    set[c / 8] |= (unsigned char)(1u << (c % 8));
}

/* Lua's classes by the C locale, whatever the process has set: one bit a byte, none of 128 and above. */
struct class {
    char letter;
    unsigned char bits[16];
};

static const struct class classes[] = {
    {'a', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0xff, 0x07, 0xfe, 0xff, 0xff,
              0x07}},
    {'c', {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
              0x80}},
    {'d', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
              0x00}},
    {'g', {0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
              0x7f}},
    {'l', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0xff,
              0x07}},
    {'p', {0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0x00, 0xfc, 0x01, 0x00, 0x00, 0xf8, 0x01, 0x00, 0x00,
              0x78}},
    {'s', {0x00, 0x3e, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
              0x00}},
    {'u', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xfe, 0xff, 0xff, 0x07, 0x00, 0x00, 0x00,
              0x00}},
    {'w', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x03, 0xfe, 0xff, 0xff, 0x07, 0xfe, 0xff, 0xff,
              0x07}},
    {'x', {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0x03, 0x7e, 0x00, 0x00, 0x00, 0x7e, 0x00, 0x00,
              0x00}},
    {'z', {0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
              0x00}},
};

static const struct class *find_class(unsigned char letter)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if ((letter | 0x20) == classes[i].letter && letter >= 'A')
            return &classes[i];
    return NULL;
}

/* What "%" and this letter stand for: a class, its opposite (upper case), or the letter itself. */
static void add_class(unsigned char set[32], unsigned char letter)
{
    const struct class *class = find_class(letter);
    if (!class) {
        add_to_set(set, letter);
        return;
    }
    unsigned char flip = letter < 'a' ? 0xff : 0;
    for (size_t i = 0; i < 32; i++)
        set[i] |= (unsigned char)((i < 16 ? class->bits[i] : 0) ^ flip);
}

static struct pattern_item *add_item(struct reading *reading, enum pattern_kind kind)
{
    struct pattern_item *item = &reading->pattern->items[reading->pattern->item_count++];
    *item = (struct pattern_item){.kind = kind};
    return item;
}

/* Nothing after a fault can be reached. */
static void add_fault(struct reading *reading, const char *fault)
{
    add_item(reading, PATTERN_FAULT)->fault = fault;
    reading->at = reading->end;
}

static uint16_t new_set(struct reading *reading, unsigned char **set)
{
    struct pattern *pattern = reading->pattern;
    *set = pattern->sets[pattern->set_count];
    memset(*set, 0, 32);
    return (uint16_t)pattern->set_count++;
}

/* Behind "[": where the closing bracket stands; NULL: nowhere. A bracket that comes first stands for itself. */
static const unsigned char *find_set_end(const struct reading *reading)
{
    const unsigned char *at = reading->at;
    if (at < reading->end && *at == '^')
        at++;
    do {
        if (at >= reading->end)
            return NULL;
        if (*at++ == '%' && at < reading->end)
            at++;
    } while (at >= reading->end || *at != ']');
    return at;
}

/* "[…]", from behind its opening bracket. False: it is not closed (and a fault is added). */
static bool read_set(struct reading *reading, uint16_t *index)
{
    unsigned char *set;
    const unsigned char *at = reading->at, *close = find_set_end(reading);
    if (!close) {
        add_fault(reading, "malformed pattern (missing ']')");
        return false;
    }
    *index = new_set(reading, &set);
    bool is_negated = *at == '^';
    for (at += is_negated; at < close; at++) {
        if (*at == '%') {
            add_class(set, *++at);
        } else if (at[1] == '-' && at + 2 < close) {
            for (unsigned c = at[0]; c <= at[2]; c++)
                add_to_set(set, (unsigned char)c);
            at += 2;
        } else {
            add_to_set(set, *at);
        }
    }
    for (size_t i = 0; is_negated && i < 32; i++)
        set[i] = (unsigned char)~set[i];
    reading->at = close + 1;
    return true;
}

static void read_repeat(struct reading *reading, struct pattern_item *item)
{
    static const char signs[] = "?*+-";
    static const enum pattern_repeat repeats[] = {
        REPEAT_MAYBE, REPEAT_ANY, REPEAT_SOME, REPEAT_FEW};
    const char *sign =
        reading->at < reading->end && *reading->at ? strchr(signs, *reading->at) : NULL;
    if (!sign)
        return;
    item->repeat = repeats[sign - signs];
    reading->at++;
}

static void read_balance(struct reading *reading)
{
    if (reading->end - reading->at < 2) {
        add_fault(reading, "unbalanced pattern");
        return;
    }
    struct pattern_item *item = add_item(reading, PATTERN_BALANCE);
    item->first = *reading->at++;
    item->second = *reading->at++;
}

static void read_frontier(struct reading *reading)
{
    uint16_t set;
    if (reading->at >= reading->end || *reading->at != '[') {
        add_fault(reading, "missing '[' after '%f' in pattern");
        return;
    }
    reading->at++;
    if (read_set(reading, &set))
        add_item(reading, PATTERN_FRONTIER)->set = set;
}

/* From behind "%". */
static void read_escape(struct reading *reading)
{
    if (reading->at >= reading->end) {
        add_fault(reading, "malformed pattern (ends with '%')");
        return;
    }
    unsigned char c = *reading->at++;
    struct pattern_item *item;
    unsigned char *set;
    if (c == 'b') {
        read_balance(reading);
    } else if (c == 'f') {
        read_frontier(reading);
    } else if (c >= '0' && c <= '9') {
        add_item(reading, PATTERN_BACK)->first = (unsigned char)(c - '0');
    } else if (find_class(c)) {
        item = add_item(reading, PATTERN_SET);
        item->set = new_set(reading, &set);
        add_class(set, c);
        read_repeat(reading, item);
    } else {
        item = add_item(reading, PATTERN_CHAR);
        item->first = c;
        read_repeat(reading, item);
    }
}

static void read_open(struct reading *reading)
{
    bool is_here = reading->at < reading->end && *reading->at == ')';
    reading->at += is_here;
    add_item(reading, is_here ? PATTERN_HERE : PATTERN_OPEN);
}

static void read_bracket(struct reading *reading)
{
    uint16_t set;
    if (!read_set(reading, &set))
        return;
    struct pattern_item *item = add_item(reading, PATTERN_SET);
    item->set = set;
    read_repeat(reading, item);
}

static void read_plain(struct reading *reading, unsigned char c)
{
    struct pattern_item *item = add_item(reading, c == '.' ? PATTERN_ANY : PATTERN_CHAR);
    item->first = c;
    read_repeat(reading, item);
}

static void read_item(struct reading *reading)
{
    unsigned char c = *reading->at++;
    if (c == '(')
        read_open(reading);
    else if (c == ')')
        add_item(reading, PATTERN_CLOSE);
    else if (c == '%')
        read_escape(reading);
    else if (c == '[')
        read_bracket(reading);
    else if (c == '$' && reading->at == reading->end)
        add_item(reading, PATTERN_TEXT_END);
    else
        read_plain(reading, c);
}

enum err pattern_read(struct pattern *out, struct slice text, bool may_anchor)
{
    text.len = text.data ? strnlen(text.data, text.len) : 0; /* as in Lua 5.1; %z is a zero byte */
    if (text.len > PATTERN_MAX_BYTES)
        return ERR_FULL;
    out->item_count = out->set_count = 0;
    out->is_anchored = may_anchor && text.len && text.data[0] == '^';
    const unsigned char *start = (const unsigned char *)(text.data ? text.data : "");
    struct reading reading = {out, start + out->is_anchored, start + text.len};
    while (reading.at < reading.end)
        read_item(&reading);
    add_item(&reading, PATTERN_DONE);
    return ERR_OK;
}

bool pattern_is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] && strchr("^$*+?.([%-", text.data[i]))
            return false;
    }
    return true;
}

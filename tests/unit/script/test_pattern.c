/* Lua patterns by our own matcher: what LuaJIT answers, and an end to what it would never answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "script/pattern.h"
#include "unit/script/pattern_oracle.h"

static int setup(void **state)
{
    static struct oracle oracle;
    oracle_open(&oracle);
    *state = &oracle;
    return 0;
}

static int teardown(void **state)
{
    oracle_close(*state);
    return 0;
}

static void compare(const struct oracle *oracle, const struct oracle_question *question)
{
    static char ours[ORACLE_ANSWER_SIZE], theirs[ORACLE_ANSWER_SIZE];
    if (oracle_agrees(oracle, question, ours, theirs))
        return;
    fail_msg("%s('%.*s', '%.*s', %d)\n  ours   %s\n  theirs %s", question->function,
        (int)question->text.len, question->text.data, (int)question->pattern.len,
        question->pattern.data, question->start, ours, theirs);
}

static void compare_all(const struct oracle *oracle, struct slice text, struct slice pattern)
{
    static const char *const functions[] = {"find", "match", "gmatch", "gsub"};
    static const struct slice replacements[] = {{NULL, 0}, {"<%0>", 4}, {"%1%%%2%x%", 9}, {"", 0}};
    for (size_t i = 0; i < 4; i++) {
        struct oracle_question question = {functions[i], text, pattern, 0, {NULL, 0}};
        compare(oracle, &question);
        for (int start = -2; i < 2 && start < 4; start++) {
            question.start = start;
            compare(oracle, &question);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        struct oracle_question question = {"gsub", text, pattern, (int)i, replacements[i]};
        compare(oracle, &question);
        question.start = 0;
        compare(oracle, &question);
    }
}

static void known_cases_agree(void **state)
{
    static const struct slice texts[] = {SLICE(""), SLICE("a"), SLICE("hello world"),
        SLICE("key = value; k2=v2"), SLICE("f(a(b)c)d)"), SLICE("2026-11-22T10:00"), SLICE("aaab"),
        SLICE("\0a\0"), SLICE("THE (quick) fox"), SLICE("x\xff\x80y"), SLICE("[[]]"),
        SLICE("a.b-c%d"), SLICE("abcabc")};
    static const struct slice patterns[] = {SLICE(""), SLICE("^"), SLICE("$"), SLICE("^$"),
        SLICE("a"), SLICE("."), SLICE(".*"), SLICE(".-"), SLICE(".+"), SLICE("%a+"),
        SLICE("(%w+)%s*=%s*(%w+)"), SLICE("%b()"), SLICE("%f[%a]%a+"), SLICE("()"), SLICE("()a()"),
        SLICE("(a)(b)%2%1"), SLICE("(abc)%1"), SLICE("[^%s]+"), SLICE("[a-c]+"), SLICE("[]]"),
        SLICE("[^]]"), SLICE("[]"), SLICE("["), SLICE("[a"), SLICE("[a%"), SLICE("[a-]"),
        SLICE("[%a-z]"), SLICE("[a-%z]"), SLICE("[--0]"), SLICE("%"), SLICE("a%"), SLICE("%b"),
        SLICE("%bx"), SLICE("%f"), SLICE("%fa"), SLICE("("), SLICE(")"), SLICE("(()"), SLICE("(a"),
        SLICE("a)"), SLICE("%0"), SLICE("%1"), SLICE("(%1)"), SLICE("()%1"), SLICE("*"),
        SLICE("a**"), SLICE("^*"), SLICE("a^"), SLICE("$a"), SLICE("a$$"), SLICE("%z"),
        SLICE("%Z+"), SLICE("\0"), SLICE("[\0]"), SLICE("%g+"), SLICE("%x+"), SLICE("%p"),
        SLICE("%D+"), SLICE("%."), SLICE("%-"), SLICE("%%"), SLICE("a?b?c?"),
        SLICE("(a*(.)%w(%s*))"), SLICE("^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d)$"), SLICE("%f[%w]"),
        SLICE("%f[\0]"), SLICE("[\x80-\xff]+"), SLICE("x[^%z]y"),
        SLICE("((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))"),
        SLICE("(((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))")};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++)
            compare_all(*state, texts[t], patterns[p]);
}

static unsigned seed = 20261122;

static unsigned pick(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

/* Words of patterns one after another, most of them well-formed. */
static size_t random_pattern(char *out, size_t size)
{
    static const char *const words[] = {"a", "b", "c", ".", "%a", "%d", "%s", "[ab]", "[^a]",
        "[a-c]", "(", ")", "()", "*", "+", "-", "?", "^", "$", "%b()", "%f[%a]", "%1", "%2", "%",
        "[", "]", "x", " ", "%w", "%S"};
    size_t len = 0;
    for (unsigned count = 1 + pick(7); count; count--) {
        const char *word = words[pick(sizeof words / sizeof *words)];
        if (len + strlen(word) >= size)
            break;
        memcpy(out + len, word, strlen(word));
        len += strlen(word);
    }
    return len;
}

static void random_cases_agree(void **state)
{
    static const char letters[] = "aaabbc (1)x";
    for (unsigned round = 0; round < 20000; round++) {
        char text[16], pattern[64];
        size_t len = pick(sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = letters[pick(sizeof letters - 1)];
        compare_all(*state, (struct slice){text, len},
            (struct slice){pattern, random_pattern(pattern, sizeof pattern)});
    }
}

static void pathological_patterns_end(void **state)
{
    static const char *const patterns[] = {".-.-.-.-.-.-b", "[^b]*[^b]*[^b]*[^b]*b", "%b(a",
        "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?aaaaaaaaaaaaaaaaaaaaaaaaab",
        "(a*)(a*)(a*)%1%2%3b", "(.*)%1%1b"};
    static char text[200000];
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        struct pattern pattern;
        struct matcher matcher;
        assert_int_equal(pattern_read(&pattern, slice_from(patterns[i]), true), ERR_OK);
        matcher_init(&matcher, &pattern, (struct slice){text, sizeof text});
        uint64_t start_us = clock_thread_cpu_us();
        bool is_found = matcher_find(&matcher, 0);
        uint64_t took_us = clock_thread_cpu_us() - start_us;
        print_message("%-40.40s %6llu us, %zu steps\n", patterns[i], (unsigned long long)took_us,
            PATTERN_STEPS - matcher.steps_left);
        assert_false(is_found);
        assert_true(took_us < 500000);
        if (matcher.fault)
            assert_string_equal(matcher.fault, "the pattern takes too many steps on this text");
    }
}

static void long_patterns_are_refused(void **state)
{
    static char text[PATTERN_MAX_BYTES + 1];
    struct pattern pattern;
    memset(text, '%', sizeof text);
    assert_int_equal(pattern_read(&pattern, (struct slice){text, sizeof text}, true), ERR_FULL);
    assert_int_equal(pattern_read(&pattern, (struct slice){text, PATTERN_MAX_BYTES}, true), ERR_OK);
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = 'a';
    assert_int_equal(pattern_read(&pattern, (struct slice){text, PATTERN_MAX_BYTES}, true), ERR_OK);
    assert_int_equal(pattern.set_count, PATTERN_MAX_BYTES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_cases_agree),
        cmocka_unit_test(random_cases_agree),
        cmocka_unit_test(pathological_patterns_end),
        cmocka_unit_test(long_patterns_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

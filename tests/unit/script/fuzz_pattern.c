/* Any pattern on any text: bounded, in bounds, and what LuaJIT answers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "script/pattern.h"
#include "unit/script/pattern_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct oracle oracle;
    static char ours[ORACLE_ANSWER_SIZE], theirs[ORACLE_ANSWER_SIZE];
    static const char *const functions[] = {"find", "match", "gmatch", "gsub"};
    if (!oracle.ours)
        oracle_open(&oracle);
    if (size < 2)
        return 0;
    struct slice rest = {(const char *)data + 2, size - 2};
    size_t len = data[1] < rest.len ? data[1] : rest.len;
    struct oracle_question question = {.function = functions[data[0] % 4],
        .pattern = {rest.data, len},
        .text = {rest.data + len, rest.len - len},
        .start = data[0] / 4 % 8 - 3};
    if (data[0] & 128)
        question.replacement = (struct slice)SLICE("%1-%0");
    if (question.text.len > 40 || question.pattern.len > 40) {
        struct pattern pattern;
        struct matcher matcher;
        if (pattern_read(&pattern, question.pattern, true))
            return 0;
        matcher_init(&matcher, &pattern, question.text);
        matcher_find(&matcher, 0);
        return 0;
    }
    if (!oracle_agrees(&oracle, &question, ours, theirs)) {
        printf("ours   %s\ntheirs %s\n", ours, theirs);
        abort();
    }
    return 0;
}

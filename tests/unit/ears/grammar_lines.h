/* Sentences made from single rules of the ears' grammar by random walks with a fixed seed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GRAMMAR_LINE_SIZE 1000

struct grammar_lines; /* one loaded grammar */
struct grammar_lines *grammar_lines_open(const char *path, uint32_t seed);
void grammar_lines_close(struct grammar_lines *lines);
/* A sentence of `rule` ("hours") with one to `words_max` words. */
void grammar_line(
    struct grammar_lines *lines, const char *rule, unsigned words_max, char out[GRAMMAR_LINE_SIZE]);

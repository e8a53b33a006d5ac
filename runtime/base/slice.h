/* Borrowed bytes: a pointer and a length, not terminated, never owned. A slice given to a function
   is valid for that call only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *data;
    size_t len;
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

struct slice slice_from(const char *text); /* of a terminated string; NULL is empty */
bool slice_equal(struct slice a, struct slice b);
bool slice_is(struct slice a, const char *text);
bool slice_is_nocase(struct slice a, const char *text); /* ASCII only */
bool slice_is_one_of(
    struct slice a, const char *const *list); /* so, one of a list that ends with NULL */
bool slice_starts(struct slice a, const char *prefix);
struct slice slice_trim(struct slice a); /* blanks and line ends off both sides */
/* Cuts `rest` at the first `separator`: the part before is returned, `rest` becomes the part after
   (empty when there was no separator). */
struct slice slice_split(struct slice *rest, char separator);
char *slice_dup(struct slice a); /* heap copy, terminated; NULL: no memory */
/* Copies into a buffer of `size`, cutting at the end; always terminated. False when it was cut. */
bool slice_copy(struct slice a, char *out, size_t size);

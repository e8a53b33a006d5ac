/* Checks of one value against one schema, of which arguments.c makes the whole. Private to arguments. */
#pragma once

#include "script/arguments.h"

#define ARGUMENTS_PATH_SIZE 128

struct arguments_check {
    char *why;
    unsigned steps_left;
    unsigned depth;
};

/* A value and where it stands: "", "guests[2].name". */
struct arguments_place {
    json_t *value;
    char path[ARGUMENTS_PATH_SIZE];
};

/* What did not fit may have been cut inside of a character. */
void arguments_end_whole(char *text);
/* ERR_BAD, with the place before the text. */
__attribute__((format(printf, 3, 4))) enum err arguments_fault(
    struct arguments_check *check, const struct arguments_place *place, const char *format, ...);

enum err arguments_check_type(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema);
/* enum and const */
enum err arguments_check_choice(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema);
enum err arguments_check_number(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema);
enum err arguments_check_text(
    struct arguments_check *check, const struct arguments_place *place, const json_t *schema);
/* Between what the two keywords say; of so many units. */
enum err arguments_check_size(struct arguments_check *check, const struct arguments_place *place,
    const json_t *schema, const char *const names[2], size_t size, const char *unit);

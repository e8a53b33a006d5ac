/* Reads groups of digits and what joins them, and tells those that belong to a date, a time, an address of
   a machine, an amount or an id. For phone_shape.c. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

#define GROUPS_MAX 24

enum separator { SEPARATOR_NONE, SEPARATOR_BLANK, SEPARATOR_DASH, SEPARATOR_DOT, SEPARATOR_COMMA };

struct group {
    size_t start; /* of its first digit, or of the sign or parenthesis before it */
    size_t digits_start;
    size_t end;
    unsigned digits;
    enum separator before; /* what joins it to the group before */
    bool is_barred;        /* belongs to a date, a time, an amount, an id */
};

struct groups {
    struct slice text;
    struct group list[GROUPS_MAX];
    unsigned count;
    bool has_plus;
    bool has_parenthesis;
};

/* The groups that begin at `start`, where phone_may_start is true: at least one. */
void groups_read(struct groups *groups, struct slice text, size_t start);
/* "2026-12-01", "12/01/2026", "192.168.1.10:8080" at `at`: bytes, or 0. */
size_t groups_date_or_address(struct slice text, size_t at);
/* "x12", " ext. 12", " extension 12" behind a number: bytes, or 0. */
size_t groups_extension(struct slice text, size_t at);
/* The first digits of a group as a number; `digits` must be there. */
unsigned groups_value(struct slice text, size_t at, unsigned digits);
bool groups_is_year(unsigned value);
bool groups_is_month_day(unsigned a, unsigned b); /* in either order */
/* The byte at `at`, 0 behind the end. */
char groups_char(struct slice text, size_t at);
/* Whether `what` stands at `at`. */
bool groups_is_at(struct slice text, size_t at, const char *what);

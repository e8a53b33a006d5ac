/* Days of the calendar as numbers, since 1970-01-01. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct civil {
    int year;
    int month; /* 1 is January */
    int day;
};

struct civil civil_of(int32_t day);
bool civil_is(struct civil date); /* February has so many days */
int32_t civil_day(struct civil date);
int civil_weekday(int32_t day); /* 1 is Monday */

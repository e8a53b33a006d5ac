/* Dates and times of a zone's wall clock, as text and as numbers. Pure. Days count from 1970-01-01, minutes from
   midnight, instants are seconds since 1970 in UTC. */
#pragma once

#include "bindings/zone.h"

#define WALL_DATE_SIZE 16 /* "2026-11-28"; what follows on the year 9999 is longer */
#define WALL_STAMP_SIZE 32
#define WALL_SPOKEN_SIZE 64
#define WALL_SPOKEN "%A, %B %-d at %-I:%M %p" /* "Saturday, November 28 at 10:00 AM" */
#define WALL_SECONDS_MAX 253402300799         /* the end of the year 9999 */

extern const char *const wall_weekdays[7]; /* from Monday */

/* What stands at the start of `text`; `*rest` is what follows. ERR_BAD: no date of 1970 or later. */
must_use enum err wall_read_date(const char *text, const char **rest, int32_t *day);
/* "2026-11-28T10:00", with or without seconds; with "Z" or an offset it is that instant. Of a time that comes twice, the
   first. ERR_BAD: no time; ERR_NOT_FOUND: the clock skips it. */
must_use enum err wall_read_time(const char *text, const struct zone *zone, int64_t *utc_s);
/* "08:00" to "24:00", nothing else around it. */
must_use enum err wall_read_minutes(struct slice text, unsigned *minutes);

int32_t wall_day(const struct zone *zone, int64_t utc_s);
unsigned wall_minutes(const struct zone *zone, int64_t utc_s);
/* Of a time that comes twice the first, of one that the clock skips the moment of the change. */
int64_t wall_to_utc(const struct zone *zone, int32_t day, unsigned minutes);

void wall_write_date(char out[WALL_DATE_SIZE], int32_t day);
/* "2026-11-28T10:00", which wall_read_time reads back as this instant: the second of two such times has its offset. */
void wall_write_stamp(char out[WALL_STAMP_SIZE], const struct zone *zone, int64_t utc_s);
void wall_write_spoken(char out[WALL_SPOKEN_SIZE], const struct zone *zone, int64_t utc_s);

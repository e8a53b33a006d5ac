/* When a business works, who works there, what it offers and what is booked: everything that decides whether a time is
   free, as plain data of a fixed size but for the bookings.

   It is filled from the tenant's rows (store/calendar_sql.h, CALENDAR_READ) and the `profile` of its script. Rows of
   staff, hours and services win, kind by kind; of holidays, date by date. */
#pragma once

#include <jansson.h>

#include "bindings/wall_text.h"
#include "store/database.h"

#define SCHEDULE_STAFF_MAX 32 /* a bit each in a mask */
#define SCHEDULE_SERVICES_MAX 64
#define SCHEDULE_SPANS_MAX 512
#define SCHEDULE_HOLIDAYS_MAX 512
#define SCHEDULE_NAME_SIZE 64
#define SCHEDULE_WHY_SIZE 160
#define SCHEDULE_ANY "any" /* the staff of appointments where nobody is listed */
#define SCHEDULE_NOBODY (-1)
#define SCHEDULE_ALL UINT32_MAX

/* Minutes of the wall clock; past 24 hours it is the next day's. */
struct day_span {
    uint16_t open_min, close_min;
};

struct schedule_span { /* of every week */
    int staff;         /* SCHEDULE_NOBODY: the business */
    int weekday;       /* 1 is Monday */
    struct day_span span;
};

struct schedule_holiday { /* several rows make several spans */
    int staff;
    int32_t day;
    bool is_closed;
    struct day_span span;
    char name[SCHEDULE_NAME_SIZE]; /* may be empty */
};

struct schedule_staff {
    char name[SCHEDULE_NAME_SIZE];
    bool has_own_hours; /* which hold instead of the business's */
};

struct schedule_service {
    char name[SCHEDULE_NAME_SIZE];
    unsigned minutes, buffer_minutes;
    uint32_t staff_mask; /* who does it */
};

struct schedule_booking {
    int64_t start_s, end_s; /* with its buffer */
    uint32_t staff_mask;    /* whom it keeps busy */
};

struct schedule {
    unsigned step_minutes; /* offered times stand on the wall clock's multiples of it */
    struct schedule_staff staff[SCHEDULE_STAFF_MAX];
    size_t staff_count; /* 0: one calendar for the business, which is bit 0 */
    struct schedule_service services[SCHEDULE_SERVICES_MAX];
    size_t service_count;
    struct schedule_span spans[SCHEDULE_SPANS_MAX];
    size_t span_count;
    struct schedule_holiday holidays[SCHEDULE_HOLIDAYS_MAX];
    size_t holiday_count;
    struct schedule_booking *bookings; /* by start; heap */
    size_t booking_count;
    int64_t known_until_s; /* later bookings were not read */
};

/* Starts from zeros; schedule_clear frees it, filled or not. `rows` may be NULL: the profile alone, and no booking is
   known. ERR_BAD: the profile
   does not say what it should, `why` tells where; ERR_FULL: more than fits, `why` tells of what; ERR_NOMEM. */
must_use enum err schedule_fill(struct schedule *schedule, const json_t *profile,
    const struct rows *rows, char why[SCHEDULE_WHY_SIZE]);
void schedule_clear(struct schedule *schedule);

/* By name, in any case of ASCII letters; NULL, SCHEDULE_NOBODY: there is none. */
const struct schedule_service *schedule_service(const struct schedule *schedule, struct slice name);
int schedule_staff(const struct schedule *schedule, struct slice name);
uint32_t schedule_everybody(const struct schedule *schedule);
/* What an appointment's `staff` is for that bit. */
const char *schedule_staff_name(const struct schedule *schedule, int staff);

/* For the two that fill it (schedule_profile.c, schedule_rows.c): all by schedule_fill. */
must_use enum err schedule_add_staff(
    struct schedule *schedule, struct slice name, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_add_span(struct schedule *schedule, int staff, int weekday,
    struct day_span span, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_add_holiday(
    struct schedule *schedule, const struct schedule_holiday *holiday, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_add_service(
    struct schedule *schedule, const struct schedule_service *service, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_take_staff_rows(
    struct schedule *schedule, const struct rows *rows, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_take_rows(
    struct schedule *schedule, const struct rows *rows, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_take_profile_staff(
    struct schedule *schedule, const json_t *profile, char why[SCHEDULE_WHY_SIZE]);
must_use enum err schedule_take_profile(
    struct schedule *schedule, const json_t *profile, char why[SCHEDULE_WHY_SIZE]);
/* A closing time that is not after the opening one is the next day's. */
struct day_span schedule_day_span(unsigned open_min, unsigned close_min);

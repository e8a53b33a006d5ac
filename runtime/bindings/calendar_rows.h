/* Reads the answers of store/calendar_sql.h. */
#pragma once

#include <math.h>
#include <stdlib.h>

#include "store/database.h"

/* Of CALENDAR_READ. */
enum calendar_column { ROW_KIND, ROW_NAME, ROW_NOTE, ROW_STARTS, ROW_ENDS, ROW_MORE };

/* Of APPOINTMENT_COLUMNS; those before the first number are texts. */
enum appointment_column {
    APPOINTMENT_ID,
    APPOINTMENT_CONTACT_ID,
    APPOINTMENT_CALL_ID,
    APPOINTMENT_SERVICE,
    APPOINTMENT_STAFF,
    APPOINTMENT_NAME,
    APPOINTMENT_PHONE,
    APPOINTMENT_NOTES,
    APPOINTMENT_STATUS,
    APPOINTMENT_STARTS,
    APPOINTMENT_ENDS,
    APPOINTMENT_TEXT_STATUS /* of what was written just now */
};

#define CALENDAR_NUMBER_MAX 253402300799.0 /* the end of the year 9999 */

/* The whole part of a number in the text form of SQL. A tenant's own statements may have written 'infinity': that is far
   away, but a number. */
static inline int64_t calendar_number(const struct rows *rows, size_t row, size_t column)
{
    char digits[64];
    slice_copy(rows_get(rows, row, column), digits, sizeof digits);
    double number = strtod(digits, NULL);
    return (int64_t)fmax(-CALENDAR_NUMBER_MAX, fmin(number, CALENDAR_NUMBER_MAX));
}

static inline bool calendar_row_is(const struct rows *rows, size_t row, const char *kind)
{
    return slice_is(rows_get(rows, row, ROW_KIND), kind);
}

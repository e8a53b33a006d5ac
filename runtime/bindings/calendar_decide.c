#include "bindings/calendar_decide.h"

#include <string.h>

#include "bindings/calendar_rows.h"

#define OFFERS 3

static bool is_own(const struct calendar_request *request, const struct rows *rows, size_t row)
{
    const char *staff = request->wish.staff;
    return calendar_row_is(rows, row, "booking") && !rows_is_null(rows, row, ROW_NOTE) &&
           calendar_number(rows, row, ROW_STARTS) == request->wish.at_s &&
           slice_is_nocase(rows_get(rows, row, ROW_MORE), request->terms.service->name) &&
           (!staff[0] || slice_is_nocase(slice_from(staff), SCHEDULE_ANY) ||
               slice_is_nocase(rows_get(rows, row, ROW_NAME), staff));
}

/* A model that asks twice in one call must not hear that the caller is in their own way. */
static bool find_own(struct calendar_request *request, const struct rows *rows)
{
    for (size_t row = 0; rows && row < rows_count(rows); row++)
        if (is_own(request, rows, row))
            return slice_copy(
                rows_get(rows, row, ROW_NOTE), request->own_id, sizeof request->own_id);
    return false;
}

static enum booking_verdict decide_booking(
    struct calendar_request *request, const struct rows *rows)
{
    enum booking_verdict verdict = booking_find_terms(&request->terms, &request->schedule,
        slice_from(request->wish.service), slice_from(request->wish.staff));
    if (verdict != BOOKING_FREE)
        return verdict;
    if (find_own(request, rows))
        return BOOKING_OWN;
    return booking_decide(&request->staff, &request->schedule, request->wish.zone, &request->terms,
        request->wish.at_s, request->wish.now_s);
}

/* The appointment keeps its length, and whom it is with while they work here. */
static enum booking_verdict decide_move(struct calendar_request *request, const struct rows *rows)
{
    size_t row = 0;
    while (row < rows_count(rows) && !calendar_row_is(rows, row, "own"))
        row++;
    if (row == rows_count(rows) || !slice_is(rows_get(rows, row, ROW_NOTE), "booked") ||
        calendar_number(rows, row, ROW_ENDS) <= request->wish.now_s)
        return BOOKING_UNKNOWN_APPOINTMENT;
    int64_t start_s = calendar_number(rows, row, ROW_STARTS);
    memcpy(request->own_id, request->wish.appointment_id, sizeof request->own_id);
    if (start_s == request->wish.at_s)
        return BOOKING_OWN;
    struct slice service = rows_get(rows, row, ROW_MORE), staff = rows_get(rows, row, ROW_NAME);
    bool has_service = schedule_service(&request->schedule, service) != NULL;
    bool has_staff = schedule_staff(&request->schedule, staff) != SCHEDULE_NOBODY;
    enum booking_verdict verdict = booking_find_terms(&request->terms, &request->schedule,
        has_service ? service : SLICE(""), has_staff ? staff : SLICE(""));
    if (verdict == BOOKING_WRONG_STAFF) /* no longer: whoever does it now */
        verdict = booking_find_terms(&request->terms, &request->schedule, service, SLICE(""));
    request->terms.minutes = (unsigned)((calendar_number(rows, row, ROW_ENDS) - start_s) / 60);
    if (verdict != BOOKING_FREE)
        return verdict;
    return booking_decide(&request->staff, &request->schedule, request->wish.zone, &request->terms,
        request->wish.at_s, request->wish.now_s);
}

void calendar_decide(struct calendar_request *request, const struct rows *rows)
{
    schedule_clear(&request->schedule);
    request->fill_err = schedule_fill(&request->schedule, request->profile, rows, request->why);
    if (request->fill_err)
        return;
    if (request->wish.what == CALENDAR_BOOK)
        request->verdict = decide_booking(request, rows);
    else if (request->wish.what == CALENDAR_RESCHEDULE)
        request->verdict = decide_move(request, rows);
}

size_t calendar_offers(struct slot out[SLOTS_MAX], const struct calendar_request *request)
{
    bool is_time = request->verdict == BOOKING_TAKEN || request->verdict == BOOKING_CLOSED ||
                   request->verdict == BOOKING_PAST;
    struct slots_wish wish = {.from_s = request->wish.at_s > request->wish.now_s
                                            ? request->wish.at_s
                                            : request->wish.now_s + 1,
        .days = request->wish.days,
        .minutes = request->terms.minutes,
        .buffer_minutes = request->terms.buffer_minutes,
        .staff_mask = request->terms.staff_mask,
        .limit = OFFERS};
    return is_time ? slots_find(out, &request->schedule, request->wish.zone, &wish) : 0;
}

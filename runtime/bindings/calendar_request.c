#include "bindings/calendar_request.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bindings/calendar_decide.h"
#include "bindings/calendar_push.h"
#include "bindings/confirm_text.h"
#include "store/calendar_sql.h"
#include "text/phone_cost.h"

#define WRITES_MAX 3
#define OVERLAP "23P01"

struct number {
    char text[24];
};

struct calendar_request *calendar_request_make_take(
    const struct calendar_wish *wish, json_t *profile)
{
    struct calendar_request *request = calloc(1, sizeof *request);
    if (!request) {
        json_decref(profile);
        return NULL;
    }
    request->wish = *wish;
    request->profile = profile;
    return request;
}

static struct slice seconds(struct number *number, int64_t value)
{
    snprintf(number->text, sizeof number->text, "%" PRId64, value);
    return slice_from(number->text);
}

/* --- read --- */

/* Of the day before too, since hours may begin there, and of the day after, where they and appointments may end. */
static void send_read(struct calendar_request *request)
{
    const struct zone *zone = request->wish.zone;
    int64_t from_s =
        request->wish.at_s > request->wish.now_s ? request->wish.at_s : request->wish.now_s;
    bool needs_bookings = request->wish.what == CALENDAR_SLOTS ||
                          request->wish.what == CALENDAR_BOOK ||
                          request->wish.what == CALENDAR_RESCHEDULE;
    if (request->wish.what == CALENDAR_HOURS || request->wish.what == CALENDAR_IS_OPEN)
        from_s = request->wish.at_s;
    int32_t first = wall_day(zone, from_s) - 1, last = first + (int32_t)request->wish.days + 2;
    int64_t first_s = wall_to_utc(zone, first, 0);
    char first_date[WALL_DATE_SIZE], last_date[WALL_DATE_SIZE];
    struct number from, to;
    wall_write_date(first_date, first);
    wall_write_date(last_date, last);
    struct slice params[] = {seconds(&from, first_s),
        seconds(&to, needs_bookings ? wall_to_utc(zone, last, 0) : first_s), slice_from(first_date),
        slice_from(last_date), row_text_or_null(request->wish.call_id),
        row_text_or_null(request->wish.appointment_id)};
    row_ask_send(&request->ask, CALENDAR_READ, params, sizeof params / sizeof *params);
}

/* --- write --- */

/* The tenant's words for such a text; empty: it has none. */
static struct slice template_of(const struct calendar_request *request)
{
    const char *name = request->wish.what == CALENDAR_BOOK ? "booked" : "moved";
    const json_t *texts = json_object_get(request->profile, "confirm_texts");
    return slice_from(json_string_value(json_object_get(texts, name)));
}

/* NULL: nobody is texted. */
static struct slice words_of_text(
    char out[CONFIRM_TEXT_SIZE], const struct calendar_request *request)
{
    const struct calendar_wish *wish = &request->wish;
    if (!wish->is_texted)
        return (struct slice){NULL, 0};
    const struct confirm_facts facts = {.business = wish->business,
        .service = request->terms.service ? request->terms.service->name : "appointment",
        .zone = wish->zone,
        .at_s = wish->at_s,
        .is_moved = wish->what != CALENDAR_BOOK};
    confirm_text_write(out, template_of(request), &facts);
    return slice_from(out);
}

/* A number abroad, or one that costs more, is none that a caller may make us text to: not even their own. */
static bool may_be_texted(const struct calendar_wish *wish, const char *number)
{
    return phone_cost(number, slice_from(wish->country)) == PHONE_HOME;
}

static struct slice words_of_booking(
    char out[CONFIRM_TEXT_SIZE], const struct calendar_request *request)
{
    return may_be_texted(&request->wish, request->wish.phone) ? words_of_text(out, request)
                                                              : (struct slice){NULL, 0};
}

static void send_booking(struct calendar_request *request)
{
    char text[CONFIRM_TEXT_SIZE];
    struct number start, end, busy;
    int64_t end_s = request->wish.at_s + request->terms.minutes * 60;
    struct slice params[] = {row_text_or_null(request->wish.contact_id),
        row_text_or_null(request->wish.call_id), slice_from(request->wish.name),
        row_text_or_null(request->wish.phone), slice_from(request->terms.service->name),
        slice_from(schedule_staff_name(&request->schedule, request->staff)),
        row_text_or_null(request->wish.notes), seconds(&start, request->wish.at_s),
        seconds(&end, end_s), seconds(&busy, end_s + request->terms.buffer_minutes * 60),
        row_text_or_null(request->wish.called), words_of_booking(text, request),
        row_text_or_null(request->wish.speaker)};
    row_ask_send(&request->ask, APPOINTMENT_BOOK, params, sizeof params / sizeof *params);
}

static void send_move(struct calendar_request *request)
{
    char text[CONFIRM_TEXT_SIZE];
    struct number start, end, busy;
    int64_t end_s = request->wish.at_s + request->terms.minutes * 60;
    struct slice params[] = {slice_from(request->wish.appointment_id),
        slice_from(schedule_staff_name(&request->schedule, request->staff)),
        seconds(&start, request->wish.at_s), seconds(&end, end_s),
        seconds(&busy, end_s + request->terms.buffer_minutes * 60),
        row_text_or_null(request->wish.called), words_of_text(text, request),
        row_text_or_null(
            may_be_texted(&request->wish, request->wish.caller) ? request->wish.caller : "")};
    row_ask_send(&request->ask, APPOINTMENT_MOVE, params, sizeof params / sizeof *params);
}

static void send_get(struct calendar_request *request)
{
    struct slice params[] = {slice_from(request->own_id)};
    row_ask_send(&request->ask, APPOINTMENT_GET, params, 1);
}

/* What follows the read; false: it is the answer. */
static bool act(struct calendar_request *request, const struct rows *rows)
{
    bool is_new = request->wish.what == CALENDAR_BOOK;
    calendar_decide(request, rows);
    if (request->fill_err || (!is_new && request->wish.what != CALENDAR_RESCHEDULE))
        return false;
    if (request->verdict == BOOKING_FREE && request->writes == WRITES_MAX)
        request->verdict = BOOKING_TAKEN; /* by one after another */
    if (request->verdict == BOOKING_FREE && request->wish.is_question)
        return false;
    request->is_written = request->verdict == BOOKING_FREE || request->verdict == BOOKING_OWN;
    request->writes += request->verdict == BOOKING_FREE;
    if (request->verdict == BOOKING_OWN)
        send_get(request);
    else if (request->is_written && is_new)
        send_booking(request);
    else if (request->is_written)
        send_move(request);
    return request->is_written;
}

static bool must_read_again(
    const struct calendar_request *request, const struct query_answer *answer)
{
    bool is_taken = answer->err == ERR_REFUSED && strcmp(answer->sqlstate, OVERLAP) == 0;
    /* What broke may have been written all the same; reading finds it if it can be told from others'. */
    bool is_unknown = answer->err == ERR_CLOSED &&
                      (request->wish.call_id[0] || request->wish.what == CALENDAR_RESCHEDULE);
    return request->is_written && (is_taken || is_unknown);
}

static bool go_on(struct row_ask *ask, const struct query_answer *answer)
{
    struct calendar_request *request = (struct calendar_request *)ask;
    if (must_read_again(request, answer)) {
        request->is_written = false;
        send_read(request);
        return true;
    }
    if (answer->err || request->is_written || request->wish.what == CALENDAR_CANCEL ||
        request->wish.what == CALENDAR_APPOINTMENTS)
        return false;
    return act(request, answer->rows);
}

/* --- one statement --- */

static void send_cancel(struct calendar_request *request)
{
    struct slice params[] = {slice_from(request->wish.appointment_id)};
    row_ask_send(&request->ask, APPOINTMENT_CANCEL, params, 1);
}

static void send_list(struct calendar_request *request)
{
    struct number from;
    struct slice params[] = {row_text_or_null(request->wish.phone),
        row_text_or_null(request->wish.contact_id), seconds(&from, request->wish.at_s)};
    row_ask_send(&request->ask, APPOINTMENT_LIST, params, 3);
}

void calendar_request_begin(struct row_ask *ask)
{
    struct calendar_request *request = (struct calendar_request *)ask;
    switch (request->wish.what) {
    case CALENDAR_HOURS:
    case CALENDAR_IS_OPEN:
    case CALENDAR_SLOTS:
    case CALENDAR_BOOK:
    case CALENDAR_RESCHEDULE:
        send_read(request);
        return;
    case CALENDAR_CANCEL:
        send_cancel(request);
        return;
    case CALENDAR_APPOINTMENTS:
        send_list(request);
        return;
    }
}

void calendar_request_destroy(struct row_ask *ask)
{
    struct calendar_request *request = (struct calendar_request *)ask;
    schedule_clear(&request->schedule);
    json_decref(request->profile);
    free(request);
}

const struct row_ask_kind calendar_request_kind = {go_on, calendar_push, calendar_request_destroy};

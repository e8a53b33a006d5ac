#include "bindings/booking.h"

static const struct {
    const char *code, *message;
} words[] = {
    [BOOKING_FREE] = {"free", ""},
    [BOOKING_OWN] = {"own", ""},
    [BOOKING_TAKEN] = {"taken", "that time is taken"},
    [BOOKING_CLOSED] = {"closed", "that is outside the opening hours"},
    [BOOKING_PAST] = {"past", "that time is over"},
    [BOOKING_UNKNOWN_SERVICE] = {"unknown_service", "there is no such service"},
    [BOOKING_UNKNOWN_STAFF] = {"unknown_staff", "nobody of that name works here"},
    [BOOKING_WRONG_STAFF] = {"wrong_staff", "that member of staff does not do this service"},
    [BOOKING_UNKNOWN_APPOINTMENT] = {"unknown_appointment",
        "there is no such appointment that is still to come"},
};

const char *booking_code(enum booking_verdict verdict)
{
    return words[verdict].code;
}

const char *booking_message(enum booking_verdict verdict)
{
    return words[verdict].message;
}

enum booking_verdict booking_find_terms(struct booking_terms *out, const struct schedule *schedule,
    struct slice service, struct slice staff)
{
    *out = (struct booking_terms){
        .minutes = schedule->step_minutes, .staff_mask = schedule_everybody(schedule)};
    if (service.len) {
        out->service = schedule_service(schedule, service);
        if (!out->service)
            return BOOKING_UNKNOWN_SERVICE;
        out->minutes = out->service->minutes;
        out->buffer_minutes = out->service->buffer_minutes;
        out->staff_mask &= out->service->staff_mask;
    }
    if (!staff.len || slice_is_nocase(staff, SCHEDULE_ANY))
        return BOOKING_FREE;
    int wished = schedule_staff(schedule, staff);
    if (wished == SCHEDULE_NOBODY)
        return BOOKING_UNKNOWN_STAFF;
    out->staff_mask &= 1u << wished;
    return out->staff_mask ? BOOKING_FREE : BOOKING_WRONG_STAFF;
}

enum booking_verdict booking_decide(int *staff, const struct schedule *schedule,
    const struct zone *zone, const struct booking_terms *terms, int64_t start_s, int64_t now_s)
{
    if (start_s <= now_s)
        return BOOKING_PAST;
    struct slots_free free =
        slots_at(schedule, zone, start_s, terms->minutes, terms->buffer_minutes, terms->staff_mask);
    *staff = slots_first(free.free);
    if (!free.at_work)
        return BOOKING_CLOSED;
    return free.free ? BOOKING_FREE : BOOKING_TAKEN;
}

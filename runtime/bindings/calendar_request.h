/* What one call of the module `calendar` asks, and its conversation with the database:

     hours, is_open, slots:     read ─► answer
     book, reschedule:          read ─► decide ─► write ─► answer
                                  ▲                 │ taken meanwhile (23P01), or the connection broke and nobody knows
                                  └─────────────────┘ at most three times
     cancel, appointments:      one statement ─► answer

   Everything that is to be known is read by one statement, and the database's constraint has the last word. */
#pragma once

#include "bindings/booking.h"
#include "bindings/row_ask.h"
#include "text/phone_number.h"

#define ROW_ID_SIZE 37

enum calendar_ask {
    CALENDAR_HOURS,
    CALENDAR_IS_OPEN,
    CALENDAR_SLOTS,
    CALENDAR_BOOK,
    CALENDAR_RESCHEDULE,
    CALENDAR_CANCEL,
    CALENDAR_APPOINTMENTS
};

/* What a script said, checked. */
struct calendar_wish {
    enum calendar_ask what;
    const struct zone *zone;
    int64_t now_s;
    int64_t at_s;  /* the day, the instant, the first slot, the appointment's start */
    unsigned days; /* that are looked at, from at_s (or now, when that is later) on */
    enum slots_part part;
    unsigned limit;
    char service[SCHEDULE_NAME_SIZE], staff[SCHEDULE_NAME_SIZE];
    char name[128], phone[PHONE_NUMBER_SIZE], notes[1024];
    char contact_id[ROW_ID_SIZE], call_id[ROW_ID_SIZE], appointment_id[ROW_ID_SIZE];
    bool is_question;                /* whether it could be written: nothing is */
    bool is_texted;                  /* and the person gets a text of it, in the same transaction */
    char speaker[PHONE_NUMBER_SIZE]; /* the caller's number, of a booking */
    char country[8];                 /* whose numbers get texts, beside the caller's own */
    char caller[PHONE_NUMBER_SIZE], called[PHONE_NUMBER_SIZE];
    char business[128]; /* who texts */
};

struct calendar_request {
    struct row_ask ask;
    struct calendar_wish wish;
    json_t *profile; /* counted */
    struct schedule schedule;
    enum err fill_err; /* it could not be filled: `why` */
    char why[SCHEDULE_WHY_SIZE];
    struct booking_terms terms;
    enum booking_verdict verdict;
    int staff;                /* who takes it */
    char own_id[ROW_ID_SIZE]; /* the appointment that it is already */
    bool is_written;          /* the last answer is the appointment's row */
    unsigned writes;
};

/* NULL: no memory. `profile` is taken. */
struct calendar_request *calendar_request_make_take(
    const struct calendar_wish *wish, json_t *profile);
extern const struct row_ask_kind calendar_request_kind;

/* Sends the first statement; for row_ask_wait. */
void calendar_request_begin(struct row_ask *ask);
void calendar_request_destroy(struct row_ask *ask);

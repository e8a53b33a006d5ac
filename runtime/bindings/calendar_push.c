#include "bindings/calendar_push.h"

#include <lauxlib.h>
#include <stdio.h>

#include "bindings/calendar_decide.h"
#include "bindings/calendar_rows.h"
#include "bindings/modules.h"
#include "script/json.h"

static void set_text(lua_State *lua, const char *name, const char *text)
{
    lua_pushstring(lua, text);
    lua_setfield(lua, -2, name);
}

static void set_number(lua_State *lua, const char *name, int64_t value)
{
    lua_pushnumber(lua, (lua_Number)value);
    lua_setfield(lua, -2, name);
}

/* `start`, `at` and `spoken` of the table on top. */
static void set_start(lua_State *lua, const struct zone *zone, int64_t at_s)
{
    char stamp[WALL_STAMP_SIZE], spoken[WALL_SPOKEN_SIZE];
    wall_write_stamp(stamp, zone, at_s);
    wall_write_spoken(spoken, zone, at_s);
    set_text(lua, "start", stamp);
    set_number(lua, "at", at_s);
    set_text(lua, "spoken", spoken);
}

/* --- hours and is_open --- */

static void set_clock(lua_State *lua, const char *name, unsigned minutes)
{
    char text[16];
    snprintf(text, sizeof text, "%02u:%02u", minutes <= 1440 ? minutes / 60 : minutes / 60 - 24,
        minutes % 60);
    set_text(lua, name, text);
}

static int push_hours(lua_State *lua, const struct calendar_request *request)
{
    struct day_span spans[OPENING_DAY_SPANS_MAX];
    const char *holiday;
    size_t count = opening_of_day(spans, &request->schedule, SCHEDULE_NOBODY,
        wall_day(request->wish.zone, request->wish.at_s), &holiday);
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(lua, 0, 2);
        set_clock(lua, "open", spans[i].open_min);
        set_clock(lua, "close", spans[i].close_min);
        lua_rawseti(lua, -2, (int)i + 1);
    }
    script_json_mark_array(lua);
    if (holiday && holiday[0])
        lua_pushstring(lua, holiday);
    else if (!count)
        lua_pushliteral(lua, "closed");
    else
        lua_pushnil(lua);
    return 2;
}

static bool find_opening(int64_t *open_s, const struct calendar_request *request)
{
    struct opening_span spans[OPENING_SPANS_MAX];
    int32_t today = wall_day(request->wish.zone, request->wish.at_s);
    for (int32_t day = 0; day <= SLOTS_DAYS_MAX; day++) {
        size_t count = opening_of_days(
            spans, &request->schedule, request->wish.zone, SCHEDULE_NOBODY, today + day - 1, 2);
        for (size_t i = 0; i < count; i++) {
            *open_s = spans[i].open_s;
            if (*open_s > request->wish.at_s)
                return true;
        }
    }
    return false;
}

static int push_is_open(lua_State *lua, const struct calendar_request *request)
{
    struct opening_span spans[OPENING_SPANS_MAX];
    int64_t open_s;
    size_t count = opening_of_days(spans, &request->schedule, request->wish.zone, SCHEDULE_NOBODY,
        wall_day(request->wish.zone, request->wish.at_s) - 1, OPENING_DAYS_MAX);
    bool is_open = opening_covers(spans, count, request->wish.at_s, request->wish.at_s + 1);
    lua_pushboolean(lua, is_open);
    if (is_open || !find_opening(&open_s, request))
        return 1;
    lua_createtable(lua, 0, 3);
    set_start(lua, request->wish.zone, open_s);
    return 2;
}

/* --- slots --- */

static void push_slot_list(
    lua_State *lua, const struct calendar_request *request, const struct slot *slots, size_t count)
{
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(lua, 0, 4);
        set_start(lua, request->wish.zone, slots[i].start_s);
        set_text(lua, "staff", schedule_staff_name(&request->schedule, slots[i].staff));
        lua_rawseti(lua, -2, (int)i + 1);
    }
    script_json_mark_array(lua);
}

/* Of services or staff: what there is instead. */
static void push_names(lua_State *lua, const struct schedule *schedule, bool are_services)
{
    size_t count = are_services ? schedule->service_count : schedule->staff_count;
    lua_createtable(lua, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushstring(lua, are_services ? schedule->services[i].name : schedule->staff[i].name);
        lua_rawseti(lua, -2, (int)i + 1);
    }
    script_json_mark_array(lua);
}

static int push_verdict(lua_State *lua, const struct calendar_request *request)
{
    struct slot offers[SLOTS_MAX];
    bool is_service = request->verdict == BOOKING_UNKNOWN_SERVICE;
    module_fail(lua, booking_code(request->verdict), booking_message(request->verdict));
    if (is_service || request->verdict == BOOKING_UNKNOWN_STAFF)
        push_names(lua, &request->schedule, is_service);
    else
        push_slot_list(lua, request, offers, calendar_offers(offers, request));
    return 4;
}

static int push_slots(lua_State *lua, struct calendar_request *request)
{
    struct slot slots[SLOTS_MAX];
    request->verdict = booking_find_terms(&request->terms, &request->schedule,
        slice_from(request->wish.service), slice_from(request->wish.staff));
    if (request->verdict != BOOKING_FREE)
        return push_verdict(lua, request);
    struct slots_wish wish = {.from_s = request->wish.at_s,
        .days = request->wish.days,
        .minutes = request->terms.minutes,
        .buffer_minutes = request->terms.buffer_minutes,
        .staff_mask = request->terms.staff_mask,
        .part = request->wish.part,
        .limit = request->wish.limit};
    size_t count = slots_find(slots, &request->schedule, request->wish.zone, &wish);
    push_slot_list(lua, request, slots, count);
    return 1;
}

static int push_fill_failure(lua_State *lua, const struct calendar_request *request)
{
    bool is_profile = request->fill_err == ERR_BAD;
    return module_fail(lua, is_profile ? "bad_profile" : err_name(request->fill_err), request->why);
}

static int push_schedule(lua_State *lua, const struct calendar_request *request)
{
    return request->wish.what == CALENDAR_HOURS ? push_hours(lua, request)
                                                : push_is_open(lua, request);
}

int calendar_push_alone(lua_State *lua, const struct calendar_request *request)
{
    bool is_booking = request->wish.what == CALENDAR_BOOK;
    if (request->fill_err)
        return push_fill_failure(lua, request);
    if (is_booking && request->verdict == BOOKING_FREE)
        return module_fail(lua, "unavailable", "there is no database");
    return is_booking ? push_verdict(lua, request) : push_schedule(lua, request);
}

/* --- appointments --- */

static void push_appointment(
    lua_State *lua, const struct zone *zone, const struct rows *rows, size_t row)
{
    lua_createtable(lua, 0, 16);
    for (size_t column = 0; column < APPOINTMENT_STARTS; column++) {
        struct slice text = rows_get(rows, row, column);
        if (rows_is_null(rows, row, column))
            continue;
        lua_pushlstring(lua, text.data, text.len);
        lua_setfield(lua, -2, rows_name(rows, column));
    }
    int64_t start_s = calendar_number(rows, row, APPOINTMENT_STARTS);
    int64_t end_s = calendar_number(rows, row, APPOINTMENT_ENDS);
    set_start(lua, zone, start_s);
    set_number(lua, "minutes", (end_s - start_s) / 60);
}

static int push_written(
    lua_State *lua, const struct calendar_request *request, const struct rows *rows)
{
    if (!rows_count(rows)) {
        enum booking_verdict gone = BOOKING_UNKNOWN_APPOINTMENT;
        return module_fail(lua, booking_code(gone), booking_message(gone));
    }
    push_appointment(lua, request->wish.zone, rows, 0);
    if (request->verdict == BOOKING_FREE && request->wish.is_texted) {
        struct slice status = rows_get(rows, 0, APPOINTMENT_TEXT_STATUS);
        lua_pushlstring(lua, status.data ? status.data : "", status.len);
        lua_setfield(lua, -2, "text_status");
    }
    return 1;
}

/* What would be written; it has no id. */
static int push_answer_to_question(lua_State *lua, const struct calendar_request *request)
{
    const struct calendar_wish *wish = &request->wish;
    lua_createtable(lua, 0, 10);
    set_start(lua, wish->zone, wish->at_s);
    set_number(lua, "minutes", request->terms.minutes);
    set_text(lua, "staff", schedule_staff_name(&request->schedule, request->staff));
    if (request->terms.service)
        set_text(lua, "service", request->terms.service->name);
    if (wish->name[0])
        set_text(lua, "name", wish->name);
    if (wish->phone[0])
        set_text(lua, "phone", wish->phone);
    return 1;
}

static int push_decided(
    lua_State *lua, const struct calendar_request *request, const struct rows *rows)
{
    if (request->is_written)
        return push_written(lua, request, rows);
    return request->verdict == BOOKING_FREE ? push_answer_to_question(lua, request)
                                            : push_verdict(lua, request);
}

static int push_list(lua_State *lua, struct calendar_request *request, const struct rows *rows)
{
    if (!row_ask_may_give(lua, &request->ask, rows))
        return 3;
    lua_createtable(lua, (int)rows_count(rows), 0);
    for (size_t row = 0; row < rows_count(rows); row++) {
        push_appointment(lua, request->wish.zone, rows, row);
        lua_rawseti(lua, -2, (int)row + 1);
    }
    script_json_mark_array(lua);
    return 1;
}

int calendar_push(lua_State *lua, struct row_ask *ask, const struct query_answer *answer)
{
    struct calendar_request *request = (struct calendar_request *)ask;
    luaL_checkstack(lua, 10, "calendar");
    if (answer->err)
        return row_ask_fail(lua, answer);
    if (request->fill_err)
        return push_fill_failure(lua, request);
    switch (request->wish.what) {
    case CALENDAR_HOURS:
    case CALENDAR_IS_OPEN:
        return push_schedule(lua, request);
    case CALENDAR_SLOTS:
        return push_slots(lua, request);
    case CALENDAR_BOOK:
    case CALENDAR_RESCHEDULE:
        return push_decided(lua, request, answer->rows);
    case CALENDAR_CANCEL:
        return push_written(lua, request, answer->rows);
    case CALENDAR_APPOINTMENTS:
        return push_list(lua, request, answer->rows);
    }
    return 0;
}

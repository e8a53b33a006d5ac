/* calendar.hours, is_open, slots, book, reschedule, cancel, appointments. What scripts say is read by calendar_wish.h,
   what follows is calendar_request.h, what they get calendar_push.h. */
#include "bindings/calendar_decide.h"
#include "bindings/calendar_push.h"
#include "bindings/calendar_wish.h"
#include "bindings/fields.h"
#include "bindings/modules.h"
#include "script/json.h"
#include "script/vm.h"

#define SLOTS_DAYS 7
#define SLOTS_LIMIT 5
#define OFFER_DAYS 8 /* a week on, and the day itself */

/* Without a database the profile alone is known: enough for hours, and for what cannot be booked anyway. */
static bool needs_database(enum calendar_ask what)
{
    return what != CALENDAR_HOURS && what != CALENDAR_IS_OPEN && what != CALENDAR_BOOK;
}

static int answer_alone(lua_State *lua, struct calendar_request *request)
{
    calendar_decide(request, NULL);
    int count = calendar_push_alone(lua, request);
    calendar_request_destroy(&request->ask);
    return count;
}

/* The profile, on top of the stack, goes with the request. */
static int ask(lua_State *lua, const struct asking *asking)
{
    struct database *database = module_bindings(lua)->options.database;
    if (asking->bad)
        return module_fail(lua, asking->bad, asking->message);
    if (!database && needs_database(asking->wish.what))
        return module_fail(lua, "unavailable", "there is no database");
    char why[160];
    json_t *profile = NULL;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 3 + 16, asking->function);
    bool was_limited = vm_lift_limit(lua);
    enum err err = script_json_read(&profile, lua, lua_gettop(lua), why);
    struct calendar_request *request =
        err ? NULL : calendar_request_make_take(&asking->wish, profile);
    int count = request && !database ? answer_alone(lua, request) : 0;
    vm_restore_limit(lua, was_limited);
    if (err)
        return luaL_error(
            lua, "%s: profile: %s", asking->function, err == ERR_BAD ? why : err_name(err));
    if (!request)
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    if (count)
        return count;
    return row_ask_wait(
        lua, &request->ask, &calendar_request_kind, database, calendar_request_begin);
}

static int calendar_hours(lua_State *lua)
{
    struct asking asking = {.function = "calendar.hours", .wish.days = 1};
    lua_settop(lua, 1);
    asking_begin(lua, &asking, CALENDAR_HOURS);
    asking_take_instant(lua, &asking, 1, true);
    return ask(lua, &asking);
}

static int calendar_is_open(lua_State *lua)
{
    struct asking asking = {.function = "calendar.is_open", .wish.days = SLOTS_DAYS_MAX};
    lua_settop(lua, 1);
    asking_begin(lua, &asking, CALENDAR_IS_OPEN);
    asking_take_instant(lua, &asking, 1, false);
    return ask(lua, &asking);
}

static int calendar_slots(lua_State *lua)
{
    static const char *const names[] = {
        "service", "from", "days", "staff", "limit", "part_of_day", NULL};
    struct asking asking = {.function = "calendar.slots"};
    struct calendar_wish *wish = &asking.wish;
    fields_check(lua, asking.function, names);
    asking_take_line(lua, &asking, "service", wish->service, sizeof wish->service);
    asking_take_line(lua, &asking, "staff", wish->staff, sizeof wish->staff);
    asking_take_part(lua, &asking);
    wish->days = fields_number(lua, asking.function, "days", 1, SLOTS_DAYS_MAX, SLOTS_DAYS);
    wish->limit = fields_number(lua, asking.function, "limit", 1, SLOTS_MAX, SLOTS_LIMIT);
    asking_begin(lua, &asking, CALENDAR_SLOTS);
    asking_take_instant_field(lua, &asking, "from", true);
    if (wish->at_s <= wish->now_s)
        wish->at_s = wish->now_s + 1;
    return ask(lua, &asking);
}

static int calendar_book(lua_State *lua)
{
    static const char *const names[] = {"service", "start", "name", "phone", "contact_id", "staff",
        "notes", "call_id", "only_check", "confirm", NULL};
    struct asking asking = {.function = "calendar.book", .wish.days = OFFER_DAYS};
    struct calendar_wish *wish = &asking.wish;
    fields_check(lua, asking.function, names);
    if (!asking_take_line(lua, &asking, "name", wish->name, sizeof wish->name))
        asking_refuse(&asking, "bad_name", "name is missing");
    if (!asking_take_line(lua, &asking, "service", wish->service, sizeof wish->service))
        asking_refuse(&asking, booking_code(BOOKING_UNKNOWN_SERVICE), "service is missing");
    asking_take_line(lua, &asking, "staff", wish->staff, sizeof wish->staff);
    fields_text(lua, asking.function, "notes", wish->notes, sizeof wish->notes, false);
    bool has_contact = asking_take_contact(lua, &asking);
    asking_begin(lua, &asking, CALENDAR_BOOK);
    asking_take_call(lua, &asking);
    if (!asking_take_phone(lua, &asking) && !has_contact)
        asking_refuse(&asking, "bad_phone", "phone is missing");
    if (!asking_take_instant_field(lua, &asking, "start", false))
        asking_refuse(&asking, "bad_time", "start is missing");
    asking_take_manner(lua, &asking);
    return ask(lua, &asking);
}

/* Of id, start and options: puts the options (or none) where fields are read. */
static void turn_options_up(lua_State *lua, const char *function)
{
    static const char *const names[] = {"only_check", "confirm", NULL};
    if (lua_isnil(lua, 3)) {
        lua_newtable(lua);
        lua_replace(lua, 3);
    }
    luaL_checktype(lua, 3, LUA_TTABLE);
    lua_insert(lua, 1);
    fields_check_names(lua, function, names);
}

static int calendar_reschedule(lua_State *lua)
{
    struct asking asking = {.function = "calendar.reschedule", .wish.days = OFFER_DAYS};
    lua_settop(lua, 3);
    asking_take_appointment(lua, &asking);
    if (lua_isnil(lua, 2))
        asking_refuse(&asking, "bad_time", "start is missing");
    turn_options_up(lua, asking.function);
    asking_begin(lua, &asking, CALENDAR_RESCHEDULE);
    asking_take_instant(lua, &asking, 3, false);
    asking_take_manner(lua, &asking);
    return ask(lua, &asking);
}

static int calendar_cancel(lua_State *lua)
{
    struct asking asking = {.function = "calendar.cancel"};
    lua_settop(lua, 1);
    asking_take_appointment(lua, &asking);
    asking_begin(lua, &asking, CALENDAR_CANCEL);
    return ask(lua, &asking);
}

static int calendar_appointments(lua_State *lua)
{
    static const char *const names[] = {"phone", "contact_id", "from", NULL};
    struct asking asking = {.function = "calendar.appointments"};
    fields_check(lua, asking.function, names);
    bool has_contact = asking_take_contact(lua, &asking);
    asking_begin(lua, &asking, CALENDAR_APPOINTMENTS);
    if (!asking_take_phone(lua, &asking) && !has_contact)
        asking_refuse(&asking, "bad_phone", "phone or contact_id is missing");
    asking_take_instant_field(lua, &asking, "from", true);
    return ask(lua, &asking);
}

void calendar_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"hours", calendar_hours}, {"is_open", calendar_is_open},
        {"slots", calendar_slots}, {"book", calendar_book}, {"reschedule", calendar_reschedule},
        {"cancel", calendar_cancel}, {"appointments", calendar_appointments}, {NULL, NULL}};
    module_give(lua, "calendar", functions, bindings);
}

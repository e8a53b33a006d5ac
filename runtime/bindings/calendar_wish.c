#include "bindings/calendar_wish.h"

#include <math.h>
#include <string.h>

#include "bindings/fields.h"
#include "bindings/modules.h"
#include "bindings/profile.h"

#define TIME_MAX_BYTES 40

void asking_refuse(struct asking *asking, const char *code, const char *message)
{
    if (asking->bad)
        return;
    asking->bad = code;
    asking->message = message;
}

void asking_begin(lua_State *lua, struct asking *asking, enum calendar_ask what)
{
    struct calendar_wish *wish = &asking->wish;
    script_wait_check(lua, asking->function);
    profile_push(lua, asking->function);
    struct slice zone = profile_text(lua, "time_zone");
    if (!zone.data || zones_get(&wish->zone, &module_bindings(lua)->zones, zone))
        luaL_error(lua, "%s: profile.time_zone must be a zone such as \"America/New_York\"",
            asking->function);
    asking->country = profile_country(lua);
    wish->what = what;
    wish->now_s = (int64_t)(module_wall_ms(module_bindings(lua)) / 1000);
    wish->at_s = wish->now_s;
}

/* --- instants --- */

static void take_seconds(lua_State *lua, struct asking *asking, int index)
{
    double seconds = lua_tonumber(lua, index);
    if (!(seconds >= 0 && seconds <= (double)WALL_SECONDS_MAX))
        luaL_error(lua, "%s: no time between the years 1970 and 9999", asking->function);
    asking->wish.at_s = (int64_t)floor(seconds);
}

static void take_text(struct asking *asking, const char *text, bool may_be_day)
{
    struct calendar_wish *wish = &asking->wish;
    const char *rest;
    int32_t day;
    if (may_be_day && wall_read_date(text, &rest, &day) == ERR_OK && !*rest) {
        wish->at_s = wall_to_utc(wish->zone, day, 0);
        return;
    }
    enum err err = wall_read_time(text, wish->zone, &wish->at_s);
    if (err == ERR_NOT_FOUND)
        asking_refuse(asking, "no_such_time", "the clocks go forward past that time");
    else if (err && may_be_day)
        asking_refuse(asking, "bad_date", "a date looks like 2026-11-28");
    else if (err)
        asking_refuse(asking, "bad_time", "a time looks like 2026-11-28T10:00");
}

void asking_take_instant(lua_State *lua, struct asking *asking, int index, bool may_be_day)
{
    if (lua_isnoneornil(lua, index))
        return;
    if (lua_type(lua, index) == LUA_TNUMBER)
        take_seconds(lua, asking, index);
    else
        take_text(asking, module_text(lua, index, TIME_MAX_BYTES, 1).data, may_be_day);
}

bool asking_take_instant_field(
    lua_State *lua, struct asking *asking, const char *name, bool may_be_day)
{
    if (!fields_push(lua, name))
        return false;
    asking_take_instant(lua, asking, lua_gettop(lua), may_be_day);
    lua_pop(lua, 1);
    return true;
}

/* --- names, numbers and ids --- */

bool asking_take_line(
    lua_State *lua, struct asking *asking, const char *name, char *out, size_t size)
{
    return fields_text(lua, asking->function, name, out, size, true);
}

bool asking_take_phone(lua_State *lua, struct asking *asking)
{
    char text[64];
    if (!asking_take_line(lua, asking, "phone", text, sizeof text))
        return false;
    if (phone_number_read(asking->wish.phone, slice_from(text), asking->country))
        asking_refuse(asking, "bad_phone", "that is not a whole phone number");
    return true;
}

bool asking_take_contact(lua_State *lua, struct asking *asking)
{
    char id[64];
    if (!asking_take_line(lua, asking, "contact_id", id, sizeof id))
        return false;
    if (!row_id_is_good(slice_from(id)))
        asking_refuse(asking, "unknown_contact", "there is no such contact");
    slice_copy(slice_from(id), asking->wish.contact_id, sizeof asking->wish.contact_id);
    return true;
}

void asking_take_call(lua_State *lua, struct asking *asking)
{
    char id[ID_SIZE];
    slice_copy(slice_from(script_run_facts(script_run_of(lua))->caller), asking->wish.speaker,
        sizeof asking->wish.speaker);
    if (!asking_take_line(lua, asking, "call_id", id, sizeof id))
        slice_copy(slice_from(script_run_facts(script_run_of(lua))->call_id), id, sizeof id);
    if (row_id_is_good(slice_from(id)))
        slice_copy(slice_from(id), asking->wish.call_id, sizeof asking->wish.call_id);
}

void asking_take_appointment(lua_State *lua, struct asking *asking)
{
    struct slice id = module_text(lua, 1, 64, 1);
    if (!row_id_is_good(id))
        asking_refuse(asking, booking_code(BOOKING_UNKNOWN_APPOINTMENT),
            booking_message(BOOKING_UNKNOWN_APPOINTMENT));
    slice_copy(id, asking->wish.appointment_id, sizeof asking->wish.appointment_id);
}

void asking_take_part(lua_State *lua, struct asking *asking)
{
    static const char *const parts[] = {
        [SLOTS_MORNING] = "morning", [SLOTS_AFTERNOON] = "afternoon", [SLOTS_EVENING] = "evening"};
    char text[64];
    if (!asking_take_line(lua, asking, "part_of_day", text, sizeof text))
        return;
    for (enum slots_part part = SLOTS_MORNING; part <= SLOTS_EVENING; part++)
        if (strcmp(text, parts[part]) == 0)
            asking->wish.part = part;
    if (asking->wish.part == SLOTS_WHOLE_DAY)
        asking_refuse(asking, "bad_part_of_day", "part_of_day is morning, afternoon or evening");
}

/* The profile is on top of the stack. */
static void take_texting(lua_State *lua, struct calendar_wish *wish)
{
    const struct script_call_facts *facts = script_run_facts(script_run_of(lua));
    struct slice business = profile_text(lua, "name");
    wish->is_texted = true;
    slice_copy(profile_country(lua), wish->country, sizeof wish->country);
    slice_copy(slice_from(facts->caller), wish->caller, sizeof wish->caller);
    slice_copy(slice_from(facts->called), wish->called, sizeof wish->called);
    slice_copy(business.data ? business : SLICE(""), wish->business, sizeof wish->business);
}

void asking_take_manner(lua_State *lua, struct asking *asking)
{
    char confirm[16];
    asking->wish.is_question = fields_flag(lua, asking->function, "only_check");
    if (!asking_take_line(lua, asking, "confirm", confirm, sizeof confirm))
        return;
    if (strcmp(confirm, "text") != 0)
        luaL_error(lua, "%s: confirm can be \"text\" only", asking->function);
    take_texting(lua, &asking->wish);
}

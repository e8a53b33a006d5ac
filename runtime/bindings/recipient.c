#include "bindings/recipient.h"

#include "bindings/profile.h"
#include "script/wait.h"
#include "text/phone_number.h"

bool recipient_is_allowed(lua_State *lua, const char *number)
{
    struct slice to = slice_from(number);
    if (to.len && slice_is(to, script_run_facts(script_run_of(lua))->caller))
        return true;
    script_push_profile(lua);
    bool is_of_country =
        phone_number_is_of(to, lua_istable(lua, -1) ? profile_country(lua) : SLICE("US"));
    lua_pop(lua, 1);
    return is_of_country;
}

/* sms.send(to, text): a message from the number that was called. */
#include <stdlib.h>

#include "base/clock.h"
#include "bindings/modules.h"
#include "script/wait.h"
#include "telephony/form.h"

#define TEXT_MAX_BYTES 1600

struct sms_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct rest_call *call;
    struct allowance *allowance;
    enum err err; /* the four below: during on_done */
    int code;
    struct slice sid;
    const char *why;
};

static void on_done(void *owner, enum err err, int code, struct slice sid, const char *why);
static const struct rest_listener listener = {on_done};

/* --- enter --- */

static void free_wait(struct sms_wait *wait)
{
    allowance_give_back(wait->allowance);
    free(wait);
}

static void sms_cancel_wait(void *operation);

static int sms_send(lua_State *lua)
{
    struct slice to = module_text(lua, 1, 64, 1), text = module_text(lua, 2, TEXT_MAX_BYTES, 0);
    script_wait_check(lua, "sms.send");
    struct bindings *bindings = module_bindings(lua);
    const struct bindings_options *options = &bindings->options;
    struct script_run *run = script_run_of(lua);
    if (!options->rest.account_sid || !options->rest.account_sid[0])
        return module_fail(lua, "unavailable", "no account for messages is set");
    const char *limit;
    struct allowance *allowance = allowance_take(
        &bindings->allowances, script_tenant(lua), ALLOWANCE_SMS, clock_ms(), &limit);
    if (!allowance)
        return module_fail(lua, "limit", limit);
    struct sms_wait *wait = calloc(1, sizeof *wait);
    if (!wait) {
        allowance_give_back(allowance);
        return module_fail(lua, err_name(ERR_NOMEM), "no memory");
    }
    wait->allowance = allowance;
    struct strbuf form;
    strbuf_init(&form, 3 * TEXT_MAX_BYTES + 256);
    form_encode(&form, SLICE("From"), slice_from(script_run_facts(run)->called));
    form_encode(&form, SLICE("To"), to);
    form_encode(&form, SLICE("Body"), text);
    enum err err = rest_create(&wait->call, options->loop, &options->rest, "Messages",
        strbuf_slice(&form), 0, &listener, wait);
    strbuf_free(&form);
    if (err) {
        free_wait(wait);
        return module_fail(lua, err_name(err), "the message could not be sent");
    }
    wait->run = run;
    wait->wait_id = script_wait_begin(run, sms_cancel_wait, wait);
    return lua_yield(lua, 0);
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void on_done(void *owner, enum err err, int code, struct slice sid, const char *why)
{
    struct sms_wait *wait = owner;
    wait->err = err;
    wait->code = code;
    wait->sid = sid;
    wait->why = why;
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free_wait(wait);
}

/* --- resume --- */

static int push_answer(lua_State *lua, void *operation)
{
    const struct sms_wait *wait = operation;
    if (wait->err) {
        lua_pushnil(lua);
        if (wait->code)
            lua_pushfstring(lua, "%d", wait->code);
        else
            lua_pushstring(lua, err_name(wait->err));
        lua_pushstring(lua, wait->why ? wait->why : "");
        return 3;
    }
    lua_pushlstring(lua, wait->sid.data, wait->sid.len);
    return 1;
}

/* --- cancel --- */

static void sms_cancel_wait(void *operation)
{
    struct sms_wait *wait = operation;
    rest_cancel(wait->call);
    free_wait(wait);
}

void sms_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"send", sms_send}, {NULL, NULL}};
    module_give(lua, "sms", functions, bindings);
}

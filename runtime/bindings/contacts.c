/* contacts.find, contacts.save, contacts.note, and contacts.phone and contacts.email, which wait for nothing: who called, kept
   in one row a person (store/migrations/013_people.sql says what is one person). */
#include <stdlib.h>
#include <string.h>

#include "bindings/db_rows.h"
#include "bindings/fields.h"
#include "bindings/modules.h"
#include "bindings/profile.h"
#include "bindings/row_ask.h"
#include "script/json.h"
#include "store/calendar_sql.h"
#include "text/email_address.h"
#include "text/phone_number.h"

#define NAME_SIZE 128
#define NOTE_SIZE 4096
#define DETAILS_MAX_BYTES 4096
#define TOO_MUCH "23514" /* a check of the table: what was kept and this, together */

enum contacts_ask { CONTACTS_FIND, CONTACTS_SAVE, CONTACTS_NOTE };

struct contacts_request {
    struct row_ask ask;
    enum contacts_ask what;
    char phone[PHONE_NUMBER_SIZE], email[EMAIL_ADDRESS_SIZE], name[NAME_SIZE];
    char id[64], call_id[64], note[NOTE_SIZE];
    char caller[PHONE_NUMBER_SIZE]; /* of a save */
    char *details;                  /* JSON, heap; NULL: none */
};

/* --- enter --- */

/* phone and e-mail of the table at index 1; a code when one of them is none, NULL: fine. */
static const char *take_keys(lua_State *lua, const char *function, struct contacts_request *request)
{
    char phone[64], email[EMAIL_ADDRESS_SIZE + 16];
    bool has_phone = fields_text(lua, function, "phone", phone, sizeof phone, true);
    bool has_email = fields_text(lua, function, "email", email, sizeof email, true);
    profile_push(lua, function);
    if (has_phone && phone_number_read(request->phone, slice_from(phone), profile_country(lua)))
        return "bad_phone";
    if (has_email && email_address_read(request->email, slice_from(email)))
        return "bad_email";
    return has_phone || has_email ? NULL : "no_key";
}

static int fail_keys(lua_State *lua, const char *code)
{
    if (strcmp(code, "bad_phone") == 0)
        return module_fail(lua, code, "that is not a whole phone number");
    if (strcmp(code, "bad_email") == 0)
        return module_fail(lua, code, "that is not a whole e-mail address");
    return module_fail(lua, code, "phone or email is missing");
}

static void begin(struct row_ask *ask);
static const struct row_ask_kind contacts_kind;

/* `said` is a copy on the C stack; its `details` is taken. */
static int start(lua_State *lua, const struct contacts_request *said)
{
    struct database *database = module_bindings(lua)->options.database;
    struct contacts_request *request = database ? malloc(sizeof *request) : NULL;
    if (!request) {
        free(said->details);
        return database ? module_fail(lua, err_name(ERR_NOMEM), "no memory")
                        : module_fail(lua, "unavailable", "there is no database");
    }
    *request = *said;
    return row_ask_wait(lua, &request->ask, &contacts_kind, database, begin);
}

static int contacts_find(lua_State *lua)
{
    static const char *const names[] = {"phone", "email", NULL};
    struct contacts_request request = {.what = CONTACTS_FIND};
    fields_check(lua, "contacts.find", names);
    script_wait_check(lua, "contacts.find");
    const char *bad = take_keys(lua, "contacts.find", &request);
    return bad ? fail_keys(lua, bad) : start(lua, &request);
}

static int contacts_save(lua_State *lua)
{
    static const char *const names[] = {"name", "phone", "email", "details", NULL};
    struct contacts_request request = {.what = CONTACTS_SAVE};
    fields_check(lua, "contacts.save", names);
    fields_text(lua, "contacts.save", "name", request.name, sizeof request.name, true);
    script_wait_check(lua, "contacts.save");
    const char *bad = take_keys(lua, "contacts.save", &request);
    if (bad)
        return fail_keys(lua, bad);
    slice_copy(slice_from(script_run_facts(script_run_of(lua))->caller), request.caller,
        sizeof request.caller);
    request.details = fields_data(lua, "contacts.save", "details", DETAILS_MAX_BYTES);
    return start(lua, &request);
}

static int contacts_note(lua_State *lua)
{
    struct contacts_request request = {.what = CONTACTS_NOTE};
    struct slice id = module_text(lua, 1, sizeof request.id - 1, 1);
    struct slice text = module_text(lua, 2, sizeof request.note - 1, 0);
    script_wait_check(lua, "contacts.note");
    if (!row_id_is_good(id))
        return module_fail(lua, "unknown_contact", "there is no such contact");
    if (!slice_trim(text).len)
        return module_fail(lua, "bad_note", "the note is empty");
    slice_copy(id, request.id, sizeof request.id);
    slice_copy(text, request.note, sizeof request.note);
    struct slice call_id = slice_from(script_run_facts(script_run_of(lua))->call_id);
    if (row_id_is_good(call_id))
        slice_copy(call_id, request.call_id, sizeof request.call_id);
    return start(lua, &request);
}

static int contacts_phone(lua_State *lua)
{
    char phone[PHONE_NUMBER_SIZE];
    struct slice text = module_text(lua, 1, 64, 0);
    profile_push(lua, "contacts.phone");
    if (phone_number_read(phone, text, profile_country(lua)))
        return fail_keys(lua, "bad_phone");
    lua_pushstring(lua, phone);
    return 1;
}

static int contacts_email(lua_State *lua)
{
    char email[EMAIL_ADDRESS_SIZE];
    if (email_address_read(email, module_text(lua, 1, EMAIL_ADDRESS_SIZE, 0)))
        return fail_keys(lua, "bad_email");
    lua_pushstring(lua, email);
    return 1;
}

/* --- the statement --- */

static void begin(struct row_ask *ask)
{
    const struct contacts_request *request = (const struct contacts_request *)ask;
    struct slice keys[] = {row_text_or_null(request->phone), row_text_or_null(request->email)};
    struct slice person[] = {row_text_or_null(request->name), keys[0], keys[1],
        row_text_or_null(request->details), row_text_or_null(request->caller)};
    struct slice note[] = {
        slice_from(request->id), row_text_or_null(request->call_id), slice_from(request->note)};
    switch (request->what) {
    case CONTACTS_FIND:
        row_ask_send(ask, CONTACT_FIND, keys, 2);
        return;
    case CONTACTS_SAVE:
        row_ask_send(ask, CONTACT_SAVE, person, 5);
        return;
    case CONTACTS_NOTE:
        row_ask_send(ask, CONTACT_NOTE, note, 3);
        return;
    }
}

/* --- resume --- */

static int push(lua_State *lua, struct row_ask *ask, const struct query_answer *answer)
{
    const struct contacts_request *request = (const struct contacts_request *)ask;
    luaL_checkstack(lua, SCRIPT_JSON_MAX_DEPTH * 6, "contacts");
    if (answer->err == ERR_REFUSED && strcmp(answer->sqlstate, TOO_MUCH) == 0)
        return module_fail(lua, "full", "details of one contact are at most 16 KiB");
    if (answer->err)
        return row_ask_fail(lua, answer);
    if (request->what == CONTACTS_NOTE) {
        lua_pushboolean(lua, 1);
        return 1;
    }
    if (!rows_count(answer->rows))
        return module_fail(lua, "not_found", "there is no such contact");
    if (!row_ask_may_give(lua, ask, answer->rows))
        return 3;
    db_rows_push_row(lua, answer->rows, 0);
    return 1;
}

static void destroy(struct row_ask *ask)
{
    struct contacts_request *request = (struct contacts_request *)ask;
    free(request->details);
    free(request);
}

static const struct row_ask_kind contacts_kind = {NULL, push, destroy};

void contacts_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"find", contacts_find}, {"save", contacts_save},
        {"note", contacts_note}, {"phone", contacts_phone}, {"email", contacts_email},
        {NULL, NULL}};
    module_give(lua, "contacts", functions, bindings);
}

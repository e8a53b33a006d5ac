/* leads.save: what somebody wants of the business, in the pipeline's first stage, with the person it is of. */
#include <stdio.h>
#include <stdlib.h>

#include "bindings/fields.h"
#include "bindings/modules.h"
#include "bindings/profile.h"
#include "bindings/row_ask.h"
#include "bindings/row_save.h"
#include "store/tool_sql.h"
#include "text/phone_number.h"

#define INTEREST_SIZE 2001
#define DETAILS_MAX_BYTES 4096
#define VALUE_MAX_CENTS 2000000000 /* fits the words of fields_number */

struct lead_words {
    char name[128], phone[PHONE_NUMBER_SIZE], interest[INTEREST_SIZE], currency[8];
    char value_cents[16]; /* empty: none */
};

static void read_value(lua_State *lua, struct lead_words *words)
{
    const char *function = "leads.save";
    if (!fields_push(lua, "value_cents"))
        return;
    lua_pop(lua, 1);
    snprintf(words->value_cents, sizeof words->value_cents, "%u",
        fields_number(lua, function, "value_cents", 0, VALUE_MAX_CENTS, 0));
}

/* The code of what the caller or the model got wrong; NULL: nothing. */
static const char *read_words(lua_State *lua, struct lead_words *words, const char **message)
{
    const char *function = "leads.save";
    char phone[64];
    fields_text(lua, function, "name", words->name, sizeof words->name, true);
    fields_text(lua, function, "currency", words->currency, sizeof words->currency, true);
    read_value(lua, words);
    *message = "interest is missing";
    if (!fields_text(lua, function, "interest", words->interest, sizeof words->interest, false) ||
        !slice_trim(slice_from(words->interest)).len)
        return "bad_interest";
    fields_text(lua, function, "phone", phone, sizeof phone, true);
    profile_push(lua, function);
    *message = "that is not a whole phone number";
    return phone_number_read(words->phone, slice_from(phone), profile_country(lua)) ? "bad_phone"
                                                                                    : NULL;
}

static int leads_save(lua_State *lua)
{
    static const char *const names[] = {
        "name", "phone", "interest", "value_cents", "currency", "details", NULL};
    struct lead_words words = {.name = ""};
    fields_check(lua, "leads.save", names);
    script_wait_check(lua, "leads.save");
    const char *message, *bad = read_words(lua, &words, &message);
    if (bad)
        return module_fail(lua, bad, message);
    char *details = fields_data(lua, "leads.save", "details", DETAILS_MAX_BYTES);
    const struct row_save save = {LEAD_SAVE,
        {row_text_or_null(words.name), slice_from(words.phone), slice_from(words.interest),
            row_text_or_null(words.value_cents), row_text_or_null(words.currency),
            row_text_or_null(details), row_save_call(lua), row_save_caller(lua)},
        8};
    int count = row_save_wait(lua, &save);
    free(details);
    return count;
}

void leads_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"save", leads_save}, {NULL, NULL}};
    module_give(lua, "leads", functions, bindings);
}

/* tasks.add: something for a person of the business to do, and a text that tells them, kept in one statement. */
#include <string.h>

#include "bindings/fields.h"
#include "bindings/modules.h"
#include "bindings/profile.h"
#include "bindings/recipient.h"
#include "bindings/row_ask.h"
#include "bindings/row_save.h"
#include "store/tool_sql.h"
#include "text/phone_number.h"

#define TITLE_SIZE 201
#define DETAILS_SIZE 4001
#define TEXT_SIZE 1601

struct task_words {
    char kind[16], title[TITLE_SIZE], details[DETAILS_SIZE], name[128], assigned_to[128];
    char phone[PHONE_NUMBER_SIZE], text_to[PHONE_NUMBER_SIZE], text[TEXT_SIZE];
    bool is_urgent;
};

struct refusal {
    const char *code, *message; /* NULL code: none */
};

static void read_kind(lua_State *lua, char kind[16])
{
    if (!fields_text(lua, "tasks.add", "kind", kind, 16, true))
        strcpy(kind, "to_do");
    if (strcmp(kind, "to_do") && strcmp(kind, "message") && strcmp(kind, "call_back"))
        luaL_error(lua, "tasks.add: kind must be to_do, message or call_back");
}

/* False: there is a text there, but no whole number. The profile is on top of the stack. */
static bool read_number(lua_State *lua, const char *name, char out[PHONE_NUMBER_SIZE])
{
    char text[64];
    struct slice country = profile_country(lua);
    return !fields_text(lua, "tasks.add", name, text, sizeof text, true) ||
           phone_number_read(out, slice_from(text), country) == ERR_OK;
}

static struct refusal read_words(lua_State *lua, struct task_words *words)
{
    const char *function = "tasks.add";
    read_kind(lua, words->kind);
    fields_text(lua, function, "details", words->details, sizeof words->details, false);
    fields_text(lua, function, "name", words->name, sizeof words->name, true);
    fields_text(lua, function, "assigned_to", words->assigned_to, sizeof words->assigned_to, true);
    fields_text(lua, function, "text", words->text, sizeof words->text, false);
    words->is_urgent = fields_flag(lua, function, "is_urgent");
    if (!fields_text(lua, function, "title", words->title, sizeof words->title, true))
        return (struct refusal){"bad_title", "title is missing"};
    profile_push(lua, function);
    if (!read_number(lua, "phone", words->phone))
        return (struct refusal){"bad_phone", "that is not a whole phone number"};
    if (!read_number(lua, "text_to", words->text_to))
        return (struct refusal){"bad_phone", "text_to is not a whole phone number"};
    if (words->text_to[0] &&
        recipient_of(script_run_of(lua), profile_country(lua), words->text_to) >= RECIPIENT_FOREIGN)
        return (struct refusal){"refused",
            "texts go neither to other countries nor to numbers that cost more, but to numbers in "
            "texts.to of agent.lua"};
    return (struct refusal){NULL, NULL};
}

static int tasks_add(lua_State *lua)
{
    static const char *const names[] = {"kind", "title", "details", "name", "phone", "is_urgent",
        "assigned_to", "text_to", "text", NULL};
    struct task_words words = {.title = ""};
    fields_check(lua, "tasks.add", names);
    script_wait_check(lua, "tasks.add");
    struct refusal refusal = read_words(lua, &words);
    if (refusal.code)
        return module_fail(lua, refusal.code, refusal.message);
    const char *text = words.text[0] ? words.text : words.title;
    const struct row_save save = {TASK_SAVE,
        {slice_from(words.kind), slice_from(words.title), row_text_or_null(words.details),
            row_text_or_null(words.name), row_text_or_null(words.phone),
            words.is_urgent ? SLICE("true") : SLICE("false"), row_text_or_null(words.assigned_to),
            row_save_call(lua), row_text_or_null(words.text_to),
            row_text_or_null(script_run_facts(script_run_of(lua))->called), slice_from(text),
            row_save_caller(lua)},
        12};
    return row_save_wait(lua, &save);
}

void tasks_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"add", tasks_add}, {NULL, NULL}};
    module_give(lua, "tasks", functions, bindings);
}

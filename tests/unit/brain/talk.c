#include "unit/brain/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 5

static const char prompt[] =
    "# Profile\n"
    "You are Ava, the receptionist of Acme Dental. You are on the phone with a caller.\n"
    "Business: Acme Dental\n"
    "Address: 12 Harbor Street, Springfield\n"
    "Time zone: America/New_York\n"
    "Today: Tuesday 2026-11-24 10:05\n"
    "Hours: Monday 08:00-17:00\n"
    "Hours: Tuesday 08:00-17:00\n"
    "Hours: Wednesday 08:00-17:00\n"
    "Hours: Thursday 08:00-17:00\n"
    "Hours: Friday 08:00-17:00\n"
    "Hours: Saturday 09:00-13:00\n"
    "Hours: Sunday closed\n"
    "Services: cleaning (30 min), checkup (30 min), filling (60 min)\n"
    "\n# Policies\n"
    "- Answer questions about hours, address and services from the facts above.\n"
    "- New patients are welcome and should come ten minutes early.\n";

static const char tools[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"create_contact\",\"parameters\":{\"type\":"
    "\"object\","
    "\"properties\":{\"name\":{\"type\":\"string\"},\"phone\":{\"type\":\"string\"},"
    "\"email\":{\"type\":\"string\"}},\"required\":["
    "\"name\",\"phone\"]}}},"
    "{\"type\":\"function\",\"function\":{\"name\":\"book_appointment\",\"parameters\":{\"type\":"
    "\"object\","
    "\"properties\":{\"name\":{\"type\":\"string\"},\"phone\":{\"type\":\"string\"},\"service\":{"
    "\"type\":\"string\"},"
    "\"start\":{\"type\":\"string\"},\"channel\":{\"type\":\"string\",\"enum\":[\"phone\",\"web\"]}"
    "},"
    "\"required\":[\"name\",\"phone\",\"service\",\"start\",\"channel\"]}}}]";

/* ---- life ---- */

void talk_reset(struct talk *talk)
{
    json_decref(talk->messages);
    json_decref(talk->contact);
    json_decref(talk->booking);
    talk->contact = talk->booking = NULL;
    talk->booking_count = 0;
    talk->log[0] = talk->said[0] = 0;
    memset(talk->results, 0, sizeof talk->results);
    talk->messages = json_pack("[{s:s, s:s}]", "role", "system", "content", prompt);
}

int talk_begin(void **state)
{
    char why[256];
    struct talk *talk = calloc(1, sizeof *talk);
    *state = talk;
    if (brain_create(&talk->brain, SANDBOX_DIR "/brain/receptionist.lua", why))
        fail_msg("%s", why);
    talk->tools = json_loads(tools, 0, NULL);
    assert_non_null(talk->tools);
    talk_reset(talk);
    return 0;
}

int talk_end(void **state)
{
    struct talk *talk = *state;
    talk_reset(talk);
    json_decref(talk->messages);
    json_decref(talk->tools);
    brain_destroy(talk->brain);
    free(talk);
    return 0;
}

static void set_prompt(struct talk *talk, const char *text)
{
    json_object_set_new(json_array_get(talk->messages, 0), "content", json_string(text));
}

static const char *current_prompt(const struct talk *talk)
{
    return json_string_value(json_object_get(json_array_get(talk->messages, 0), "content"));
}

void talk_edit_prompt(struct talk *talk, const char *from, const char *to)
{
    char text[4096];
    const char *old = current_prompt(talk), *at = strstr(old, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - old), old, to, at + strlen(from));
    set_prompt(talk, text);
}

void talk_add_prompt(struct talk *talk, const char *line)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s\n", current_prompt(talk), line);
    set_prompt(talk, text);
}

/* ---- speaking ---- */

/* Fails after the whole conversation: a failure's own message is cut short. */
#define FAIL(...)                                                                                  \
    do {                                                                                           \
        fputs(talk->log, stderr);                                                                  \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static void note(struct talk *talk, const char *who, const char *text)
{
    size_t len = strlen(talk->log);
    snprintf(talk->log + len, sizeof talk->log - len, "%s: %s\n", who, text);
}

static const char *result_of(struct talk *talk, const char *name, const json_t *arguments)
{
    bool is_booking = !strcmp(name, "book_appointment");
    json_t **kept = is_booking ? &talk->booking : &talk->contact;
    json_decref(*kept);
    *kept = json_deep_copy(arguments);
    const char *result = NULL;
    if (is_booking)
        result = talk->results[talk->booking_count++ % 4];
    return result;
}

/* What the tool says: as told, else ok with its own arguments. */
static char *answer_of(struct talk *talk, const char *name, const json_t *arguments)
{
    const char *fixed = result_of(talk, name, arguments);
    if (fixed)
        return strdup(fixed);
    json_t *ok = json_deep_copy(arguments);
    json_object_set_new(ok, "ok", json_true());
    char *text = json_dumps(ok, JSON_COMPACT);
    json_decref(ok);
    return text;
}

static void answer_tool(struct talk *talk, const json_t *call, json_t *calls, json_t *answers)
{
    const char *name = json_string_value(json_object_get(call, "name"));
    const json_t *arguments = json_object_get(call, "arguments");
    char id[32], *text = json_dumps(arguments, JSON_COMPACT);
    note(talk, name, text);
    snprintf(
        id, sizeof id, "call_%zu_%zu", json_array_size(talk->messages), json_array_size(calls));
    json_array_append_new(calls, json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function",
                                     "function", "name", name, "arguments", text));
    free(text);
    text = answer_of(talk, name, arguments);
    json_array_append_new(
        answers, json_pack("{s:s, s:s, s:s}", "role", "tool", "tool_call_id", id, "content", text));
    free(text);
}

static void answer_tools(struct talk *talk, const struct brain_reply *reply)
{
    json_t *calls = json_array(), *answers = json_array();
    size_t i;
    json_t *call;
    json_array_foreach(reply->tool_calls, i, call) answer_tool(talk, call, calls, answers);
    json_array_append_new(talk->messages, json_pack("{s:s, s:s, s:o}", "role", "assistant",
                                              "content", reply->text, "tool_calls", calls));
    json_array_extend(talk->messages, answers);
    json_decref(answers);
}

/* One reply of the brain; true when it was words alone. */
static bool round_trip(struct talk *talk)
{
    char why[256] = "";
    struct brain_reply reply;
    if (brain_reply(talk->brain, talk->messages, talk->tools, &reply, why))
        FAIL("%s", why);
    snprintf(talk->said, sizeof talk->said, "%s", reply.text);
    bool has_calls = json_array_size(reply.tool_calls) > 0;
    if (has_calls)
        answer_tools(talk, &reply);
    brain_reply_free(&reply);
    return !has_calls;
}

void talk_say(struct talk *talk, const char *caller)
{
    note(talk, "caller", caller);
    json_array_append_new(
        talk->messages, json_pack("{s:s, s:s}", "role", "user", "content", caller));
    unsigned rounds = 0;
    while (!round_trip(talk))
        if (++rounds > ROUNDS_MAX)
            FAIL("tools without end");
    note(talk, "agent", talk->said);
    if (!talk->said[0])
        FAIL("silence");
    json_array_append_new(
        talk->messages, json_pack("{s:s, s:s}", "role", "assistant", "content", talk->said));
}

void talk_cut(struct talk *talk, const char *heard)
{
    size_t last = json_array_size(talk->messages) - 1;
    note(talk, "  heard", heard);
    if (heard[0])
        json_object_set_new(json_array_get(talk->messages, last), "content", json_string(heard));
    else
        json_array_remove(talk->messages, last);
}

/* ---- expecting ---- */

void talk_expect(struct talk *talk, const char *part)
{
    if (!strstr(talk->said, part))
        FAIL("not said: \"%s\"", part);
}

static void expect_argument(
    struct talk *talk, const json_t *arguments, const char *name, const char *value)
{
    const char *found = json_string_value(json_object_get(arguments, name));
    if (!found || strcmp(found, value))
        FAIL("%s is \"%s\", not \"%s\"", name, found ? found : "missing", value);
}

void talk_expect_booking(
    struct talk *talk, const char *name, const char *phone, const char *service, const char *start)
{
    if (!talk->booking)
        FAIL("nothing was booked");
    expect_argument(talk, talk->contact, "name", name);
    expect_argument(talk, talk->contact, "phone", phone);
    expect_argument(talk, talk->booking, "name", name);
    expect_argument(talk, talk->booking, "phone", phone);
    expect_argument(talk, talk->booking, "service", service);
    expect_argument(talk, talk->booking, "start", start);
    expect_argument(talk, talk->booking, "channel", "phone");
}

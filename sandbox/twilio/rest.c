#include "twilio/rest.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "outgoing.h"
#include "twilio/call_recordings.h"
#include "twilio/placed_calls.h"
#include "twilio/recordings.h"
#include "twilio/rest_request.h"

#define MAX_KEPT 1000
#define SID_LEN 34

struct rest_call {
    struct world *world;
    struct exchange *exchange;
    const struct http_request *request;
    struct fault fault;
    char account[64];
    char sid[64];   /* "": the list */
    char below[64]; /* of a call: "Recordings", "Recordings/RE…"; "": itself */
    char secret[TEXTS_SECRET_SIZE];
    bool is_post;
};

static void refuse(struct rest_call *rest, int status, const char *code, const char *message)
{
    struct api_error error;
    api_error_set(&error, status, code, NULL, "%s", message);
    outgoing_error(rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, &error);
}

static bool is_sid(const char *sid, const char *prefix)
{
    if (strncmp(sid, prefix, 2) || strlen(sid) != SID_LEN)
        return false;
    for (const char *at = sid + 2; *at; at++)
        if (!isxdigit((unsigned char)*at))
            return false;
    return true;
}

/* "Basic …" with the account's sid or an API key as the name, and any secret. */
static bool is_authorized(struct rest_call *rest)
{
    struct slice header = rest->request->authorization;
    char decoded[256];
    size_t len;
    if (!slice_starts(header, "Basic "))
        return false;
    header = slice_trim((struct slice){header.data + 6, header.len - 6});
    if (base64_decode(&len, (uint8_t *)decoded, sizeof decoded - 1, header))
        return false;
    struct slice secret = {decoded, len};
    struct slice name = slice_split(&secret, ':');
    slice_copy(secret, rest->secret, sizeof rest->secret);
    return secret.len && (slice_is(name, rest->account) || slice_starts(name, "SK"));
}

/* Keeps the newest; an object of jansson keeps the order of insertion. */
static void keep(json_t *store, const char *sid, json_t *entry)
{
    if (json_object_size(store) >= MAX_KEPT)
        json_object_del(store, json_object_iter_key(json_object_iter(store)));
    json_object_set(store, sid, entry);
}

static void create_message(struct rest_call *rest, const struct form *form)
{
    struct api_error error;
    struct world *world = rest->world;
    if (rest_message_check(form, &error)) {
        outgoing_error(world, rest->exchange, SERVICE_TWILIO, &rest->fault, &error);
        return;
    }
    if (texts_has_opted_out(&world->texts, form_get(form, "To"))) {
        refuse(rest, 400, "21610", "Attempt to send to unsubscribed recipient");
        return;
    }
    char sid[WORLD_ID_SIZE];
    world_id(sid, "SM", 32);
    uint64_t wall_ms = clock_wall_ms();
    json_t *message = rest_message_create(form, sid, rest->account, wall_ms);
    keep(world->messages, sid, message);
    ledger_count(&world->ledger, TALLY_MESSAGES, 1);
    ledger_note_take(&world->ledger, LEDGER_MESSAGES, rest_message_now(message, wall_ms));
    texts_tell(&world->texts, message, form_get(form, "StatusCallback"), rest->secret);
    outgoing_json_take(world, rest->exchange, SERVICE_TWILIO, &rest->fault, 201,
        rest_message_now(message, wall_ms));
    json_decref(message);
}

/* Newest first, as To and From of the query leave them. */
static void list_messages(struct rest_call *rest)
{
    struct form *query = calloc(1, sizeof *query);
    if (!query || form_parse(query, rest->request->query)) {
        free(query);
        refuse(rest, 400, "20001", "The query cannot be read.");
        return;
    }
    json_t *list = json_array(), *message;
    size_t most = rest_page_size(query);
    const char *sid;
    json_object_foreach(rest->world->messages, sid, message)
    {
        if (rest_message_fits(message, query))
            json_array_insert_new(list, 0, rest_message_now(message, clock_wall_ms()));
        if (json_array_size(list) > most)
            json_array_remove(list, most);
    }
    outgoing_json_take(rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, 200,
        json_pack("{s:o s:i s:i s:n}", "messages", list, "page", 0, "page_size",
            (int)json_array_size(list), "next_page_uri"));
    form_free(query);
    free(query);
}

static void read_message(struct rest_call *rest)
{
    const json_t *message = json_object_get(rest->world->messages, rest->sid);
    if (!message)
        refuse(rest, 404, "20404", "The requested resource was not found.");
    else
        outgoing_json_take(rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, 200,
            rest_message_now(message, clock_wall_ms()));
}

static void note_update(struct rest_call *rest, const struct form *form)
{
    json_t *entry = json_pack("{s:s}", "sid", rest->sid);
    for (size_t i = 0; i < form->count; i++) {
        char name[64];
        slice_copy(form->fields[i].name, name, sizeof name);
        json_object_set_new(
            entry, name, json_stringn(form->fields[i].value.data, form->fields[i].value.len));
    }
    ledger_count(&rest->world->ledger, TALLY_CALL_UPDATES, 1);
    ledger_note_take(&rest->world->ledger, LEDGER_CALLS, entry);
}

static void update_call(struct rest_call *rest, const struct form *form)
{
    struct api_error error;
    struct world *world = rest->world;
    uint64_t wall_ms = clock_wall_ms();
    json_t *call = json_object_get(world->calls, rest->sid);
    if (!call) {
        call = rest_call_create(rest->sid, rest->account, wall_ms);
        keep(world->calls, rest->sid, call);
        json_decref(call);
    }
    if (rest_call_update(call, form, wall_ms, &error)) {
        outgoing_error(world, rest->exchange, SERVICE_TWILIO, &rest->fault, &error);
        return;
    }
    note_update(rest, form);
    if (slice_is(form_get(form, "Status"), "completed"))
        call_recordings_end(world, rest->sid, false);
    outgoing_json_take(
        world, rest->exchange, SERVICE_TWILIO, &rest->fault, 200, json_deep_copy(call));
}

static void answer_recording(
    struct rest_call *rest, int status, json_t *recording, const struct api_error *error)
{
    if (recording)
        outgoing_json_take(
            rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, status, recording);
    else
        outgoing_error(rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, error);
}

static void start_recording(struct rest_call *rest, const struct form *form)
{
    struct api_error error;
    answer_recording(rest, 201,
        call_recording_start(rest->world, rest->account, rest->sid, rest->secret, form, &error),
        &error);
}

static void update_recording(struct rest_call *rest, const struct form *form)
{
    struct api_error error;
    struct slice sid = slice_from(rest->below);
    slice_split(&sid, '/');
    answer_recording(
        rest, 200, call_recording_update(rest->world, rest->sid, sid, form, &error), &error);
}

static void create_call(struct rest_call *rest, const struct form *form)
{
    struct api_error error;
    struct world *world = rest->world;
    if (placed_call_check(form, &error)) {
        outgoing_error(world, rest->exchange, SERVICE_TWILIO, &rest->fault, &error);
        return;
    }
    world_id(rest->sid, "CA", 32);
    json_t *call = placed_call_create(form, rest->sid, rest->account, clock_wall_ms());
    keep(world->calls, rest->sid, call);
    note_update(rest, form);
    outgoing_json_take(
        world, rest->exchange, SERVICE_TWILIO, &rest->fault, 201, json_deep_copy(call));
    json_decref(call);
}

static void list_calls(struct rest_call *rest)
{
    struct form *query = calloc(1, sizeof *query);
    if (!query || form_parse(query, rest->request->query)) {
        refuse(rest, 400, "20001", "The query cannot be read.");
    } else {
        outgoing_json_take(rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, 200,
            placed_calls_list(rest->world->calls, query));
        form_free(query);
    }
    free(query);
}

static void read_call(struct rest_call *rest)
{
    json_t *call = json_object_get(rest->world->calls, rest->sid);
    if (!call)
        refuse(rest, 404, "20404", "The requested resource was not found.");
    else
        outgoing_json_take(
            rest->world, rest->exchange, SERVICE_TWILIO, &rest->fault, 200, json_deep_copy(call));
}

static void with_form(
    struct rest_call *rest, void (*fn)(struct rest_call *rest, const struct form *form))
{
    struct form *form = calloc(1, sizeof *form);
    bool is_form = slice_starts(rest->request->content_type, "application/x-www-form-urlencoded");
    if (!form || !is_form || form_parse(form, rest->request->body)) {
        refuse(rest, 400, "20001", "The body is not a form.");
    } else {
        fn(rest, form);
        form_free(form);
    }
    free(form);
}

/* "RE….wav" of a recording's path; empty: it is none. */
static struct slice recording_of(struct rest_call *rest)
{
    struct slice path = rest->request->path;
    size_t root = strlen("/2010-04-01/Accounts/");
    path = (struct slice){path.data + root, path.len - root};
    slice_copy(slice_split(&path, '/'), rest->account, sizeof rest->account);
    return slice_is(slice_split(&path, '/'), "Recordings") ? path : (struct slice){"", 0};
}

/* The part of the path after "/2010-04-01/Accounts/{A}/": "Messages", "Calls" or "" when it is none. */
static struct slice split_path(struct rest_call *rest)
{
    struct slice path = rest->request->path;
    path = (struct slice){
        path.data + strlen("/2010-04-01/Accounts/"), path.len - strlen("/2010-04-01/Accounts/")};
    slice_copy(slice_split(&path, '/'), rest->account, sizeof rest->account);
    size_t suffix = strlen(".json");
    if (path.len < suffix || memcmp(path.data + path.len - suffix, ".json", suffix))
        return (struct slice){"", 0};
    path.len -= suffix;
    struct slice kind = slice_split(&path, '/');
    slice_copy(slice_split(&path, '/'), rest->sid, sizeof rest->sid);
    bool fits = slice_copy(path, rest->below, sizeof rest->below);
    return fits ? kind : (struct slice){"", 0};
}

/* What is asked of a call's recordings. */
static void follow_recordings(struct rest_call *rest)
{
    struct slice below = slice_from(rest->below);
    bool is_list = slice_is(below, "Recordings");
    if (is_list && rest->is_post)
        with_form(rest, start_recording);
    else if (is_list)
        answer_recording(rest, 200, call_recordings_of(rest->world, rest->sid), NULL);
    else if (slice_starts(below, "Recordings/") && rest->is_post)
        with_form(rest, update_recording);
    else
        refuse(rest, 404, "20404", "The requested resource was not found.");
}

void twilio_rest(struct world *world, struct exchange *exchange, const struct http_request *request)
{
    struct rest_call rest = {.world = world,
        .exchange = exchange,
        .request = request,
        .fault = world_fault(world, SERVICE_TWILIO),
        .is_post = slice_is(request->method, "POST")};
    struct slice sound = recording_of(&rest);
    struct slice kind = sound.len ? (struct slice){"", 0} : split_path(&rest);
    if (outgoing_faulty(world, exchange, SERVICE_TWILIO, &rest.fault))
        return;
    if (!is_authorized(&rest)) {
        ledger_count(&world->ledger, TALLY_UNAUTHORIZED, 1);
        refuse(&rest, 401, "20003", "Authenticate");
    } else if (sound.len) {
        twilio_recording(world, exchange, &rest.fault, request, rest.account, sound);
    } else if (slice_is(kind, "Calls") && is_sid(rest.sid, "CA") && rest.below[0]) {
        follow_recordings(&rest);
    } else if (rest.below[0]) {
        refuse(&rest, 404, "20404", "The requested resource was not found.");
    } else if (slice_is(kind, "Messages") && rest.is_post && !rest.sid[0]) {
        with_form(&rest, create_message);
    } else if (slice_is(kind, "Messages") && !rest.is_post) {
        rest.sid[0] ? read_message(&rest) : list_messages(&rest);
    } else if (slice_is(kind, "Calls") && !rest.sid[0] && rest.is_post) {
        with_form(&rest, create_call);
    } else if (slice_is(kind, "Calls") && !rest.sid[0]) {
        list_calls(&rest);
    } else if (slice_is(kind, "Calls") && is_sid(rest.sid, "CA") && rest.is_post) {
        with_form(&rest, update_call);
    } else if (slice_is(kind, "Calls") && rest.sid[0] && !rest.is_post) {
        read_call(&rest);
    } else {
        refuse(&rest, 404, "20404", "The requested resource was not found.");
    }
}

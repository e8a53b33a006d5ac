/* sms.send(to, text, options): a text from the number that was called, put in the outbox (outreach/outbox.h sends it). Whom it
   may go to is decided here and in send_text of migrations/014_outbox.sql, whatever the script was talked into. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/utf8.h"
#include "bindings/fields.h"
#include "bindings/modules.h"
#include "bindings/profile.h"
#include "bindings/recipient.h"
#include "bindings/row_ask.h"
#include "script/agent.h"
#include "script/wait.h"
#include "store/calendar_sql.h"
#include "text/phone_number.h"
#include "text/segments.h"

#define TEXT_MAX_BYTES 6400
#define ONCE_SIZE 128
#define KEY_SIZE 200
#define AHEAD_MAX_S (30.0 * 86400)
#define A_CALL_MAX "10"
#define TIMEOUT_MS 5000

#define SEND_TEXT                                                                                  \
    "select text_id, text_status, refusal from send_text($1, $2, $3, $4, $5, $6::uuid,"            \
    " to_timestamp($7::float8), $8::bool, $9::int, $10::int)"

struct sms_wait {
    struct script_run *run;
    uint64_t wait_id;
    struct query *query;
    struct allowance *allowance;
    const struct query_answer *answer; /* during on_answer */
};

/* What is to be sent. */
struct sms_text {
    char to[PHONE_NUMBER_SIZE];
    char key[KEY_SIZE];
    char at_s[32]; /* "": now */
    char said_to[64],
        text[TEXT_MAX_BYTES + 1]; /* copies: the arguments are not on the stack any more */
    bool is_known;
};

/* --- enter --- */

static void free_wait(struct sms_wait *wait)
{
    allowance_give_back(wait->allowance);
    free(wait);
}

/* NULL: it may be sent as far as we know here; else the code, with `*why`. */
static const char *check_recipient(
    struct sms_text *sms, struct script_run *run, struct slice country, const char **why)
{
    const struct agent_texts *texts = &script_run_agent(run)->texts;
    *why = "that is no whole telephone number";
    if (phone_number_read(sms->to, slice_from(sms->said_to), country) || sms->to[0] != '+')
        return "bad_number";
    sms->is_known = texts->to_country || !strcmp(sms->to, script_run_facts(run)->caller);
    switch (recipient_of(run, country, sms->to)) {
    case RECIPIENT_STAFF:
        sms->is_known = true;
        break;
    case RECIPIENT_PREMIUM:
        *why = "no texts go to numbers that cost more";
        return "premium";
    case RECIPIENT_FOREIGN:
        *why = "no texts go to other countries, but to numbers in texts.to of agent.lua";
        return "foreign";
    case RECIPIENT_HOME:
        break;
    }
    return NULL;
}

static const char *check_text(struct slice text, const char **why)
{
    struct text_segments segments = text_segments(text);
    *why = "the text is empty, or not valid UTF-8";
    if (!slice_trim(text).len || !utf8_is_valid(text.data, text.len))
        return "bad_text";
    *why = "a text is at most 10 segments: 1530 plain letters, 670 of others";
    return segments.count > TEXT_SEGMENTS_MAX || segments.letters > TEXT_LETTERS_MAX ? "too_long"
                                                                                     : NULL;
}

/* The fact that is behind it: what the script names, or these words to this person in this turn, which a tool that the
   model calls again sends once. */
static void name_fact(struct sms_text *sms, const char *once, const struct script_run *run)
{
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], words[PHONE_NUMBER_SIZE + TEXT_MAX_BYTES + 2];
    if (once[0]) {
        snprintf(sms->key, sizeof sms->key, "once:%s", once);
        return;
    }
    int len = snprintf(words, sizeof words, "%s %s", sms->to, sms->text);
    crypto_sha256((struct slice){words, (size_t)len}, hash);
    crypto_hex(hash, sizeof hash, hex);
    snprintf(sms->key, sizeof sms->key, "sms:%s:%u:%.16s", script_run_facts(run)->call_id,
        script_run_turn(run), hex);
}

/* The options at index 3, which may be missing. Raises. */
static void read_options(
    lua_State *lua, struct sms_text *sms, char once[ONCE_SIZE], const struct bindings *bindings)
{
    static const char *const names[] = {"once", "at", NULL};
    once[0] = '\0';
    lua_settop(lua, 3);
    if (lua_isnil(lua, 3))
        return;
    lua_replace(lua, 1); /* where fields.h reads it */
    fields_check(lua, "sms.send", names);
    fields_text(lua, "sms.send", "once", once, ONCE_SIZE, true);
    if (fields_push(lua, "at")) {
        double at_s = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : NAN;
        double now_s = (double)module_wall_ms(bindings) / 1000;
        if (!(at_s > 0 && at_s < now_s + AHEAD_MAX_S))
            luaL_error(
                lua, "sms.send: at must be a time as time.parse gives it, at most 30 days ahead");
        snprintf(sms->at_s, sizeof sms->at_s, "%.3f", at_s);
        lua_pop(lua, 1);
    }
}

static void sms_cancel_wait(void *operation);
static void on_answer(void *owner, const struct query_answer *answer);

static enum err ask(struct sms_wait *wait, struct bindings *bindings, const struct sms_text *sms,
    const char *tenant, const struct script_call_facts *facts)
{
    struct slice call_id = slice_from(facts->call_id);
    struct slice params[] = {slice_from(tenant), slice_from(sms->key), slice_from(facts->called),
        slice_from(sms->to), slice_from(sms->text),
        row_id_is_good(call_id) ? call_id : (struct slice){NULL, 0}, row_text_or_null(sms->at_s),
        sms->is_known ? SLICE("true") : SLICE("false"), SLICE(A_CALL_MAX), SLICE(TEXTS_A_DAY_MAX)};
    return database_query(&wait->query, bindings->options.database, SEND_TEXT, params, 10,
        TIMEOUT_MS, on_answer, wait);
}

static int start(lua_State *lua, struct bindings *bindings, const struct sms_text *sms)
{
    const char *limit;
    struct script_run *run = script_run_of(lua);
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
    if (ask(wait, bindings, sms, script_tenant(lua), script_run_facts(run))) {
        free_wait(wait);
        return module_fail(lua, "unavailable", "the database cannot be asked now");
    }
    wait->run = run;
    wait->wait_id = script_wait_begin(run, sms_cancel_wait, wait);
    return lua_yield(lua, 0);
}

static int sms_send(lua_State *lua)
{
    struct sms_text sms = {.to = ""};
    char once[ONCE_SIZE];
    const char *code, *why;
    struct bindings *bindings = module_bindings(lua);
    slice_copy(module_text(lua, 1, sizeof sms.said_to - 1, 1), sms.said_to, sizeof sms.said_to);
    slice_copy(module_text(lua, 2, TEXT_MAX_BYTES, 0), sms.text, sizeof sms.text);
    read_options(lua, &sms, once, bindings);
    script_wait_check(lua, "sms.send");
    struct script_run *run = script_run_of(lua);
    if (!bindings->options.rest.account_sid || !bindings->options.rest.account_sid[0])
        return module_fail(lua, "unavailable", "no account for messages is set");
    if (!bindings->options.database)
        return module_fail(lua, "unavailable", "there is no database");
    script_push_profile(lua);
    struct slice country = lua_istable(lua, -1) ? profile_country(lua) : SLICE("US");
    if ((code = check_text(slice_from(sms.text), &why)) ||
        (code = check_recipient(&sms, run, country, &why)))
        return module_fail(lua, code, why);
    name_fact(&sms, once, run);
    return start(lua, bindings, &sms);
}

/* --- completed --- */

static int push_answer(lua_State *lua, void *operation);

static void on_answer(void *owner, const struct query_answer *answer)
{
    struct sms_wait *wait = owner;
    wait->answer = answer;
    script_wait_end(wait->run, wait->wait_id, push_answer, wait);
    free_wait(wait);
}

/* --- resume --- */

static int push_refusal(lua_State *lua, struct slice refusal)
{
    if (slice_is(refusal, "call"))
        return module_fail(lua, "limit", "one call sends at most " A_CALL_MAX " texts");
    if (slice_is(refusal, "day"))
        return module_fail(lua, "limit", "one number gets at most " TEXTS_A_DAY_MAX " texts a day");
    return module_fail(lua, "recipient",
        "texts go to the caller, to contacts, and to numbers in texts.to of agent.lua");
}

static int push_answer(lua_State *lua, void *operation)
{
    const struct query_answer *answer = ((struct sms_wait *)operation)->answer;
    if (answer->err)
        return row_ask_fail(lua, answer);
    struct slice id = rows_get(answer->rows, 0, 0), status = rows_get(answer->rows, 0, 1);
    if (!rows_is_null(answer->rows, 0, 2))
        return push_refusal(lua, rows_get(answer->rows, 0, 2));
    if (slice_is(status, "cancelled"))
        return module_fail(lua, "opted_out", "this person wants no texts");
    lua_pushlstring(lua, id.data, id.len);
    lua_pushlstring(lua, status.data, status.len);
    return 2;
}

/* --- cancel --- */

static void sms_cancel_wait(void *operation)
{
    struct sms_wait *wait = operation;
    query_cancel(wait->query);
    free_wait(wait);
}

void sms_install(lua_State *lua, struct bindings *bindings)
{
    static const luaL_Reg functions[] = {{"send", sms_send}, {NULL, NULL}};
    module_give(lua, "sms", functions, bindings);
}

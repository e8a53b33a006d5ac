#include "unit/rehearsal/studio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "observe/log.h"

static const char AGENT[] =
    "local lookup = {\n"
    "  name = 'lookup', description = 'd', timeout_ms = 1000, failure_text = 'I will text you.',\n"
    "  parameters = { type = 'object', properties = { item = { type = 'string' } }, required = { "
    "'item' } },\n"
    "  run = function(call, args)\n"
    "    local rows, code, message = db.query('SELECT price FROM prices WHERE item = $1', "
    "args.item)\n"
    "    if not rows then return nil, code, message end\n"
    "    call.state.item = args.item\n"
    "    call.phase = 'priced'\n"
    "    return { ok = true, outcome = 'lead', price = rows[1] and rows[1].price, at = "
    "time.format(time.now(), 'UTC', '%H:%M') }\n"
    "  end,\n"
    "}\n"
    "local leave = {\n"
    "  name = 'leave', description = 'd', parameters = { type = 'object', properties = {} }, "
    "timeout_ms = 1000,\n"
    "  run = function(call)\n"
    "    sms.send(call.caller, 'Thanks for calling Bakery')\n"
    "    local answer = http.request({ url = 'https://api.example.com/leave', method = 'POST', "
    "body = 'x' })\n"
    "    log.info('left')\n"
    "    if answer and answer.status == 302 then call:transfer('+15550100099') else call:hangup() "
    "end\n"
    "    return { ok = true }\n"
    "  end,\n"
    "}\n"
    "return {\n"
    "  name = 'Bakery', numbers = { '+15550100005' }, greeting = 'Bakery, good morning!',\n"
    "  profile = { time_zone = 'America/New_York' },\n"
    "  tools = { lookup, leave },\n"
    "  prompt = function(call)\n"
    "    return 'Now ' .. time.at('America/New_York').clock .. ', said ' .. (call.utterance or "
    "'')\n"
    "  end,\n"
    "  on_dtmf = function(call, digit)\n"
    "    if digit == '0' then call:transfer('+15550100099') return true end\n"
    "    if digit == '1' then return 'What are your hours?' end\n"
    "    if digit == '2' then call:say('You pressed two.') return true end\n"
    "  end,\n"
    "  end_of_turn = function(call, signals) if signals.text:find('wait') then return false end "
    "end,\n"
    "}\n";

int studio_setup(void **state)
{
    struct studio *studio = calloc(1, sizeof *studio);
    log_set_level(LOG_ERROR);
    folder_make(&studio->folder);
    studio_write(studio, "agent.lua", AGENT);
    *state = studio;
    return 0;
}

int studio_teardown(void **state)
{
    struct studio *studio = *state;
    folder_remove(&studio->folder);
    free(studio);
    return 0;
}

void studio_write(struct studio *studio, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "tenants/bakery/%s", name);
    folder_write(&studio->folder, path, text);
}

static void on_conversation(void *owner, const struct rehearsed *rehearsed)
{
    struct studio *studio = owner;
    slice_copy(slice_from(rehearsed->why), studio->why, sizeof studio->why);
    slice_copy(slice_from(rehearsed->transcript), studio->transcript, sizeof studio->transcript);
    studio->virtual_ms = rehearsed->virtual_ms;
}

void studio_hold(struct studio *studio, const char *conversations)
{
    char text[16384];
    snprintf(text, sizeof text, "return {\n%s\n}\n", conversations);
    studio_write(studio, "agent_test.lua", text);
    struct rehearsal_options options = {.scripts_path = studio->folder.path,
        .tenant_id = "bakery",
        .on_conversation = on_conversation,
        .owner = studio};
    char why[512] = "";
    studio->why[0] = studio->transcript[0] = 0;
    studio->err = rehearse(&studio->sum, &options, why);
    if (studio->err)
        slice_copy(slice_from(why), studio->why, sizeof studio->why);
}

void studio_holds(struct studio *studio, const char *conversations)
{
    studio_hold(studio, conversations);
    if (studio->err || studio->sum.failed)
        print_message("%s\n%s\n%s", conversations, studio->sum.first_failure, studio->transcript);
    assert_int_equal(studio->err, ERR_OK);
    assert_int_equal(studio->sum.failed, 0);
    assert_true(studio->sum.count > 0);
}

void studio_fails(struct studio *studio, const char *conversations, const char *part)
{
    studio_hold(studio, conversations);
    assert_true(studio->err || studio->sum.failed);
    if (!strstr(studio->why, part))
        print_message("%s\n→ %s\n%s", conversations, studio->why, studio->transcript);
    assert_non_null(strstr(studio->why, part));
}

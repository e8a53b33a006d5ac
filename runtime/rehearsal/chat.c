#include "rehearsal/chat.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "rehearsal/chat_internal.h"
#include "script/agent_table.h"

#define RESULTS_MAX 64
#define ASIDE_MAX_BYTES 16384

/* ---- what is shown ---- */

void chat_note(struct chat *chat, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(chat->options.out, "  · ");
    vfprintf(chat->options.out, format, args);
    fprintf(chat->options.out, "\n");
    va_end(args);
}

/* ---- what scripts ask of their call ---- */

static enum err say(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice text, bool is_protected)
{
    struct chat *chat = ((struct chat_desk *)owner)->chat;
    if (!chat)
        return ERR_CLOSED;
    fprintf(chat->options.out, "%s: %.*s\n", chat->agent->name, (int)text.len, text.data);
    strbuf_add_slice(&chat->aside, text);
    strbuf_add_char(&chat->aside, ' ');
    return ERR_OK;
}

static enum err hangup(
    void *owner, const struct script_call_facts *facts, uint64_t call_key, struct call_asker from)
{
    struct chat *chat = ((struct chat_desk *)owner)->chat;
    if (!chat)
        return ERR_CLOSED;
    chat_note(chat, "call:hangup(): the call ends after these words");
    chat->wants_end = true;
    return ERR_OK;
}

static enum err play(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, const struct call_sound *sound, bool is_protected)
{
    return say(owner, facts, call_key, from, sound->text, is_protected);
}

/* Whoever is called or recorded then, it is the end here. */
static enum err hand_over(void *owner, const char *what, struct slice to, struct slice say_first)
{
    struct chat *chat = ((struct chat_desk *)owner)->chat;
    if (!chat)
        return ERR_CLOSED;
    chat_note(chat, "%s %.*s", what, (int)to.len, to.data);
    if (say_first.len)
        chat_note(chat, "the carrier says: %.*s", (int)say_first.len, say_first.data);
    chat->wants_end = true;
    return ERR_OK;
}

static enum err voicemail(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct call_asker from, struct slice say_first)
{
    return hand_over(
        owner, "call:voicemail: here a message would be recorded", SLICE(""), say_first);
}

static enum err transfer(void *owner, const struct script_call_facts *facts, uint64_t call_key,
    struct slice number, struct slice say_first)
{
    return hand_over(
        owner, "call:transfer: here the caller would be put through to", number, say_first);
}

const struct call_ops chat_call_ops = {
    .say = say, .play = play, .hangup = hangup, .voicemail = voicemail, .transfer = transfer};

/* ---- life ---- */

static void wake(void *owner)
{
    net_wake_send(((struct chat *)owner)->wake);
}

enum err chat_open(struct chat **out, const struct chat_options *options, struct chat_desk *desk)
{
    struct agent *agent = agent_table_find(slice_from(options->tenant_id));
    if (!agent)
        return ERR_NOT_FOUND;
    struct chat *chat = calloc(1, sizeof *chat);
    if (!chat) {
        agent_release(agent);
        return ERR_NOMEM;
    }
    chat->options = *options;
    chat->agent = agent;
    chat->desk = desk;
    id_make(chat->facts.call_id);
    slice_copy(slice_from("CA00000000000000000000000000000000"), chat->facts.call_sid,
        sizeof chat->facts.call_sid);
    slice_copy(slice_from(options->tenant_id), chat->facts.tenant_id, sizeof chat->facts.tenant_id);
    slice_copy(slice_from(options->caller), chat->facts.caller, sizeof chat->facts.caller);
    slice_copy(slice_from(agent->numbers[0]), chat->facts.called, sizeof chat->facts.called);
    strbuf_init(&chat->aside, ASIDE_MAX_BYTES);
    chat->recorded = options->record ? json_array() : NULL;
    mailbox_init(&chat->results, RESULTS_MAX, wake, chat);
    enum err err = net_wake_create(&chat->wake, options->loop, chat_collect, chat);
    if (!err)
        err = conversation_init(&chat->conversation);
    if (!err)
        err = chat_model_create(&chat->model, options->loop, options->llm_ops, &chat_answers, chat);
    if (err) {
        chat_close(chat);
        return err;
    }
    desk->chat = chat;
    *out = chat;
    return ERR_OK;
}

void chat_close(struct chat *chat)
{
    if (!chat)
        return;
    chat->desk->chat = NULL;
    chat_model_destroy(chat->model);
    if (chat->wake)
        net_wake_destroy(chat->wake);
    struct letter *letter = mailbox_take_all(&chat->results);
    while (letter) {
        struct script_result *result = (struct script_result *)letter;
        letter = letter->next;
        script_result_free(result);
    }
    mailbox_destroy(&chat->results);
    conversation_close(&chat->conversation);
    agent_release(chat->agent);
    strbuf_free(&chat->aside);
    json_decref(chat->tool_calls);
    json_decref(chat->recorded);
    free(chat->system_prompt);
    free(chat->state_json);
    free(chat);
}

unsigned chat_failures(const struct chat *chat)
{
    return chat->failures;
}

/* ---- a line ---- */

static void answer(struct chat *chat, const char *line)
{
    if (chat_ask(chat, line))
        net_loop_run(chat->options.loop);
    else
        chat_note(chat, "no memory");
}

void chat_greet(struct chat *chat)
{
    const struct agent *agent = chat->agent;
    chat_note(chat, "%s, version %s%s; /help says what else can be typed", agent->name,
        agent->version, chat->options.is_dry ? ", tools are not run" : "");
    if (!agent->greeting[0]) {
        answer(chat, "");
        return;
    }
    fprintf(chat->options.out, "%s: %s\n", agent->name, agent->greeting);
    conversation_add_agent(&chat->conversation, slice_from(agent->greeting));
}

/* What the newest files were refused for; "": they are fine. */
static void find_refusal(const struct chat *chat, char out[512])
{
    struct strbuf text;
    size_t i;
    json_t *tenant;
    strbuf_init(&text, 1 << 20);
    agent_table_json(&text);
    json_t *tenants = json_loads(text.data ? text.data : "[]", 0, NULL);
    out[0] = 0;
    json_array_foreach(tenants, i, tenant)
    {
        const char *id = json_string_value(json_object_get(tenant, "id"));
        const char *error = json_string_value(json_object_get(tenant, "error"));
        if (id && strcmp(id, chat->options.tenant_id) == 0)
            slice_copy(slice_from(error), out, 512);
    }
    json_decref(tenants);
    strbuf_free(&text);
}

/* Files that were saved meanwhile. */
static void look_at_files(struct chat *chat)
{
    char refusal[512];
    script_host_load(chat->options.host);
    find_refusal(chat, refusal);
    if (refusal[0] && strcmp(refusal, chat->refusal) != 0)
        chat_note(chat, "not reloaded: %s; the version before goes on", refusal);
    memcpy(chat->refusal, refusal, sizeof refusal);
    struct agent *newest = agent_table_find(slice_from(chat->options.tenant_id));
    if (newest && strcmp(newest->version, chat->agent->version) != 0) {
        chat_note(chat, "reloaded: version %s", newest->version);
        agent_release(chat->agent);
        chat->agent = agent_hold(newest);
    }
    agent_release(newest);
}

static bool is_command(struct chat *chat, const char *line)
{
    if (strcmp(line, "/state") == 0)
        chat_note(chat, "phase %s, state %s", chat->phase[0] ? chat->phase : "(none)",
            chat->state_json ? chat->state_json : "{}");
    else if (strcmp(line, "/prompt") == 0)
        fprintf(chat->options.out, "%s\n",
            chat->system_prompt ? chat->system_prompt : "(none yet: say something first)");
    else if (line[0] == '/')
        chat_note(
            chat, "/state: call.phase and call.state; /prompt: what the model is told; /quit");
    else
        return false;
    return true;
}

bool chat_line(struct chat *chat, const char *line)
{
    if (strcmp(line, "/quit") == 0)
        return false;
    if (!line[0] || is_command(chat, line))
        return true;
    look_at_files(chat);
    conversation_add_caller(&chat->conversation, slice_from(line));
    answer(chat, line);
    return !chat->is_over;
}

#include "rehearsal/chat.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "rehearsal/chat_internal.h"
#include "script/agent_table.h"

#define RESULTS_MAX 64
#define WORDS_MAX_BYTES 65536

/* ---- what is shown ---- */

void chat_note(struct chat *chat, const char *format, ...)
{
    va_list args;
    if (chat->is_line_open)
        fprintf(chat->options.out, "\n");
    chat->is_line_open = false;
    va_start(args, format);
    fprintf(chat->options.out, "  · ");
    vfprintf(chat->options.out, format, args);
    fprintf(chat->options.out, "\n");
    va_end(args);
}

void chat_rest(struct chat *chat)
{
    struct slice untold = slice_trim(strbuf_slice(&chat->untold));
    struct slice reply = slice_trim(strbuf_slice(&chat->reply));
    if (untold.len)
        conversation_add_agent(&chat->conversation, untold);
    if (reply.len)
        chat_history_add(chat, "agent", reply, chat->turn);
    strbuf_clear(&chat->untold);
    strbuf_clear(&chat->reply);
    chat->is_over |= chat->wants_end;
}

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
    chat->facts.channel = options->is_text ? CHANNEL_SMS : CHANNEL_PHONE;
    slice_copy(slice_from(agent->numbers[0]), chat->facts.called, sizeof chat->facts.called);
    struct strbuf *words[] = {
        &chat->round, &chat->unsaid, &chat->untold, &chat->reply, &chat->held};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        strbuf_init(words[i], WORDS_MAX_BYTES);
    chat->pieces = json_array();
    chat->began_ms = clock_ms();
    chat->recorded = options->record ? json_array() : NULL;
    mailbox_init(&chat->results, RESULTS_MAX, wake, chat);
    enum err err = net_wake_create(&chat->wake, options->loop, chat_collect, chat);
    if (!err)
        err = net_timer_create(&chat->tools_timer, options->loop, chat_text_waited, chat);
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
    net_timer_destroy(chat->tools_timer);
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
    strbuf_free(&chat->round);
    strbuf_free(&chat->unsaid);
    strbuf_free(&chat->untold);
    strbuf_free(&chat->reply);
    strbuf_free(&chat->held);
    history_clear(&chat->history);
    history_clear(&chat->all);
    labels_clear(&chat->labels);
    json_decref(chat->pieces);
    json_decref(chat->answer.calls);
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

bool chat_greet(struct chat *chat)
{
    const struct agent *agent = chat->agent;
    chat_note(chat, "%s, version %s%s; /help says what else can be typed", agent->name,
        agent->version, chat->options.is_dry ? ", nothing is done outside" : "");
    if (!chat->options.is_text)
        return chat_begin(chat);
    chat_text_begin(chat);
    return true;
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

static void show_state(struct chat *chat)
{
    size_t i;
    json_t *line;
    const struct call_labels *labels = &chat->labels;
    chat_note(chat, "phase %s, state %s", chat->phase[0] ? chat->phase : "(none)",
        chat->state_json ? chat->state_json : "{}");
    chat_note(chat, "outcome %s, tags %s", labels->outcome[0] ? labels->outcome : "(none)",
        labels->tags_json ? labels->tags_json : "[]");
    json_array_foreach(chat->all.lines, i, line)
    {
        chat_note(chat, "history: %s: %s", json_string_value(json_object_get(line, "role")),
            json_string_value(json_object_get(line, "text")));
    }
}

/* What the caller does beside speaking. */
static bool is_deed(struct chat *chat, const char *line)
{
    bool is_press = slice_starts(slice_from(line), "/press ");
    if (!is_press && strcmp(line, "/silence") != 0)
        return false;
    if (chat->options.is_text) {
        chat_note(chat, "%s is for calls: texts have no keys and no silence", line);
        return true;
    }
    look_at_files(chat);
    if (is_press)
        chat_press(chat, line + strlen("/press "));
    else
        chat_silence(chat);
    return true;
}

static bool is_command(struct chat *chat, const char *line)
{
    if (strcmp(line, "/state") == 0)
        show_state(chat);
    else if (strcmp(line, "/prompt") == 0)
        fprintf(chat->options.out, "%s\n",
            chat->system_prompt ? chat->system_prompt : "(none yet: say something first)");
    else if (is_deed(chat, line))
        return true;
    else if (line[0] == '/')
        chat_note(chat,
            "/press 12#: keys; /silence: nobody speaks; /state: phase, state, outcome, "
            "tags, history; /prompt: what the model is told; /quit: the caller hangs up");
    else
        return false;
    return true;
}

bool chat_line(struct chat *chat, const char *line)
{
    if (strcmp(line, "/quit") == 0)
        return false;
    if (!line[0] || is_command(chat, line))
        return !chat->is_over;
    look_at_files(chat);
    chat->nudges = 0;
    chat_turn(chat, line);
    return !chat->is_over;
}

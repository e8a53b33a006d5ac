/* What providers and scripts were asked and answered, as JSON. */
#include "base/clock.h"
#include "live/captured_internal.h"
#include "live/worker.h"

/* ---- JSON ---- */

struct strbuf *captured_event(const struct call *call, const char *event)
{
    struct strbuf *json = &call->worker->captured;
    if (!call->captured.file)
        return NULL;
    strbuf_clear(json);
    strbuf_printf(json, "{\"event\":\"%s\"", event);
    return json;
}

void captured_add_text(struct strbuf *json, const char *name, struct slice text)
{
    strbuf_printf(json, ",\"%s\":", name);
    strbuf_add_json(json, text);
}

void captured_add_number(struct strbuf *json, const char *name, uint64_t number)
{
    strbuf_printf(json, ",\"%s\":%llu", name, (unsigned long long)number);
}

void captured_add_bool(struct strbuf *json, const char *name, bool is_so)
{
    strbuf_printf(json, ",\"%s\":%s", name, is_so ? "true" : "false");
}

void captured_add_json(struct strbuf *json, const char *name, struct slice value)
{
    strbuf_printf(json, ",\"%s\":", name);
    strbuf_add_slice(json, value.len ? value : SLICE("null"));
}

/* What does not fit is missing, and told so as any record that is. */
void captured_put(const struct call *call, enum capture_kind kind)
{
    struct strbuf *json = &call->worker->captured;
    strbuf_add_char(json, '}');
    if (json->failed)
        capture_lose(call->captured.file);
    else
        capture_put(call->captured.file, kind, clock_ms(), strbuf_slice(json));
}

static void add_some_text(struct strbuf *json, const char *name, struct slice text)
{
    if (text.data)
        captured_add_text(json, name, text);
}

static void add_some_number(struct strbuf *json, const char *name, uint64_t number)
{
    if (number)
        captured_add_number(json, name, number);
}

/* ---- speech-to-text ---- */

void captured_stt(struct call *call, const char *event, uint32_t item, struct slice text)
{
    struct strbuf *json = captured_event(call, event);
    if (!json)
        return;
    add_some_number(json, "item", item);
    add_some_text(json, "text", text);
    captured_put(call, CAPTURE_STT);
}

void captured_stt_words(
    struct call *call, uint32_t item, const struct stt_word *words, size_t count, bool is_estimated)
{
    struct strbuf *json = captured_event(call, "words");
    if (!json)
        return;
    captured_add_number(json, "item", item);
    captured_add_bool(json, "is_estimated", is_estimated);
    strbuf_add_text(json, ",\"words\":[");
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(json, i ? ",[" : "[");
        strbuf_add_json(json, words[i].text);
        strbuf_printf(json, ",%u,%u]", words[i].start_ms, words[i].end_ms);
    }
    strbuf_add_char(json, ']');
    captured_put(call, CAPTURE_STT);
}

/* ---- the model ---- */

static struct strbuf *model_event(const struct call *call, const char *event)
{
    struct strbuf *json = captured_event(call, event);
    if (json)
        captured_add_number(json, "epoch", call->reply.epoch);
    return json;
}

void captured_llm(struct call *call, const char *event, struct slice text)
{
    struct strbuf *json = model_event(call, event);
    if (!json)
        return;
    add_some_text(json, "text", text);
    captured_put(call, CAPTURE_LLM);
}

void captured_llm_ask(struct call *call, struct slice messages, struct slice tools)
{
    struct strbuf *json = model_event(call, "ask");
    if (!json)
        return;
    captured_add_number(json, "turn", call->turn_number);
    captured_add_json(json, "messages", messages);
    captured_add_json(json, "tools", tools.len ? tools : SLICE("[]"));
    captured_put(call, CAPTURE_LLM);
}

void captured_llm_tool(
    struct call *call, struct slice id, struct slice name, struct slice arguments)
{
    struct strbuf *json = model_event(call, "tool_call");
    if (!json)
        return;
    captured_add_text(json, "id", id);
    captured_add_text(json, "name", name);
    captured_add_text(json, "arguments", arguments); /* the model's text: no JSON, maybe */
    captured_put(call, CAPTURE_LLM);
}

void captured_llm_done(struct call *call, const struct llm_usage *usage)
{
    struct strbuf *json = model_event(call, "done");
    if (!json)
        return;
    captured_add_number(json, "prompt_tokens", usage ? usage->prompt_tokens : 0);
    captured_add_number(json, "cached_tokens", usage ? usage->cached_tokens : 0);
    captured_add_number(json, "completion_tokens", usage ? usage->completion_tokens : 0);
    captured_put(call, CAPTURE_LLM);
}

/* ---- text-to-speech ---- */

void captured_tts(struct call *call, const char *event, uint32_t context, struct slice text)
{
    struct strbuf *json = captured_event(call, event);
    if (!json)
        return;
    add_some_number(json, "context", context);
    add_some_text(json, "text", text);
    captured_put(call, CAPTURE_TTS);
}

void captured_tts_audio(struct call *call, uint32_t context, size_t bytes)
{
    struct strbuf *json = captured_event(call, "audio");
    if (!json)
        return;
    captured_add_number(json, "context", context);
    captured_add_number(json, "bytes", bytes);
    captured_put(call, CAPTURE_TTS);
}

void captured_tts_timings(
    struct call *call, uint32_t context, const struct tts_timing *timings, size_t count)
{
    struct strbuf *json = captured_event(call, "timings");
    if (!json)
        return;
    captured_add_number(json, "context", context);
    strbuf_add_text(json, ",\"characters\":[");
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(json, i ? ",[" : "[");
        strbuf_add_json(json, timings[i].character);
        strbuf_printf(json, ",%u]", timings[i].start_ms);
    }
    strbuf_add_char(json, ']');
    captured_put(call, CAPTURE_TTS);
}

/* ---- any provider ---- */

static struct strbuf *provider_event(
    const struct call *call, enum capture_kind kind, const char *event)
{
    return kind == CAPTURE_LLM ? model_event(call, event) : captured_event(call, event);
}

void captured_source(struct call *call, enum capture_kind kind, uint32_t context,
    const char *provider, const char *model)
{
    struct strbuf *json = provider_event(call, kind, "source");
    if (!json)
        return;
    add_some_number(json, "context", context);
    captured_add_text(json, "provider", slice_from(provider));
    captured_add_text(json, "model", slice_from(model));
    captured_put(call, kind);
}

void captured_failed(struct call *call, enum capture_kind kind, const struct failure *failure)
{
    struct strbuf *json = provider_event(call, kind, "failed");
    if (!json)
        return;
    captured_add_text(json, "kind", slice_from(failure_rule(failure->kind)->name));
    captured_add_text(json, "err", slice_from(err_name(failure->err)));
    captured_add_text(json, "why", slice_from(failure->why));
    captured_put(call, kind);
}

/* ---- scripts ---- */

static const char *kind_name(enum script_job_kind kind)
{
    if (kind == SCRIPT_PROMPT)
        return "prompt";
    return kind == SCRIPT_TOOL ? "tool" : "hook";
}

static struct strbuf *script_event(const struct call *call, const char *event,
    enum script_job_kind kind, enum script_hook hook, uint32_t epoch, uint32_t turn)
{
    struct strbuf *json = captured_event(call, event);
    if (!json)
        return NULL;
    captured_add_text(json, "kind", slice_from(kind_name(kind)));
    captured_add_number(json, "epoch", epoch);
    captured_add_number(json, "turn", turn);
    if (kind == SCRIPT_HOOK)
        captured_add_text(json, "hook", slice_from(hook_rules[hook].name));
    return json;
}

static void add_tool(
    struct strbuf *json, const char *tool_name, const char *tool_call_id, const char *arguments)
{
    if (tool_name)
        captured_add_text(json, "tool", slice_from(tool_name));
    if (tool_call_id)
        captured_add_text(json, "tool_call_id", slice_from(tool_call_id));
    if (arguments)
        captured_add_text(json, "arguments", slice_from(arguments));
}

void captured_asked(struct call *call, const struct script_job *job)
{
    struct strbuf *json = script_event(call, "asked", job->kind, job->hook, job->epoch, job->turn);
    if (!json)
        return;
    add_tool(json, job->tool_name, job->tool_call_id, job->arguments);
    if (job->utterance)
        captured_add_text(json, "utterance", slice_from(job->utterance));
    captured_add_text(json, "phase", slice_from(job->phase));
    captured_add_text(json, "version", slice_from(job->version));
    captured_add_json(
        json, "state", slice_from(job->state_json ? job->state_json : call->state_json));
    captured_add_json(json, "incoming", slice_from(job->incoming_json));
    captured_add_json(json, "history", slice_from(job->history_json));
    captured_put(call, CAPTURE_SCRIPT_ASKED);
}

static bool is_json(enum script_job_kind kind)
{
    return kind != SCRIPT_PROMPT;
}

void captured_answered(struct call *call, const struct script_result *result)
{
    struct strbuf *json =
        script_event(call, "answered", result->kind, result->hook, result->epoch, result->turn);
    if (!json)
        return;
    add_tool(json, result->tool_name, result->tool_call_id, NULL);
    captured_add_text(json, "ending", slice_from(script_ending_name(result->ending)));
    captured_add_bool(json, "is_late", result->is_late);
    captured_add_number(json, "elapsed_us", result->elapsed_us);
    if (result->agent)
        captured_add_text(json, "version", slice_from(result->agent->version));
    if (result->text && is_json(result->kind))
        captured_add_json(json, "answer", slice_from(result->text));
    else if (result->text)
        captured_add_text(json, "answer", slice_from(result->text));
    if (result->failure_text)
        captured_add_text(json, "failure_text", slice_from(result->failure_text));
    if (result->why)
        captured_add_text(json, "why", slice_from(result->why));
    captured_add_text(json, "phase", slice_from(result->phase));
    captured_add_json(json, "state", slice_from(result->state_json));
    captured_put(call, CAPTURE_SCRIPT_ANSWERED);
}

/* ---- for people ---- */

void captured_note(struct call *call, const char *event, const char *name, const char *text)
{
    struct strbuf *json = captured_event(call, event);
    if (!json)
        return;
    captured_add_text(json, name, slice_from(text));
    captured_put(call, CAPTURE_NOTE);
}

void captured_version(struct call *call, const char *from)
{
    struct strbuf *json = captured_event(call, "version");
    if (!json)
        return;
    captured_add_text(json, "from", slice_from(from));
    captured_add_text(json, "to", slice_from(call->agent->version));
    captured_add_agent(json, call->agent);
    captured_put(call, CAPTURE_NOTE);
}

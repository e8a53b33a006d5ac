#include "telephony/twiml.h"

#include "base/utf8.h"

/* XML 1.0 has no way to write most control characters: they are left out. */
static void add_ascii(struct strbuf *out, char c)
{
    switch (c) {
    case '&':
        strbuf_add_text(out, "&amp;");
        return;
    case '<':
        strbuf_add_text(out, "&lt;");
        return;
    case '>':
        strbuf_add_text(out, "&gt;");
        return;
    case '"':
        strbuf_add_text(out, "&quot;");
        return;
    case '\t':
    case '\n':
    case '\r':
        strbuf_printf(out, "&#%d;", c);
        return;
    default:
        if ((unsigned char)c >= 0x20 && c != 0x7f)
            strbuf_add_char(out, c);
    }
}

/* U+FFFE and U+FFFF are the only other characters XML forbids. */
static bool is_noncharacter(const char *text, size_t len)
{
    return len == 3 && text[0] == '\xef' && text[1] == '\xbf' && (unsigned char)text[2] >= 0xbe;
}

static void add_escaped(struct strbuf *out, const char *text)
{
    struct slice rest = slice_from(text);
    while (rest.len) {
        size_t len = utf8_length(rest.data, rest.len);
        if (len == 1)
            add_ascii(out, rest.data[0]);
        else if (len == 0 || is_noncharacter(rest.data, len))
            strbuf_add_text(out, "\xef\xbf\xbd");
        else
            strbuf_add(out, rest.data, len);
        size_t step = len ? len : 1;
        rest = (struct slice){rest.data + step, rest.len - step};
    }
}

static void add_attribute(struct strbuf *out, const char *name, const char *value)
{
    strbuf_printf(out, " %s=\"", name);
    add_escaped(out, value);
    strbuf_add_char(out, '"');
}

static void add_element(struct strbuf *out, const char *name, const char *text)
{
    strbuf_printf(out, "<%s>", name);
    add_escaped(out, text);
    strbuf_printf(out, "</%s>", name);
}

static void open_response(struct strbuf *out)
{
    strbuf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>");
}

static void close_response(struct strbuf *out)
{
    strbuf_add_text(out, "</Response>\n");
}

void twiml_stream(struct strbuf *out, const char *stream_url, const char *status_url,
    const struct twiml_parameter *parameters, size_t count, const char *redirect_url)
{
    open_response(out);
    strbuf_add_text(out, "<Connect><Stream");
    add_attribute(out, "url", stream_url);
    if (status_url) {
        add_attribute(out, "statusCallback", status_url);
        add_attribute(out, "statusCallbackMethod", "POST");
    }
    strbuf_add_char(out, '>');
    for (size_t i = 0; i < count; i++) {
        strbuf_add_text(out, "<Parameter");
        add_attribute(out, "name", parameters[i].name);
        add_attribute(out, "value", parameters[i].value);
        strbuf_add_text(out, "/>");
    }
    strbuf_add_text(out, "</Stream></Connect>");
    if (redirect_url) {
        strbuf_add_text(out, "<Redirect method=\"POST\">");
        add_escaped(out, redirect_url);
        strbuf_add_text(out, "</Redirect>");
    }
    close_response(out);
}

void twiml_say_and_hangup(struct strbuf *out, const char *text)
{
    open_response(out);
    add_element(out, "Say", text);
    strbuf_add_text(out, "<Hangup/>");
    close_response(out);
}

static void add_words(struct strbuf *out, const char *words)
{
    if (words[0])
        add_element(out, "Say", words);
}

void twiml_voicemail(struct strbuf *out, const char *words, const char *action_url)
{
    open_response(out);
    add_words(out, words);
    strbuf_add_text(out, "<Record");
    add_attribute(out, "action", action_url);
    strbuf_add_text(out, " method=\"POST\" maxLength=\"120\" timeout=\"5\" playBeep=\"true\"");
    add_attribute(out, "recordingStatusCallback", action_url);
    strbuf_add_text(out, " recordingStatusCallbackMethod=\"POST\"/>");
    close_response(out);
}

void twiml_dial(struct strbuf *out, const char *words, const char *number, const char *caller_id,
    const char *action_url)
{
    open_response(out);
    add_words(out, words);
    strbuf_add_text(out, "<Dial");
    if (caller_id)
        add_attribute(out, "callerId", caller_id);
    if (action_url)
        add_attribute(out, "action", action_url);
    strbuf_add_text(out, " answerOnBridge=\"true\">");
    add_element(out, "Number", number);
    strbuf_add_text(out, "</Dial>");
    close_response(out);
}

void twiml_transfer(struct strbuf *out, const struct twiml_transfer *transfer)
{
    open_response(out);
    add_words(out, transfer->words);
    strbuf_add_text(out, "<Dial");
    add_attribute(out, "callerId", transfer->caller_id);
    strbuf_printf(out, " timeout=\"%u\"", transfer->timeout_s);
    add_attribute(out, "action", transfer->action_url);
    strbuf_add_text(out, " method=\"POST\" answerOnBridge=\"true\"><Number");
    if (transfer->whisper_url) {
        add_attribute(out, "url", transfer->whisper_url);
        strbuf_add_text(out, " method=\"POST\"");
    }
    strbuf_add_char(out, '>');
    add_escaped(out, transfer->number);
    strbuf_add_text(out, "</Number></Dial>");
    close_response(out);
}

static void add_question(
    struct strbuf *out, const char *words, const char *prompt, const char *action_url)
{
    strbuf_add_text(out, "<Gather");
    add_attribute(out, "action", action_url);
    strbuf_add_text(out, " method=\"POST\" numDigits=\"1\" timeout=\"5\">");
    add_words(out, words);
    add_words(out, prompt);
    strbuf_add_text(out, "</Gather>");
}

void twiml_whisper(
    struct strbuf *out, const char *words, const char *prompt, const char *action_url)
{
    open_response(out);
    add_question(out, words, prompt, action_url);
    add_question(out, words, prompt, action_url);
    strbuf_add_text(out, "<Hangup/>");
    close_response(out);
}

void twiml_nothing(struct strbuf *out)
{
    open_response(out);
    close_response(out);
}

void twiml_hangup(struct strbuf *out)
{
    open_response(out);
    strbuf_add_text(out, "<Hangup/>");
    close_response(out);
}

void twiml_reject(struct strbuf *out, const char *reason)
{
    open_response(out);
    strbuf_add_text(out, "<Reject");
    add_attribute(out, "reason", reason);
    strbuf_add_text(out, "/>");
    close_response(out);
}

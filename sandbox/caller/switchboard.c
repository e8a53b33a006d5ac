#include "caller/switchboard.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/strbuf.h"
#include "caller/requests.h"

#define ERRORS_SHOWN_MAX 10
#define ASK_AGAIN_MS 200

static void run_verbs(struct switchboard *board);

uint64_t switchboard_now_ms(const struct switchboard *board)
{
    return board->t0_ms ? clock_ms() - board->t0_ms : 0;
}

static void make_sid(char out[40], const char *prefix)
{
    uint8_t random[16];
    crypto_random(random, sizeof random);
    size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    crypto_hex(random, sizeof random, out + len);
}

/* ---- the end ---- */

static void finish(struct switchboard *board)
{
    if (board->state != SWITCHBOARD_REPORTING || board->callbacks)
        return;
    board->state = SWITCHBOARD_OVER;
    board->on_over(board->owner);
}

void switchboard_callback_done(struct switchboard *board)
{
    board->callbacks--;
    finish(board);
}

static void set_why(struct switchboard *board, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first reason stays. */
static void set_why(struct switchboard *board, const char *format, ...)
{
    if (board->why[0])
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(board->why, sizeof board->why, format, args);
    va_end(args);
}

static void enter_reporting(struct switchboard *board)
{
    board->state = SWITCHBOARD_REPORTING;
    if (board->has_document) /* else no call was ever made */
        requests_tell_completed(board);
    finish(board);
}

/* The call is over on our side; what is open closes, and then the callbacks tell of it. */
static void enter_closing(struct switchboard *board)
{
    board->state = SWITCHBOARD_CLOSING;
    net_timer_clear(board->timer);
    bool is_alone = callee_drop(&board->callee);
    if (board->line)
        line_hang_up(board->line);
    else if (!board->is_fetching && is_alone)
        enter_reporting(board);
}

void switchboard_abort(struct switchboard *board, const char *why)
{
    switch (board->state) {
    case SWITCHBOARD_FETCHING:
    case SWITCHBOARD_PAUSING:
    case SWITCHBOARD_STREAMING:
    case SWITCHBOARD_DIALLING:
        set_why(board, "%s", why);
        enter_closing(board);
        break;
    case SWITCHBOARD_CLOSING:
    case SWITCHBOARD_REPORTING:
    case SWITCHBOARD_OVER:
        break;
    }
}

/* The TwiML ran out or said <Hangup/>. */
static void end_by_agent(struct switchboard *board)
{
    report_say(board->report, switchboard_now_ms(board), "call", "ended by the agent's side");
    struct director *director = &board->conversation->director;
    bool wants_audio = board->conversation->scenario->steps[0].kind != SCENARIO_EXPECT_HANGUP;
    if (board->streams == 0 && wants_audio)
        set_why(board, "no <Stream> in the TwiML%s%.150s", board->said[0] ? "; it said: " : "",
            board->said);
    else if (!director_call_ended(director))
        set_why(board, "%s", director->why);
    enter_closing(board);
}

/* ---- documents ---- */

static void fetch_failed(struct switchboard *board, const struct webhook_answer *answer)
{
    const char *url = board->fetch_url;
    if (answer->err == ERR_UNREACHABLE)
        set_why(board, "cannot connect to %s for %.150s: %.120s", board->options->via, url,
            answer->why);
    else if (answer->err)
        set_why(board, "%.150s: %.150s", url, answer->why);
    else if (answer->status == 403)
        set_why(board,
            "%.150s answered 403: the signature was refused (same TWILIO_AUTH_TOKEN and"
            " MOONLINE_PUBLIC_URL as the server?)",
            url);
    else
        set_why(board, "%.150s answered %d instead of TwiML", url, answer->status);
    enter_closing(board);
}

/* A server that restarts is not there for a moment, or the proxy in front of it says so. */
static bool may_ask_again(const struct switchboard *board, const struct webhook_answer *answer)
{
    bool is_away =
        answer->err || answer->status == 502 || answer->status == 503 || answer->status == 504;
    return is_away && clock_ms() < board->patience_end_ms;
}

static void run_document(struct switchboard *board, struct slice text)
{
    char why[TWIML_WHY_SIZE];
    bool allows_plain = strncmp(board->options->public_url, "http://", 7) == 0;
    twiml_document_free(&board->document);
    if (twiml_read(&board->document, text, allows_plain, why)) {
        set_why(board, "TwiML of %.150s: %.200s", board->document_url, why);
        board->report->protocol_errors++;
        enter_closing(board);
        return;
    }
    board->has_document = true;
    board->verb = 0;
    run_verbs(board);
}

static void on_document(void *owner, const struct webhook_answer *answer)
{
    struct switchboard *board = owner;
    board->is_fetching = false;
    if (board->state == SWITCHBOARD_CLOSING) {
        enter_reporting(board);
        return;
    }
    if (may_ask_again(board, answer)) {
        net_timer_set(board->timer, clock_ms() + ASK_AGAIN_MS);
        return;
    }
    if (answer->err || answer->status != 200) {
        fetch_failed(board, answer);
        return;
    }
    memcpy(board->document_url, board->fetch_url, sizeof board->document_url);
    run_document(board, answer->body);
}

/* `form` may hold fields beyond those of every call; it is freed. */
static void fetch(
    struct switchboard *board, const char *reference, bool is_get, struct strbuf *form)
{
    char url[URL_SIZE];
    board->state = SWITCHBOARD_FETCHING;
    if (url_resolve(url, board->document_url, reference)) {
        strbuf_free(form);
        set_why(board, "a URL of 2048 characters or more in the TwiML");
        enter_closing(board);
        return;
    }
    memcpy(board->fetch_url, url, sizeof url);
    enum err err = requests_send(board, url, is_get, form, on_document);
    board->is_fetching = err == ERR_OK;
    if (err) {
        set_why(board, "cannot ask %.200s (%s)", url, err_name(err));
        enter_closing(board);
    }
}

static void ask_for(struct switchboard *board, const char *reference)
{
    struct strbuf form;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_call_fields(board, &form, "in-progress");
    if (board->after == TWIML_DIAL)
        requests_add_dial_fields(board, &form);
    if (board->after == TWIML_RECORD)
        requests_add_recording(board, &form);
    fetch(board, reference, board->is_get, &form);
}

static void fetch_again(
    struct switchboard *board, const char *reference, bool is_get, enum twiml_kind after)
{
    if (++board->redirects > SWITCHBOARD_REDIRECTS_MAX) {
        set_why(board, "more than %d redirects in a row", SWITCHBOARD_REDIRECTS_MAX);
        enter_closing(board);
        return;
    }
    report_event(board->report, switchboard_now_ms(board), "redirect", reference);
    board->is_get = is_get;
    board->after = after;
    board->patience_end_ms = clock_ms() + 1000ull * board->options->patience_s;
    ask_for(board, reference);
}

/* ---- the stream ---- */

static const struct twiml_verb *current_verb(const struct switchboard *board)
{
    return &board->document.verbs[board->verb];
}

/* <Connect> is over, but not the call: its action, or what stands behind it. */
static void connect_ended(struct switchboard *board)
{
    const struct twiml_verb *verb = current_verb(board);
    if (verb->action) {
        fetch_again(board, verb->action, verb->is_get, TWIML_CONNECT);
        return;
    }
    board->verb++;
    run_verbs(board);
}

static void on_started(void *owner, uint64_t t0_ms)
{
    struct switchboard *board = owner;
    board->t0_ms = t0_ms;
    board->redirects = 0;
    board->streams++;
    board->is_stream_started = true;
    report_say(board->report, switchboard_now_ms(board), "call", "the stream is open");
    requests_tell_stream(board, "stream-started", NULL);
}

static void on_tick(void *owner, uint64_t at_ms, const uint8_t agent[FRAME_BYTES], bool has_audio,
    uint8_t caller[FRAME_BYTES])
{
    struct switchboard *board = owner;
    char key;
    enum conversation_result result =
        conversation_tick(board->conversation, at_ms, agent, has_audio, caller, &key);
    if (key)
        line_press(board->line, key);
    switch (result) {
    case CONVERSATION_GOES_ON:
        break;
    case CONVERSATION_HANGS_UP:
        report_say(board->report, at_ms, "caller", "(hangs up)");
        enter_closing(board);
        break;
    case CONVERSATION_FAILED:
        set_why(board, "%s", board->conversation->director.why);
        enter_closing(board);
        break;
    }
}

static void on_audio_starts(void *owner, uint64_t at_ms)
{
    struct switchboard *board = owner;
    conversation_audio_starts(board->conversation, at_ms);
}

static void on_note(void *owner, uint64_t at_ms, enum line_note note, const char *text)
{
    struct switchboard *board = owner;
    switch (note) {
    case LINE_NOTE_MARK:
        report_event(board->report, at_ms, "mark", text);
        break;
    case LINE_NOTE_MARK_ECHO:
        report_event(board->report, at_ms, "mark_echo", text);
        break;
    case LINE_NOTE_CLEAR:
        report_event(board->report, at_ms, "clear", NULL);
        break;
    case LINE_NOTE_ERROR:
        if (board->report->protocol_errors < ERRORS_SHOWN_MAX)
            report_error(board->report, at_ms, text);
        else
            board->report->protocol_errors++;
        break;
    }
}

/* The stream is over: the server moved the call, or it goes on behind <Connect>. */
static void after_stream(void *owner)
{
    struct switchboard *board = owner;
    char *twiml = board->moved_to;
    board->moved_to = NULL;
    if (board->state != SWITCHBOARD_STREAMING) {
        free(twiml);
        return;
    }
    if (board->is_ended_by_rest)
        end_by_agent(board);
    else if (twiml)
        run_document(board, slice_from(twiml));
    else
        connect_ended(board);
    free(twiml);
}

static void on_moved(void *owner, struct slice twiml)
{
    struct switchboard *board = owner;
    if (board->state != SWITCHBOARD_STREAMING)
        return;
    free(board->moved_to);
    board->moved_to = twiml.len ? slice_dup(twiml) : NULL;
    board->is_ended_by_rest = !twiml.len;
    report_say(board->report, switchboard_now_ms(board), "call",
        twiml.len ? "the server moves the call" : "the server ends the call");
    if (board->line)
        line_hang_up(board->line);
}

static void on_line_closed(void *owner, enum err err, const char *why)
{
    struct switchboard *board = owner;
    bool was_started = board->is_stream_started;
    char text[200];
    report_add_stream(board->report, board->line);
    board->line = NULL;
    if (!was_started && board->state == SWITCHBOARD_STREAMING) {
        snprintf(text, sizeof text, "31920: the stream's handshake failed: %.140s", why);
        report_error(board->report, switchboard_now_ms(board), text);
        requests_tell_stream(board, "stream-error", "31920");
    } else if (was_started) {
        requests_tell_stream(board, "stream-stopped", NULL);
    }
    if (board->state == SWITCHBOARD_CLOSING) {
        enter_reporting(board);
        return;
    }
    if (was_started && !board->moved_to && !board->is_ended_by_rest) {
        snprintf(text, sizeof text, "the server closed the stream%s%.120s", err ? ": " : "",
            err ? why : "");
        report_say(board->report, switchboard_now_ms(board), "call", text);
    }
    if (board->moves && !board->moved_to && !board->is_ended_by_rest) {
        moves_watch(board->moves, false);
        moves_look(board->moves); /* it may have been told a moment ago */
    } else {
        after_stream(board);
    }
}

static void set_stream_names(struct switchboard *board, const struct twiml_verb *verb)
{
    make_sid(board->ids.stream_sid, "MZ");
    const char *name = verb->stream.name ? verb->stream.name : board->ids.stream_sid;
    snprintf(board->stream_name, sizeof board->stream_name, "%s", name);
    if (verb->stream.status_url)
        snprintf(board->stream_status_url, sizeof board->stream_status_url, "%s",
            verb->stream.status_url);
    else
        snprintf(board->stream_status_url, sizeof board->stream_status_url,
            "%s/twilio/stream-status", board->options->public_url);
}

static void open_stream(struct switchboard *board, const struct twiml_verb *verb)
{
    static const struct line_listener listener = {
        on_started, on_tick, on_audio_starts, on_note, on_line_closed};
    struct line_parameter parameters[TWIML_PARAMETERS_MAX];
    set_stream_names(board, verb);
    for (size_t i = 0; i < verb->stream.parameter_count; i++) {
        parameters[i].name = verb->stream.parameters[i].name;
        parameters[i].value = verb->stream.parameters[i].value;
    }
    struct line_options options = {
        .url = verb->stream.url,
        .via = board->options->via,
        .is_via_tls = board->options->is_via_tls,
        .token = board->options->token,
        .ids = board->ids,
        .parameters = parameters,
        .parameter_count = verb->stream.parameter_count,
        .t0_ms = board->t0_ms,
    };
    board->state = SWITCHBOARD_STREAMING;
    if (board->moves)
        moves_watch(board->moves, true);
    board->is_stream_started = false;
    enum err err = line_open(&board->line, board->loop, &options, &listener, board);
    if (err) {
        board->line = NULL;
        set_why(board, "cannot open the stream %.200s (%s)", verb->stream.url, err_name(err));
        enter_closing(board);
    }
}

/* ---- verbs ---- */

static void say(struct switchboard *board, const struct twiml_verb *verb)
{
    snprintf(board->said, sizeof board->said, "%s", verb->text);
    report_say(board->report, switchboard_now_ms(board), "twilio", verb->text);
}

static void on_timer(void *owner)
{
    struct switchboard *board = owner;
    if (board->state == SWITCHBOARD_FETCHING) {
        ask_for(board, board->fetch_url);
        return;
    }
    board->verb++;
    run_verbs(board);
}

static void dial(struct switchboard *board, const struct twiml_verb *verb)
{
    char text[120];
    const struct scenario *scenario = board->conversation->scenario;
    const struct scenario_callee plan = scenario_callee(scenario, board->dials++);
    snprintf(text, sizeof text, "transferred to %.60s", verb->text);
    report_say(board->report, switchboard_now_ms(board), "call", text);
    board->state = SWITCHBOARD_DIALLING;
    callee_dial(&board->callee, verb, &plan);
}

static void dial_ended(struct switchboard *board)
{
    if (board->state == SWITCHBOARD_CLOSING) {
        enter_reporting(board);
        return;
    }
    const struct twiml_verb *verb = current_verb(board);
    char text[80];
    snprintf(text, sizeof text, "the other telephone: %s%s", board->callee.status,
        board->callee.is_bridged ? "" : ", not connected");
    report_say(board->report, switchboard_now_ms(board), "call", text);
    if (verb->action) {
        fetch_again(board, verb->action, verb->is_get, TWIML_DIAL);
        return;
    }
    board->verb++;
    run_verbs(board);
}

/* Without an action the carrier asks for the same document again. */
static void record(struct switchboard *board, const struct twiml_verb *verb)
{
    report_say(board->report, switchboard_now_ms(board), "call", "a message is left");
    if (verb->recording_url)
        requests_tell_recorded(board, verb->recording_url);
    fetch_again(
        board, verb->action ? verb->action : board->document_url, verb->is_get, TWIML_RECORD);
}

/* Before any other verb it keeps the call from being answered; later it only ends it. */
static void reject(struct switchboard *board, const struct twiml_verb *verb)
{
    char text[60];
    bool is_unanswered = !board->is_answered;
    if (is_unanswered)
        board->final_status = strcmp(verb->text, "busy") == 0 ? "busy" : "no-answer";
    snprintf(text, sizeof text, "%s (%.20s)", is_unanswered ? "not answered" : "ended", verb->text);
    report_say(board->report, switchboard_now_ms(board), "call", text);
    end_by_agent(board);
}

/* Whether the next verb may follow at once. */
static bool run_verb(struct switchboard *board, const struct twiml_verb *verb)
{
    switch (verb->kind) {
    case TWIML_SAY:
        say(board, verb);
        return true;
    case TWIML_PAUSE:
        board->state = SWITCHBOARD_PAUSING;
        net_timer_set(board->timer, clock_ms() + 1000ull * verb->length_s);
        return false;
    case TWIML_CONNECT:
        open_stream(board, verb);
        return false;
    case TWIML_REDIRECT:
        fetch_again(board, verb->text, verb->is_get, TWIML_REDIRECT);
        return false;
    case TWIML_DIAL:
        dial(board, verb);
        return false;
    case TWIML_GATHER: /* nobody presses a key */
        for (size_t i = 0; i < verb->said_count; i++)
            report_say(board->report, switchboard_now_ms(board), "twilio", verb->said[i]);
        return true;
    case TWIML_RECORD:
        record(board, verb);
        return false;
    case TWIML_HANGUP:
        end_by_agent(board);
        return false;
    case TWIML_REJECT:
        reject(board, verb);
        return false;
    }
    return false;
}

static void run_verbs(struct switchboard *board)
{
    while (board->verb < board->document.count) {
        const struct twiml_verb *verb = current_verb(board);
        if (verb->kind != TWIML_REJECT && verb->kind != TWIML_REDIRECT)
            board->is_answered = true;
        if (!run_verb(board, verb))
            return;
        board->verb++;
    }
    end_by_agent(board);
}

static const struct moves_listener moves_listener = {
    .on_move = on_moved, .on_looked = after_stream};

enum err switchboard_start(struct switchboard *board)
{
    struct strbuf form;
    board->start_ms = clock_ms();
    if (board->options->call_sid)
        snprintf(board->ids.call_sid, sizeof board->ids.call_sid, "%s", board->options->call_sid);
    else
        make_sid(board->ids.call_sid, "CA");
    snprintf(board->ids.account_sid, sizeof board->ids.account_sid, "%s", board->options->account);
    if (board->options->answer_url)
        snprintf(board->document_url, sizeof board->document_url, "%s", board->options->answer_url);
    else
        snprintf(board->document_url, sizeof board->document_url, "%s/twilio/voice",
            board->options->public_url);
    enum err err = net_timer_create(&board->timer, board->loop, on_timer, board);
    if (err == ERR_OK)
        err = callee_init(&board->callee, board, dial_ended);
    if (err == ERR_OK && board->options->control)
        err = moves_start(&board->moves, board->loop, board->options->control, board->ids.call_sid,
            &moves_listener, board);
    if (err)
        return err;
    strbuf_init(&form, REQUESTS_FORM_MAX_BYTES);
    requests_add_call_fields(board, &form, board->options->answer_url ? "in-progress" : "ringing");
    fetch(board, board->document_url, false, &form);
    return ERR_OK;
}

void switchboard_close(struct switchboard *board)
{
    net_timer_destroy(board->timer);
    callee_close(&board->callee);
    moves_destroy(board->moves);
    free(board->moved_to);
    twiml_document_free(&board->document);
}

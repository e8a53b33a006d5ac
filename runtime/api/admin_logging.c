#include "api/admin_logging.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "observe/log.h"

#define ANSWER_MAX_BYTES (64 * 1024)
#define VALUE_SIZE 64
#define SPEC_SIZE 1024
#define RATE_MAX 100000

/* What a PUT wants, checked. */
struct wish {
    bool is_off;
    char levels[SPEC_SIZE]; /* "": as they are */
    bool has_flags;
    unsigned flags;
    bool has_rate;
    unsigned rate;
    bool has_watch;
    enum log_rule_kind kind;
    char value[VALUE_SIZE];
    unsigned minutes;
    unsigned watch_flags;
};

static enum err refuse(char why[LOG_WHY_SIZE], const char *text)
{
    snprintf(why, LOG_WHY_SIZE, "%s", text);
    return ERR_BAD;
}

/* As people write numbers; as carriers tell them. */
static void take_number(const char *text, char out[VALUE_SIZE])
{
    size_t len = 0;
    for (; *text && len < VALUE_SIZE - 1; text++)
        if (!strchr(" -().", *text))
            out[len++] = *text;
    out[len] = 0;
}

static enum err read_watch(struct wish *wish, json_t *watch, char why[LOG_WHY_SIZE])
{
    static const char *const names[] = {
        [LOG_RULE_NUMBER] = "number", [LOG_RULE_TENANT] = "tenant", [LOG_RULE_CALL] = "call"};
    json_int_t minutes = LOG_MINUTES_USUAL;
    int ws = 0;
    const char *value[3] = {NULL, NULL, NULL};
    if (json_unpack(watch, "{s?s, s?s, s?s, s?I, s?b !}", names[0], &value[0], names[1], &value[1],
            names[2], &value[2], "minutes", &minutes, "ws", &ws) != 0)
        return refuse(why, "watch takes number, tenant or call, and minutes and ws");
    unsigned count = 0;
    for (int kind = LOG_RULE_NUMBER; kind <= LOG_RULE_CALL; kind++) {
        if (!value[kind])
            continue;
        count++;
        wish->kind = (enum log_rule_kind)kind;
        slice_copy(slice_from(value[kind]), wish->value, sizeof wish->value);
    }
    if (count != 1)
        return refuse(why, "watch wants one of number, tenant and call");
    if (wish->kind == LOG_RULE_NUMBER)
        take_number(value[LOG_RULE_NUMBER], wish->value);
    if (!wish->value[0])
        return refuse(why, "watch names nobody");
    if (minutes < 1 || minutes > LOG_MINUTES_MAX) {
        snprintf(why, LOG_WHY_SIZE, "minutes may be 1 to %d", LOG_MINUTES_MAX);
        return ERR_BAD;
    }
    wish->has_watch = true;
    wish->minutes = (unsigned)minutes;
    wish->watch_flags = LOG_FLAGS_CALL | (ws ? LOG_FLAG_WS : 0);
    return ERR_OK;
}

static enum err read_wish(struct wish *wish, json_t *body, char why[LOG_WHY_SIZE])
{
    const char *levels = NULL, *flags = NULL;
    json_t *watch = NULL;
    json_int_t rate = -1;
    int off = 0;
    if (json_unpack(body, "{s?s, s?o, s?s, s?I, s?b !}", "levels", &levels, "watch", &watch,
            "flags", &flags, "rate", &rate, "off", &off) != 0)
        return refuse(why, "the body must be a JSON object of levels, watch, flags, rate or off");
    wish->is_off = off;
    if (levels && !slice_copy(slice_from(levels), wish->levels, sizeof wish->levels))
        return refuse(why, "levels are too long");
    if (levels && log_levels_check(slice_from(levels), why) != ERR_OK)
        return ERR_BAD;
    wish->has_flags = flags != NULL;
    if (flags && log_flags_read(slice_from(flags), &wish->flags) != ERR_OK)
        return refuse(why, "flags may be audio, ws and stt, with commas");
    wish->has_rate = json_object_get(body, "rate") != NULL;
    if (wish->has_rate && (rate < 0 || rate > RATE_MAX))
        return refuse(why, "rate may be 0 to 100000");
    wish->rate = wish->has_rate ? (unsigned)rate : 0;
    return watch ? read_watch(wish, watch, why) : ERR_OK;
}

/* The settings were checked when the process started. */
static void go_back(const char *levels, const char *flags)
{
    char why[LOG_WHY_SIZE];
    unsigned read = 0;
    log_rules_clear();
    log_set_level(LOG_INFO);
    log_flags_use(log_flags_read(slice_from(flags), &read) == ERR_OK ? read : 0);
    if (log_levels_set(slice_from(levels), why) != ERR_OK)
        log_warn("log.settings", "why=%s", why);
}

static enum err grant(const struct wish *wish, char why[LOG_WHY_SIZE])
{
    if (wish->has_watch && log_rule_add(wish->kind, slice_from(wish->value), wish->minutes,
                               wish->watch_flags) != ERR_OK) {
        snprintf(why, LOG_WHY_SIZE, "%d are watched, and no more may be: moonline log off",
            LOG_RULES_MAX);
        return ERR_FULL;
    }
    if (wish->has_flags)
        log_flags_use(wish->flags);
    if (wish->has_rate)
        log_set_rate(wish->rate);
    return log_levels_set(slice_from(wish->levels), why);
}

static void write_state(struct strbuf *out)
{
    strbuf_add_char(out, '{');
    log_levels_json(out);
    strbuf_add_char(out, ',');
    log_rules_json(out);
    strbuf_printf(out, ",\"rate\":%u}\n", log_rate());
}

static void write_error(struct strbuf *out, const char *why)
{
    strbuf_add_text(out, "{\"error\":");
    strbuf_add_json(out, slice_from(why));
    strbuf_add_text(out, "}\n");
}

/* The status. */
static int change(
    const char *levels, const char *flags, const struct http_request *request, struct strbuf *out)
{
    struct wish wish = {0};
    char why[LOG_WHY_SIZE] = "";
    json_t *body = json_loadb(request->body.data, request->body.len, 0, NULL);
    enum err err = read_wish(&wish, body, why);
    json_decref(body);
    if (err == ERR_OK && wish.is_off)
        go_back(levels, flags);
    if (err == ERR_OK)
        err = grant(&wish, why);
    if (err != ERR_OK) {
        write_error(out, why);
        return err == ERR_FULL ? 409 : 400;
    }
    log_info("log.changed", "off=%d levels=%s watches=%d minutes=%u", wish.is_off, wish.levels,
        wish.has_watch, wish.minutes);
    write_state(out);
    return 200;
}

bool admin_logging_answer(const char *levels, const char *flags, struct exchange *exchange,
    const struct http_request *request)
{
    if (!slice_is(request->path, "/api/logging"))
        return false;
    struct strbuf out;
    strbuf_init(&out, ANSWER_MAX_BYTES);
    int status = 200;
    if (slice_is(request->method, "PUT")) {
        status = change(levels, flags, request, &out);
    } else if (slice_is(request->method, "GET")) {
        write_state(&out);
    } else {
        status = 405;
        write_error(&out, "GET says what is logged, PUT changes it");
    }
    exchange_answer(exchange, status, "application/json", strbuf_slice(&out));
    strbuf_free(&out);
    return true;
}

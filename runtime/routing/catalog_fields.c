#include "routing/catalog_fields.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "providers/origin.h"
#include "routing/route.h"

#define MODEL_MAX_BYTES (ROUTE_MODEL_SIZE - 1)
#define VOICE_MAX_BYTES (ROUTE_VOICE_SIZE - 1)
#define SHORT_MAX_BYTES 63
#define LONG_MAX_BYTES 2000
#define PATH_MAX_BYTES 500

#define MS_MIN 50
#define MS_MAX 60000

enum field_kind {
    FIELD_TEXT,     /* at most `max` bytes, no control characters */
    FIELD_ORIGIN,   /* "https://host" */
    FIELD_VARIABLE, /* an environment variable's name */
    FIELD_COUNT,    /* a whole number, `min` to `max`, here and below */
    FIELD_NUMBER,
    FIELD_FLAG,
    FIELD_FORMAT, /* enum tts_format */
};

struct catalog_field {
    const char *name;
    unsigned slots; /* a bit each */
    size_t offset;  /* in struct catalog_entry */
    enum field_kind kind;
    double min, max;
};

#define ENTRY(member) (1u << PROVIDER_SLOTS) - 1, offsetof(struct catalog_entry, member)
#define HEAR(member) 1u << SLOT_HEAR, offsetof(struct catalog_entry, provider.stt.member)
#define THINK(member) 1u << SLOT_THINK, offsetof(struct catalog_entry, provider.llm.member)
#define SPEAK(member) 1u << SLOT_SPEAK, offsetof(struct catalog_entry, provider.tts.member)
#define HEAR_PRICE(member) 1u << SLOT_HEAR, offsetof(struct catalog_entry, provider.prices.member)
#define THINK_PRICE(member) 1u << SLOT_THINK, offsetof(struct catalog_entry, provider.prices.member)
#define SPEAK_PRICE(member) 1u << SLOT_SPEAK, offsetof(struct catalog_entry, provider.prices.member)

static const struct catalog_field fields[] = {
    {"key_env", ENTRY(key_env), FIELD_VARIABLE},
    {"key_file", ENTRY(key_file), FIELD_TEXT, .max = PATH_MAX_BYTES},
    {"most_at_once", ENTRY(provider.most_at_once), FIELD_COUNT, 1, 10000},

    {"base_url", HEAR(base_url), FIELD_ORIGIN},
    {"model", HEAR(model), FIELD_TEXT, .max = MODEL_MAX_BYTES},
    {"language", HEAR(language), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"prompt", HEAR(prompt), FIELD_TEXT, .max = LONG_MAX_BYTES},
    {"path", HEAR(path), FIELD_TEXT, .max = PATH_MAX_BYTES},
    {"key_header", HEAR(key_header), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"response_format", HEAR(response_format), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"send_ulaw", HEAR(send_ulaw), FIELD_FLAG},
    {"is_beta", HEAR(is_beta), FIELD_FLAG},
    {"connect_timeout_ms", HEAR(connect_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"answer_timeout_ms", HEAR(answer_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"window_ms", HEAR(window_ms), FIELD_COUNT, 200, 5000},
    {"no_speech_max", HEAR(no_speech_max), FIELD_NUMBER, 0, 1},
    {"prices.per_minute", HEAR_PRICE(per_minute), FIELD_NUMBER, 0, 1000},

    {"base_url", THINK(base_url), FIELD_ORIGIN},
    {"model", THINK(model), FIELD_TEXT, .max = MODEL_MAX_BYTES},
    {"temperature", THINK(temperature), FIELD_NUMBER, 0, 2},
    {"max_tokens", THINK(max_tokens), FIELD_COUNT, 1, 100000},
    {"hedge", 1u << SLOT_THINK, offsetof(struct catalog_entry, provider.hedge), FIELD_FLAG},
    {"connect_timeout_ms", THINK(connect_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"first_token_timeout_ms", THINK(first_token_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"idle_timeout_ms", THINK(idle_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"context_tokens", THINK(context_tokens), FIELD_COUNT, 1000, 2000000},
    {"quirks.path", THINK(quirks.path), FIELD_TEXT, .max = PATH_MAX_BYTES},
    {"quirks.key_header", THINK(quirks.key_header), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"quirks.system_role", THINK(quirks.system_role), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"quirks.max_tokens_field", THINK(quirks.max_tokens_field), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"quirks.reasoning_effort", THINK(quirks.reasoning_effort), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"quirks.no_stream_options", THINK(quirks.no_stream_options), FIELD_FLAG},
    {"quirks.no_parallel_tool_calls", THINK(quirks.no_parallel_tool_calls), FIELD_FLAG},
    {"quirks.strict_tools", THINK(quirks.strict_tools), FIELD_FLAG},
    {"prices.per_million_input", THINK_PRICE(per_million_input), FIELD_NUMBER, 0, 10000},
    {"prices.per_million_cached", THINK_PRICE(per_million_cached), FIELD_NUMBER, 0, 10000},
    {"prices.per_million_output", THINK_PRICE(per_million_output), FIELD_NUMBER, 0, 10000},

    {"base_url", SPEAK(base_url), FIELD_ORIGIN},
    {"model", SPEAK(model), FIELD_TEXT, .max = MODEL_MAX_BYTES},
    {"voice", SPEAK(voice_id), FIELD_TEXT, .max = VOICE_MAX_BYTES},
    {"language", SPEAK(language), FIELD_TEXT, .max = SHORT_MAX_BYTES},
    {"instructions", SPEAK(instructions), FIELD_TEXT, .max = LONG_MAX_BYTES},
    {"stability", SPEAK(stability), FIELD_NUMBER, 0, 1},
    {"similarity", SPEAK(similarity), FIELD_NUMBER, 0, 1},
    {"speed", SPEAK(speed), FIELD_NUMBER, 0.25, 4},
    {"pitch", SPEAK(pitch), FIELD_NUMBER, -24, 24},
    {"format", SPEAK(format), FIELD_FORMAT},
    {"connect_timeout_ms", SPEAK(connect_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"first_byte_timeout_ms", SPEAK(first_byte_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"idle_timeout_ms", SPEAK(idle_timeout_ms), FIELD_COUNT, MS_MIN, MS_MAX},
    {"inactivity_timeout_s", SPEAK(inactivity_timeout_s), FIELD_COUNT, 5, 180},
    {"prices.per_million_characters", SPEAK_PRICE(per_million_characters), FIELD_NUMBER, 0, 100000},
};
#define FIELDS (sizeof fields / sizeof *fields)

/* ---- finding ---- */

static bool has(const struct catalog_field *field, enum provider_slot slot)
{
    return field->slots >> slot & 1;
}

const struct catalog_field *catalog_field_find(enum provider_slot slot, const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (has(&fields[i], slot) && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

bool catalog_field_is_group(enum provider_slot slot, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < FIELDS; i++)
        if (has(&fields[i], slot) && strncmp(fields[i].name, name, len) == 0 &&
            fields[i].name[len] == '.')
            return true;
    return false;
}

void catalog_field_names(enum provider_slot slot, struct strbuf *out)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (has(&fields[i], slot))
            strbuf_printf(out, ", %s", fields[i].name);
}

/* ---- values ---- */

static bool is_plain(const char *text)
{
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            return false;
    return true;
}

/* An address that people may see: no name and password before the host, no query. */
static bool is_origin(const char *text)
{
    struct strbuf url;
    strbuf_init(&url, PATH_MAX_BYTES);
    bool is_fine = origin_http(&url, text, "/") == ERR_OK && is_plain(text) &&
                   !text[strcspn(text, "@?# \\\"")];
    strbuf_free(&url);
    return is_fine;
}

/* Capitals only: who writes the key itself in its place is told so, and it is not looked for. */
static bool is_variable(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return len && len <= SHORT_MAX_BYTES && !text[len] && (text[0] < '0' || text[0] > '9');
}

static bool take_text(const struct catalog_field *field, const json_t *value, const char **out,
    char fault[FIELD_FAULT_SIZE])
{
    const char *text = json_string_value(value);
    bool is_origin_field = field->kind == FIELD_ORIGIN;
    bool is_variable_field = field->kind == FIELD_VARIABLE;
    if (is_origin_field)
        snprintf(fault, FIELD_FAULT_SIZE,
            "must be an address such as \"https://api.example.com\", without a key, a query or a "
            "password");
    else if (is_variable_field)
        snprintf(fault, FIELD_FAULT_SIZE,
            "must be the name of an environment variable (A-Z, 0-9, _) that holds the key, not the "
            "key");
    else
        snprintf(fault, FIELD_FAULT_SIZE, "must be text of 1 to %g bytes in one line", field->max);
    if (!text || !text[0])
        return false;
    if (is_origin_field     ? !is_origin(text)
        : is_variable_field ? !is_variable(text)
                            : strlen(text) > field->max || !is_plain(text))
        return false;
    *out = text;
    return true;
}

static bool take_number(
    const struct catalog_field *field, const json_t *value, void *out, char fault[FIELD_FAULT_SIZE])
{
    bool is_whole = field->kind == FIELD_COUNT;
    double number = json_number_value(value);
    snprintf(fault, FIELD_FAULT_SIZE, "must be a %snumber from %g to %g", is_whole ? "whole " : "",
        field->min, field->max);
    if (is_whole ? !json_is_integer(value) : !json_is_number(value))
        return false;
    if (!(number >= field->min && number <= field->max))
        return false;
    if (is_whole)
        *(unsigned *)out = (unsigned)number;
    else
        *(double *)out = number;
    return true;
}

static bool take_format(const json_t *value, enum tts_format *out, char fault[FIELD_FAULT_SIZE])
{
    struct slice text = slice_from(json_string_value(value));
    snprintf(fault, FIELD_FAULT_SIZE, "must be \"ulaw\" or \"pcm\"");
    *out = slice_is(text, "pcm") ? TTS_FORMAT_PCM : TTS_FORMAT_ULAW;
    return slice_is(text, "pcm") || slice_is(text, "ulaw");
}

bool catalog_field_take(const struct catalog_field *field, const json_t *value,
    struct catalog_entry *entry, char fault[FIELD_FAULT_SIZE])
{
    void *out = (char *)entry + field->offset;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_ORIGIN:
    case FIELD_VARIABLE:
        return take_text(field, value, out, fault);
    case FIELD_COUNT:
    case FIELD_NUMBER:
        return take_number(field, value, out, fault);
    case FIELD_FLAG:
        snprintf(fault, FIELD_FAULT_SIZE, "must be true or false");
        *(bool *)out = json_is_true(value);
        return json_is_boolean(value);
    case FIELD_FORMAT:
        return take_format(value, out, fault);
    }
    return false;
}

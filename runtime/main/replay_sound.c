#include "main/replay_sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "live/policy.h"
#include "main/commands.h"
#include "main/local_tenant.h"
#include "replay/raw.h"

#define WORDS_AFTER_MS 200
#define WORDS_AFTER_MAX_MS 60000

bool replay_is_sound(const char *path, const struct replay_file *file)
{
    static const char *const endings[] = {".wav", ".ulaw", ".mulaw", ".ul"};
    struct slice bytes = {file->bytes, file->len};
    const char *dot = strrchr(path, '.');
    if (slice_starts(bytes, CAPTURE_MAGIC))
        return false;
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return slice_starts(bytes, "RIFF");
}

static bool is_named_wav(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcasecmp(dot, ".wav") == 0;
}

static int fail(const char *path, const char *why)
{
    fprintf(stderr, "moonline: replay: %s: %s\n", path, why);
    return 2;
}

static void take_rules(struct turn_settings *settings, const struct turn_rules *rules)
{
    settings->silence_ms = rules->silence_ms;
    settings->stall_ms = rules->stall_ms;
    settings->patience_ms = rules->patience_ms;
    settings->min_utterance_ms = rules->min_utterance_ms;
    settings->max_utterance_ms = rules->max_utterance_ms;
}

/* False: it does not load, and stderr says why. */
static bool take_tenant(
    struct raw_settings *raw, const struct replay_sound *request, const struct settings *settings)
{
    char why[512];
    struct local_tenant tenant;
    if (!command_is_tenant(request->tenant))
        return false;
    enum err err =
        local_tenant_load(&tenant, settings, settings->scripts, request->tenant, false, why);
    if (err) {
        fprintf(stderr, "moonline: replay: %s\n", why);
    } else {
        struct turn_rules rules = policy_rules(tenant.version->agent, "");
        raw->turn = policy_settings(tenant.version->agent);
        take_rules(&raw->turn, &rules);
    }
    local_tenant_close(&tenant);
    return !err;
}

static bool take_words_after(struct raw_settings *raw, const char *text)
{
    char *end;
    unsigned long ms = text ? strtoul(text, &end, 10) : WORDS_AFTER_MS;
    raw->words_after_ms = (unsigned)ms;
    return !text || (*text >= '0' && *text <= '9' && !*end && ms <= WORDS_AFTER_MAX_MS);
}

static double seconds_of(const json_t *object, const char *name)
{
    return (double)json_integer_value(json_object_get(object, name)) / 1000;
}

static void print_heard(const json_t *heard)
{
    size_t i;
    json_t *entry;
    printf(
        "%.1f s of sound; words stand in for what was said\n\n", seconds_of(heard, "duration_ms"));
    json_array_foreach(json_object_get(heard, "voice"), i, entry)
        printf("%8.2f  voice for %.2f s\n", seconds_of(entry, "from_ms"),
            seconds_of(entry, "to_ms") - seconds_of(entry, "from_ms"));
    json_array_foreach(json_object_get(heard, "keys"), i, entry) printf("%8.2f  key %s\n",
        seconds_of(entry, "at_ms"), json_string_value(json_object_get(entry, "key")));
    putchar('\n');
    json_array_foreach(json_object_get(heard, "turns"), i, entry)
        printf("%8.2f  turn %zu is over: voice from %.2f to %.2f s, then %.2f s (%s)\n",
            seconds_of(entry, "at_ms"), i + 1, seconds_of(entry, "from_ms"),
            seconds_of(entry, "to_ms"), seconds_of(entry, "at_ms") - seconds_of(entry, "to_ms"),
            json_string_value(json_object_get(entry, "why")));
    if (!json_array_size(json_object_get(heard, "turns")))
        puts("no turn of the caller");
}

int replay_sound(const struct replay_sound *request, const struct settings *settings,
    const struct replay_file *file)
{
    char why[REPLAY_WHY_SIZE];
    uint8_t *ulaw;
    size_t len;
    struct raw_settings raw = {.turn = turn_defaults,
        .ear = {.vad = vad_defaults, .jitter_min_ms = 20, .jitter_max_ms = 200}};
    if (!take_words_after(&raw, request->words_after))
        return command_misused("replay", "SOUND [--tenant TENANT] [--words-after MS] [--json]");
    if (request->tenant && !take_tenant(&raw, request, settings))
        return 2;
    if (is_named_wav(request->path) &&
        !slice_starts((struct slice){file->bytes, file->len}, "RIFF"))
        return fail(request->path, "it is named .wav, and does not begin with RIFF");
    if (raw_sound((struct slice){file->bytes, file->len}, &ulaw, &len, why) != ERR_OK)
        return fail(request->path, why);
    json_t *heard = raw_listen(&raw, ulaw, len);
    free(ulaw);
    if (!heard)
        return fail(request->path, "no memory");
    if (request->wants_json)
        json_dumpf(heard, stdout, JSON_INDENT(1));
    else
        print_heard(heard);
    json_decref(heard);
    return 0;
}

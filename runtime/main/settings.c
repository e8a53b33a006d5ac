#include "main/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "main/env_file.h"
#include "main/logging.h"
#include "observe/log.h"

static char kept_public_url[256];

/* ---- .env ---- */

static void take_line(unsigned number, struct slice line)
{
    struct slice name, value;
    if (env_line_read(line, &name, &value)) {
        fprintf(stderr, "moonline: .env line %u is not NAME=value and is passed over\n", number);
        return;
    }
    char *name_text = slice_dup(name);
    char *value_text = slice_dup(value);
    if (name.len && name_text && value_text)
        setenv(name_text, value_text, 0);
    free(name_text);
    free(value_text);
}

static void read_env_file(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    for (ssize_t len; (len = getline(&line, &size, file)) >= 0;)
        take_line(++number, (struct slice){line, (size_t)len});
    free(line);
    fclose(file);
}

/* ---- values ---- */

static const char *text(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && value[0] ? value : otherwise;
}

static unsigned number(const char *name, unsigned otherwise)
{
    const char *value = text(name, NULL);
    if (!value)
        return otherwise;
    char *end;
    errno = 0;
    unsigned long read = strtoul(value, &end, 10);
    if (errno || *end || read > 1000000) {
        fprintf(stderr, "moonline: %s is \"%s\", which is no number; using %u\n", name, value,
            otherwise);
        return otherwise;
    }
    return (unsigned)read;
}

/* From 0 to 1. */
static double share(const char *name, double otherwise)
{
    const char *value = text(name, NULL);
    char *end;
    double read = value ? strtod(value, &end) : otherwise;
    if (value && (end == value || *end || !(read >= 0 && read <= 1))) {
        fprintf(stderr, "moonline: %s is \"%s\", which is no number from 0 to 1; using %g\n", name,
            value, otherwise);
        return otherwise;
    }
    return read;
}

static const char *without_last_slash(const char *url)
{
    size_t len = strlen(url);
    if (!len || url[len - 1] != '/')
        return url;
    char *copy = slice_dup((struct slice){url, len - 1});
    return copy ? copy : url;
}

void settings_read(struct settings *settings)
{
    read_env_file(".env");
    *settings = (struct settings){
        .listen = text("MOONLINE_LISTEN", "127.0.0.1:8080"),
        .admin_listen = text("MOONLINE_ADMIN_LISTEN", "127.0.0.1:8081"),
        .scripts = text("MOONLINE_SCRIPTS", "scripts"),
        .scripts_source = text("MOONLINE_SCRIPTS_SOURCE", "files"),
        .secrets = text("MOONLINE_SECRETS", ""),
        .providers = text("MOONLINE_PROVIDERS", ""),
        .data = text("MOONLINE_DATA", "var"),
        .journal_mb = number("MOONLINE_JOURNAL_MB", 1024),
        .journal_sync = number("MOONLINE_JOURNAL_SYNC", 0) != 0,
        .captures = number("MOONLINE_CAPTURE", 1) != 0,
        .capture_mb = number("MOONLINE_CAPTURE_MB", 1024),
        .capture_days = number("MOONLINE_CAPTURE_DAYS", 30),
        .workers = number("MOONLINE_WORKERS", 2),
        .max_calls = number("MOONLINE_MAX_CALLS", 1000),
        .call_max_minutes = number("MOONLINE_CALL_MAX_MINUTES", 120),
        .admit_late_ms = number("MOONLINE_ADMIT_LATE_MS", 10),
        .admit_late_percent = number("MOONLINE_ADMIT_LATE_PERCENT", 10),
        .texts_settle_ms = number("MOONLINE_TEXTS_SETTLE_MS", 2000),
        .texts_a_day = number("MOONLINE_TEXTS_A_DAY", 100),
        .drain_seconds = number("MOONLINE_DRAIN_SECONDS", 30),
        .log_level = text("MOONLINE_LOG_LEVEL", "info"),
        .log_flags = text("MOONLINE_DEBUG", ""),
        .log_rate = number("MOONLINE_LOG_RATE", LOG_RATE_USUAL),
        .otlp_endpoint = text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        .otlp_headers = text("OTEL_EXPORTER_OTLP_HEADERS", ""),
        .trace_sample = share("MOONLINE_TRACE_SAMPLE", 1),
        .database_url = text("DATABASE_URL", ""),
        .twilio_account_sid = text("TWILIO_ACCOUNT_SID", ""),
        .twilio_auth_token = text("TWILIO_AUTH_TOKEN", ""),
        .twilio_auth_token_secondary = text("TWILIO_AUTH_TOKEN_SECONDARY", ""),
        .twilio_api_base_url =
            without_last_slash(text("TWILIO_API_BASE_URL", "https://api.twilio.com")),
        .openai_api_key = text("OPENAI_API_KEY", ""),
        .openai_base_url = without_last_slash(text("OPENAI_BASE_URL", "https://api.openai.com")),
        .openai_stt_model = text("OPENAI_STT_MODEL", "gpt-realtime-whisper"),
        .openai_stt_file_model = text("OPENAI_STT_FILE_MODEL", "whisper-1"),
        .openai_stt_format = text("OPENAI_STT_FORMAT", "pcm"),
        .openai_chat_model = text("OPENAI_CHAT_MODEL", "gpt-4.1-mini"),
        .openai_tts_model = text("OPENAI_TTS_MODEL", "gpt-4o-mini-tts"),
        .openai_tts_voice = text("OPENAI_TTS_VOICE", "coral"),
        .elevenlabs_api_key = text("ELEVENLABS_API_KEY", ""),
        .elevenlabs_base_url =
            without_last_slash(text("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io")),
        .elevenlabs_voice_id = text("ELEVENLABS_VOICE_ID", ""),
        .elevenlabs_model = text("ELEVENLABS_MODEL", "eleven_flash_v2_5"),
        .ca_file = text("MOONLINE_CA_FILE", NULL),
        .redirect = number("MOONLINE_REDIRECT", 1) != 0,
        .allow_private_http = number("MOONLINE_ALLOW_PRIVATE_HTTP", 0) != 0,
    };
    snprintf(kept_public_url, sizeof kept_public_url, "http://%s", settings->listen);
    settings->public_url = without_last_slash(text("MOONLINE_PUBLIC_URL", kept_public_url));
}

bool settings_scripts_are_published(const struct settings *settings)
{
    return strcmp(settings->scripts_source, "database") == 0;
}

/* ---- checks ---- */

static bool is_loopback(const char *listen)
{
    struct slice address = slice_from(listen);
    bool is_numeric =
        listen[strspn(listen, "0123456789.")] == ':'; /* no name that begins with 127. */
    return (slice_starts(address, "127.") && is_numeric) || slice_starts(address, "[::1]") ||
           slice_starts(address, "localhost:");
}

static enum err missing(char why[300], const char *name, const char *what)
{
    snprintf(why, 300, "%s is not set: %s (see .env.example)", name, what);
    return ERR_BAD;
}

static enum err check_listen(const struct settings *settings, char why[300])
{
    if (!settings->twilio_auth_token[0] && !is_loopback(settings->listen)) {
        snprintf(why, 300,
            "MOONLINE_LISTEN is %s, reachable from outside, but TWILIO_AUTH_TOKEN is not set: "
            "anybody could "
            "place calls; set the token or listen on 127.0.0.1",
            settings->listen);
        return ERR_REFUSED;
    }
    if (!is_loopback(settings->admin_listen)) {
        snprintf(why, 300,
            "MOONLINE_ADMIN_LISTEN is %s: the admin port has no log-in yet and listens on loopback "
            "only",
            settings->admin_listen);
        return ERR_REFUSED;
    }
    return ERR_OK;
}

/* Without a file that lists others. */
static enum err check_usual_providers(const struct settings *settings, char why[300])
{
    if (!settings->openai_api_key[0])
        return missing(why, "OPENAI_API_KEY", "speech-to-text and the chat model need it");
    if (!settings->elevenlabs_api_key[0])
        return missing(why, "ELEVENLABS_API_KEY", "text-to-speech needs it");
    if (!settings->elevenlabs_voice_id[0])
        return missing(why, "ELEVENLABS_VOICE_ID", "the voice to speak with");
    return ERR_OK;
}

enum err settings_check(const struct settings *settings, char why[300])
{
    if (!settings->database_url[0])
        return missing(
            why, "DATABASE_URL", "the Postgres to write calls to, postgres://user@host/name");
    if (!settings->providers[0] && check_usual_providers(settings, why) != ERR_OK)
        return ERR_BAD;
    if (strcmp(settings->openai_stt_format, "pcm") != 0 &&
        strcmp(settings->openai_stt_format, "pcmu") != 0) {
        snprintf(why, 300, "OPENAI_STT_FORMAT is \"%s\": it must be pcm or pcmu",
            settings->openai_stt_format);
        return ERR_BAD;
    }
    if (strcmp(settings->scripts_source, "files") != 0 &&
        !settings_scripts_are_published(settings)) {
        snprintf(why, 300, "MOONLINE_SCRIPTS_SOURCE is \"%.100s\": it must be files or database",
            settings->scripts_source);
        return ERR_BAD;
    }
    if (settings->workers < 1 || settings->workers > 64) {
        snprintf(why, 300, "MOONLINE_WORKERS is %u: it must be 1 to 64", settings->workers);
        return ERR_BAD;
    }
    if (settings->journal_mb < 1) {
        snprintf(why, 300, "MOONLINE_JOURNAL_MB is 0: it must be 1 or more");
        return ERR_BAD;
    }
    if (settings->captures && (settings->capture_mb < 1 || settings->capture_days < 1)) {
        snprintf(why, 300,
            "MOONLINE_CAPTURE_MB and MOONLINE_CAPTURE_DAYS must be 1 or more (MOONLINE_CAPTURE=0 "
            "captures nothing)");
        return ERR_BAD;
    }
    if (settings->admit_late_percent > 100) {
        snprintf(why, 300, "MOONLINE_ADMIT_LATE_PERCENT is %u: it must be 0 (never) to 100",
            settings->admit_late_percent);
        return ERR_BAD;
    }
    if (logging_check(settings, why) != ERR_OK)
        return ERR_BAD;
    return check_listen(settings, why);
}

#include "main/logging.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe/log.h"
#include "telemetry/otlp.h"

#define PASSWORD_MAX_BYTES 256

enum err logging_check(const struct settings *settings, char why[300])
{
    unsigned flags;
    char wrong[LOG_WHY_SIZE];
    if (log_levels_check(slice_from(settings->log_level), wrong) != ERR_OK) {
        snprintf(why, 300, "MOONLINE_LOG_LEVEL: %.250s", wrong);
        return ERR_BAD;
    }
    if (log_flags_read(slice_from(settings->log_flags), &flags) != ERR_OK) {
        snprintf(why, 300, "MOONLINE_DEBUG is \"%.100s\": it may be audio, ws and stt, with commas",
            settings->log_flags);
        return ERR_BAD;
    }
    return ERR_OK;
}

/* Of a URL "scheme://user:password@…". */
static void hide_password(const char *url)
{
    char password[PASSWORD_MAX_BYTES];
    const char *user = strstr(url, "://");
    const char *colon = user ? strchr(user + 3, ':') : NULL;
    const char *end = colon ? strrchr(colon, '@') : NULL;
    if (end &&
        slice_copy((struct slice){colon + 1, (size_t)(end - colon - 1)}, password, sizeof password))
        log_hide(password);
}

/* A collector that refuses may quote them. */
static void hide_headers(const char *text)
{
    struct otlp_headers headers;
    if (otlp_headers_read(&headers, slice_from(text)) != ERR_OK)
        return;
    for (size_t i = 0; i < headers.count; i++)
        log_hide(headers.list[i].value);
    otlp_headers_free(&headers);
}

void logging_start(const struct settings *settings, void (*wake)(void *owner), void *owner)
{
    const char *const secrets[] = {settings->openai_api_key, settings->elevenlabs_api_key,
        settings->twilio_auth_token, settings->twilio_auth_token_secondary};
    char why[LOG_WHY_SIZE];
    unsigned flags;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        log_hide(secrets[i]);
    hide_password(settings->database_url);
    hide_headers(settings->otlp_headers);
    log_set_rate(settings->log_rate);
    log_start(STDOUT_FILENO, LOG_INFO, wake, owner);
    if (log_levels_set(slice_from(settings->log_level), why) != ERR_OK)
        log_warn("log.settings", "why=%s", why);
    if (log_flags_read(slice_from(settings->log_flags), &flags) == ERR_OK)
        log_flags_use(flags);
}

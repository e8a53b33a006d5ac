#include "error_body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *openai_type(int status)
{
    if (status == 401)
        return "authentication_error";
    if (status == 403)
        return "permission_error";
    if (status == 429)
        return "requests";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

static const char *elevenlabs_type(int status)
{
    if (status == 401 || status == 403)
        return "authentication_error";
    if (status == 404)
        return "not_found";
    if (status == 429)
        return "rate_limit_error";
    return status >= 500 ? "internal_error" : "validation_error";
}

void api_error_set(struct api_error *error, int status, const char *code, const char *param,
    const char *format, ...)
{
    *error = (struct api_error){.status = status};
    snprintf(error->code, sizeof error->code, "%s", code ? code : "");
    snprintf(error->param, sizeof error->param, "%s", param ? param : "");
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
}

/* The code a service usually gives with a status. */
static const char *usual_code(enum service service, int status)
{
    switch (service) {
    case SERVICE_STT:
    case SERVICE_LLM:
        return status == 401 ? "invalid_api_key" : status == 429 ? "rate_limit_exceeded" : "";
    case SERVICE_TTS:
        return status == 401   ? "invalid_api_key"
               : status == 429 ? "too_many_concurrent_requests"
               : status >= 500 ? "internal_server_error"
                               : "bad_request";
    case SERVICE_TWILIO:
        return status == 401   ? "20003"
               : status == 404 ? "20404"
               : status == 429 ? "20429"
                               : "20500";
    }
    return "";
}

void api_error_from_fault(struct api_error *error, enum service service, const struct fault *fault)
{
    const char *code = fault->code[0] ? fault->code : usual_code(service, fault->status);
    api_error_set(error, fault->status, code, NULL, "A fault was asked of the sandbox's %s service",
        service_name(service));
    if (!strcmp(code, "insufficient_quota"))
        snprintf(error->type, sizeof error->type, "%s", code);
}

json_t *openai_error_object(const struct api_error *error)
{
    return json_pack("{s:s s:s s:o s:o}", "message", error->message, "type",
        error->type[0] ? error->type : openai_type(error->status), "param",
        error->param[0] ? json_string(error->param) : json_null(), "code",
        error->code[0] ? json_string(error->code) : json_null());
}

static json_t *elevenlabs_object(const struct api_error *error)
{
    return json_pack("{s:{s:s s:s s:s s:s s:s s:o}}", "detail", "type",
        error->type[0] ? error->type : elevenlabs_type(error->status), "code", error->code,
        "message", error->message, "status", error->code, "request_id", "sandbox", "param",
        error->param[0] ? json_string(error->param) : json_null());
}

static json_t *twilio_object(const struct api_error *error)
{
    char more_info[128];
    snprintf(more_info, sizeof more_info, "https://www.twilio.com/docs/errors/%s", error->code);
    return json_pack("{s:i s:s s:s s:i}", "code", atoi(error->code), "message", error->message,
        "more_info", more_info, "status", error->status);
}

static json_t *body_object(enum service service, const struct api_error *error)
{
    switch (service) {
    case SERVICE_STT:
    case SERVICE_LLM:
        return json_pack("{s:o}", "error", openai_error_object(error));
    case SERVICE_TTS:
        return elevenlabs_object(error);
    case SERVICE_TWILIO:
        return twilio_object(error);
    }
    return NULL;
}

char *error_body(enum service service, const struct api_error *error)
{
    json_t *object = body_object(service, error);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

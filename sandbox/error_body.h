/* What each service answers when it refuses. Pure. */
#pragma once

#include <jansson.h>

#include "fault.h"

struct api_error {
    int status;     /* HTTP; WebSocket errors use it for logs only */
    char type[40];  /* OpenAI's and ElevenLabs' class, "" : the usual one of the status */
    char code[64];  /* "" : the usual one of the status */
    char param[96]; /* "" : null */
    char message[256];
};

/* Fills all but `type`, which follows from the status. */
void api_error_set(struct api_error *error, int status, const char *code, const char *param,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* An error as a fault asks for it. */
void api_error_from_fault(struct api_error *error, enum service service, const struct fault *fault);

/* The JSON body, heap; NULL: no memory. */
char *error_body(enum service service, const struct api_error *error);
/* The object under "error" of OpenAI's bodies and events. */
json_t *openai_error_object(const struct api_error *error);

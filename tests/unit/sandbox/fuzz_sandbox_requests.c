/* What the stand-ins of the services are asked, any JSON: taken, or refused with an error that can be
   written. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "elevenlabs/speech_input.h"
#include "error_body.h"
#include "openai/chat_request.h"
#include "openai/realtime_config.h"
#include "openai/realtime_flat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(enum err err, const struct api_error *error, enum service service)
{
    char *text = err ? error_body(service, error) : NULL;
    json_t *body = text ? json_loads(text, 0, NULL) : NULL;
    if (err && (!error->message[0] || !json_is_object(body)))
        abort();
    json_decref(body);
    free(text);
}

static void try_chat(const json_t *value)
{
    struct api_error error = {0};
    struct chat_request request;
    enum err err = chat_request_read(&request, value, &error);
    check(err, &error, SERVICE_LLM);
    if (!err)
        (void)chat_prompt_tokens(&request);
}

static void try_session(const json_t *value)
{
    struct api_error error = {0};
    json_t *config = realtime_config_create("sess_1", 1);
    json_t *before = json_deep_copy(config);
    enum err err = realtime_config_update(config, value, &error);
    check(err, &error, SERVICE_STT);
    if (err && !json_equal(config, before))
        abort(); /* a refused update changes nothing */
    (void)realtime_config_plan(config);
    json_decref(before);
    json_decref(config);
}

static void try_flat_session(const json_t *value, enum realtime_dialect dialect)
{
    struct api_error error = {0};
    json_t *config = realtime_config_create("sess_1", 1);
    json_t *current = realtime_flat_update(value, dialect, &error);
    enum err err = current ? realtime_config_update(config, current, &error) : ERR_BAD;
    check(err, &error, SERVICE_STT);
    json_t *told = realtime_flat_session(config, dialect);
    if (!told)
        abort(); /* what was accepted can be told */
    json_decref(told);
    json_decref(current);
    json_decref(config);
}

static void try_speech(const json_t *value)
{
    struct api_error error = {0};
    struct speech_input input;
    enum err err = speech_input_read(&input, value, &error);
    check(err, &error, SERVICE_TTS);
    if (!err)
        speech_input_free(&input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value = json_loadb((const char *)data, size, 0, NULL);
    if (json_is_object(value)) {
        try_chat(value);
        try_session(value);
        try_flat_session(value, DIALECT_BETA);
        try_flat_session(value, DIALECT_SPEACHES);
        try_speech(value);
    }
    json_decref(value);
    return 0;
}

/* The first line is the Content-Type, the rest the body: taken apart within its bounds, or refused with an error that can be
   written. */
#include <stdint.h>
#include <stdlib.h>

#include "openai/file_request.h"
#include "openai/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct slice part, struct slice whole)
{
    bool is_within = part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
    if (part.len && !is_within)
        abort();
}

static void try_parts(struct slice type, struct slice body)
{
    struct form_part parts[8];
    size_t count = 0;
    enum err err = multipart_read(parts, 8, &count, type, body);
    if (count > 8)
        abort();
    for (size_t i = 0; !err && i < count; i++) {
        check_within(parts[i].name, body);
        check_within(parts[i].filename, body);
        check_within(parts[i].value, body);
    }
}

static void try_request(const struct file_request *request, enum err err, struct api_error *error)
{
    int16_t *pcm = NULL;
    size_t count;
    if (!err)
        err = file_request_audio(request, &pcm, &count, error);
    if (err && (!error->status || !error->message[0]))
        abort();
    free(pcm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice body = {(const char *)data, size};
    struct slice type = slice_split(&body, '\n');
    struct file_request request;
    struct api_error error = {0};
    try_parts(type, body);
    try_request(&request, file_request_read(&request, type, body, &error), &error);
    error = (struct api_error){0};
    try_request(&request, file_request_read_whisper_cpp(&request, type, body, &error), &error);
    return 0;
}

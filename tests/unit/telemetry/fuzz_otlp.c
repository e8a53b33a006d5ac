/* Whatever a collector answers and an operator writes: what is kept of it is short, valid and ends where it should. */
#include <stdlib.h>
#include <string.h>

#include "telemetry/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_answer(int status, struct slice body)
{
    struct otlp_answer answer;
    otlp_answer_read(&answer, status, body);
    if (strlen(answer.why) >= sizeof answer.why)
        abort();
    if (answer.rejected && answer.verdict != OTLP_TAKEN)
        abort();
}

static void try_headers(struct slice text)
{
    struct otlp_headers headers;
    enum err err = otlp_headers_read(&headers, text);
    if (err && headers.count)
        abort();
    for (size_t i = 0; i < headers.count; i++)
        if (!headers.list[i].name[0] || strpbrk(headers.list[i].value, "\r\n"))
            abort();
    otlp_headers_free(&headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    static const int statuses[] = {200, 400, 429};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        try_answer(statuses[i], text);
    try_headers(text);
    return 0;
}

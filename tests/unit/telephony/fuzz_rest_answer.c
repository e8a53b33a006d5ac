/* Twilio's answers, any bytes: success only with 2xx and a sid, and a reason whenever it failed; lists of recordings. The
   first byte chooses the status. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telephony/rest_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 201, 204, 301, 400, 401, 404, 429, 500, 503, 0};
    if (!size)
        return 0;
    struct rest_answer answer;
    memset(&answer, 1, sizeof answer);
    int status = statuses[data[0] % (sizeof statuses / sizeof *statuses)];
    rest_answer_read(&answer, status, (struct slice){(const char *)data + 1, size - 1});
    bool is_ended =
        memchr(answer.sid, 0, sizeof answer.sid) && memchr(answer.why, 0, sizeof answer.why);
    if (!is_ended || (answer.err == ERR_OK) != (answer.why[0] == '\0'))
        abort();
    if (answer.err == ERR_OK && (status / 100 != 2 || !answer.sid[0]))
        abort();
    char sid[40] = "";
    struct slice body = {(const char *)data + 1, size - 1};
    bool goes_on = rest_answer_find_recording(sid, body) >= REST_RECORDING_PAUSED;
    if (!memchr(sid, 0, sizeof sid) || (!goes_on && sid[0]))
        abort();
    return 0;
}

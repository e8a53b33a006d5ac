/* Any records as a captured call to be simulated: read, taken apart, run with other settings and held against itself without
   harm, and always to an end. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "recorded.h"
#include "replay/recorded_call.h"
#include "replay/talk_diff.h"
#include "replay/what_if.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct recorded_call *call)
{
    char why[1024];
    struct what_if what_if = {0};
    struct what_if_runs runs;
    struct strbuf out;
    strbuf_init(&out, 1u << 20);
    if (what_if_add(&what_if, "turn.silence_ms=100..2100:1000", why))
        abort();
    if (what_if_begin(&runs, &what_if) == ERR_OK &&
        what_if_take(&runs, &call->steps, why) == ERR_OK && what_if_finish(&runs) == ERR_OK)
        what_if_print(&out, &runs);
    what_if_end(&runs);
    json_t *diff = talk_diff(call->talk, call->talk);
    talk_diff_print(&out, diff);
    json_decref(diff);
    strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf bytes;
    struct recorded_call call;
    char why[REPLAY_WHY_SIZE];
    strbuf_init(&bytes, 1u << 22);
    recorded_pack(&bytes, (struct slice){(const char *)data, size}, NULL);
    struct replay_file file = {.bytes = bytes.data, .len = bytes.len};
    if (!bytes.failed && recorded_call_read(&call, &file, why) == ERR_OK) {
        look(&call);
        recorded_call_close(&call);
    }
    strbuf_free(&bytes);
    return 0;
}

/* Any bytes as a step: refused, or read as what is written again with the same meaning. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "callflow/turn_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct turn_dictionary dictionary;
    turn_dictionary_init(&dictionary);
    struct turn_step step, again;
    if (turn_step_decode(&step, (struct slice){(const char *)data, size}, &dictionary) != ERR_OK)
        return 0;
    struct strbuf bytes;
    strbuf_init(&bytes, 4096);
    turn_step_add(&bytes, &step);
    if (bytes.failed || turn_step_decode(&again, strbuf_slice(&bytes), &dictionary) != ERR_OK ||
        turn_step_differs(&step, &again))
        abort();
    strbuf_clear(&bytes);
    turn_event_describe(&bytes, &step.event);
    turn_step_describe(&bytes, &step);
    strbuf_free(&bytes);
    return 0;
}

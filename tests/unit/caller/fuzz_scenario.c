/* Scenario files: read whole, or refused by name, line and reason; steps have what their kind needs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "caller/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool needs_text(enum scenario_kind kind)
{
    return kind == SCENARIO_SAY || kind == SCENARIO_PLAY || kind == SCENARIO_INTERRUPT ||
           kind == SCENARIO_DTMF || kind == SCENARIO_TONES || kind == SCENARIO_CORRECT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scenario scenario;
    char why[SCENARIO_WHY_SIZE] = "";
    if (scenario_read(&scenario, (struct slice){(const char *)data, size}, "x.call", why)) {
        if (strncmp(why, "x.call:", 7) != 0 || !memchr(why, 0, sizeof why))
            abort();
        return 0;
    }
    if (scenario.count == 0 || scenario.count > SCENARIO_STEPS_MAX)
        abort();
    for (size_t i = 0; i < scenario.count; i++) {
        const struct scenario_step *step = &scenario.steps[i];
        bool has_text = step->text && step->text[0];
        if (has_text != needs_text(step->kind) || !step->voice[0])
            abort();
        if ((step->kind == SCENARIO_CORRECT) != (step->expected != NULL) ||
            !scenario_word(step->kind))
            abort();
    }
    scenario_free(&scenario);
    return 0;
}

/* {"by_audio":[{"text":"…","say":"…","voice":"en-us+m3"} | {"text":"…","mulaw":"base64"}]} of the control port. */
#pragma once

#include <jansson.h>

#include "known_audio.h"

/* `wish` is the array. `say` is `text` when left out. The voice must be started. ERR_BAD and ERR_FULL with
   `why` for people; what came before the wrong one is known then. */
must_use enum err known_audio_add_wish(
    struct known_audio *known, const json_t *wish, const char *usual_voice, char why[160]);

/* What whisper's models write when nobody spoke: they learnt from films, whose subtitles end in thanks. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* The text is one of those phrases and nothing else, and the audio has too little voice for it: a caller may say "thank you". */
bool hallucination_is_likely(struct slice text, unsigned voiced_ms, unsigned length_ms);

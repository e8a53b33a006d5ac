/* Something like speech in µ-law, the same every time: a pulse train through the resonances of a few vowels, loud
   enough and alive enough for a voice activity detector. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void voice_make(uint8_t *ulaw, size_t len);

/* Short-time objective intelligibility (Taal, Hendriks, Heusdens, Jensen 2011): how much of clean speech survives in what
   was heard, 1 being all of it. Both are 8 kHz and aligned; envelopes of 15 third-octave bands from 150 Hz on are
   correlated over 384 ms, where the clean signal is not silent. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* NAN: less than 384 ms that is not silent, or no memory. */
double stoi(const int16_t *clean, const int16_t *heard, size_t count);

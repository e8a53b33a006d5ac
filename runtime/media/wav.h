/* RIFF/WAVE headers for 16-bit mono PCM, made and read in memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

#define WAV_HEADER_BYTES 44
void wav_header(uint8_t out[WAV_HEADER_BYTES], unsigned rate_hz, uint32_t count_samples);
/* Finds the samples of a 16-bit mono PCM file; anything else is ERR_BAD, and so is a file that does not
   begin at an even address. `*samples` points into `file`; a cut-off file gives what is there. */
must_use enum err wav_read(
    struct slice file, unsigned *rate_hz, const int16_t **samples, size_t *count_samples);

/* Part of a spoken text, as a service's message brought it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "providers/tts.h"

#define SPEECH_ERROR_SIZE 128
#define SPEECH_CODE_SIZE 64

struct speech_chunk {
    uint8_t *audio; /* as it was asked for: µ-law or PCM16 */
    size_t audio_len;
    struct tts_timing *timings; /* counted from where the service counts */
    size_t timing_count;
    bool has_bad_timings; /* some came that cannot be read: there are none here */
    void *root;           /* of the characters' texts */
    bool is_error;
    char code[SPEECH_CODE_SIZE];   /* of the error; "": none */
    char error[SPEECH_ERROR_SIZE]; /* printable, for logs */
};

void speech_chunk_free(struct speech_chunk *chunk);
/* error_code.h of a service's word; NULL is "". */
void speech_code_copy(char code[SPEECH_CODE_SIZE], const char *text);

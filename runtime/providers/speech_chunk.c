#include "providers/speech_chunk.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "providers/error_code.h"

void speech_chunk_free(struct speech_chunk *chunk)
{
    free(chunk->audio);
    free(chunk->timings);
    json_decref(chunk->root);
    *chunk = (struct speech_chunk){0};
}

void speech_code_copy(char code[SPEECH_CODE_SIZE], const char *text)
{
    error_code_copy(code, SPEECH_CODE_SIZE, slice_from(text));
}

#include "providers/speech_chunk.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void speech_chunk_free(struct speech_chunk *chunk)
{
    free(chunk->audio);
    free(chunk->timings);
    json_decref(chunk->root);
    *chunk = (struct speech_chunk){0};
}

static bool is_safe(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("_-.", c));
}

void speech_code_copy(char code[SPEECH_CODE_SIZE], const char *text)
{
    size_t len = 0;
    for (; text && *text && len < SPEECH_CODE_SIZE - 1; text++)
        if (is_safe(*text))
            code[len++] = *text;
    code[len] = 0;
}

/* The input is a stream of objects: read at once and byte by byte it comes to the same audio, times and end; error bodies give a code
   that is safe in logs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "providers/elevenlabs_http_codec.h"
#include "providers/json_objects.h"
#include "providers/openai_speech_codec.h"

struct sum {
    size_t objects, audio, characters, bad;
    int err;
};

static void take(struct sum *sum, struct slice object)
{
    struct speech_chunk chunk;
    if (elevenlabs_http_decode(&chunk, object)) {
        sum->bad++;
        return;
    }
    if (chunk.audio_len > object.len)
        abort();
    sum->audio += chunk.audio_len;
    for (size_t i = 0; i < chunk.timing_count; i++) {
        if (!chunk.timings[i].character.len)
            abort();
        sum->characters += chunk.timings[i].character.len;
    }
    speech_chunk_free(&chunk);
}

static struct sum read_in(struct slice rest, size_t portion)
{
    struct json_objects objects;
    struct sum sum = {0};
    json_objects_init(&objects, 64 * 1024);
    while (rest.len && !sum.err) {
        struct slice data = {rest.data, rest.len < portion ? rest.len : portion}, object;
        rest = (struct slice){rest.data + data.len, rest.len - data.len};
        while (!(sum.err = json_objects_next(&objects, &data, &object)) && object.len) {
            sum.objects++;
            take(&sum, object);
        }
    }
    json_objects_free(&objects);
    return sum;
}

static void check_code(const char *code)
{
    if (strlen(code) >= SPEECH_CODE_SIZE || strpbrk(code, " \r\n\"<>="))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {(const char *)data, size};
    struct sum whole = read_in(input, size ? size : 1), single = read_in(input, 1);
    if (memcmp(&whole, &single, sizeof whole))
        abort();
    char code[SPEECH_CODE_SIZE];
    elevenlabs_http_error_code(input, code);
    check_code(code);
    openai_speech_error_code(input, code);
    check_code(code);
    return 0;
}

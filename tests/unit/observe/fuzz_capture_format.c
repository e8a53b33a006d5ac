/* The reader on any bytes: it ends, stays in bounds and says how it ended; and the same bytes with their sums set right, since
   a mutation never meets one by itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "observe/capture_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[CAPTURE_KEY_BYTES] = {1, 2, 3};

static void read_all(struct slice file)
{
    struct capture_reader reader;
    struct capture_record record;
    size_t touched = 0;
    enum err err;
    capture_reader_init(&reader, file, key);
    while ((err = capture_read(&reader, &record)) == ERR_OK) {
        if (record.content.len > CAPTURE_CONTENT_MAX_BYTES)
            abort();
        for (size_t i = 0; i < record.content.len; i++)
            touched += (uint8_t)record.content.data[i];
    }
    bool is_explained = reader.why[0] || (err == ERR_CLOSED && reader.has_end);
    if (!is_explained || capture_read(&reader, &record) != err || touched == SIZE_MAX)
        abort();
    capture_reader_free(&reader);
}

static void set_sums(char *file, size_t size)
{
    if (size < CAPTURE_MAGIC_BYTES)
        return;
    memcpy(file, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
    for (size_t at = CAPTURE_MAGIC_BYTES; at + CAPTURE_CHUNK_HEAD_BYTES <= size;) {
        uint32_t stored_bytes;
        memcpy(&stored_bytes, file + at, sizeof stored_bytes);
        if (stored_bytes > size - at - CAPTURE_CHUNK_HEAD_BYTES)
            return;
        uint32_t sum = crc32c(0, (struct slice){file + at, 9});
        sum = crc32c(sum, (struct slice){file + at + CAPTURE_CHUNK_HEAD_BYTES, stored_bytes});
        memcpy(file + at + 9, &sum, sizeof sum);
        at += CAPTURE_CHUNK_HEAD_BYTES + stored_bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    read_all((struct slice){copy, size});
    set_sums(copy, size);
    read_all((struct slice){copy, size});
    free(copy);
    return 0;
}

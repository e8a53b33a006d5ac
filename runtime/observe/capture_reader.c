#include "observe/capture_reader.h"

#include <stdio.h>
#include <string.h>

void capture_reader_init(struct capture_reader *reader, struct slice file, const uint8_t *key)
{
    *reader = (struct capture_reader){.file = file, .rest = file, .place.key = key};
    strbuf_init(&reader->chunk, CAPTURE_CHUNK_MAX_BYTES);
}

void capture_reader_free(struct capture_reader *reader)
{
    strbuf_free(&reader->chunk);
}

/* ---- what is wrong ---- */

static size_t offset(const struct capture_reader *reader)
{
    return (size_t)(reader->rest.data - reader->file.data);
}

static enum err end(struct capture_reader *reader)
{
    if (!reader->has_end && !reader->place.number)
        snprintf(reader->why, sizeof reader->why, "ends before its first chunk");
    else if (!reader->has_end)
        snprintf(reader->why, sizeof reader->why, "ends after chunk %llu, at byte %zu of %zu",
            (unsigned long long)reader->place.number, offset(reader), reader->file.len);
    else if (reader->rest.len)
        snprintf(reader->why, sizeof reader->why, "has %zu bytes behind its end", reader->rest.len);
    return ERR_CLOSED;
}

static enum err fail(struct capture_reader *reader, enum err err, const char *what)
{
    snprintf(reader->why, sizeof reader->why, "chunk %llu, at byte %zu: %s",
        (unsigned long long)reader->place.number + 1, offset(reader), what);
    return err;
}

/* ---- chunks ---- */

static bool has_magic(struct slice file)
{
    return file.len >= CAPTURE_MAGIC_BYTES &&
           memcmp(file.data, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES) == 0;
}

static enum err begin(struct capture_reader *reader)
{
    if (!has_magic(reader->file)) {
        snprintf(reader->why, sizeof reader->why,
            "no captured call: it does not begin with " CAPTURE_MAGIC);
        return ERR_BAD;
    }
    reader->rest.data += CAPTURE_MAGIC_BYTES;
    reader->rest.len -= CAPTURE_MAGIC_BYTES;
    return ERR_OK;
}

static enum err next_chunk(struct capture_reader *reader)
{
    switch (capture_chunk_open(&reader->chunk, &reader->rest, &reader->place)) {
    case CAPTURE_FOUND_CHUNK:
        reader->records = strbuf_slice(&reader->chunk);
        return ERR_OK;
    case CAPTURE_FOUND_NOTHING:
        return end(reader);
    case CAPTURE_FOUND_DAMAGE:
        return fail(reader, ERR_BAD, "damaged");
    case CAPTURE_FOUND_SEALED:
        return fail(reader, ERR_REFUSED, "sealed, and there is no key");
    case CAPTURE_FOUND_FOREIGN:
        return fail(reader, ERR_REFUSED, "sealed with another key, or moved from elsewhere");
    case CAPTURE_FOUND_NO_MEMORY:
        break;
    }
    return fail(reader, ERR_NOMEM, "no memory");
}

static enum err next(struct capture_reader *reader, struct capture_record *record)
{
    enum err err = reader->rest.data == reader->file.data ? begin(reader) : ERR_OK;
    while (!err && !reader->records.len)
        err = reader->has_end ? end(reader) : next_chunk(reader);
    if (!err && !capture_record_take(&reader->records, &reader->at_ms, record))
        err = fail(reader, ERR_BAD, "the records before it are none");
    return err;
}

enum err capture_read(struct capture_reader *reader, struct capture_record *record)
{
    if (!reader->last)
        reader->last = next(reader, record);
    if (!reader->last && record->kind == CAPTURE_END)
        reader->has_end = true;
    return reader->last;
}

bool capture_is_sealed(struct slice file)
{
    return has_magic(file) && capture_chunk_is_sealed((struct slice){
                                  file.data + CAPTURE_MAGIC_BYTES, file.len - CAPTURE_MAGIC_BYTES});
}

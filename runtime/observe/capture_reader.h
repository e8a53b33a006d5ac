/* The records of a captured call's file that lies in memory, one after the other. Pure, but for memory: the file stays the
   caller's, and so does what to do about a file that ends early.

       struct capture_reader reader;
       capture_reader_init(&reader, file, key);
       while ((err = capture_read(&reader, &record)) == ERR_OK)
           …;
       if (err != ERR_CLOSED || !reader.has_end)
           say(reader.why);
       capture_reader_free(&reader); */
#pragma once

#include "observe/capture_chunk.h"

#define CAPTURE_WHY_SIZE 160

struct capture_reader {
    struct slice file, rest; /* borrowed */
    struct capture_place place;
    struct strbuf chunk;  /* unpacked */
    struct slice records; /* of it, not yet read */
    uint64_t at_ms;       /* of the newest record */
    bool has_end;         /* the record END was read */
    enum err last;        /* what the newest reading came to */
    char why
        [CAPTURE_WHY_SIZE]; /* once there is nothing more: "ends after chunk 12, …"; "": it ends as it should */
};

void capture_reader_init(struct capture_reader *reader, struct slice file,
    const uint8_t *key); /* CAPTURE_KEY_BYTES, borrowed, wiped by its owner; NULL: none */
/* The next record; its content is good until the next call. Then, for good:
     ERR_CLOSED   that was all; without END the file was cut, and `why` says behind which chunk
     ERR_BAD      no capture, or damaged: `why` says where. What was read before is good
     ERR_REFUSED  sealed, and the key is missing or another
     ERR_NOMEM */
must_use enum err capture_read(struct capture_reader *reader, struct capture_record *record);
void capture_reader_free(struct capture_reader *reader);
/* Of a file's first bytes: its records cannot be read without a key. */
bool capture_is_sealed(struct slice file);

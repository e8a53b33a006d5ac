/* Chunks of a captured call's file: records ⇄ what is stored (the form is in capture_format.h). Pure, but for memory. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "observe/capture_format.h"

#define CAPTURE_CHUNK_HEAD_BYTES 13
#define CAPTURE_CHUNK_MAX_BYTES                                                                    \
    (2u << 20) /* of records; a damaged or hostile file makes nobody allocate more */
#define CAPTURE_FILE_ID_BYTES 16
#define CAPTURE_NONCE_BYTES 24
#define CAPTURE_STORED_MAX_BYTES (CAPTURE_CHUNK_MAX_BYTES + 40) /* sealed: with nonce and tag */

/* Makes the chunks of any number of files, one after the other. */
struct capture_packer {
    void *zstd;           /* its context: made once, it is large */
    struct strbuf packed; /* of the chunk at hand */
};

must_use enum err capture_packer_init(struct capture_packer *packer);
void capture_packer_free(struct capture_packer *packer);

/* Which file a chunk is of, and where it stands in it. */
struct capture_place {
    const uint8_t *key;                     /* CAPTURE_KEY_BYTES; NULL: not sealed */
    uint64_t number;                        /* counts from 0 */
    bool is_sealed;                         /* reading: its first chunk was, so all are */
    uint8_t file_id[CAPTURE_FILE_ID_BYTES]; /* of its first chunk, which sets it */
    uint8_t
        nonce[CAPTURE_NONCE_BYTES]; /* to seal with: random, and another for whatever is sealed */
};

/* Appends a chunk of records. ERR_NOMEM; ERR_FULL: too many bytes, or `out` is full. Then `out` is as it was. */
must_use enum err capture_chunk_pack(struct capture_packer *packer, struct strbuf *out,
    struct slice records, struct capture_place *place);

enum capture_found {
    CAPTURE_FOUND_CHUNK,
    CAPTURE_FOUND_NOTHING, /* the file ends here, or what follows is a cut chunk or blank */
    CAPTURE_FOUND_DAMAGE,
    CAPTURE_FOUND_SEALED,  /* and there is no key */
    CAPTURE_FOUND_FOREIGN, /* the key is another, or the chunk was moved here */
    CAPTURE_FOUND_NO_MEMORY,
};

/* Takes a chunk off the front of `rest`; its records are in `records` until the next, and `place` is the next one's. Nothing is taken unless it is CHUNK. */
enum capture_found capture_chunk_open(
    struct strbuf *records, struct slice *rest, struct capture_place *place);
bool capture_chunk_is_sealed(struct slice rest); /* the chunk that begins here */

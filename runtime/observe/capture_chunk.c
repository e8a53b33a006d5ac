#include "observe/capture_chunk.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>

#include "base/crc32c.h"

#define LEVEL 1 /* µ-law hardly shrinks at any; what does, does so here */
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define CHECKED_BYTES 9 /* of the head, before the sum */
#define AD_BYTES (CAPTURE_FILE_ID_BYTES + 13)

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == CAPTURE_KEY_BYTES, "the key's size");
_Static_assert(NONCE_BYTES == CAPTURE_NONCE_BYTES, "a nonce's size");

enum { FLAG_ZSTD = 1, FLAG_SEALED = 2 };

/* What stands before a chunk's stored bytes. */
struct head {
    uint32_t stored_bytes;
    uint32_t unpacked_bytes;
    uint8_t flags;
};

static void put(uint8_t *out, uint64_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t take(const void *in, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number |= (uint64_t)((const uint8_t *)in)[i] << 8 * i;
    return number;
}

static void put_head(uint8_t out[CHECKED_BYTES], const struct head *head)
{
    put(out, head->stored_bytes, 4);
    put(out + 4, head->unpacked_bytes, 4);
    out[8] = head->flags;
}

static void put_additional(
    uint8_t out[AD_BYTES], const struct head *head, const struct capture_place *place)
{
    memcpy(out, place->file_id, CAPTURE_FILE_ID_BYTES);
    put(out + CAPTURE_FILE_ID_BYTES, place->number, 8);
    put(out + CAPTURE_FILE_ID_BYTES + 8, head->unpacked_bytes, 4);
    out[CAPTURE_FILE_ID_BYTES + 12] = head->flags;
}

/* A file goes by what its first chunk was sealed with. */
static void take_id(struct capture_place *place, const uint8_t *nonce)
{
    if (!place->number)
        memcpy(place->file_id, nonce, CAPTURE_FILE_ID_BYTES);
}

/* ---- packing ---- */

enum err capture_packer_init(struct capture_packer *packer)
{
    *packer = (struct capture_packer){.zstd = ZSTD_createCCtx()};
    strbuf_init(&packer->packed, CAPTURE_STORED_MAX_BYTES);
    if (!packer->zstd || sodium_init() < 0) {
        capture_packer_free(packer);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

void capture_packer_free(struct capture_packer *packer)
{
    ZSTD_freeCCtx(packer->zstd);
    packer->zstd = NULL;
    strbuf_free(&packer->packed);
}

/* What zstd does not make smaller is stored as it is. */
static struct slice pack(struct capture_packer *packer, struct head *head, struct slice records)
{
    strbuf_clear(&packer->packed);
    strbuf_reserve(&packer->packed, records.len);
    if (packer->packed.failed)
        return records;
    size_t len = ZSTD_compressCCtx(
        packer->zstd, packer->packed.data, records.len, records.data, records.len, LEVEL);
    if (ZSTD_isError(len) || len >= records.len)
        return records;
    head->flags |= FLAG_ZSTD;
    return (struct slice){packer->packed.data, len};
}

/* `out` has room for it. */
static void seal(
    uint8_t *out, const struct head *head, struct slice packed, struct capture_place *place)
{
    uint8_t additional[AD_BYTES];
    take_id(place, place->nonce);
    put_additional(additional, head, place);
    memcpy(out, place->nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL,
        (const uint8_t *)packed.data, packed.len, additional, sizeof additional, NULL, out,
        place->key);
}

enum err capture_chunk_pack(struct capture_packer *packer, struct strbuf *out, struct slice records,
    struct capture_place *place)
{
    struct head head = {.unpacked_bytes = (uint32_t)records.len};
    if (!records.len || records.len > CAPTURE_CHUNK_MAX_BYTES)
        return ERR_FULL;
    struct slice packed = pack(packer, &head, records);
    size_t stored_bytes = packed.len + (place->key ? NONCE_BYTES + TAG_BYTES : 0);
    head.stored_bytes = (uint32_t)stored_bytes;
    head.flags |= place->key ? FLAG_SEALED : 0;
    if (out->len + CAPTURE_CHUNK_HEAD_BYTES + stored_bytes > out->limit)
        return ERR_FULL;
    bool had_failed = out->failed;
    strbuf_reserve(out, CAPTURE_CHUNK_HEAD_BYTES + stored_bytes);
    if (out->failed && !had_failed) {
        out->failed = false;
        return ERR_NOMEM;
    }
    uint8_t *start = (uint8_t *)out->data + out->len, *stored = start + CAPTURE_CHUNK_HEAD_BYTES;
    put_head(start, &head);
    if (place->key)
        seal(stored, &head, packed, place);
    else
        memcpy(stored, packed.data, packed.len);
    uint32_t sum = crc32c(0, (struct slice){(const char *)start, CHECKED_BYTES});
    put(start + CHECKED_BYTES, crc32c(sum, (struct slice){(const char *)stored, stored_bytes}), 4);
    out->len += CAPTURE_CHUNK_HEAD_BYTES + stored_bytes;
    out->data[out->len] = 0;
    return ERR_OK;
}

/* ---- opening ---- */

/* A file that grew before its bytes were written, when the machine stopped. */
static bool is_blank(struct slice rest)
{
    return !rest.len || (!rest.data[0] && !memcmp(rest.data, rest.data + 1, rest.len - 1));
}

static enum capture_found find(struct head *head, struct slice *stored, struct slice rest)
{
    if (rest.len < CAPTURE_CHUNK_HEAD_BYTES || is_blank(rest))
        return CAPTURE_FOUND_NOTHING;
    *head = (struct head){
        (uint32_t)take(rest.data, 4), (uint32_t)take(rest.data + 4, 4), (uint8_t)rest.data[8]};
    if (!head->stored_bytes || head->stored_bytes > CAPTURE_STORED_MAX_BYTES ||
        !head->unpacked_bytes || head->unpacked_bytes > CAPTURE_CHUNK_MAX_BYTES ||
        head->flags & ~(FLAG_ZSTD | FLAG_SEALED))
        return CAPTURE_FOUND_DAMAGE;
    if (head->stored_bytes > rest.len - CAPTURE_CHUNK_HEAD_BYTES)
        return CAPTURE_FOUND_NOTHING;
    *stored = (struct slice){rest.data + CAPTURE_CHUNK_HEAD_BYTES, head->stored_bytes};
    uint32_t sum = crc32c(crc32c(0, (struct slice){rest.data, CHECKED_BYTES}), *stored);
    return sum == (uint32_t)take(rest.data + CHECKED_BYTES, 4) ? CAPTURE_FOUND_CHUNK
                                                               : CAPTURE_FOUND_DAMAGE;
}

/* Opens the seal into `out`, which has room. */
static enum capture_found unseal(
    uint8_t *out, const struct head *head, struct slice stored, struct capture_place *place)
{
    const uint8_t *nonce = (const uint8_t *)stored.data;
    uint8_t additional[AD_BYTES];
    if (!place->key)
        return CAPTURE_FOUND_SEALED;
    if (stored.len <= NONCE_BYTES + TAG_BYTES)
        return CAPTURE_FOUND_DAMAGE;
    take_id(place, nonce);
    put_additional(additional, head, place);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, nonce + NONCE_BYTES,
            stored.len - NONCE_BYTES, additional, sizeof additional, nonce, place->key) != 0)
        return CAPTURE_FOUND_FOREIGN;
    return CAPTURE_FOUND_CHUNK;
}

/* The records, out of what was packed. */
static enum capture_found unpack(
    struct strbuf *records, const struct head *head, struct slice packed)
{
    size_t len = packed.len;
    strbuf_clear(records);
    strbuf_reserve(records, head->unpacked_bytes);
    if (records->failed)
        return CAPTURE_FOUND_NO_MEMORY;
    if (head->flags & FLAG_ZSTD)
        len = ZSTD_decompress(records->data, head->unpacked_bytes, packed.data, packed.len);
    else if (len == head->unpacked_bytes)
        memcpy(records->data, packed.data, len);
    if (len != head->unpacked_bytes) /* zstd's errors are lengths beyond any */
        return CAPTURE_FOUND_DAMAGE;
    records->len = len;
    records->data[len] = 0;
    return CAPTURE_FOUND_CHUNK;
}

static enum capture_found open_sealed(struct strbuf *records, const struct head *head,
    struct slice stored, struct capture_place *place)
{
    struct strbuf opened;
    strbuf_init(&opened, CAPTURE_STORED_MAX_BYTES);
    strbuf_reserve(&opened, stored.len);
    enum capture_found found = CAPTURE_FOUND_NO_MEMORY;
    if (!opened.failed)
        found = unseal((uint8_t *)opened.data, head, stored, place);
    if (found == CAPTURE_FOUND_CHUNK)
        found = unpack(
            records, head, (struct slice){opened.data, stored.len - NONCE_BYTES - TAG_BYTES});
    strbuf_free(&opened);
    return found;
}

enum capture_found capture_chunk_open(
    struct strbuf *records, struct slice *rest, struct capture_place *place)
{
    struct head head;
    struct slice stored;
    enum capture_found found = find(&head, &stored, *rest);
    if (found != CAPTURE_FOUND_CHUNK)
        return found;
    bool is_sealed = head.flags & FLAG_SEALED;
    if (place->number && is_sealed != place->is_sealed)
        return CAPTURE_FOUND_FOREIGN;
    found = is_sealed ? open_sealed(records, &head, stored, place) : unpack(records, &head, stored);
    if (found != CAPTURE_FOUND_CHUNK)
        return found;
    place->is_sealed = is_sealed;
    place->number++;
    *rest =
        (struct slice){stored.data + stored.len, rest->len - CAPTURE_CHUNK_HEAD_BYTES - stored.len};
    return found;
}

bool capture_chunk_is_sealed(struct slice rest)
{
    return rest.len >= CHECKED_BYTES && rest.data[CHECKED_BYTES - 1] & FLAG_SEALED;
}

#include "observe/capture_internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "observe/capture_folder.h"
#include "observe/metrics.h"

#define SPARE_MAX 256
#define BLOCK_MAX_MS 2000 /* a killed process loses no more of a call */
#define HEAD_MAX_BYTES (3 * VARINT_MAX_BYTES)
#define CALL_WAITING_MAX_BYTES (8u << 20) /* one call's part of what waits */

/* ---- blocks ---- */

static struct capture_block *take_spare(struct captures *captures, size_t capacity)
{
    struct capture_block *block = captures->spare;
    if (!block || capacity != CAPTURE_BLOCK_BYTES)
        return NULL;
    captures->spare = (struct capture_block *)block->post.letter.next;
    captures->spare_count--;
    return block;
}

/* NULL: too much waits for the disk, or there is no memory. */
static struct capture_block *lend(struct captures *captures, size_t capacity)
{
    pthread_mutex_lock(&captures->lock);
    bool has_room = captures->lent_bytes + capacity <= captures->options.waiting_max_bytes;
    struct capture_block *block = has_room ? take_spare(captures, capacity) : NULL;
    captures->lent_bytes += has_room ? capacity : 0;
    pthread_mutex_unlock(&captures->lock);
    if (!has_room || block)
        return block;
    block = malloc(sizeof *block + capacity);
    if (block)
        return block;
    pthread_mutex_lock(&captures->lock);
    captures->lent_bytes -= capacity;
    pthread_mutex_unlock(&captures->lock);
    return NULL;
}

void capture_block_give_back(struct capture_block *block)
{
    struct captures *captures = block->post.capture->captures;
    atomic_fetch_sub(&block->post.capture->waiting_bytes, block->capacity);
    pthread_mutex_lock(&captures->lock);
    captures->lent_bytes -= block->capacity;
    bool is_kept = block->capacity == CAPTURE_BLOCK_BYTES && captures->spare_count < SPARE_MAX;
    if (is_kept) {
        block->post.letter.next = (struct letter *)captures->spare;
        captures->spare = block;
        captures->spare_count++;
    }
    pthread_mutex_unlock(&captures->lock);
    if (!is_kept)
        free(block);
}

static struct capture_block *begin_block(struct capture *capture, size_t need)
{
    size_t capacity = need > CAPTURE_BLOCK_BYTES ? need : CAPTURE_BLOCK_BYTES;
    if (atomic_load(&capture->waiting_bytes) + capacity > CALL_WAITING_MAX_BYTES)
        return NULL;
    struct capture_block *block = lend(capture->captures, capacity);
    if (!block)
        return NULL;
    *block = (struct capture_block){.post.capture = capture, .capacity = capacity};
    atomic_fetch_add(&capture->waiting_bytes, capacity);
    return block;
}

static void lose(struct capture *capture, uint64_t records)
{
    capture->lost += records;
    capture->lost_in_all += records;
}

/* The letter may be read and freed at once: nothing of it is looked at afterwards. */
static void hand_over(struct capture *capture)
{
    struct capture_block *block = capture->block;
    capture->block = NULL;
    if (!block || mailbox_put(&capture->captures->posts, &block->post.letter) == ERR_OK)
        return;
    lose(capture, block->records);
    capture->lost += block->lost;
    capture_block_give_back(block);
}

/* ---- records ---- */

static void add_bytes(struct capture_block *block, const void *data, size_t len)
{
    if (len)
        memcpy(block->bytes + block->len, data, len);
    block->len += len;
}

static void add_number(struct capture_block *block, uint64_t number)
{
    block->len += varint_write(block->bytes + block->len, number);
}

static void add_record(struct capture_block *block, enum capture_kind kind, uint64_t at_ms,
    struct slice first, struct slice rest)
{
    if (block->len) {
        add_number(block, kind);
        add_number(block, varint_zigzag((int64_t)(at_ms - block->last_at_ms)));
    } else {
        block->first_kind = kind;
        block->first_at_ms = at_ms;
    }
    add_number(block, first.len + rest.len);
    add_bytes(block, first.data, first.len);
    add_bytes(block, rest.data, rest.len);
    block->last_at_ms = at_ms;
    block->records += kind != CAPTURE_LOST;
}

static bool put(struct capture *capture, enum capture_kind kind, uint64_t at_ms, struct slice first,
    struct slice rest)
{
    size_t need = HEAD_MAX_BYTES + first.len + rest.len;
    struct capture_block *block = capture->block;
    if (first.len + rest.len > CAPTURE_CONTENT_MAX_BYTES)
        return false;
    if (block &&
        (block->len + need > block->capacity || at_ms >= block->first_at_ms + BLOCK_MAX_MS))
        hand_over(capture);
    if (!capture->block)
        capture->block = begin_block(capture, need);
    if (!capture->block)
        return false;
    add_record(capture->block, kind, at_ms, first, rest);
    return true;
}

static uint64_t since_began(const struct capture *capture, uint64_t at_ms)
{
    return at_ms > capture->began_ms ? at_ms - capture->began_ms : 0;
}

static void tell_lost(struct capture *capture, uint64_t at_ms)
{
    uint8_t count[VARINT_MAX_BYTES];
    size_t len = varint_write(count, capture->lost);
    if (!put(capture, CAPTURE_LOST, at_ms, (struct slice){(const char *)count, len}, SLICE("")))
        return;
    capture->block->lost += capture->lost;
    capture->lost = 0;
}

void capture_put_parts(struct capture *capture, enum capture_kind kind, uint64_t at_ms,
    struct slice first, struct slice rest)
{
    if (!capture)
        return;
    uint64_t since_ms = since_began(capture, at_ms);
    if (capture->lost)
        tell_lost(capture, since_ms);
    if (capture->lost || !put(capture, kind, since_ms, first, rest))
        lose(capture, 1);
}

void capture_put(
    struct capture *capture, enum capture_kind kind, uint64_t at_ms, struct slice content)
{
    capture_put_parts(capture, kind, at_ms, content, SLICE(""));
}

void capture_lose(struct capture *capture)
{
    if (capture)
        lose(capture, 1);
}

/* ---- a call's ---- */

struct capture *capture_begin(struct captures *captures, const char *tenant_id, const char *call_id,
    enum capture_rule rule, uint64_t began_ms)
{
    struct capture *capture = captures ? calloc(1, sizeof *capture) : NULL;
    if (!capture) {
        metric_add(METRIC_CAPTURES_FAILED, captures != NULL);
        return NULL;
    }
    capture->captures = captures;
    capture->rule = rule;
    capture->began_ms = began_ms;
    capture->end = (struct capture_post){.capture = capture, .is_end = true};
    capture->file.fd = -1;
    bool is_named = slice_copy(slice_from(tenant_id), capture->tenant_id, CAPTURE_TENANT_SIZE) &&
                    slice_copy(slice_from(call_id), capture->call_id, CAPTURE_CALL_ID_SIZE);
    if (is_named && capture_name_is_safe(tenant_id) && capture_name_is_safe(call_id))
        return capture;
    capture_free(capture);
    return NULL;
}

void capture_set_consent(struct capture *capture, enum capture_consent consent)
{
    if (capture)
        atomic_store(&capture->consent, consent);
}

void capture_end(struct capture *capture, uint64_t at_ms, const char *reason, const char *outcome)
{
    if (!capture)
        return;
    capture->ended_ms = since_began(capture, at_ms);
    slice_copy(slice_from(reason), capture->reason, sizeof capture->reason);
    slice_copy(slice_from(outcome), capture->outcome, sizeof capture->outcome);
    hand_over(capture);
    mailbox_force(&capture->captures->posts, &capture->end.letter); /* one a call */
}

void capture_free(struct capture *capture)
{
    sodium_memzero(capture->file.key, sizeof capture->file.key);
    free(capture);
}

/* A captured call's file: a block of records becomes a chunk, which is in the file whole or not at all. On the capture thread. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/secret_file.h"
#include "base/varint.h"
#include "observe/capture_folder.h"
#include "observe/capture_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

#define ROOM_PART 64        /* of all room: made when there is none */
#define LOOK_AGAIN_MS 1000  /* while there is no room */
#define END_ROOM_BYTES 4096 /* of a file, for its end */
#define END_MAX_BYTES 1024

/* ---- what fails ---- */

static void lose(struct capture_file *file, uint64_t records, uint64_t told)
{
    file->lost += records + told;
    file->lost_in_all += records;
}

/* Once until it works again: every call would say the same. */
static void tell_failure(struct captures *captures, const struct capture *capture, const char *why)
{
    if (!captures->is_failing)
        log_error("capture.failed", "call=%s path=%s why=%s do=%s", capture->call_id,
            captures->path, why, "make room, or let this user write there: calls go on uncaptured");
    captures->is_failing = true;
}

/* ---- chunks ---- */

static bool write_at(int fd, struct slice bytes, uint64_t at)
{
    while (bytes.len) {
        ssize_t done = pwrite(fd, bytes.data, bytes.len, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done ? errno : ENOSPC;
            return false;
        }
        bytes.data += done;
        bytes.len -= (size_t)done;
        at += (uint64_t)done;
    }
    return true;
}

/* More than is needed goes at once, so that not every chunk is a look at all files. */
static bool has_room(struct captures *captures, size_t len)
{
    uint64_t max_bytes = captures->options.max_bytes;
    if (captures->disk_bytes + len <= max_bytes)
        return true;
    if (clock_ms() < captures->no_room_until_ms)
        return false;
    capture_look(captures, len + max_bytes / ROOM_PART);
    bool is_made = captures->disk_bytes + len <= max_bytes;
    captures->no_room_until_ms = is_made ? 0 : clock_ms() + LOOK_AGAIN_MS;
    return is_made;
}

/* What was written of a chunk that the disk did not take goes again. */
static bool append(struct captures *captures, struct capture *capture, struct slice bytes)
{
    struct capture_file *file = &capture->file;
    if (!has_room(captures, bytes.len)) {
        tell_failure(captures, capture, "MOONLINE_CAPTURE_MB of calls under way");
        return false;
    }
    if (!write_at(file->fd, bytes, file->bytes)) {
        tell_failure(captures, capture, strerror(errno));
        (void)!ftruncate(file->fd, (off_t)file->bytes);
        return false;
    }
    file->bytes += bytes.len;
    captures->disk_bytes += bytes.len;
    captures->is_failing = false;
    metric_add(METRIC_CAPTURE_BYTES, (int64_t)bytes.len);
    metric_set(METRIC_CAPTURE_DISK_BYTES, (int64_t)captures->disk_bytes);
    return true;
}

/* The records in `captures->records`, the last of which is of `at_ms`. */
static bool write_chunk(
    struct captures *captures, struct capture *capture, uint64_t at_ms, size_t spared_bytes)
{
    struct capture_file *file = &capture->file;
    strbuf_clear(&captures->chunk);
    crypto_random(file->place.nonce, sizeof file->place.nonce); /* another after a failure too */
    if (captures->records.failed || capture_chunk_pack(&captures->packer, &captures->chunk,
                                        strbuf_slice(&captures->records), &file->place) != ERR_OK)
        return false;
    if (file->bytes + captures->chunk.len + spared_bytes > captures->options.call_max_bytes) {
        log_warn("capture.too_large", "call=%s bytes=%llu", capture->call_id,
            (unsigned long long)file->bytes);
        file->state = CAPTURE_FILE_FULL;
        return false;
    }
    if (!append(captures, capture, strbuf_slice(&captures->chunk)))
        return false;
    file->place.number++;
    file->at_ms = at_ms;
    file->lost = 0;
    return true;
}

/* Everything before the content of a chunk's first record. */
static void begin_records(struct captures *captures, const struct capture_file *file,
    enum capture_kind first_kind, uint64_t first_at_ms)
{
    struct strbuf *records = &captures->records;
    int64_t since_ms = (int64_t)(first_at_ms - file->at_ms);
    uint8_t count[VARINT_MAX_BYTES];
    strbuf_clear(records);
    if (file->lost) {
        size_t len = varint_write(count, file->lost);
        capture_record_add(
            records, CAPTURE_LOST, since_ms, (struct slice){(const char *)count, len});
        since_ms = 0;
    }
    varint_add(records, first_kind);
    varint_add(records, varint_zigzag(since_ms));
}

/* ---- files ---- */

/* False: the tenant has a key, and it cannot be used. Nothing is captured then rather than in clear. */
static bool read_key(const struct captures *captures, struct capture *capture)
{
    char path[PATH_MAX], value[SECRET_VALUE_MAX_BYTES + 1];
    const char *fault = "";
    char why[128];
    if (!captures->secrets[0])
        return true;
    snprintf(path, sizeof path, "%s/%s/" CAPTURE_KEY_FILE, captures->secrets, capture->tenant_id);
    enum err err = secret_file_read(path, value, &fault);
    if (!err && !capture_key_parse(capture->file.key, slice_from(value))) {
        fault = "must be 64 hex digits (openssl rand -hex 32)";
        err = ERR_BAD;
    }
    sodium_memzero(value, sizeof value);
    capture->file.has_key = !err;
    snprintf(why, sizeof why, "the file %s", fault);
    if (err && err != ERR_NOT_FOUND)
        log_error("capture.key_wrong", "call=%s path=%s why=%s", capture->call_id, path, why);
    return !err || err == ERR_NOT_FOUND;
}

static bool is_to_be_kept(struct capture *capture)
{
    enum capture_consent consent = atomic_load(&capture->consent);
    return capture->rule == CAPTURE_UNLESS_REFUSED ? consent != CAPTURE_REFUSED
                                                   : consent == CAPTURE_AGREED;
}

static enum capture_name name_of(const struct capture_file *file)
{
    return file->is_kept ? CAPTURE_NAME_PART : CAPTURE_NAME_ASK;
}

static void give_up(struct captures *captures, struct capture *capture)
{
    struct capture_file *file = &capture->file;
    if (file->fd < 0)
        return;
    capture_folder_remove(captures->path, capture->tenant_id, capture->call_id, name_of(file));
    close(file->fd);
    file->fd = -1;
    captures->disk_bytes -= file->bytes < captures->disk_bytes ? file->bytes : captures->disk_bytes;
    metric_set(METRIC_CAPTURE_DISK_BYTES, (int64_t)captures->disk_bytes);
}

static void fail(struct captures *captures, struct capture *capture)
{
    give_up(captures, capture);
    capture->file.state = CAPTURE_FILE_FAILED;
}

static void begin_file(struct captures *captures, struct capture *capture)
{
    struct capture_file *file = &capture->file;
    file->state = CAPTURE_FILE_FAILED;
    if (!read_key(captures, capture))
        return;
    file->place.key = file->has_key ? file->key : NULL;
    file->is_kept = is_to_be_kept(capture);
    file->fd =
        capture_folder_create(captures->path, capture->tenant_id, capture->call_id, name_of(file));
    if (file->fd < 0)
        tell_failure(captures, capture, strerror(errno));
    else if (append(captures, capture, SLICE(CAPTURE_MAGIC)))
        file->state = CAPTURE_FILE_OPEN;
    else
        give_up(captures, capture);
}

/* The name says it as soon as it is known: a process may be killed. */
static void follow_consent(struct captures *captures, struct capture *capture)
{
    struct capture_file *file = &capture->file;
    bool is_kept = is_to_be_kept(capture);
    if (file->fd < 0 || is_kept == file->is_kept)
        return;
    if (capture_folder_rename(captures->path, capture->tenant_id, capture->call_id, name_of(file),
            is_kept ? CAPTURE_NAME_PART : CAPTURE_NAME_ASK))
        file->is_kept = is_kept;
}

/* A file without its head is of no use. */
void capture_take_block(struct captures *captures, struct capture_block *block)
{
    struct capture *capture = block->post.capture;
    struct capture_file *file = &capture->file;
    if (file->state == CAPTURE_FILE_NEW)
        begin_file(captures, capture);
    follow_consent(captures, capture);
    bool is_written = false;
    if (file->state == CAPTURE_FILE_OPEN) {
        begin_records(captures, file, block->first_kind, block->first_at_ms);
        strbuf_add(&captures->records, block->bytes, block->len);
        is_written = write_chunk(captures, capture, block->last_at_ms, END_ROOM_BYTES);
    }
    if (!is_written)
        lose(file, block->records, block->lost);
    if (!is_written && file->state == CAPTURE_FILE_OPEN && !file->place.number)
        fail(captures, capture);
    capture_block_give_back(block);
}

/* ---- the end of a capture ---- */

static bool write_end(struct captures *captures, struct capture *capture)
{
    struct capture_file *file = &capture->file;
    uint64_t lost = file->lost_in_all + capture->lost_in_all;
    struct strbuf end;
    file->lost += capture->lost;
    strbuf_init(&end, END_MAX_BYTES);
    strbuf_printf(&end, "{\"is_complete\":%s,\"lost\":%llu,\"reason\":", lost ? "false" : "true",
        (unsigned long long)lost);
    strbuf_add_json(&end, slice_from(capture->reason));
    strbuf_add_text(&end, ",\"outcome\":");
    strbuf_add_json(&end, slice_from(capture->outcome));
    strbuf_printf(&end, ",\"duration_ms\":%llu}", (unsigned long long)capture->ended_ms);
    begin_records(captures, file, CAPTURE_END, capture->ended_ms);
    varint_add_text(&captures->records, strbuf_slice(&end));
    strbuf_free(&end);
    return write_chunk(captures, capture, capture->ended_ms, 0) && !lost;
}

/* A reader says of a file without its end that it is not complete. */
static enum metric finish(struct captures *captures, struct capture *capture)
{
    struct capture_file *file = &capture->file;
    if (file->state == CAPTURE_FILE_NEW || file->state == CAPTURE_FILE_FAILED)
        return METRIC_CAPTURES_FAILED;
    if (!is_to_be_kept(capture)) {
        give_up(captures, capture);
        return METRIC_CAPTURES_DISCARDED;
    }
    bool is_complete = write_end(captures, capture);
    bool is_named = capture_folder_rename(
        captures->path, capture->tenant_id, capture->call_id, name_of(file), CAPTURE_NAME_DONE);
    if (!is_named) /* it was erased meanwhile, or the disk is broken: looked at again later */
        log_warn("capture.unnamed", "call=%s why=%s", capture->call_id, strerror(errno));
    close(file->fd);
    file->fd = -1;
    if (!is_complete)
        log_warn("capture.incomplete", "call=%s lost=%llu", capture->call_id,
            (unsigned long long)(file->lost_in_all + capture->lost_in_all));
    return is_complete ? METRIC_CAPTURES_COMPLETE : METRIC_CAPTURES_INCOMPLETE;
}

void capture_take_end(struct captures *captures, struct capture *capture)
{
    metric_add(finish(captures, capture), 1);
    capture_free(capture);
}

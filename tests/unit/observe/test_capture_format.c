#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/varint.h"
#include "observe/capture_reader.h"

static const uint8_t key[CAPTURE_KEY_BYTES] = {7, 7, 7};
static const uint8_t other_key[CAPTURE_KEY_BYTES] = {7, 7, 8};

/* A file of `chunks` chunks of a second of silence each, the first with a header, the last with an end. */
struct file {
    struct strbuf bytes;
    size_t chunk_at[8];
    struct capture_packer packer;
};

static void add_chunk(struct file *file, struct capture_place *place, unsigned number, bool is_last)
{
    struct strbuf records;
    char frame[161];
    memset(frame, 0xff, sizeof frame);
    strbuf_init(&records, CAPTURE_CHUNK_MAX_BYTES);
    if (number == 0)
        capture_record_add(&records, CAPTURE_HEADER, 0, SLICE("{\"format\":1}"));
    for (unsigned i = 0; i < 50; i++) {
        frame[0] = (char)i;
        capture_record_add(&records, CAPTURE_MEDIA_IN, 20, (struct slice){frame, sizeof frame});
    }
    if (is_last)
        capture_record_add(&records, CAPTURE_END, 3, SLICE("{\"is_complete\":true}"));
    place->number = number;
    place->nonce[1] = (uint8_t)number;
    file->chunk_at[number] = file->bytes.len;
    assert_int_equal(
        capture_chunk_pack(&file->packer, &file->bytes, strbuf_slice(&records), place), ERR_OK);
    strbuf_free(&records);
}

static void write_file(struct file *file, unsigned chunks, const uint8_t *with_key, uint8_t id)
{
    struct capture_place place = {.key = with_key, .nonce = {id}};
    *file = (struct file){0};
    strbuf_init(&file->bytes, 1u << 20);
    assert_int_equal(capture_packer_init(&file->packer), ERR_OK);
    strbuf_add(&file->bytes, CAPTURE_MAGIC, CAPTURE_MAGIC_BYTES);
    for (unsigned i = 0; i < chunks; i++)
        add_chunk(file, &place, i, i == chunks - 1);
    capture_packer_free(&file->packer);
}

static void free_file(struct file *file)
{
    strbuf_free(&file->bytes);
}

/* How many records there are, and how it ended. */
static size_t read_file(
    struct capture_reader *reader, struct slice bytes, const uint8_t *with_key, enum err expected)
{
    struct capture_record record;
    size_t count = 0;
    enum err err;
    capture_reader_init(reader, bytes, with_key);
    while ((err = capture_read(reader, &record)) == ERR_OK) {
        count++;
        assert_true(record.at_ms == reader->at_ms);
    }
    assert_int_equal(err, expected);
    capture_reader_free(reader);
    return count;
}

static size_t read_in_file(
    struct capture_reader *reader, struct slice bytes, const uint8_t *with_key, enum err expected)
{
    /* of its own size, so that a byte too far is seen */
    char *copy = malloc(bytes.len ? bytes.len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    size_t count = read_file(reader, (struct slice){copy, bytes.len}, with_key, expected);
    free(copy);
    return count;
}

static void test_records_come_back_in_order_with_their_times(void **state)
{
    static const uint8_t *const keys[] = {NULL, key};
    for (unsigned i = 0; i < 2; i++) {
        struct file file;
        struct capture_reader reader;
        struct capture_record record;
        write_file(&file, 3, keys[i], 1);
        struct slice bytes = strbuf_slice(&file.bytes);
        assert_int_equal(capture_is_sealed(bytes), i == 1);
        capture_reader_init(&reader, bytes, keys[i]);
        assert_int_equal(capture_read(&reader, &record), ERR_OK);
        assert_int_equal(record.kind, CAPTURE_HEADER);
        assert_true(slice_is(record.content, "{\"format\":1}"));
        for (unsigned n = 0; n < 150; n++) {
            assert_int_equal(capture_read(&reader, &record), ERR_OK);
            assert_int_equal(record.kind, CAPTURE_MEDIA_IN);
            assert_int_equal(record.at_ms, 20 * (n + 1));
            assert_int_equal(record.content.len, 161);
            assert_int_equal(record.content.data[0], n % 50);
        }
        assert_int_equal(capture_read(&reader, &record), ERR_OK);
        assert_int_equal(record.kind, CAPTURE_END);
        assert_int_equal(record.at_ms, 3003);
        assert_int_equal(capture_read(&reader, &record), ERR_CLOSED);
        assert_true(reader.has_end);
        assert_string_equal(reader.why, "");
        capture_reader_free(&reader);
        free_file(&file);
    }
}

static void test_times_may_go_back(void **state)
{
    struct strbuf records;
    struct capture_record record;
    uint64_t at_ms = 0;
    strbuf_init(&records, 1000);
    capture_record_add(&records, CAPTURE_CLEAR, 100, SLICE(""));
    capture_record_add(&records, CAPTURE_CLEAR, -3, SLICE(""));
    struct slice rest = strbuf_slice(&records);
    assert_true(capture_record_take(&rest, &at_ms, &record));
    assert_true(capture_record_take(&rest, &at_ms, &record));
    assert_int_equal(record.at_ms, 97);
    assert_false(capture_record_take(&rest, &at_ms, &record));
    strbuf_free(&records);
}

static void test_a_file_cut_anywhere_is_read_up_to_its_last_whole_chunk(void **state)
{
    struct file file;
    struct capture_reader reader;
    write_file(&file, 3, NULL, 1);
    struct slice bytes = strbuf_slice(&file.bytes);
    for (size_t len = CAPTURE_MAGIC_BYTES; len < bytes.len; len++) {
        size_t whole = len >= file.chunk_at[2] ? 2 : len >= file.chunk_at[1] ? 1 : 0;
        size_t count = read_in_file(&reader, (struct slice){bytes.data, len}, NULL, ERR_CLOSED);
        assert_int_equal(count, whole ? 1 + 50 * whole : 0);
        assert_false(reader.has_end);
        char expected[CAPTURE_WHY_SIZE] = "ends before its first chunk";
        if (whole)
            snprintf(expected, sizeof expected, "ends after chunk %zu, at byte %zu of %zu", whole,
                file.chunk_at[whole], len);
        assert_string_equal(reader.why, expected);
    }
    free_file(&file);
}

static void test_a_blank_tail_is_a_cut_one(void **state)
{
    struct file file;
    struct capture_reader reader;
    write_file(&file, 2, NULL, 1);
    memset(file.bytes.data + file.chunk_at[1], 0, file.bytes.len - file.chunk_at[1]);
    assert_int_equal(read_in_file(&reader, strbuf_slice(&file.bytes), NULL, ERR_CLOSED), 51);
    assert_memory_equal(reader.why, "ends after chunk 1", 18);
    free_file(&file);
}

/* A changed byte is found wherever it is: what was before it is read, and it is said where it went wrong. */
static void test_any_damaged_byte_is_found(void **state)
{
    struct file file;
    write_file(&file, 3, NULL, 1);
    for (size_t at = 0; at < file.bytes.len; at++) {
        struct capture_reader reader;
        struct capture_record record;
        size_t count = 0;
        file.bytes.data[at] ^= 0x10;
        capture_reader_init(&reader, strbuf_slice(&file.bytes), NULL);
        enum err err;
        while ((err = capture_read(&reader, &record)) == ERR_OK)
            count++;
        size_t whole = at >= file.chunk_at[2] ? 2 : at >= file.chunk_at[1] ? 1 : 0;
        assert_int_equal(count, whole ? 1 + 50 * whole : 0);
        assert_true(err == ERR_BAD || err == ERR_CLOSED || err == ERR_REFUSED);
        assert_false(reader.has_end);
        assert_true(reader.why[0]);
        capture_reader_free(&reader);
        file.bytes.data[at] ^= 0x10;
    }
    file.bytes.data[file.chunk_at[1] + 20] ^= 1;
    struct capture_reader reader;
    char expected[CAPTURE_WHY_SIZE];
    snprintf(expected, sizeof expected, "chunk 2, at byte %zu: damaged", file.chunk_at[1]);
    read_in_file(&reader, strbuf_slice(&file.bytes), NULL, ERR_BAD);
    assert_string_equal(reader.why, expected);
    free_file(&file);
}

static void test_a_sealed_file_needs_its_key(void **state)
{
    struct file file;
    struct capture_reader reader;
    write_file(&file, 2, key, 1);
    struct slice bytes = strbuf_slice(&file.bytes);
    assert_int_equal(read_in_file(&reader, bytes, NULL, ERR_REFUSED), 0);
    assert_non_null(strstr(reader.why, "no key"));
    assert_int_equal(read_in_file(&reader, bytes, other_key, ERR_REFUSED), 0);
    assert_non_null(strstr(reader.why, "another key"));
    assert_null(memmem(bytes.data, bytes.len, "format", 6));
    free_file(&file);
}

static void test_sealed_chunks_change_neither_place_nor_file(void **state)
{
    struct file file, other;
    struct capture_reader reader;
    struct strbuf swapped;
    write_file(&file, 4, key, 1);
    write_file(&other, 4, key, 2);
    size_t one = file.chunk_at[1], two = file.chunk_at[2], three = file.chunk_at[3];
    strbuf_init(&swapped, 1u << 20);
    strbuf_add(&swapped, file.bytes.data, one);
    strbuf_add(&swapped, file.bytes.data + two, three - two);
    strbuf_add(&swapped, file.bytes.data + one, two - one);
    assert_int_equal(read_in_file(&reader, strbuf_slice(&swapped), key, ERR_REFUSED), 51);
    strbuf_clear(&swapped);
    strbuf_add(&swapped, file.bytes.data, one);
    strbuf_add(&swapped, other.bytes.data + one, other.bytes.len - one);
    assert_int_equal(read_in_file(&reader, strbuf_slice(&swapped), key, ERR_REFUSED), 51);
    struct file forged; /* in clear, with a right sum */
    write_file(&forged, 4, NULL, 1);
    strbuf_clear(&swapped);
    strbuf_add(&swapped, file.bytes.data, one);
    strbuf_add(
        &swapped, forged.bytes.data + forged.chunk_at[1], forged.bytes.len - forged.chunk_at[1]);
    assert_int_equal(read_in_file(&reader, strbuf_slice(&swapped), key, ERR_REFUSED), 51);
    free_file(&forged);
    strbuf_free(&swapped);
    free_file(&file);
    free_file(&other);
}

static void test_what_is_no_capture_is_refused(void **state)
{
    static const char *const texts[] = {"", "MOONCAP", "MOONCAP2xxxxxxxxxxxxxxxx", "RIFF"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct capture_reader reader;
        assert_int_equal(read_in_file(&reader, slice_from(texts[i]), NULL, ERR_BAD), 0);
        assert_non_null(strstr(reader.why, "no captured call"));
    }
}

static void test_what_is_too_large_is_refused_and_nothing_is_added(void **state)
{
    struct capture_packer packer;
    struct capture_place place = {0};
    struct strbuf out;
    char *much = calloc(1, CAPTURE_CHUNK_MAX_BYTES + 1);
    assert_non_null(much);
    assert_int_equal(capture_packer_init(&packer), ERR_OK);
    strbuf_init(&out, 100);
    struct slice records = {much, CAPTURE_CHUNK_MAX_BYTES + 1};
    assert_int_equal(capture_chunk_pack(&packer, &out, records, &place), ERR_FULL);
    for (unsigned i = 0; i < 200; i++)
        much[i] = (char)(i * 7 * i);
    records.len = 200;
    assert_int_equal(capture_chunk_pack(&packer, &out, records, &place), ERR_FULL);
    assert_int_equal(out.len, 0);
    strbuf_free(&out);
    capture_packer_free(&packer);
    free(much);
}

static void test_keys_are_64_hex_digits(void **state)
{
    static const char digits[] = "000102030405060708090a0b0c0d0e0fF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF";
    uint8_t parsed[CAPTURE_KEY_BYTES];
    assert_true(capture_key_parse(parsed, slice_from(digits)));
    assert_int_equal(parsed[10], 10);
    assert_int_equal(parsed[31], 255);
    assert_false(capture_key_parse(parsed, (struct slice){digits, 63}));
    assert_false(capture_key_parse(parsed, SLICE("")));
    char wrong[65];
    memcpy(wrong, digits, sizeof wrong);
    wrong[20] = 'g';
    assert_false(capture_key_parse(parsed, slice_from(wrong)));
}

static void test_every_kind_has_a_name(void **state)
{
    for (uint64_t kind = CAPTURE_HEADER; kind <= CAPTURE_END; kind++)
        assert_non_null(capture_kind_name(kind));
    assert_string_equal(capture_kind_name(CAPTURE_STEP), "STEP");
    assert_string_equal(capture_kind_name(CAPTURE_END), "END");
    assert_null(capture_kind_name(0));
    assert_null(capture_kind_name(CAPTURE_END + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_back_in_order_with_their_times),
        cmocka_unit_test(test_times_may_go_back),
        cmocka_unit_test(test_a_file_cut_anywhere_is_read_up_to_its_last_whole_chunk),
        cmocka_unit_test(test_a_blank_tail_is_a_cut_one),
        cmocka_unit_test(test_any_damaged_byte_is_found),
        cmocka_unit_test(test_a_sealed_file_needs_its_key),
        cmocka_unit_test(test_sealed_chunks_change_neither_place_nor_file),
        cmocka_unit_test(test_what_is_no_capture_is_refused),
        cmocka_unit_test(test_what_is_too_large_is_refused_and_nothing_is_added),
        cmocka_unit_test(test_keys_are_64_hex_digits),
        cmocka_unit_test(test_every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

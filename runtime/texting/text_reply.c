#include "texting/text_reply.h"

#include <string.h>

#include "base/utf8.h"
#include "text/room.h"
#include "text/segments.h"

#define SEGMENT_LETTERS 153 /* of several; a single one has a few more */
#define SEGMENT_ALONE_LETTERS 160
#define LETTER_MAX_BYTES 4

/* ---- plain ---- */

static const struct {
    const char *fancy, *plain;
} PLAIN[] = {{"\u2018", "'"}, {"\u2019", "'"}, {"\u201c", "\""}, {"\u201d", "\""}, {"\u2013", "-"},
    {"\u2014", "-"}, {"\u2011", "-"}, {"\u2026", "..."}, {"\u00a0", " "}, {"\u202f", " "},
    {"\u2022", "-"}, {"**", ""}, {"__", ""}, {"`", ""}};

/* What stands for the beginning of `rest`: NULL when it stands for itself. `*len`: of it, in `rest`. */
static const char *plain_of(struct slice rest, size_t *len)
{
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        *len = strlen(PLAIN[i].fancy);
        if (slice_starts(rest, PLAIN[i].fancy))
            return PLAIN[i].plain;
    }
    *len = utf8_length(rest.data, rest.len);
    return NULL;
}

/* "[words](address)" at the beginning of `rest`: words and address. */
static bool read_link(struct slice rest, struct slice *words, struct slice *address, size_t *len)
{
    const char *close = memchr(rest.data, ']', rest.len);
    size_t at = close ? (size_t)(close - rest.data) : 0;
    if (rest.data[0] != '[' || !close || at + 2 >= rest.len || close[1] != '(')
        return false;
    const char *end = memchr(close + 2, ')', rest.len - at - 2);
    if (!end || memchr(rest.data, '\n', (size_t)(end - rest.data)))
        return false;
    *words = (struct slice){rest.data + 1, at - 1};
    *address = (struct slice){close + 2, (size_t)(end - close - 2)};
    *len = (size_t)(end - rest.data) + 1;
    return true;
}

/* As it is written: an address with its quotes or dashes replaced would lead elsewhere. */
static void add_address(struct strbuf *out, struct slice address)
{
    while (address.len) {
        size_t len = utf8_length(address.data, address.len);
        strbuf_add_slice(out, (struct slice){address.data, len});
        len += len == 0; /* a byte that begins no character */
        address = (struct slice){address.data + len, address.len - len};
    }
}

/* "https://…" at the beginning of `rest`, up to the next space: its length, 0: none. */
static size_t address_length(struct slice rest)
{
    if (!slice_starts(rest, "https://") && !slice_starts(rest, "http://"))
        return 0;
    const char *end = memchr(rest.data, ' ', rest.len);
    return end ? (size_t)(end - rest.data) : rest.len;
}

static void add_plain(struct strbuf *out, struct slice line)
{
    while (line.len) {
        struct slice words, address;
        size_t len = address_length(line);
        if (len) {
            add_address(out, (struct slice){line.data, len});
        } else if (read_link(line, &words, &address, &len)) {
            add_plain(out, words);
            if (!slice_equal(words, address)) {
                strbuf_add_char(out, ' ');
                add_address(out, address);
            }
        } else {
            const char *plain = plain_of(line, &len);
            if (plain)
                strbuf_add_text(out, plain);
            else
                strbuf_add_slice(out, (struct slice){line.data, len});
            len += len == 0; /* a byte that begins no character */
        }
        line = (struct slice){line.data + len, line.len - len};
    }
}

/* A line without the marks of a heading, a list or a quotation; a fence of code is no line. */
static void add_line(struct strbuf *out, struct slice line)
{
    line = slice_trim(line);
    if (slice_starts(line, "```"))
        return;
    while (line.len && (line.data[0] == '#' || line.data[0] == '>'))
        line = slice_trim((struct slice){line.data + 1, line.len - 1});
    if (slice_starts(line, "* ")) {
        strbuf_add_text(out, "- ");
        line = slice_trim((struct slice){line.data + 2, line.len - 2});
    }
    add_plain(out, line);
}

static struct slice without_mark(struct slice written)
{
    size_t len = sizeof ROOM_MARK - 1;
    return slice_starts(written, ROOM_MARK) ? (struct slice){written.data + len, written.len - len}
                                            : written;
}

static bool ends_with_empty_line(const struct strbuf *out)
{
    return out->len == 0 || (out->len > 1 && memcmp(out->data + out->len - 2, "\n\n", 2) == 0);
}

/* At most one empty line between two. */
static void add_all(struct strbuf *out, struct slice written)
{
    struct slice rest = without_mark(slice_trim(written));
    while (rest.len) {
        struct slice line = slice_trim(slice_split(&rest, '\n'));
        size_t before = out->len;
        add_line(out, line);
        if (out->len > before || (!line.len && !ends_with_empty_line(out)))
            strbuf_add_char(out, '\n');
    }
}

/* ---- short ---- */

/* Where a sentence ends before `at`; 0: none does. */
static size_t sentence_before(struct slice text, size_t at)
{
    while (at > 1) {
        at--;
        bool is_end = strchr(".!?", text.data[at - 1]) && strchr(" \n", text.data[at]);
        if (is_end)
            return at;
    }
    return 0;
}

static size_t word_before(struct slice text, size_t at)
{
    while (at > 0 && !strchr(" \n", text.data[--at])) {
    }
    return at;
}

/* For a word that is longer than all that may be sent. */
static size_t letter_before(struct slice text, size_t at)
{
    while (at > 0 && ((unsigned char)text.data[--at] & 0xc0) == 0x80) {
    }
    return at;
}

static bool fits(struct slice text, unsigned max_segments)
{
    struct text_segments size = text_segments(text);
    return size.count <= max_segments && size.letters <= TEXT_LETTERS_MAX;
}

/* Where a cut by `before` leaves what fits; 0: nowhere. */
static size_t cut_at(
    struct slice text, unsigned max_segments, size_t (*before)(struct slice text, size_t at))
{
    size_t most = (size_t)max_segments * SEGMENT_ALONE_LETTERS * LETTER_MAX_BYTES;
    size_t at = text.len < most ? text.len : most;
    do
        at = before(text, at);
    while (at && !fits((struct slice){text.data, at}, max_segments));
    return at;
}

static void cut(struct strbuf *out, unsigned max_segments)
{
    struct slice text = strbuf_slice(out);
    if (fits(text, max_segments))
        return;
    size_t at = cut_at(text, max_segments, sentence_before);
    if (!at)
        at = cut_at(text, max_segments, word_before);
    if (!at)
        at = cut_at(text, max_segments, letter_before);
    out->len = at;
    out->data[at] = 0;
}

void text_reply(struct strbuf *out, struct slice written, unsigned max_segments)
{
    add_all(out, written);
    if (!out->data)
        return;
    struct slice rest = slice_trim(strbuf_slice(out));
    memmove(out->data, rest.data, rest.len);
    out->len = rest.len;
    out->data[rest.len] = 0;
    cut(out, max_segments);
}

unsigned text_reply_letters(unsigned max_segments)
{
    return max_segments > 1 ? max_segments * SEGMENT_LETTERS : SEGMENT_ALONE_LETTERS;
}

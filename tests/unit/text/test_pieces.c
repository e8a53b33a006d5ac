#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "text/pieces.h"

static void take_all(struct pieces *pieces, struct strbuf *out)
{
    struct slice piece;
    while (pieces_next(pieces, &piece)) {
        assert_true(piece.len > 0);
        if (out->len)
            strbuf_add_char(out, '|');
        strbuf_add_slice(out, piece);
    }
}

static void feed(struct pieces *pieces, struct slice text, struct strbuf *out)
{
    if (!pieces_add(pieces, text)) {
        take_all(pieces, out);
        assert_true(pieces_add(pieces, text));
    }
}

/* The pieces of `text` with "|" between them, fed `step` bytes at a time. */
static unsigned cut(const char *text, size_t step, struct strbuf *out)
{
    struct pieces pieces;
    pieces_init(&pieces);
    strbuf_init(out, 1 << 16);
    size_t len = strlen(text);
    for (size_t at = 0; at < len; at += step) {
        feed(&pieces, (struct slice){text + at, len - at < step ? len - at : step}, out);
        take_all(&pieces, out);
    }
    pieces_flush(&pieces);
    take_all(&pieces, out);
    return pieces.sentences;
}

struct row {
    const char *text;
    const char *expected;
    unsigned sentences;
};

static void cuts_where_a_speaker_breathes(void **state)
{
    static const struct row rows[] = {
        {"", "", 0},
        {"Hello", "Hello", 1},
        {"  Hello.  ", "Hello.", 1},
        {"Hi. How can I help you?", "Hi.|How can I help you?", 2},
        {"Sure! We open at 8. Shall I book it?", "Sure!|We open at 8.|Shall I book it?", 3},
        {"Yes, we do.", "Yes, we do.", 1},
        {"We are open on weekdays from nine, and on Saturday until noon, but closed on Sunday.",
            "We are open on weekdays from nine,|and on Saturday until noon, but closed on Sunday.",
            1},
        {"Okay. On Saturday we are open from nine, and on Sunday we are closed; on Monday we open.",
            "Okay.|On Saturday we are open from nine, and on Sunday we are closed;|on Monday we "
            "open.",
            2},
        {"Dr. Smith is here. See Mr. and Mrs. J. Doe.",
            "Dr. Smith is here.|See Mr. and Mrs. J. Doe.", 2},
        {"At 10 a.m. or 3 p.m. on Monday.", "At 10 a.m. or 3 p.m. on Monday.", 1},
        {"At 10 a.m. Would that work?", "At 10 a.m.|Would that work?", 2},
        {"It is at 3.30 and costs 5,000 dollars.", "It is at 3.30 and costs 5,000 dollars.", 1},
        {"No. We are closed.", "No.|We are closed.", 2},
        {"Room No. 5 is free.", "Room No. 5 is free.", 1},
        {"Well... let me see. One moment...", "Well... let me see.|One moment...", 2},
        {"Well... Let me see.", "Well...|Let me see.", 2},
        {"He said \"Fine.\" Then he left.", "He said \"Fine.\"|Then he left.", 2},
        {"Really?! Yes!!", "Really?!|Yes!!", 2},
        {"1. Cleaning 2. Filling", "1. Cleaning 2.|Filling", 2},
        {"We offer:\n- cleaning\n- filling", "We offer:|- cleaning|- filling", 3},
        {"The first appointment we have \xe2\x80\x94 let me look \xe2\x80\x94 is on Monday.",
            "The first appointment we have \xe2\x80\x94|let me look \xe2\x80\x94 is on Monday.", 1},
        {"The first appointment we have\xe2\x80\x94let me look\xe2\x80\x94is on Monday.",
            "The first appointment we have\xe2\x80\x94let me look\xe2\x80\x94is on Monday.", 1},
        {"See www.example.com for more. Or call.", "See www.example.com for more.|Or call.", 2},
        {"On 10:30, Tuesday the first of", "On 10:30, Tuesday the first of", 1},
        {"this is a long line of words without any mark at all that goes on and on until it has to "
         "be cut somewhere",
            "this is a long line of words without any mark at all that goes on and on until it has "
            "to|"
            "be cut somewhere",
            1},
        {"Caf\xc3\xa9 na\xc3\xafve r\xc3\xa9sum\xc3\xa9. \xc3\x9c"
         "ber.",
            "Caf\xc3\xa9 na\xc3\xafve r\xc3\xa9sum\xc3\xa9.|\xc3\x9c"
            "ber.",
            2},
    };
    static const size_t steps[] = {1, 2, 3, 7, 400};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            struct strbuf out;
            unsigned sentences = cut(rows[i].text, steps[s], &out);
            assert_string_equal(out.data ? out.data : "", rows[i].expected);
            assert_int_equal(sentences, rows[i].sentences);
            strbuf_free(&out);
        }
}

static void hands_out_a_sentence_as_soon_as_it_is_known(void **state)
{
    struct pieces pieces;
    struct slice piece;
    pieces_init(&pieces);
    assert_true(pieces_add(&pieces, SLICE("We open at eight.")));
    assert_false(pieces_next(&pieces, &piece)); /* could be "eight.5" */
    assert_true(pieces_add(&pieces, SLICE(" ")));
    assert_true(pieces_next(&pieces, &piece));
    assert_true(slice_is(piece, "We open at eight."));
    assert_int_equal(pieces.sentences, 1);
    assert_false(pieces_next(&pieces, &piece));
    pieces_flush(&pieces);
    assert_false(pieces_next(&pieces, &piece));
}

static void a_word_longer_than_everything_still_comes_out(void **state)
{
    static const char *const units[] = {"x", "\xe4\xbd\xa0", ".", "\"", "!", ",", "-", "9"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct strbuf text, out;
        strbuf_init(&text, 1 << 16);
        while (text.len < 5000)
            strbuf_add_text(&text, units[i]);
        cut(text.data, 300, &out);
        size_t kept = 0;
        for (size_t j = 0; j < out.len; j++)
            kept += out.data[j] != '|';
        assert_int_equal(kept, text.len);
        assert_true(utf8_is_valid(out.data, out.len));
        strbuf_free(&text);
        strbuf_free(&out);
    }
}

static void add_refuses_whole_when_full(void **state)
{
    struct pieces pieces;
    struct slice piece;
    char blanks[PIECES_BUFFER_BYTES];
    memset(blanks, 'a', sizeof blanks);
    pieces_init(&pieces);
    assert_true(pieces_add(&pieces, (struct slice){blanks, PIECES_BUFFER_BYTES}));
    assert_false(pieces_add(&pieces, SLICE("b")));
    while (pieces_next(&pieces, &piece))
        ;
    assert_true(pieces_add(&pieces, (struct slice){blanks, PIECES_ADD_MAX_BYTES}));
}

/* Collapses runs of blanks, and takes those at the ends off. */
static void collapse(struct strbuf *out, struct slice text)
{
    strbuf_init(out, 1 << 16);
    bool owes = false;
    for (size_t i = 0; i < text.len; i++) {
        bool is_blank = strchr(" \n\t\r|", text.data[i]) && text.data[i];
        if (!is_blank && owes && out->len)
            strbuf_add_char(out, ' ');
        if (!is_blank)
            strbuf_add_char(out, text.data[i]);
        owes = is_blank || (owes && is_blank);
    }
}

static void random_text(struct strbuf *text, unsigned *seed)
{
    static const char *const words[] = {"we", "open", "Dr.", "a.m.", "3.30", "5,000", "No.",
        "caf\xc3\xa9", "yes,", "fine.", "what?", "well...", "\xe2\x80\x94", "(ok)", "\"so.\"",
        "appointment", "\n", "10:30", "U.S.", "I", "incomprehensibilities", "2.", "-", "sure!",
        "on: ", "Monday;"};
    strbuf_init(text, 1 << 14);
    unsigned count = (unsigned)rand_r(seed) % 200;
    for (unsigned i = 0; i < count; i++) {
        strbuf_add_text(text, words[(unsigned)rand_r(seed) % (sizeof words / sizeof *words)]);
        strbuf_add_char(text, ' ');
    }
    strbuf_add_char(text, ' ');
}

static void expect_short_pieces(const struct strbuf *out)
{
    struct slice rest = strbuf_slice(out);
    while (rest.len) {
        struct slice piece = slice_split(&rest, '|');
        unsigned chars = 0;
        for (size_t i = 0; i < piece.len; i++)
            chars += (piece.data[i] & 0xc0) != 0x80;
        assert_true(chars <= PIECE_MAX_CHARS + 2);
    }
}

static void joined_pieces_give_back_the_text(void **state)
{
    for (unsigned walk = 1; walk <= 300; walk++) {
        unsigned seed = walk;
        struct strbuf text, whole, steps, wanted, got;
        random_text(&text, &seed);
        unsigned sentences = cut(text.data, 400, &whole);
        unsigned again = cut(text.data, 1 + (size_t)rand_r(&seed) % 9, &steps);
        collapse(&wanted, strbuf_slice(&text));
        collapse(&got, strbuf_slice(&whole));
        bool is_same = slice_equal(strbuf_slice(&wanted), strbuf_slice(&got)) &&
                       slice_equal(strbuf_slice(&whole), strbuf_slice(&steps)) &&
                       sentences == again;
        if (!is_same)
            fail_msg("seed %u\n%s\n%s\n%s", walk, text.data, whole.data, steps.data);
        expect_short_pieces(&whole);
        strbuf_free(&text);
        strbuf_free(&whole);
        strbuf_free(&steps);
        strbuf_free(&wanted);
        strbuf_free(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_where_a_speaker_breathes),
        cmocka_unit_test(hands_out_a_sentence_as_soon_as_it_is_known),
        cmocka_unit_test(a_word_longer_than_everything_still_comes_out),
        cmocka_unit_test(add_refuses_whole_when_full),
        cmocka_unit_test(joined_pieces_give_back_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

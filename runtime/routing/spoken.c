#include "routing/spoken.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void spoken_init(struct spoken *spoken, uint32_t number)
{
    *spoken = (struct spoken){.number = number};
    strbuf_init(&spoken->text, SPOKEN_TEXT_BYTES);
}

static void drop_held(struct spoken *spoken)
{
    byte_queue_drop(&spoken->held, spoken->held.len);
    spoken->time_count = 0;
    spoken->timed = spoken->told;
}

void spoken_free(struct spoken *spoken)
{
    drop_held(spoken);
    strbuf_free(&spoken->text);
    free(spoken->times);
}

enum err spoken_text(struct spoken *spoken, struct slice piece)
{
    if (spoken->text.len + piece.len + 1 > SPOKEN_TEXT_BYTES)
        return ERR_FULL;
    strbuf_add_slice(&spoken->text, piece);
    strbuf_add_char(&spoken->text, ' ');
    return spoken->text.failed ? ERR_NOMEM : ERR_OK;
}

/* ---- what comes ---- */

static bool has_room(struct spoken *spoken, size_t count)
{
    size_t need = spoken->time_count + count;
    if (need <= spoken->time_capacity)
        return true;
    struct spoken_time *grown = realloc(spoken->times, need * 2 * sizeof *grown);
    if (!grown)
        return false;
    spoken->times = grown;
    spoken->time_capacity = need * 2;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* Of what a vendor timed: blanks are its own affair, it may tell one more (it was sent one first) or one less (between two pieces)
   than the text has. `*blank`: of the text, before the character; `*len`: the character in the text, 0 when it is none of it.
   False: the text has another one. */
static bool match(
    const struct spoken *spoken, size_t at, struct slice character, size_t *blank, size_t *len)
{
    const struct strbuf *text = &spoken->text;
    bool is_blank_told = character.len == 1 && is_blank(*character.data);
    bool is_blank_there = at < text->len && is_blank(text->data[at]);
    *blank = is_blank_there && !is_blank_told;
    *len = is_blank_told && !is_blank_there ? 0 : character.len;
    at += *blank;
    if (is_blank_told)
        return true;
    return *len <= text->len - at && !memcmp(text->data + at, character.data, *len);
}

static bool are_of_text(const struct spoken *spoken, const struct tts_timing *timings, size_t count)
{
    size_t at = spoken->timed, blank, len;
    for (size_t i = 0; i < count; i++) {
        if (!match(spoken, at, timings[i].character, &blank, &len))
            return false;
        at += blank + len;
    }
    return true;
}

static void add_time(struct spoken *spoken, size_t bytes, uint32_t start_ms, uint32_t duration_ms)
{
    if (!bytes)
        return;
    spoken->times[spoken->time_count++] =
        (struct spoken_time){(uint16_t)bytes, start_ms, duration_ms};
    spoken->timed += bytes;
}

bool spoken_take_times(struct spoken *spoken, const struct tts_timing *timings, size_t count)
{
    bool is_usable = !spoken->is_untimed && count && has_room(spoken, 2 * count);
    if (!is_usable || !are_of_text(spoken, timings, count)) {
        spoken->is_untimed = true;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t start_ms = timings[i].start_ms + spoken->before_ms;
        size_t blank, len;
        (void)match(spoken, spoken->timed, timings[i].character, &blank, &len);
        add_time(spoken, blank, start_ms, 0);
        add_time(spoken, len, start_ms, timings[i].duration_ms);
    }
    spoken->is_timed = true;
    return true;
}

bool spoken_take_audio(struct spoken *spoken, const uint8_t *ulaw, size_t len, uint64_t now_ms)
{
    if (!spoken->is_timed)
        spoken->is_untimed = true;
    spoken->heard_ms = now_ms;
    return byte_queue_add(&spoken->held, ulaw, len) == ERR_OK;
}

/* ---- what goes ---- */

/* Marks and pictures are no words: a vendor may leave them out, and alone they make no sound. UTF-8 begins those behind ASCII
   with e2 and f0. */
static struct slice words_from(const struct spoken *spoken, size_t at)
{
    struct slice rest = {spoken->text.data + at, spoken->text.len - at};
    for (size_t i = 0; i < rest.len; i++) {
        uint8_t byte = (uint8_t)rest.data[i];
        if (isalnum(byte) || (byte >= 0xc2 && byte != 0xe2 && byte != 0xf0))
            return slice_trim(rest);
    }
    return SLICE("");
}

static bool is_all_timed(const struct spoken *spoken)
{
    return words_from(spoken, spoken->timed).len == 0;
}

static uint64_t begins_at(const struct spoken_time *time)
{
    return (uint64_t)time->start_ms * SPOKEN_BYTES_PER_MS;
}

/* Up to the last word that has ended. */
static void whole_words(const struct spoken *spoken, uint64_t there, size_t *times, size_t *bytes)
{
    size_t at = spoken->told;
    for (size_t i = 0; i < spoken->time_count; i++) {
        uint64_t begin = begins_at(&spoken->times[i]);
        if (is_blank(spoken->text.data[at]) && begin <= there) {
            *times = i + 1;
            *bytes = begin > spoken->given_bytes ? (size_t)(begin - spoken->given_bytes) : 0;
        }
        at += spoken->times[i].bytes;
    }
}

/* Played as if it had begun at once, the owner would not run dry soon. */
static bool has_enough(const struct spoken *spoken, size_t bytes, uint64_t now_ms)
{
    uint64_t played_ms = spoken->given_bytes ? now_ms - spoken->begun_ms : 0;
    return (spoken->given_bytes + bytes) / SPOKEN_BYTES_PER_MS >= played_ms + SPOKEN_AHEAD_MS;
}

void spoken_ready(
    const struct spoken *spoken, bool is_all, uint64_t now_ms, size_t *times, size_t *bytes)
{
    uint64_t there = spoken->given_bytes + spoken->held.len;
    size_t count = spoken->time_count, begun = 0;
    while (begun < count && begins_at(&spoken->times[begun]) <= there)
        begun++;
    bool is_last_word_there = is_all_timed(spoken) && begun == count;
    bool passes = is_all || spoken->is_untimed || is_last_word_there;
    *times = passes ? count : 0;
    *bytes = passes ? spoken->held.len : 0;
    if (passes)
        return;
    whole_words(spoken, there, times, bytes);
    bool is_little = spoken->held.len - *bytes <= SPOKEN_HELD_BYTES;
    if (is_little && has_enough(spoken, *bytes, now_ms))
        return;
    *times = begun;
    *bytes = spoken->held.len;
}

void spoken_tell(struct spoken *spoken, struct tts_timing *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct spoken_time time = spoken->times[i];
        out[i] = (struct tts_timing){
            {spoken->text.data + spoken->told, time.bytes}, time.start_ms, time.duration_ms};
        spoken->told += time.bytes;
    }
    spoken->time_count -= count;
    memmove(spoken->times, spoken->times + count, spoken->time_count * sizeof *spoken->times);
}

struct slice spoken_front(const struct spoken *spoken, size_t len)
{
    struct slice front = byte_queue_front(&spoken->held);
    return (struct slice){front.data, front.len < len ? front.len : len};
}

void spoken_given(struct spoken *spoken, size_t len, uint64_t now_ms)
{
    if (!spoken->given_bytes)
        spoken->begun_ms = now_ms;
    byte_queue_drop(&spoken->held, len);
    spoken->given_bytes += len;
}

bool spoken_is_owed(const struct spoken *spoken)
{
    if (!spoken->is_asked || spoken->is_over)
        return false;
    bool has_more = spoken->time_count || !is_all_timed(spoken);
    return !spoken->heard_ms || spoken->is_ended || (!spoken->is_untimed && has_more);
}

/* ---- another session ---- */

bool spoken_rewind(struct spoken *spoken)
{
    bool is_silent = spoken->given_bytes == 0;
    if (spoken->is_untimed && !is_silent)
        return false;
    drop_held(spoken);
    spoken->is_untimed = spoken->is_timed = spoken->is_asked = false;
    spoken->is_torn = spoken->told && !is_blank(spoken->text.data[spoken->told - 1]);
    spoken->heard_ms = 0;
    spoken->before_ms = (uint32_t)(spoken->given_bytes / SPOKEN_BYTES_PER_MS);
    return true;
}

bool spoken_skip(struct spoken *spoken, struct tts_timing *out)
{
    const char *character = spoken->text.data + spoken->told;
    size_t left = spoken->text.len - spoken->told, len = 1;
    spoken->is_torn &= left && !is_blank(*character);
    if (!left || !spoken->told || !(spoken->is_torn || is_blank(*character)))
        return false;
    while (len < left && (character[len] & 0xc0) == 0x80)
        len++;
    spoken->told += len;
    spoken->timed = spoken->told;
    *out = (struct tts_timing){{character, len}, spoken->before_ms, 0};
    return true;
}

struct slice spoken_rest(const struct spoken *spoken)
{
    return words_from(spoken, spoken->told);
}

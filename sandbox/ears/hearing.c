#include "hearing.h"

#include <string.h>

#define LOUD_SQUARE (130.0 * 130.0) /* mean square of a frame: −48 dBFS */
#define QUIET_FRAMES_MAX 35         /* 700 ms end a stretch */
#define PARTIAL_FRAMES 10           /* 200 ms from partial to partial */

void hearing_init(struct hearing *hearing)
{
    memset(hearing, 0, sizeof *hearing);
    hearing->is_fresh = true;
}

static bool is_loud(const int16_t frame[HEARING_FRAME])
{
    double sum = 0;
    for (size_t i = 0; i < HEARING_FRAME; i++)
        sum += (double)frame[i] * frame[i];
    return sum / HEARING_FRAME > LOUD_SQUARE;
}

static void add_words(char out[HEARING_TEXT_SIZE], const char *words)
{
    size_t len = strlen(out);
    size_t blank = len > 0 && *words ? 1 : 0;
    if (len + blank + strlen(words) + 1 > HEARING_TEXT_SIZE)
        return;
    if (blank)
        out[len++] = ' ';
    strcpy(out + len, words);
}

static void open_stretch(struct hearing *hearing, struct decoder *decoder)
{
    if (hearing->is_fresh)
        decoder_forget(decoder, &hearing->memory);
    hearing->is_fresh = false;
    if (decoder_begin(decoder, &hearing->memory))
        return;
    hearing->is_open = true;
    hearing->quiet_frames = 0;
    hearing->frames_to_next = PARTIAL_FRAMES;
    decoder_feed(decoder, hearing->before, hearing->before_count);
}

static void close_stretch(struct hearing *hearing, struct decoder *decoder)
{
    add_words(hearing->text, decoder_end(decoder, &hearing->memory));
    hearing->is_open = false;
}

static bool has_new_partial(struct hearing *hearing, struct decoder *decoder)
{
    if (--hearing->frames_to_next > 0)
        return false;
    hearing->frames_to_next = PARTIAL_FRAMES;
    char words[HEARING_TEXT_SIZE];
    memcpy(words, hearing->text, sizeof words);
    add_words(words, decoder_text(decoder));
    if (strcmp(words, hearing->partial) == 0)
        return false;
    memcpy(hearing->partial, words, sizeof words);
    return true;
}

/* `frame` is also the newest one in `before`. */
static bool hear_frame(struct hearing *hearing, struct decoder *decoder, const int16_t *frame)
{
    bool loud = is_loud(frame);
    if (!hearing->is_open) {
        if (loud)
            open_stretch(hearing, decoder);
        return false;
    }
    decoder_feed(decoder, frame, HEARING_FRAME);
    hearing->quiet_frames = loud ? 0 : hearing->quiet_frames + 1;
    if (hearing->quiet_frames >= QUIET_FRAMES_MAX) {
        close_stretch(hearing, decoder);
        return false;
    }
    return has_new_partial(hearing, decoder);
}

static void make_room(struct hearing *hearing)
{
    if (hearing->frame_count > 0 ||
        hearing->before_count + HEARING_FRAME <= HEARING_BEFORE * HEARING_FRAME)
        return;
    hearing->before_count -= HEARING_FRAME;
    memmove(hearing->before, hearing->before + HEARING_FRAME,
        hearing->before_count * sizeof *hearing->before);
}

bool hearing_audio(
    struct hearing *hearing, struct decoder *decoder, const int16_t *pcm, size_t count)
{
    bool has_partial = false;
    while (count > 0) {
        make_room(hearing);
        size_t part = HEARING_FRAME - hearing->frame_count;
        if (part > count)
            part = count;
        memcpy(hearing->before + hearing->before_count, pcm, part * sizeof *pcm);
        hearing->before_count += part;
        hearing->frame_count += part;
        pcm += part;
        count -= part;
        if (hearing->frame_count < HEARING_FRAME)
            break;
        hearing->frame_count = 0;
        const int16_t *frame = hearing->before + hearing->before_count - HEARING_FRAME;
        has_partial |= hear_frame(hearing, decoder, frame);
    }
    return has_partial;
}

/* A new item hears nothing of the one before. */
static void begin_item(struct hearing *hearing)
{
    hearing->before_count = 0;
    hearing->frame_count = 0;
    hearing->text[0] = '\0';
    hearing->partial[0] = '\0';
}

void hearing_commit(struct hearing *hearing, struct decoder *decoder, char words[HEARING_TEXT_SIZE])
{
    if (hearing->is_open) {
        size_t rest = hearing->frame_count;
        decoder_feed(decoder, hearing->before + hearing->before_count - rest, rest);
        close_stretch(hearing, decoder);
    }
    memcpy(words, hearing->text, sizeof hearing->text);
    begin_item(hearing);
}

void hearing_abandon(struct hearing *hearing, struct decoder *decoder)
{
    if (hearing->is_open)
        close_stretch(hearing, decoder);
    begin_item(hearing);
}

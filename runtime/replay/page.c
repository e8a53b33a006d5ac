#include "replay/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "media/frame.h"

/* The build gives PAGE and builds this again when it changes. */
__asm__(".section .rodata\n.global replay_page\nreplay_page:\n.incbin \"" PAGE
        "\"\n.byte 0\n.previous\n");
extern const char replay_page[];

#define BASE64_BLOCK (3 * 1024)

/* In a script element only "<" could end it, or begin a comment; JSON says it as \u003c as well. */
static bool write_timeline(FILE *to, const json_t *timeline, size_t sound_bytes)
{
    json_t *page = json_copy((json_t *)timeline);
    json_object_set_new(
        page, "sound_ms", json_integer((json_int_t)(sound_bytes / (FRAME_BYTES / FRAME_MS))));
    char *text = page ? json_dumps(page, JSON_COMPACT) : NULL;
    json_decref(page);
    for (const char *c = text; c && *c; c++)
        if (*c == '<' || *c == '>' || *c == '&')
            fprintf(to, "\\u%04x", *c);
        else
            fputc(*c, to);
    free(text);
    return text != NULL;
}

static void write_sound(FILE *to, const uint8_t *ulaw, size_t len)
{
    char text[BASE64_SIZE(BASE64_BLOCK)];
    for (size_t at = 0; at < len; at += BASE64_BLOCK) {
        size_t count = len - at < BASE64_BLOCK ? len - at : BASE64_BLOCK;
        fwrite(text, 1, base64_encode(ulaw + at, count, text), to);
    }
}

enum err page_write(FILE *to, const json_t *timeline, const struct sides *sides)
{
    size_t len = sides->len < PAGE_SOUND_MAX_BYTES ? sides->len : PAGE_SOUND_MAX_BYTES;
    bool is_written = true;
    const char *rest = replay_page, *mark;
    while ((mark = strchr(rest, '@')) != NULL) {
        fwrite(rest, 1, (size_t)(mark - rest), to);
        if (strncmp(mark, "@TIMELINE@", 10) == 0) {
            is_written &= write_timeline(to, timeline, len);
            rest = mark + 10;
        } else if (strncmp(mark, "@CALLER@", 8) == 0) {
            write_sound(to, sides->caller, len);
            rest = mark + 8;
        } else if (strncmp(mark, "@AGENT@", 7) == 0) {
            write_sound(to, sides->agent, len);
            rest = mark + 7;
        } else {
            fputc('@', to);
            rest = mark + 1;
        }
    }
    fputs(rest, to);
    if (!is_written)
        return ERR_NOMEM;
    return ferror(to) ? ERR_SYSTEM : ERR_OK;
}

#include "live/phrase_file.h"

#include <stdio.h>
#include <string.h>

#include "base/crypto.h"

#define CHARACTER_BYTES 6
#define HEAD "moonline phrase 1 %zu %zu\n"

static void put_number(struct strbuf *out, uint32_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        strbuf_add_char(out, (char)(number >> 8 * i));
}

static uint32_t take_number(const char **at, size_t bytes)
{
    uint32_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number |= (uint32_t)(unsigned char)*(*at)++ << 8 * i;
    return number;
}

void phrase_file_print(struct strbuf *out, const struct phrase *phrase)
{
    uint8_t hash[SHA256_BYTES];
    strbuf_printf(out, HEAD, phrase->ulaw.len, phrase->character_count);
    for (size_t i = 0; i < phrase->character_count; i++) {
        put_number(out, phrase->characters[i].bytes, 2);
        put_number(out, phrase->characters[i].start_ms, 4);
    }
    strbuf_add_slice(out, phrase->ulaw);
    crypto_sha256(strbuf_slice(out), hash);
    strbuf_add(out, hash, sizeof hash);
}

/* The hash holds, so that what is read was written by us; what it says is checked all the same. */
static bool is_whole(struct slice file)
{
    uint8_t hash[SHA256_BYTES];
    if (file.len < sizeof hash)
        return false;
    size_t len = file.len - sizeof hash;
    crypto_sha256((struct slice){file.data, len}, hash);
    return memcmp(hash, file.data + len, sizeof hash) == 0;
}

enum err phrase_file_parse(struct slice file, struct slice *ulaw,
    struct heard_character *characters, size_t *character_count)
{
    char head[80];
    size_t audio_bytes, count;
    if (!is_whole(file))
        return ERR_BAD;
    struct slice rest = {file.data, file.len - SHA256_BYTES};
    bool is_short = slice_copy(slice_split(&rest, '\n'), head, sizeof head);
    if (!is_short || sscanf(head, HEAD, &audio_bytes, &count) != 2 || !audio_bytes ||
        audio_bytes > PHRASE_MAX_BYTES || count > PHRASE_MAX_CHARACTERS ||
        rest.len != count * CHARACTER_BYTES + audio_bytes)
        return ERR_BAD;
    const char *at = rest.data;
    for (size_t i = 0; i < count; i++) {
        characters[i].bytes = (uint16_t)take_number(&at, 2);
        characters[i].start_ms = take_number(&at, 4);
    }
    *ulaw = (struct slice){at, audio_bytes};
    *character_count = count;
    return ERR_OK;
}

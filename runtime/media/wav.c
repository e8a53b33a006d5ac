#include "media/wav.h"

#include <string.h>

#define FORMAT_PCM 1
#define FORMAT_EXTENSIBLE 0xfffe /* the real format is in its first two extra bytes */
#define FORMAT_BYTES_MIN 16
#define SUBFORMAT_OFFSET 24

static void put16(uint8_t *out, unsigned value)
{
    out[0] = (uint8_t)value;
    out[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *out, uint32_t value)
{
    put16(out, value & 0xffff);
    put16(out + 2, value >> 16);
}

static unsigned get16(const char *in)
{
    return (unsigned)(uint8_t)in[0] | (unsigned)(uint8_t)in[1] << 8;
}

static uint32_t get32(const char *in)
{
    return get16(in) | (uint32_t)get16(in + 2) << 16;
}

void wav_header(uint8_t out[WAV_HEADER_BYTES], unsigned rate_hz, uint32_t count_samples)
{
    uint32_t bytes = count_samples * 2;
    memcpy(out, "RIFF", 4);
    put32(out + 4, bytes + WAV_HEADER_BYTES - 8);
    memcpy(out + 8, "WAVEfmt ", 8);
    put32(out + 16, FORMAT_BYTES_MIN);
    put16(out + 20, FORMAT_PCM);
    put16(out + 22, 1); /* channel */
    put32(out + 24, rate_hz);
    put32(out + 28, rate_hz * 2); /* bytes a second */
    put16(out + 32, 2);           /* bytes a sample */
    put16(out + 34, 16);          /* bits a sample */
    memcpy(out + 36, "data", 4);
    put32(out + 40, bytes);
}

static enum err read_format(struct slice chunk, unsigned *rate_hz)
{
    if (chunk.len < FORMAT_BYTES_MIN)
        return ERR_BAD;
    unsigned format = get16(chunk.data);
    if (format == FORMAT_EXTENSIBLE && chunk.len >= SUBFORMAT_OFFSET + 2)
        format = get16(chunk.data + SUBFORMAT_OFFSET);
    *rate_hz = get32(chunk.data + 4);
    bool is_ours = format == FORMAT_PCM && get16(chunk.data + 2) == 1 &&
                   get16(chunk.data + 14) == 16 && *rate_hz > 0;
    return is_ours ? ERR_OK : ERR_BAD;
}

/* The chunk at the front of `rest`, which moves behind it. A length past the end, as programs that write
   to a pipe leave it, means all there is. */
static bool next_chunk(struct slice *rest, const char **name, struct slice *chunk)
{
    if (rest->len < 8)
        return false;
    *name = rest->data;
    size_t len = get32(rest->data + 4);
    size_t left = rest->len - 8;
    *chunk = (struct slice){rest->data + 8, len < left ? len : left};
    size_t step = len < left ? len + (len & 1) : left;
    step = step < left ? step : left;
    rest->data += 8 + step;
    rest->len = left - step;
    return true;
}

enum err wav_read(
    struct slice file, unsigned *rate_hz, const int16_t **samples, size_t *count_samples)
{
    if (file.len < 12 || memcmp(file.data, "RIFF", 4) != 0 || memcmp(file.data + 8, "WAVE", 4) != 0)
        return ERR_BAD;
    struct slice rest = {file.data + 12, file.len - 12}, chunk;
    const char *name;
    bool has_format = false;
    while (next_chunk(&rest, &name, &chunk)) {
        if (memcmp(name, "fmt ", 4) == 0) {
            if (read_format(chunk, rate_hz) != ERR_OK)
                return ERR_BAD;
            has_format = true;
        } else if (memcmp(name, "data", 4) == 0) {
            if (!has_format || (uintptr_t)chunk.data % sizeof(int16_t))
                return ERR_BAD;
            *samples = (const int16_t *)(const void *)chunk.data;
            *count_samples = chunk.len / sizeof(int16_t);
            return ERR_OK;
        }
    }
    return ERR_BAD;
}

#include "openai/file_request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "media/resample.h"
#include "media/wav.h"
#include "openai/multipart.h"

#define PARTS_MAX 32
#define EAR_RATE_HZ 8000
#define LEAST_AUDIO_MS 100
#define RATE_MAX_HZ 96000

static enum err refuse(
    struct api_error *error, const char *code, const char *param, const char *message)
{
    api_error_set(error, 400, code, param, "%s", message);
    return ERR_BAD;
}

/* ---- fields ---- */

static bool is_one_of(struct slice text, const char *const *list)
{
    while (*list && !slice_is(text, *list))
        list++;
    return *list;
}

static bool read_format(enum file_format *out, struct slice name)
{
    static const char *const names[] = {[FILE_JSON] = "json",
        [FILE_TEXT] = "text",
        [FILE_SRT] = "srt",
        [FILE_VERBOSE] = "verbose_json",
        [FILE_VTT] = "vtt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!slice_is(name, names[i]))
            continue;
        *out = (enum file_format)i;
        return true;
    }
    return false;
}

static bool is_temperature(struct slice value)
{
    char text[16], *end;
    if (!value.len || !slice_copy(value, text, sizeof text))
        return false;
    double number = strtod(text, &end);
    return !*end && number >= 0 && number <= 1;
}

static bool is_language(struct slice value)
{
    return value.len == 2 && islower((unsigned char)value.data[0]) &&
           islower((unsigned char)value.data[1]);
}

static enum err read_model(struct file_request *out, struct slice value, struct api_error *error)
{
    static const char *const models[] = {"whisper-1", "gpt-transcribe", "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe", "gpt-4o-mini-transcribe-2025-03-20",
        "gpt-4o-mini-transcribe-2025-12-15", NULL};
    if (is_one_of(value, models)) {
        slice_copy(value, out->model, sizeof out->model);
        return ERR_OK;
    }
    api_error_set(error, 404, "model_not_found", "model", "The model `%.*s` does not exist.",
        (int)(value.len < 60 ? value.len : 60), value.data);
    return ERR_BAD;
}

static enum err read_granularity(
    struct file_request *out, struct slice value, struct api_error *error)
{
    out->wants_words |= slice_is(value, "word");
    out->wants_segments |= slice_is(value, "segment");
    bool is_known = slice_is(value, "word") || slice_is(value, "segment");
    return is_known ? ERR_OK
                    : refuse(error, "invalid_value", "timestamp_granularities",
                          "It must be 'word' or 'segment'.");
}

static enum err read_field(
    struct file_request *out, const struct form_part *part, struct api_error *error)
{
    static const char *const passed[] = {"prompt", "chunking_strategy", "languages[]", "keywords[]",
        "known_speaker_names[]", "known_speaker_references[]", NULL};
    struct slice name = part->name, value = part->value;
    if (slice_is(name, "file"))
        out->file = value;
    else if (slice_is(name, "model"))
        return read_model(out, value, error);
    else if (slice_is(name, "timestamp_granularities[]"))
        return read_granularity(out, value, error);
    else if (slice_is(name, "language") && is_language(value))
        slice_copy(value, out->language, sizeof out->language);
    else if (slice_is(name, "stream") && (slice_is(value, "true") || slice_is(value, "false")))
        out->is_stream = slice_is(value, "true");
    else if (slice_is(name, "include[]") && slice_is(value, "logprobs"))
        out->wants_logprobs = true;
    else if (slice_is(name, "response_format") && read_format(&out->format, value))
        return ERR_OK;
    else if (!(slice_is(name, "temperature") && is_temperature(value)) &&
             !is_one_of(name, passed)) {
        char param[64];
        slice_copy(name, param, sizeof param);
        return refuse(error, "invalid_value", param, "Unknown field, or a value it cannot have.");
    }
    return ERR_OK;
}

/* ---- the whole ---- */

static enum err check_file(const struct form_part *part, struct api_error *error)
{
    static const char *const types[] = {
        "flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm", NULL};
    struct slice type = {"", 0};
    for (struct slice rest = part->filename; rest.len;)
        type = slice_split(&rest, '.');
    if (part->value.len > FILE_MAX_BYTES) {
        api_error_set(error, 413, NULL, NULL,
            "Maximum content size limit (%u) exceeded (%zu bytes read)", FILE_MAX_BYTES,
            part->value.len);
        return ERR_BAD;
    }
    if (!memchr(part->filename.data, '.', part->filename.len) || !is_one_of(type, types))
        return refuse(error, "unsupported_format", "file",
            "Unrecognized file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', "
            "'mpga', 'ogg', 'wav', 'webm']");
    return ERR_OK;
}

/* What the models offer differs. */
static enum err check_together(const struct file_request *request, struct api_error *error)
{
    bool is_whisper = !strcmp(request->model, "whisper-1");
    if (!request->model[0])
        return refuse(
            error, "missing_required_parameter", "model", "you must provide a model parameter");
    if (!is_whisper && request->format != FILE_JSON)
        return refuse(error, "unsupported_value", "response_format",
            "response_format is not compatible with this model. Use 'json' instead.");
    if ((request->wants_words || request->wants_segments) && request->format != FILE_VERBOSE)
        return refuse(error, "invalid_value", "timestamp_granularities",
            "timestamp_granularities needs response_format verbose_json.");
    if (request->wants_logprobs && is_whisper)
        return refuse(
            error, "unsupported_value", "include", "logprobs are not offered by this model.");
    return ERR_OK;
}

enum err file_request_read(
    struct file_request *out, struct slice content_type, struct slice body, struct api_error *error)
{
    struct form_part parts[PARTS_MAX];
    size_t count = 0;
    bool has_file = false;
    *out = (struct file_request){0};
    if (multipart_read(parts, PARTS_MAX, &count, content_type, body))
        return refuse(error, NULL, NULL, "Could not parse multipart form");
    for (size_t i = 0; i < count; i++) {
        bool is_file = slice_is(parts[i].name, "file");
        has_file |= is_file;
        if ((is_file && check_file(&parts[i], error)) || read_field(out, &parts[i], error))
            return ERR_BAD;
    }
    if (!has_file)
        return refuse(
            error, "missing_required_parameter", "file", "you must provide a file parameter");
    if (out->format == FILE_VERBOSE && !out->wants_words)
        out->wants_segments = true;
    enum err err = check_together(out, error);
    out->is_stream = out->is_stream && strcmp(out->model, "whisper-1");
    return err;
}

enum err file_request_read_whisper_cpp(
    struct file_request *out, struct slice content_type, struct slice body, struct api_error *error)
{
    struct form_part parts[PARTS_MAX];
    size_t count = 0;
    *out =
        (struct file_request){.is_whisper_cpp = true, .wants_words = true, .wants_segments = true};
    if (multipart_read(parts, PARTS_MAX, &count, content_type, body))
        count = 0;
    bool has_file = false;
    for (size_t i = 0; i < count; i++) {
        if (slice_is(parts[i].name, "file")) {
            out->file = parts[i].value;
            has_file = true;
        } else if (slice_is(parts[i].name, "response_format") &&
                   !read_format(&out->format, parts[i].value)) {
            out->format = FILE_JSON;
        }
    }
    return has_file ? ERR_OK : refuse(error, NULL, NULL, "no 'file' field in the request");
}

/* ---- audio ---- */

static enum err to_ears(
    const int16_t *samples, size_t count, unsigned rate_hz, int16_t **pcm, size_t *out_count)
{
    struct resample *resample;
    size_t room = (size_t)((uint64_t)count * EAR_RATE_HZ / rate_hz) + 16;
    enum err err = resample_create(&resample, rate_hz, EAR_RATE_HZ);
    if (err)
        return err;
    *pcm = malloc(room * sizeof **pcm);
    if (*pcm)
        *out_count = resample_run(resample, *pcm, room, samples, count);
    resample_destroy(resample);
    return *pcm ? ERR_OK : ERR_NOMEM;
}

enum err file_request_audio(
    const struct file_request *request, int16_t **pcm, size_t *count, struct api_error *error)
{
    unsigned rate_hz = 0;
    const int16_t *samples;
    size_t sample_count = 0;
    char *aligned = slice_dup(request->file);
    struct slice file = {aligned, request->file.len};
    enum err err = aligned ? wav_read(file, &rate_hz, &samples, &sample_count) : ERR_NOMEM;
    bool is_read = !err && rate_hz >= EAR_RATE_HZ && rate_hz <= RATE_MAX_HZ;
    if (request->is_whisper_cpp && is_read && rate_hz != 16000)
        is_read = false;
    if (!is_read)
        err = refuse(error, "invalid_value", "file",
            request->is_whisper_cpp ? "failed to read WAV file"
                                    : "Audio file might be corrupted or unsupported");
    else if ((uint64_t)sample_count * 1000 < (uint64_t)rate_hz * LEAST_AUDIO_MS * 98 / 100)
        err = refuse(error, "audio_too_short", "file",
            "Audio file is too short. Minimum audio length is 0.1 seconds.");
    else if (to_ears(samples, sample_count, rate_hz, pcm, count))
        err = refuse(error, NULL, NULL, "no memory");
    free(aligned);
    return err;
}

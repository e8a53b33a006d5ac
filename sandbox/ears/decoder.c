#include "decoder.h"

#include <pocketsphinx.h>
#include <pthread.h>
#include <sphinxbase/cmn.h>
#include <sphinxbase/err.h>
#include <sphinxbase/feat.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media/resample.h"

#define IN_HZ 8000
#define MODEL_HZ 16000
#define FILL_LEVEL 30 /* of the noise, as samples go: −61 dBFS at most */
#define FEED_SAMPLES 400
#define TEXT_SIZE 2048
#define PATH_SIZE 1024

struct decoder {
    ps_decoder_t *ps;
    struct resample *resample;
    uint32_t
        noise; /* state of the generator: the same in each utterance, so that decoding repeats */
    struct decoder_memory fresh;
    char text[TEXT_SIZE];
};

static bool beside(char out[PATH_SIZE], const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    int folder_len = slash ? (int)(slash - path) + 1 : 0;
    int len = snprintf(out, PATH_SIZE, "%.*s%s", folder_len, path, name);
    return len > 0 && len < PATH_SIZE && access(out, R_OK) == 0;
}

/* pocketsphinx ends the process on some faults of a grammar; otherwise it fails and `why` says what for. */
__attribute__((format(printf, 3, 4))) static void on_message(
    void *owner, err_lvl_t level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (level == ERR_FATAL)
        vfprintf(stderr, format, args);
    va_end(args);
}

static void be_quiet(void)
{
    err_set_logfp(NULL);
    err_set_callback(on_message, NULL);
}

static cmd_ln_t *configure(const struct decoder_options *options)
{
    char mllr_path[PATH_SIZE];
    char params_path[PATH_SIZE];
    cmd_ln_t *config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", options->model_path, "-dict",
        options->dictionary_path, "-jsgf", options->grammar_path, "-bestpath", "no",
        "-remove_noise", "no", "-beam", "1e-80", "-wbeam", "1e-60", "-pbeam", "1e-80", "-wip",
        "0.02", NULL);
    if (config && beside(mllr_path, options->grammar_path, "telephone.mllr"))
        cmd_ln_set_str_r(config, "-mllr", mllr_path);
    if (config && beside(params_path, options->grammar_path, "telephone.params"))
        cmd_ln_set_str_r(config, "-featparams", params_path);
    return config;
}

static cmn_t *normaliser(const struct decoder *decoder)
{
    return ps_get_feat(decoder->ps)->cmn_struct;
}

static void read_means(const struct decoder *decoder, struct decoder_memory *memory)
{
    for (int i = 0; i < DECODER_CEPSTRA; i++)
        memory->means[i] = MFCC2FLOAT(normaliser(decoder)->cmn_mean[i]);
}

static bool is_readable(const char *path, char why[256])
{
    if (access(path, R_OK) == 0)
        return true;
    snprintf(why, 256, "%s cannot be read", path);
    return false;
}

enum err decoder_create(struct decoder **out, const struct decoder_options *options, char why[256])
{
    if (!is_readable(options->dictionary_path, why) || !is_readable(options->grammar_path, why))
        return ERR_BAD;
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return ERR_NOMEM;
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, be_quiet);
    cmd_ln_t *config = configure(options);
    decoder->ps = config ? ps_init(config) : NULL;
    if (config)
        cmd_ln_free_r(config);
    if (!decoder->ps || normaliser(decoder)->veclen != DECODER_CEPSTRA) {
        snprintf(why, 256, "pocketsphinx refuses the model, the dictionary or the grammar %s",
            options->grammar_path);
        decoder_destroy(decoder);
        return ERR_BAD;
    }
    enum err err = resample_create(&decoder->resample, IN_HZ, MODEL_HZ);
    if (err) {
        snprintf(why, 256, "no resampler from %d to %d Hz", IN_HZ, MODEL_HZ);
        decoder_destroy(decoder);
        return err;
    }
    read_means(decoder, &decoder->fresh);
    *out = decoder;
    return ERR_OK;
}

void decoder_destroy(struct decoder *decoder)
{
    if (!decoder)
        return;
    if (decoder->resample)
        resample_destroy(decoder->resample);
    if (decoder->ps)
        ps_free(decoder->ps);
    free(decoder);
}

void decoder_forget(const struct decoder *decoder, struct decoder_memory *memory)
{
    *memory = decoder->fresh;
}

enum err decoder_begin(struct decoder *decoder, const struct decoder_memory *memory)
{
    mfcc_t means[DECODER_CEPSTRA];
    for (int i = 0; i < DECODER_CEPSTRA; i++)
        means[i] = FLOAT2MFCC(memory->means[i]);
    cmn_live_set(normaliser(decoder), means);
    decoder->noise = 1;
    return ps_start_utt(decoder->ps) < 0 ? ERR_SYSTEM : ERR_OK;
}

static int16_t with_noise(struct decoder *decoder, int16_t sample)
{
    decoder->noise = decoder->noise * 1664525u + 1013904223u;
    int value = sample + (int)((decoder->noise >> 8) % (2 * FILL_LEVEL + 1)) - FILL_LEVEL;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

void decoder_feed(struct decoder *decoder, const int16_t *pcm, size_t count)
{
    int16_t wide[2 * FEED_SAMPLES + 16];
    while (count > 0) {
        size_t part = count < FEED_SAMPLES ? count : FEED_SAMPLES;
        size_t wide_count =
            resample_run(decoder->resample, wide, sizeof wide / sizeof *wide, pcm, part);
        for (size_t i = 0; i < wide_count; i++)
            wide[i] = with_noise(decoder, wide[i]);
        ps_process_raw(decoder->ps, wide, wide_count, FALSE, FALSE);
        pcm += part;
        count -= part;
    }
}

/* Words of the dictionary's second pronunciations are called "word(2)". */
static void copy_words(char out[TEXT_SIZE], const char *words)
{
    size_t len = 0;
    bool is_inside = false;
    for (; words && *words && len + 1 < TEXT_SIZE; words++) {
        if (*words == '(')
            is_inside = true;
        if (!is_inside)
            out[len++] = *words;
        if (*words == ')')
            is_inside = false;
    }
    out[len] = '\0';
}

const char *decoder_text(struct decoder *decoder)
{
    int32 score;
    copy_words(decoder->text, ps_get_hyp(decoder->ps, &score));
    return decoder->text;
}

const char *decoder_end(struct decoder *decoder, struct decoder_memory *memory)
{
    ps_end_utt(decoder->ps);
    read_means(decoder, memory);
    return decoder_text(decoder);
}

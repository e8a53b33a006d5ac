#include "main/provider_trial.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"

#define TRIAL_MS 15000
#define TONE_FRAMES 50
#define TONE_HALF_WAVE 16 /* samples: 250 Hz */
#define TOKENS 16         /* some models give no fewer */

struct trial {
    const struct provider *provider;
    struct net_loop *loop;
    struct stt *stt;
    struct llm *llm;
    struct tts *tts;
    uint64_t began_ms;
    uint64_t first_ms; /* after that long; 0: nothing came */
    size_t bytes;      /* of speech */
    enum err err;
    char *said;
};

/* ---- endings ---- */

static void end(struct trial *trial, enum err err)
{
    trial->err = err;
    net_loop_stop(trial->loop);
}

static void note_first(struct trial *trial)
{
    uint64_t now_ms = clock_ms();
    if (!trial->first_ms)
        trial->first_ms = now_ms > trial->began_ms ? now_ms - trial->began_ms : 1;
}

static const char *what_to_do(enum failure_kind kind)
{
    switch (kind) {
    case FAILURE_NETWORK:
        return "is base_url right, and reached from here?";
    case FAILURE_LATE:
        return "is it that slow, or is something else at base_url?";
    case FAILURE_CUT:
    case FAILURE_GARBLED:
        return "does it speak what the driver does? Look at path and the quirks";
    case FAILURE_BUSY:
    case FAILURE_BROKEN:
        return "try again later";
    case FAILURE_QUOTA:
        return "the account has nothing left: pay, or raise its limit";
    case FAILURE_KEY:
        return "its key is wrong or may not do this";
    case FAILURE_REQUEST:
        return "does it have this model, this voice, this path?";
    case FAILURE_OURS:
        return "this machine has too little of something";
    }
    return "";
}

static void on_failed(void *owner, const struct failure *failure)
{
    struct trial *trial = owner;
    const char *source = trial->provider->key_source;
    bool is_key = failure->kind == FAILURE_KEY;
    snprintf(trial->said, TRIAL_SAID_SIZE, "%.200s: %s%s%.100s%s", failure->why,
        what_to_do(failure->kind), is_key ? " (" : "",
        is_key && source ? source
        : is_key         ? "it has none"
                         : "",
        is_key ? ")" : "");
    end(trial, failure->err ? failure->err : ERR_REFUSED);
}

static void on_late(void *owner)
{
    struct trial *trial = owner;
    snprintf(trial->said, TRIAL_SAID_SIZE, "no answer within %d s: %s", TRIAL_MS / 1000,
        what_to_do(FAILURE_LATE));
    end(trial, ERR_TIMEOUT);
}

static void ignore_ready(void *owner)
{
}

/* ---- hear: a second of a tone, which is heard as whatever it may be ---- */

static void on_partial(void *owner, uint32_t item, struct slice text)
{
    note_first(owner);
}

static void on_final(void *owner, uint32_t item, struct slice text)
{
    struct trial *trial = owner;
    note_first(trial);
    snprintf(trial->said, TRIAL_SAID_SIZE, "a transcript began after %llu ms",
        (unsigned long long)trial->first_ms);
    end(trial, ERR_OK);
}

static enum err hear(struct trial *trial)
{
    static const struct stt_listener listener = {.on_ready = ignore_ready,
        .on_partial = on_partial,
        .on_final = on_final,
        .on_failed = on_failed};
    const struct stt_ops *ops = trial->provider->driver->stt;
    enum err err = ops->open(&trial->stt, trial->loop, &trial->provider->stt, &listener, trial);
    for (unsigned frame = 0; !err && frame < TONE_FRAMES; frame++) {
        uint8_t ulaw[FRAME_BYTES];
        for (unsigned i = 0; i < FRAME_BYTES; i++)
            ulaw[i] = i / TONE_HALF_WAVE % 2 ? 0x9f : 0x1f;
        ops->audio(trial->stt, ulaw);
    }
    if (!err && !ops->commit(trial->stt))
        err = ERR_FULL;
    return err;
}

/* ---- think: a word ---- */

static void on_text(void *owner, struct slice text)
{
    note_first(owner);
}

static void on_tool_call(void *owner, struct slice id, struct slice name, struct slice arguments)
{
}

static void on_done(void *owner, const struct llm_usage *usage)
{
    struct trial *trial = owner;
    note_first(trial);
    snprintf(trial->said, TRIAL_SAID_SIZE, "a reply began after %llu ms",
        (unsigned long long)trial->first_ms);
    end(trial, ERR_OK);
}

static enum err think(struct trial *trial)
{
    static const struct llm_listener listener = {.on_text = on_text,
        .on_tool_call = on_tool_call,
        .on_done = on_done,
        .on_failed = on_failed};
    struct llm_settings settings = trial->provider->llm;
    settings.max_tokens = TOKENS;
    return trial->provider->driver->llm->start(&trial->llm, trial->loop, &settings,
        SLICE("[{\"role\":\"user\",\"content\":\"Say OK.\"}]"), SLICE(""), &listener, trial);
}

/* ---- speak: a word ---- */

static void on_audio(void *owner, uint32_t context, const uint8_t *ulaw, size_t len)
{
    struct trial *trial = owner;
    note_first(trial);
    trial->bytes += len;
}

static void on_timings(
    void *owner, uint32_t context, const struct tts_timing *timings, size_t count)
{
}

static void on_end(void *owner, uint32_t context)
{
    struct trial *trial = owner;
    snprintf(trial->said, TRIAL_SAID_SIZE,
        trial->bytes ? "%zu bytes of speech, the first after %llu ms"
                     : "%zu bytes of speech (%llu ms): does it have this voice?",
        trial->bytes, (unsigned long long)trial->first_ms);
    end(trial, trial->bytes ? ERR_OK : ERR_REFUSED);
}

static enum err speak(struct trial *trial)
{
    static const struct tts_listener listener = {.on_ready = ignore_ready,
        .on_audio = on_audio,
        .on_timings = on_timings,
        .on_end = on_end,
        .on_failed = on_failed};
    const struct tts_ops *ops = trial->provider->driver->tts;
    enum err err = ops->open(&trial->tts, trial->loop, &trial->provider->tts, &listener, trial);
    if (!err)
        err = ops->text(trial->tts, 1, SLICE("Hello."), true);
    if (!err)
        ops->end(trial->tts, 1);
    return err;
}

/* ---- all three ---- */

static enum err begin(struct trial *trial)
{
    switch (trial->provider->driver->slot) {
    case SLOT_HEAR:
        return hear(trial);
    case SLOT_THINK:
        return think(trial);
    case SLOT_SPEAK:
        return speak(trial);
    }
    return ERR_BAD;
}

static void close_all(struct trial *trial)
{
    if (trial->stt)
        trial->provider->driver->stt->close(trial->stt);
    if (trial->llm)
        trial->provider->driver->llm->cancel(trial->llm);
    if (trial->tts)
        trial->provider->driver->tts->close(trial->tts);
}

enum err provider_trial(
    const struct provider *provider, const char *ca_file, char said[TRIAL_SAID_SIZE])
{
    struct trial trial = {.provider = provider, .said = said, .began_ms = clock_ms()};
    struct net_timer *timer = NULL;
    snprintf(said, TRIAL_SAID_SIZE, "the request could not be made");
    enum err err = net_loop_create(&trial.loop, "trial", ca_file);
    if (err)
        return err;
    err = net_timer_create(&timer, trial.loop, on_late, &trial);
    if (!err)
        err = begin(&trial);
    if (!err) {
        net_timer_set(timer, clock_ms() + TRIAL_MS);
        net_loop_run(trial.loop);
        err = trial.err;
    }
    close_all(&trial);
    net_timer_destroy(timer);
    net_loop_destroy(trial.loop);
    return err;
}
